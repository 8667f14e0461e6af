"""Which rows and which numbers a file of results has.

A page of items at a time, in the order of the list's rows. What was found comes from the items' digests; where one is
missing or older than the answer, from the answer itself.
"""

import sqlite3
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import NamedTuple

import msgspec
from django.db.models import Case, F, TextField, When
from django.db.models.functions import Cast
from msgspec.structs import replace

from batches.exports.layouts import Asked, Row, fold_name
from batches.intake.suppression import find_suppressed, keys_of, suppressed_numbers
from batches.models import Digest, Item
from batches.people.contacts import Contact
from batches.results import digests
from batches.statuses import ANSWERED, BORROWED, MatchCheck, Outcome
from batches.vendor.protocol import FIELDS

PAGE = 500
NOTHING = Contact()
MATCH_WORDS = dict(MatchCheck.choices)
OF_THE_ANSWER = Case(When(digest__answered_at=F("answered_at"), then=True), default=False)
"""Whether a digest is of the answer that counts."""
TIME = Cast("answered_at", TextField())
"""As text, in UTC on either database: to make a time of it and text of that takes longer than all else of a row."""
decode_cells = msgspec.json.Decoder(list[str]).decode


class Read(NamedTuple):
    """What is read of an item for its row; what was asked for comes behind it, where that is needed."""

    pk: int
    row_number: int
    outcome: str
    message: str
    credits: Decimal | None
    time: str | None
    """When it was answered: see TIME."""
    same_as_id: int | None
    row: str
    """Its cells, as JSON."""
    is_digested: bool
    digest__found: str | None
    digest__match: str | None


KNOWN = len(Read._fields)


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
        asked = FIELDS if self.layout.is_asking or self.choices.without_suppressed else []
        items = self.items.annotate(row=Cast("cells", TextField()), is_digested=OF_THE_ANSWER, time=TIME)
        for page in items.in_pages(PAGE, [*Read._fields, *asked]):
            read = [Read._make(values[:KNOWN]) for values in page]
            suppressed = find_suppressed_rows(page) if self.choices.without_suppressed else set()
            # One after the other: a page of contact details held at once takes twice as long.
            for item, values, found in zip(read, page, read_found(read), strict=True):
                row = self.make(item, values[KNOWN:], *found)
                if row.pk not in suppressed and self.is_wanted(row) and self.fill(row):
                    yield row

    def make(self, item, asked, contact, match, traced_at, first):
        cells, is_paid = decode_cells(item.row), item.credits is not None and item.outcome in ANSWERED
        return Row(
            pk=item.pk,
            number=str(item.row_number),
            cells=cells + [""] * (len(self.originals) - len(cells)),
            outcome=item.outcome,
            message=describe(item, contact, first),
            credits=f"{item.credits.normalize():f}" if is_paid else "",
            traced_at=f"{traced_at[:10]}T{traced_at[11:19]}+00:00" if traced_at else "",
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


def find_suppressed_rows(page):
    """Find the ids of suppressed people on a page that was read with what was asked for.

    They are on the suppression list by any of their addresses, their phone or email, or were when the list was checked.
    """
    asked = {values[0]: dict(zip(FIELDS, values[KNOWN:], strict=True)) for values in page}
    keys = {pk: keys_of({name: value for name, value in fields.items() if value}) for pk, fields in asked.items()}
    found = find_suppressed(set().union(*keys.values()))
    then = {values[0] for values in page if Read._make(values[:KNOWN]).outcome == Outcome.SUPPRESSED}
    return then | {pk for pk in keys if keys[pk] & found}


def without_emails(contact, suppressed):
    wanted = [email for email in contact.emails if email.address.lower() not in suppressed]
    return replace(contact, emails=wanted)


def read_found(page):
    """For each item of a page: contact details, match check, when they are from, and of a duplicate its first."""
    firsts = read_firsts({item.same_as_id for item in page if item.outcome in BORROWED} - {None})
    traced = {item.pk: find_traced(item, firsts) for item in page}
    made = make_undigested(page, traced)
    for item in page:
        # What was put aside to be asked for once more counts no longer.
        kept = (item.digest__found, item.digest__match) if traced[item.pk] else ("", "")
        found, match = made.get(item.pk, kept)
        first = firsts.get(item.same_as_id) if item.outcome == Outcome.DUPLICATE else None
        yield digests.decode(found) if found else NOTHING, match, traced[item.pk], first


def make_undigested(page, traced):
    """Read items without a digest of the answer that counts: id → what was found, match check."""
    others = [item.pk for item in page if not item.is_digested and traced[item.pk]]
    # Of somebody whose answer is another's, the time of that is to be compared.
    known = dict(Digest.objects.filter(pk__in=others).values_list("pk", TIME)) if others else {}
    stale = [pk for pk in others if known.get(pk) != traced[pk]]
    return {made.pk: (made.found, made.match) for made in map(digests.make, digests.read_items(stale))}


class First(NamedTuple):
    """An item whose answer others share."""

    row_number: int
    outcome: str
    time: str | None
    same_as_id: int | None


def read_firsts(ids):
    """Items whose answer others share, and whose answer those share, by their ids."""
    firsts, missing = {}, ids
    while missing:
        found = Item.objects.filter(pk__in=missing).annotate(time=TIME).values_list("pk", *First._fields)
        firsts |= {pk: First._make(values) for pk, *values in found}
        next_ = {first.same_as_id for first in firsts.values() if first.outcome in BORROWED and first.same_as_id}
        missing = next_ - set(firsts)
    return firsts


def find_traced(item, firsts):
    """When the answer came that counts for an item."""
    while item.outcome in BORROWED and item.same_as_id in firsts:
        item = firsts[item.same_as_id]
    return item.time


def describe(item, contact, first):
    if item.outcome == Outcome.DUPLICATE and first:
        return f"Same as row {first.row_number} ({first.outcome})"
    if not contact.is_known_shape:
        return f"{item.message} (answer of unknown shape, kept with the item)".strip()
    return item.message
