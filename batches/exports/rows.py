"""Read the rows and phone numbers of an export.

Items are read a page at a time, in the order of the list's rows. Contact details come from the items' digests or, if a
digest is missing or outdated, from the answer itself.
"""

import sqlite3
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec
from django.db.models import Case, F, TextField, When
from django.db.models.functions import Cast
from django.utils import timezone
from msgspec.structs import replace

from batches.erased import Key, find_erased
from batches.exports.exported import find_exported
from batches.exports.layouts import FIELDS_READ, AskedFields, ExportRow, Layout, fold_name
from batches.id_set import IdSet
from batches.intake.suppression import find_not_to_contact, list_suppressed_contacts, make_suppression_keys
from batches.models import Digest, Item, ItemQuerySet, PhoneNumber, Upload
from batches.numbers.facts import NO_FACTS, FactsReader, read_rules
from batches.people.contacts import Contact, Phone
from batches.people.match_decision import Decision
from batches.people.standing import (
    CODES_OF_DO_NOT_CALL,
    DISCONNECTED,
    STALE,
    WRONG_NUMBER,
    NumberFacts,
    PersonFacts,
    StandingPhone,
    judge_phone,
    sort_by_standing,
    write_standing,
)
from batches.results import digests
from batches.results.match_decisions import Matched, has_decisions, load_decisions, read_decision
from batches.statuses import OUTCOME_ANSWERED, OUTCOME_BORROWED, Emptied, MatchCheck, Outcome
from batches.vendor.protocol import PERSON_FIELDS

PAGE_SIZE = 500
EMPTY_CONTACT = Contact()
MATCH_LABELS = dict(MatchCheck.choices)
OUTCOME_WORDS = dict(Outcome.choices)
IS_DIGEST_CURRENT = Case(When(digest__answered_at=F("answered_at"), then=True), default=False)
"""Whether an item's digest was made from its current answer."""
ANSWERED_AT_TEXT = Cast("answered_at", TextField())
"""The time as text, in UTC on both databases. Parsing and formatting it would take longer than the rest of a row."""
decode_cells = msgspec.json.Decoder(list[str]).decode


class ItemRow(NamedTuple):
    """The values that are read for each row. The FIELDS_READ follow them if they are needed."""

    pk: int
    row_number: int
    outcome: str
    message: str
    credits: Decimal | None
    time: str | None
    """When the item was answered: see ANSWERED_AT_TEXT."""
    same_as_id: int | None
    row: str
    """The original row, as JSON."""
    is_digested: bool
    digest__found: str | None
    digest__match: str | None
    emptied: str
    fingerprint: str


class OriginalItem(NamedTuple):
    """The item whose answer a duplicate or reused item shares."""

    row_number: int
    outcome: str
    time: str | None
    same_as_id: int | None


class FoundDetails(NamedTuple):
    """What is known about an item from its answer."""

    contact: Contact
    match: str | None
    """The verdict of the match check."""
    answered_at: str | None
    original: OriginalItem | None
    """For a duplicate or reused item, the item whose answer it shares."""


ITEM_ROW_LENGTH = len(ItemRow._fields)
NOTHING_ASKED = AskedFields()


@dataclass(frozen=True)
class ExportChoices:
    """What to leave out of the chosen rows."""

    without_dnc: bool = field(default=False, metadata={"label": "Do-not-call numbers"})
    mobiles_only: bool = field(default=False, metadata={"label": "Numbers that are not mobiles"})
    once: bool = field(default=False, metadata={"label": "Numbers already higher up in the file"})
    without_deceased: bool = field(default=False, metadata={"label": "Deceased people"})
    without_other: bool = field(default=False, metadata={"label": "Matches that are someone else"})
    without_suppressed: bool = field(default=False, metadata={"label": "People on the do-not-contact list"})
    without_stale: bool = field(default=False, metadata={"label": "Numbers whose Do Not Call flag is stale"})
    without_disconnected: bool = field(default=False, metadata={"label": "Disconnected numbers"})
    without_exported: bool = field(default=False, metadata={"label": "People who were exported before"})
    seen_within: int = 0
    """Leave out numbers that the vendor has not seen for more months than this. 0 leaves out none."""

    def chosen(self) -> list[str]:
        """Return the names of the choices that were made, without the months."""
        return [name for name in CHOICE_LABELS if getattr(self, name)]


CHOICE_LABELS = {choice.name: choice.metadata["label"] for choice in fields(ExportChoices) if choice.metadata}
"""Choice → its label."""

LABELS_IN_SENTENCES = {name: label[0].lower() + label[1:] for name, label in CHOICE_LABELS.items()}
"""Choice → its label after other words. “Do Not Call” keeps its capitals."""


def find_first_month(months: int, today: date) -> str:
    """Return the month, such as `2025-11`, that began at most this many months ago; "" for 0 months."""
    if not months:
        return ""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return f"{year:04d}-{month + 1:02d}"


class NumberSet:
    """The phone numbers in a file. There may be millions, so SQLite keeps them and moves them to disk if necessary."""

    def __init__(self) -> None:
        self.numbers = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self.numbers.execute("PRAGMA synchronous = OFF")
        self.numbers.execute("BEGIN")
        self.numbers.execute("CREATE TABLE seen (number TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, number: str) -> bool:
        """Add a number. Return whether it is new."""
        return self.numbers.execute("INSERT OR IGNORE INTO seen VALUES (?)", [number]).rowcount == 1


class ExportReader:
    """A reader of one list's rows for one export."""

    def __init__(self, upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices) -> None:
        self.upload, self.items, self.layout, self.choices = upload, items, layout, choices
        self.originals = upload.all_columns
        self.positions: dict[str, int] = {}
        for position, name in enumerate(self.originals):
            # If several columns have the same name, the first counts.
            self.positions.setdefault(fold_name(name), position)
        self.suppressed_phones, self.suppressed_emails = list_suppressed_contacts()
        self.written_numbers = NumberSet() if choices.once else None
        exports = upload.exports.filter(is_complete=True).order_by()
        self.exported = find_exported(exports) if choices.without_exported else IdSet()
        self.rules, self.today = read_rules(), timezone.localdate()
        self.facts = make_facts_reader(layout, choices)
        self.has_decisions = self.facts is not None and has_decisions()
        self.first_month = find_first_month(choices.seen_within, self.today)
        self.includes_all_phones = not (
            self.suppressed_phones or layout.types or choices.chosen() or choices.seen_within
        )
        self.max_phones = min(layout.max_phones or layout.phone_capacity, layout.phone_capacity)

    def read(self) -> Iterator[ExportRow]:
        """Yield the row of each wanted item, in the list's order."""
        for row, is_left_out in self.read_candidates():
            if not is_left_out and self.is_wanted(row) and self.set_phones(row):
                yield row

    def read_candidates(self) -> Iterator[tuple[ExportRow, bool]]:
        """Yield the row of each item, without its phones, and whether its person is left out as suppressed."""
        fields_asked = FIELDS_READ if self.layout.needs_asked or self.choices.without_suppressed else []
        items = self.items.annotate(
            row=Cast("cells", TextField()), is_digested=IS_DIGEST_CURRENT, time=ANSWERED_AT_TEXT
        )
        for page in items.in_pages(PAGE_SIZE, [*ItemRow._fields, *fields_asked]):
            page_items = [ItemRow._make(values[:ITEM_ROW_LENGTH]) for values in page]
            page_asked = [values[ITEM_ROW_LENGTH:] for values in page]
            suppressed = find_suppressed_ids(page_items, page_asked) if self.choices.without_suppressed else set()
            contacts = digests.read_contacts(item.pk for item in page_items) if self.layout.needs_answer else {}
            judged = self.read_judged(page_items, contacts)
            for item, asked, details in zip(page_items, page_asked, judged, strict=True):
                if contacts and item.pk in contacts and details.answered_at:
                    details = details._replace(contact=self.hide_phones_of_others(details.contact))
                yield self.make_row(item, asked, details), item.pk in suppressed

    def read_judged(self, page: Sequence[ItemRow], contacts: dict[int, Contact]) -> Iterator[FoundDetails]:
        """Yield what is known about each item of a page, with the standing of its phones if that is needed.

        `contacts` holds all contact details of the items, if the layout needs them.
        """
        # Pass the details on one at a time if possible, because holding a whole page of them takes twice as long.
        found = read_details(page)
        if contacts:
            found = (
                details._replace(contact=contacts[item.pk]) if item.pk in contacts and details.answered_at else details
                for item, details in zip(page, found, strict=True)
            )
        if not self.facts:
            yield from found
            return
        held = list(found)
        facts = self.facts.read(phone for details in held for phone in list_all_phones(details.contact))
        decisions = self.read_decisions(page, held) if self.has_decisions else {}
        for item, details in zip(page, held, strict=True):
            yield details._replace(contact=self.judge(item, details, facts, decisions.get(item.pk)))

    def read_decisions(self, page: Sequence[ItemRow], held: Sequence[FoundDetails]) -> dict[int, Decision]:
        """Return item id → what a user has decided about the match."""
        made = load_decisions(
            Matched(item.pk, item.fingerprint, details.contact) for item, details in zip(page, held, strict=True)
        )
        return {pk: read_decision(decision) for pk, decision in made.items()}

    def judge(
        self, item: ItemRow, details: FoundDetails, facts: Mapping[str, NumberFacts], decision: Decision | None
    ) -> Contact:
        """Return the contact details of an item with the standing of its phones, the numbers to call first."""
        contact, day = details.contact, details.answered_at
        if not self.judges_all and not any(phone.digits in facts for phone in list_all_phones(contact)):
            return contact
        person = PersonFacts(
            details.match or "",
            contact.deceased,
            date.fromisoformat(day[:10]) if day else None,
            fingerprint=item.fingerprint,
            decided_by=decision.by if decision else "",
            decided_on=decision.on if decision else None,
        )
        others = [
            replace(other, phones=self.judge_phones(other.phones, PersonFacts("same"), facts))
            for other in contact.others
        ]
        return replace(contact, phones=self.judge_phones(contact.phones, person, facts), others=others)

    def judge_phones(
        self, phones: Sequence[Phone], person: PersonFacts, facts: Mapping[str, NumberFacts]
    ) -> list[Phone]:
        judged = [
            judge_phone(phone, person, facts.get(phone.digits, NO_FACTS), self.rules, self.today) for phone in phones
        ]
        return [write_standing(each.phone, each.standing, each.facts) for each in sort_by_standing(judged)]

    @property
    def judges_all(self) -> bool:
        return self.facts is not None and not self.facts.only_marked

    def make_row(self, item: ItemRow, asked: Sequence[str], details: FoundDetails) -> ExportRow:
        """Return the row of an item, without its phones."""
        contact, match, traced_at, original = details
        cells = decode_cells(item.row)
        if missing := len(self.originals) - len(cells):
            cells += [""] * missing
        return ExportRow(
            pk=item.pk,
            number=str(item.row_number),
            cells=cells,
            outcome=item.outcome,
            message=format_message(item, contact, original),
            credits=format_credits(item.credits) if item.outcome in OUTCOME_ANSWERED else "",
            traced_at=f"{traced_at[:10]}T{traced_at[11:19]}+00:00" if traced_at else "",
            match=MATCH_LABELS.get(match or "", ""),
            asked=AskedFields(*asked) if asked else NOTHING_ASKED,
            contact=remove_emails(contact, self.suppressed_emails) if self.suppressed_emails else contact,
            list=self.upload.name,
            outcome_word=OUTCOME_WORDS[find_result(item, original)],
            originals=self.positions,
        )

    def is_wanted(self, row: ExportRow) -> bool:
        if self.choices.without_exported and row.pk in self.exported:
            return False
        if self.choices.without_deceased and row.contact.deceased:
            return False
        return not (self.choices.without_other and row.match == MatchCheck.OTHER.label)

    def set_phones(self, row: ExportRow) -> bool:
        """Set the wanted phones of a row. Return False if the row lacks what the layout needs."""
        needs = self.layout.needs
        if (needs == "email" and not row.contact.emails) or (needs == "address" and not row.letter_address.street):
            return False
        row.phones = self.choose_phones(row.contact.phones)
        if needs != "phone" or row.phones:
            return True
        # A layout may need a phone without having a column for one.
        return not self.max_phones and any(map(self.is_included, row.contact.phones))

    def choose_phones(self, phones: Sequence[Phone]) -> Sequence[Phone]:
        """Return the wanted phones of a person, at most as many as the layout has room for."""
        if self.includes_all_phones:
            return phones[: self.max_phones]
        chosen: list[Phone] = []
        for phone in phones:
            if len(chosen) == self.max_phones:
                break
            # The number is added last, because only numbers that are written may be added.
            if self.is_included(phone) and (self.written_numbers is None or self.written_numbers.add(phone.digits)):
                chosen.append(phone)
        return chosen

    def hide_phones_of_others(self, contact: Contact) -> Contact:
        """Return contact details in which others in the answer have only phones that may be in the file."""
        others = [
            replace(other, phones=[phone for phone in other.phones if self.is_included(phone)])
            for other in contact.others
        ]
        return replace(contact, others=others)

    def is_included(self, phone: Phone) -> bool:
        choices, types = self.choices, self.layout.types
        if choices.mobiles_only and not phone.is_mobile:
            return False
        if find_reason_of_standing(phone, choices):
            return False
        if types and phone.type not in types:
            return False
        if not self.is_recent(phone):
            return False
        return not (self.suppressed_phones and phone.digits in self.suppressed_phones)

    def is_recent(self, phone: Phone) -> bool:
        """Return whether a phone was seen recently enough. If that matters, one that was never seen was not."""
        return phone.last_seen[:7] >= self.first_month


def list_all_phones(contact: Contact) -> Iterator[Phone]:
    """Yield the phones of a person, and of the others in the answer."""
    yield from contact.phones
    for other in contact.others:
        yield from other.phones


def make_facts_reader(layout: Layout, choices: ExportChoices) -> FactsReader | None:
    """Return a reader of what is known about numbers, or None if nothing about them matters for a file.

    If the file neither shows nor asks for standings, the only numbers that matter, for their order, are those about
    which more is known than the vendor says.
    """
    if layout.needs_standing or any(getattr(choices, name) for name in CODES_BY_CHOICE):
        return FactsReader()
    return FactsReader(only_marked=True) if PhoneNumber.objects.marked().exists() else None


CODES_BY_CHOICE = {
    "without_dnc": CODES_OF_DO_NOT_CALL,
    "without_stale": {STALE},
    "without_disconnected": {DISCONNECTED},
    "without_other": {WRONG_NUMBER},
}
"""Choice → the codes of the reasons for which it leaves out a number."""


def find_reason_of_standing(phone: Phone, choices: ExportChoices) -> str:
    """Return the choice that leaves out a number for its standing, or ""."""
    if isinstance(phone, StandingPhone):
        for name, codes in CODES_BY_CHOICE.items():
            if getattr(choices, name) and not codes.isdisjoint(phone.codes):
                return name
    return ""


def find_suppressed_ids(page: Sequence[ItemRow], page_asked: Sequence[Sequence[str]]) -> set[int]:
    """Return the ids of a page's items that are suppressed. `page_asked` holds the FIELDS_READ of each item.

    An item is suppressed if one of its addresses, its phone or its email is on the do-not-contact list, or if the item
    was suppressed when the list was checked.
    """
    suppressed = {item.pk for item in page if item.outcome == Outcome.SUPPRESSED}
    keys: dict[int, set[Key]] = {}
    for item, asked in zip(page, page_asked, strict=True):
        fields = dict(zip(FIELDS_READ, asked, strict=True))
        keys[item.pk] = make_suppression_keys({name: fields[name] for name in PERSON_FIELDS if fields[name]})
    all_keys: set[Key] = set().union(*keys.values())
    found = find_not_to_contact(all_keys) | find_erased(all_keys)
    return suppressed | {pk for pk in keys if keys[pk] & found}


@lru_cache(maxsize=1_000)
def format_credits(credits: Decimal | None) -> str:
    """Return credits without trailing zeros. Most rows of a list have the same."""
    return "" if credits is None else f"{credits.normalize():f}"


def remove_emails(contact: Contact, suppressed: Container[str]) -> Contact:
    """Return contact details without suppressed emails."""
    wanted = [email for email in contact.emails if email.address.lower() not in suppressed]
    return replace(contact, emails=wanted)


def read_details(page: Sequence[ItemRow]) -> Iterator[FoundDetails]:
    """Yield what is known about each item of a page from its answer."""
    borrowed = [item for item in page if item.outcome in OUTCOME_BORROWED]
    originals = read_originals({item.same_as_id for item in borrowed if item.same_as_id})
    times = {item.pk: find_answer_time(item, originals) for item in page}
    undigested = read_undigested(page, times)
    for item in page:
        # The digest of an answer that a re-run has replaced does not count.
        digested = (item.digest__found, item.digest__match) if times[item.pk] else ("", "")
        found, match = undigested.get(item.pk, digested)
        original = originals.get(item.same_as_id or 0) if item.outcome in OUTCOME_BORROWED else None
        contact = digests.decode_contact(found) if found else EMPTY_CONTACT
        yield FoundDetails(contact, match, times[item.pk], original)


def read_undigested(page: Sequence[ItemRow], times: dict[int, str | None]) -> dict[int, tuple[str, str]]:
    """Return item id → (contact details as JSON, verdict) for items without a current digest, from their answers."""
    others = [item.pk for item in page if not item.is_digested and times[item.pk]]
    # For an item with a borrowed answer, the digest must be as old as that answer.
    known = dict(Digest.objects.filter(pk__in=others).values_list("pk", ANSWERED_AT_TEXT)) if others else {}
    stale = [pk for pk in others if known.get(pk) != times[pk]]
    return {made.pk: (made.found, made.match) for made in digests.make_digests(stale)}


def read_originals(ids: set[int]) -> dict[int, OriginalItem]:
    """Return item id → item for these ids, and for the items whose answers these share in turn."""
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


def find_answer_time(item: ItemRow | OriginalItem, originals: dict[int, OriginalItem]) -> str | None:
    """Return when the answer that counts for an item arrived."""
    while item.outcome in OUTCOME_BORROWED and item.same_as_id in originals:
        item = originals[item.same_as_id]
    return item.time


def find_result(item: ItemRow, original: OriginalItem | None) -> str:
    """Return the outcome of a row as pages show it: for a reused answer, that of the list that it comes from."""
    return original.outcome if original and item.outcome == Outcome.REUSED else item.outcome


EMPTIED_MESSAGES = {
    Emptied.ERASED.value: "Erased on request.",
    Emptied.EXPIRED.value: "The row was deleted after the retention time.",
}


def format_message(item: ItemRow, contact: Contact, original: OriginalItem | None) -> str:
    """Return the message of a row: the vendor's, or why the row has no answer of its own."""
    if item.emptied:
        return f"{item.message} {EMPTIED_MESSAGES[item.emptied]}".strip()
    if original and item.outcome == Outcome.DUPLICATE:
        return f"Same as row {original.row_number} ({original.outcome})"
    if not contact.is_known_shape:
        return f"{item.message} (answer in an unknown format, kept with the person)".strip()
    return item.message
