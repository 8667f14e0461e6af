"""Read the rows and phone numbers of an export.

Items are read a page at a time, in the order of the list's rows. Contact details come from the items' digests or, if a
digest is missing or outdated, from the answer itself.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.db.models import Case, F, TextField, When
from django.db.models.functions import Cast
from msgspec.structs import replace

from batches.exports.layouts import FIELDS_READ, Asked, ExportRow, Layout, fold_name
from batches.intake.suppression import find_suppressed, suppressed_contacts, suppression_keys
from batches.models import Digest, Item, ItemQuerySet, Upload
from batches.people.contacts import Contact, Phone
from batches.results import digests
from batches.statuses import OUTCOME_ANSWERED, OUTCOME_BORROWED, MatchCheck, Outcome
from batches.vendor.protocol import PERSON_FIELDS

PAGE_SIZE = 500
EMPTY_CONTACT = Contact()
MATCH_LABELS = dict(MatchCheck.choices)
IS_DIGEST_CURRENT = Case(When(digest__answered_at=F("answered_at"), then=True), default=False)
"""Whether an item's digest was made from its current answer."""
ANSWERED_AT_TEXT = Cast("answered_at", TextField())
"""The time as text, in UTC on both databases. Parsing and formatting it would take longer than the rest of a row."""
decode_cells = msgspec.json.Decoder(list[str]).decode


class ItemRow(NamedTuple):
    """The values read for each row. The fields that were asked for follow them if they are needed."""

    pk: int
    row_number: int
    outcome: str
    message: str
    credits: Decimal | None
    time: str | None
    """When it was answered: see ANSWERED_AT_TEXT."""
    same_as_id: int | None
    row: str
    """The original row, as JSON."""
    is_digested: bool
    digest__found: str | None
    digest__match: str | None


class OriginalItem(NamedTuple):
    """The item whose answer a duplicate or reused item has."""

    row_number: int
    outcome: str
    time: str | None
    same_as_id: int | None


ITEM_ROW_LENGTH = len(ItemRow._fields)


@dataclass(frozen=True)
class ExportChoices:
    """What to leave out of the chosen rows."""

    without_dnc: bool = field(default=False, metadata={"label": "Do-not-call numbers"})
    mobiles_only: bool = field(default=False, metadata={"label": "Numbers that are not mobiles"})
    once: bool = field(default=False, metadata={"label": "Numbers already higher up in the file"})
    without_deceased: bool = field(default=False, metadata={"label": "Deceased people"})
    without_other: bool = field(default=False, metadata={"label": "Matches that are someone else"})
    without_suppressed: bool = field(default=False, metadata={"label": "People on the do-not-contact list"})

    def chosen(self) -> list[str]:
        return [choice.name for choice in fields(self) if getattr(self, choice.name)]


CHOICE_LABELS = {choice.name: choice.metadata["label"] for choice in fields(ExportChoices)}
"""Choice → its label."""


class NumberSet:
    """Phone numbers already in a file. SQLite moves them to disk if they are many: a file may have millions."""

    def __init__(self) -> None:
        self.numbers = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self.numbers.execute("PRAGMA synchronous = OFF")
        self.numbers.execute("BEGIN")
        self.numbers.execute("CREATE TABLE seen (number TEXT PRIMARY KEY) WITHOUT ROWID")

    def is_new(self, number: str) -> bool:
        return self.numbers.execute("INSERT OR IGNORE INTO seen VALUES (?)", [number]).rowcount == 1


class ExportReader:
    """Reads the rows of one list for one export."""

    def __init__(self, upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices) -> None:
        self.upload, self.items, self.layout, self.choices = upload, items, layout, choices
        self.originals = upload.all_columns
        self.places = {fold_name(name): place for place, name in reversed(list(enumerate(self.originals)))}
        self.phones, self.emails = suppressed_contacts()
        self.seen = NumberSet() if choices.once else None
        self.includes_all = not (self.phones or layout.types or choices.chosen())
        self.max_phones = min(layout.max_phones or layout.phone_places, layout.phone_places)

    def read(self) -> Iterator[ExportRow]:
        """Yield the row of each wanted item, in the list's order."""
        asked = FIELDS_READ if self.layout.is_asking or self.choices.without_suppressed else []
        items = self.items.annotate(
            row=Cast("cells", TextField()), is_digested=IS_DIGEST_CURRENT, time=ANSWERED_AT_TEXT
        )
        for page in items.in_pages(PAGE_SIZE, [*ItemRow._fields, *asked]):
            read = [ItemRow._make(values[:ITEM_ROW_LENGTH]) for values in page]
            suppressed = find_suppressed_rows(page) if self.choices.without_suppressed else set()
            # One after the other, because holding a page of contact details takes twice as long.
            for item, values, found in zip(read, page, read_found(read), strict=True):
                row = self.make(item, values[ITEM_ROW_LENGTH:], *found)
                if row.pk not in suppressed and self.is_wanted(row) and self.fill(row):
                    yield row

    def make(
        self,
        item: ItemRow,
        asked: Sequence[str],
        contact: Contact,
        match: str | None,
        traced_at: str | None,
        original: OriginalItem | None,
    ) -> ExportRow:
        cells = decode_cells(item.row)
        credits = item.credits if item.outcome in OUTCOME_ANSWERED else None
        return ExportRow(
            pk=item.pk,
            number=str(item.row_number),
            cells=cells + [""] * (len(self.originals) - len(cells)),
            outcome=item.outcome,
            message=row_message(item, contact, original),
            credits="" if credits is None else f"{credits.normalize():f}",
            traced_at=f"{traced_at[:10]}T{traced_at[11:19]}+00:00" if traced_at else "",
            match=MATCH_LABELS.get(match or "", ""),
            asked=Asked(*asked),
            contact=without_emails(contact, self.emails) if self.emails else contact,
            list=self.upload.name,
            originals=self.places,
        )

    def is_wanted(self, row: ExportRow) -> bool:
        if self.choices.without_deceased and row.contact.deceased:
            return False
        return not (self.choices.without_other and row.match == MatchCheck.OTHER.label)

    def fill(self, row: ExportRow) -> bool:
        """Set the wanted phones of a row. Return False if the row lacks what the layout needs."""
        needs = self.layout.needs
        if (needs == "email" and not row.contact.emails) or (needs == "address" and not row.post.street):
            return False
        row.phones = self.choose(row.contact.phones)
        # A layout may need a phone without having room for one.
        return (
            needs != "phone"
            or bool(row.phones)
            or (not self.max_phones and any(map(self.is_included, row.contact.phones)))
        )

    def choose(self, phones: Sequence[Phone]) -> Sequence[Phone]:
        """Return the wanted phones of a person, at most as many as the layout has room for."""
        if self.includes_all:
            return phones[: self.max_phones]
        chosen: list[Phone] = []
        for phone in phones:
            if len(chosen) == self.max_phones:
                break
            # Looked up last, because that adds the number to those in the file.
            if self.is_included(phone) and (self.seen is None or self.seen.is_new(phone.digits)):
                chosen.append(phone)
        return chosen

    def is_included(self, phone: Phone) -> bool:
        choices, types = self.choices, self.layout.types
        if (choices.without_dnc and phone.do_not_call) or (choices.mobiles_only and not phone.is_mobile):
            return False
        return (not types or phone.type in types) and not (self.phones and phone.digits in self.phones)


def find_suppressed_rows(page: Iterable[Sequence[Any]]) -> set[int]:
    """Return the ids of suppressed people on a page that was read with the fields that were asked for.

    Any of their addresses, their phone or their email is on the do-not-contact list, or was when the list was checked.
    """
    asked = {values[0]: dict(zip(FIELDS_READ, values[ITEM_ROW_LENGTH:], strict=True)) for values in page}
    keys = {
        pk: suppression_keys({name: fields[name] for name in PERSON_FIELDS if fields[name]})
        for pk, fields in asked.items()
    }
    found = find_suppressed(set().union(*keys.values()))
    suppressed = {values[0] for values in page if ItemRow._make(values[:ITEM_ROW_LENGTH]).outcome == Outcome.SUPPRESSED}
    return suppressed | {pk for pk in keys if keys[pk] & found}


def without_emails(contact: Contact, suppressed: set[str]) -> Contact:
    wanted = [email for email in contact.emails if email.address.lower() not in suppressed]
    return replace(contact, emails=wanted)


def read_found(
    page: Sequence[ItemRow],
) -> Iterator[tuple[Contact, str | None, str | None, OriginalItem | None]]:
    """Yield for each item of a page its contact details, verdict and answer time, and a duplicate's original item."""
    originals = read_originals(
        {item.same_as_id for item in page if item.outcome in OUTCOME_BORROWED and item.same_as_id}
    )
    times = {item.pk: answer_time(item, originals) for item in page}
    undigested = read_undigested(page, times)
    for item in page:
        # The digest of an answer that a re-run has replaced does not count.
        digested = (item.digest__found, item.digest__match) if times[item.pk] else ("", "")
        found, match = undigested.get(item.pk, digested)
        original = originals.get(item.same_as_id or 0) if item.outcome == Outcome.DUPLICATE else None
        yield digests.decode_contact(found) if found else EMPTY_CONTACT, match, times[item.pk], original


def read_undigested(page: Sequence[ItemRow], times: dict[int, str | None]) -> dict[int, tuple[str, str]]:
    """Return item id → (contact details as JSON, verdict) for items without a current digest, from their answers."""
    others = [item.pk for item in page if not item.is_digested and times[item.pk]]
    # For an item with a borrowed answer, the digest must be as old as that answer.
    known = dict(Digest.objects.filter(pk__in=others).values_list("pk", ANSWERED_AT_TEXT)) if others else {}
    stale = [pk for pk in others if known.get(pk) != times[pk]]
    return {made.pk: (made.found, made.match) for made in map(digests.make_digest, digests.read_items(stale))}


def read_originals(ids: set[int]) -> dict[int, OriginalItem]:
    """Return item id → item for these ids, and for the items whose answers these have in turn."""
    originals: dict[int, OriginalItem] = {}
    missing = ids
    while missing:
        found = (
            Item.objects.filter(pk__in=missing).annotate(time=ANSWERED_AT_TEXT).values_list("pk", *OriginalItem._fields)
        )
        originals |= {pk: OriginalItem._make(values) for pk, *values in found}
        borrowed = [item for item in originals.values() if item.outcome in OUTCOME_BORROWED]
        missing = {item.same_as_id for item in borrowed if item.same_as_id} - set(originals)
    return originals


def answer_time(item: ItemRow | OriginalItem, originals: dict[int, OriginalItem]) -> str | None:
    """Return when the answer that counts for an item arrived."""
    while item.outcome in OUTCOME_BORROWED and item.same_as_id in originals:
        item = originals[item.same_as_id]
    return item.time


def row_message(item: ItemRow, contact: Contact, original: OriginalItem | None) -> str:
    if original:
        return f"Same as row {original.row_number} ({original.outcome})"
    if not contact.is_known_shape:
        return f"{item.message} (answer in an unknown format, kept with the person)".strip()
    return item.message
