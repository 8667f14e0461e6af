"""Which rows and which numbers a file of results has.

A page of items at a time, in the order of the list's rows. What was found comes from the items' digests; where one is
missing or older than the answer, from the answer itself.
"""

import sqlite3
from dataclasses import dataclass, field, fields

import msgspec
from django.db.models import Case, F, TextField, When
from django.db.models.functions import Cast
from msgspec.structs import asdict, replace

from batches import digests
from batches.contacts import Contact
from batches.export_layouts import ASKED, Asked, Row, fold_name
from batches.models import Digest, Item
from batches.statuses import ANSWERED, BORROWED, MatchCheck, Outcome
from batches.suppression import find_suppressed, keys_of, suppressed_numbers

PAGE = 500
NOTHING = Contact()
MATCH_WORDS = dict(MatchCheck.choices)
READ = ["pk", "row_number", "outcome", "message", "credits", "answered_at", "same_as_id", "fingerprint", "row"]
READ += ["is_digested", "digest__found", "digest__match"]
OF_THE_ANSWER = Case(When(digest__answered_at=F("answered_at"), then=True), default=False)
"""Whether a digest is of the answer that counts: compared where it stands, as times are slow to be read."""
decode_cells = msgspec.json.Decoder(list[str]).decode


@dataclass(frozen=True)
class Choices:
    """What of the chosen rows is left out."""

    without_dnc: bool = field(default=False, metadata={"label": "Without do-not-call numbers"})
    mobiles_only: bool = field(default=False, metadata={"label": "Mobiles only"})
    once: bool = field(default=False, metadata={"label": "Each number only once in the file"})
    without_deceased: bool = field(default=False, metadata={"label": "Without people who are deceased"})
    without_other: bool = field(default=False, metadata={"label": "Without “someone else”"})
    without_suppressed: bool = field(default=False, metadata={"label": "Without suppressed people"})

    def chosen(self):
        return [choice.name for choice in fields(self) if getattr(self, choice.name)]


CHOICES = {choice.name: choice.metadata["label"] for choice in fields(Choices)}
"""Choice → how people call it."""


class Seen:
    """Numbers that are in a file already. On disk once they are many: the file may have millions."""

    def __init__(self):
        self.numbers = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self.numbers.execute("PRAGMA synchronous = OFF")
        self.numbers.execute("BEGIN")
        self.numbers.execute("CREATE TABLE seen (number TEXT PRIMARY KEY) WITHOUT ROWID")

    def is_new(self, number):
        return self.numbers.execute("INSERT OR IGNORE INTO seen VALUES (?)", [number]).rowcount == 1


class Source:
    """Reads the rows of one list for one file."""

    def __init__(self, upload, items, layout, choices):
        self.upload, self.items, self.layout, self.choices = upload, items, layout, choices
        self.originals = upload.all_columns
        self.places = {fold_name(name): place for place, name in reversed(list(enumerate(self.originals)))}
        self.phones, self.emails = suppressed_numbers()
        self.seen = Seen() if choices.once else None
        self.takes_all = not (self.phones or layout.types or choices.chosen())
        self.most = min(layout.most_phones or layout.phone_places, layout.phone_places)

    def read(self):
        """Each wanted item as a Row, in the list's order."""
        wanted = [*READ, *ASKED] if self.layout.is_asking or self.choices.without_suppressed else READ
        items = self.items.annotate(row=Cast("cells", TextField()), is_digested=OF_THE_ANSWER)
        for page in items.in_pages(PAGE, wanted):
            rows = [self.make(values, *found) for values, found in zip(page, read_found(page), strict=True)]
            suppressed = find_suppressed_rows(rows) if self.choices.without_suppressed else set()
            yield from (row for row in rows if row.pk not in suppressed and self.is_wanted(row) and self.fill(row))

    def make(self, values, contact, match, traced_at, first):
        pk, number, outcome, message, credits, _, _, _, row, *_ = values
        cells = decode_cells(row)
        asked = values[len(READ) :]
        return Row(
            pk=pk,
            number=str(number),
            cells=cells + [""] * (len(self.originals) - len(cells)),
            outcome=outcome,
            message=describe(outcome, message, contact, first),
            credits=f"{credits.normalize():f}" if credits is not None and outcome in ANSWERED else "",
            traced_at=traced_at.isoformat(timespec="seconds") if traced_at else "",
            match=MATCH_WORDS.get(match, ""),
            asked=Asked(*asked),
            contact=without_emails(contact, self.emails) if self.emails else contact,
            list=self.upload.name,
            originals=self.places,
        )

    def is_wanted(self, row):
        if self.choices.without_deceased and row.contact.deceased:
            return False
        return not (self.choices.without_other and row.match == MatchCheck.OTHER.label)

    def fill(self, row):
        """Give a row the phones that are wanted. False if it lacks what the layout needs."""
        needs = self.layout.needs
        if (needs == "email" and not row.contact.emails) or (needs == "address" and not row.post.street):
            return False
        row.phones = self.choose(row.contact.phones)
        # A layout without a place for a phone can ask for one all the same.
        return needs != "phone" or bool(row.phones) or (not self.most and any(map(self.is_taken, row.contact.phones)))

    def choose(self, phones):
        """Of somebody's phones those that are wanted, at most as many as the layout has places for."""
        if self.takes_all:
            return phones[: self.most]
        chosen = []
        for phone in phones:
            if len(chosen) == self.most:
                break
            # Looked up last: a number that is not written is not in the file.
            if self.is_taken(phone) and (self.seen is None or self.seen.is_new(phone.digits)):
                chosen.append(phone)
        return chosen

    def is_taken(self, phone):
        choices, types = self.choices, self.layout.types
        if (choices.without_dnc and phone.do_not_call) or (choices.mobiles_only and not phone.is_mobile):
            return False
        return (not types or phone.type in types) and not (self.phones and phone.digits in self.phones)


def find_suppressed_rows(rows):
    """Ids of rows about people who are on the suppression list, by any of their addresses, their phone or email, or
    were when the list was checked.
    """
    keys = {row.pk: keys_of({name: value for name, value in asdict(row.asked).items() if value}) for row in rows}
    found = find_suppressed(set().union(*keys.values()))
    return {row.pk for row in rows if row.outcome == Outcome.SUPPRESSED or keys[row.pk] & found}


def without_emails(contact, suppressed):
    wanted = [email for email in contact.emails if email.address.lower() not in suppressed]
    return replace(contact, emails=wanted)


def read_found(page):
    """For each item of a page: contact details, match check, when they are from, and of a duplicate its first."""
    firsts = read_firsts({values[6] for values in page if values[2] in BORROWED} - {None})
    traced = {values[0]: find_traced(values, firsts) for values in page}
    made = make_missing(page, traced)
    for values in page:
        # What was put aside to be asked for once more counts no longer.
        found, match = made.get(values[0]) or (values[10:12] if traced[values[0]] else ("", ""))
        first = firsts.get(values[6]) if values[2] == Outcome.DUPLICATE else None
        yield digests.decode(found) if found else NOTHING, match, traced[values[0]], first


def make_missing(page, traced):
    """What is to be known of items without a digest of the answer that counts: id → what was found, match check."""
    others = [values[0] for values in page if not values[9] and traced[values[0]]]
    # Of somebody whose answer is another's, the time of that is to be compared.
    known = dict(Digest.objects.filter(pk__in=others).values_list("pk", "answered_at")) if others else {}
    missing = [pk for pk in others if known.get(pk) != traced[pk]]
    return {made.pk: (made.found, made.match) for made in map(digests.make, digests.read_items(missing))}


def read_firsts(ids):
    """Items whose answer others share, and whose answer those share: id → row, outcome, when answered, same as."""
    firsts, missing = {}, ids
    while missing:
        found = Item.objects.filter(pk__in=missing)
        firsts |= {pk: rest for pk, *rest in found.values_list("pk", "row_number", "outcome", "answered_at", "same_as")}
        missing = {same for _, outcome, _, same in firsts.values() if outcome in BORROWED and same} - set(firsts)
    return firsts


def find_traced(values, firsts):
    """When the answer came that counts for an item."""
    outcome, answered_at, same_as = values[2], values[5], values[6]
    while outcome in BORROWED and same_as in firsts:
        _, outcome, answered_at, same_as = firsts[same_as]
    return answered_at


def describe(outcome, message, contact, first):
    if outcome == Outcome.DUPLICATE and first:
        return f"Same as row {first[0]} ({first[1]})"
    if not contact.is_known_shape:
        return f"{message} (answer of unknown shape, kept with the item)".strip()
    return message
