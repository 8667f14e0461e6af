"""Keep the do-not-contact list: people who are not traced, and phones and emails that are not exported."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.erased import ErasedContacts, Key
from batches.intake.business_days import add_business_days
from batches.intake.person_keys import make_fingerprints, make_former_fingerprints
from batches.intake.row_check import check
from batches.mapping.fields import MAILING_FIELDS, PROPERTY_FIELDS
from batches.mapping.guessing import guess_mapping
from batches.models import Item, Suppression, SuppressionQuerySet
from batches.models.suppression import today
from batches.nouns import noun_for
from batches.numbers.refresh import refresh
from batches.statuses import AskedHow, SuppressionKind, SuppressionReason

CHUNK_SIZE = 500
"""Items that are added in one transaction."""
SAMPLE_CHARACTERS = 10_000
"""Characters that are examined to find the delimiter of pasted lines."""
MAX_PASTED_LINES = 10_000
"""Maximum number of lines accepted at once."""
MAX_PASTED_COLUMNS = 100
"""Maximum number of cells in a line: lines are read while the page waits."""
IDENTIFYING_FIELDS = ["first_name", "last_name", *PROPERTY_FIELDS, *MAILING_FIELDS]
"""Fields that the keys of a person are made of."""
USUAL_ORDER = ["first_name", "last_name", "address", "city", "state", "zip"]
"""The fields of pasted columns without names."""
DAYS_TO_CARRY_OUT = 10
"""Business days after the receipt of a request within which it must be carried out."""


class NoLines(Exception):
    """Nothing was pasted or uploaded. The message says what to enter."""


@dataclass(frozen=True)
class UnusableLine:
    """A line that cannot be added."""

    number: int
    text: str
    reason: str


@dataclass
class AddedLines:
    """What became of pasted or uploaded lines."""

    added: int = 0
    """How many entries are new."""
    unusable: list[UnusableLine] = field(default_factory=list)
    to_correct: str = ""
    """The unusable lines below the column names of their text, to be corrected and added again."""


@dataclass(frozen=True)
class Terms:
    """What entries block, until when, and who asked for them."""

    reason_kind: SuppressionReason = SuppressionReason.OTHER
    received_at: date | None = None
    expires_at: date | None = None
    asked_by: str = ""
    asked_how: AskedHow | None = None
    blocks_contact: bool = True
    blocks_tracing: bool | None = None
    """None blocks the tracing of people who are named, but not of people whose row holds a phone or an email."""

    def __post_init__(self) -> None:
        """Count a request without a day as received today."""
        if self.reason_kind == SuppressionReason.REQUEST and self.received_at is None:
            object.__setattr__(self, "received_at", today())

    @property
    def due_at(self) -> date | None:
        return add_business_days(self.received_at, DAYS_TO_CARRY_OUT) if self.received_at else None

    def make_entry(self, key: Key, label: str, user: User | None, reason: str) -> Suppression:
        kind, text = key
        return Suppression(
            kind=kind,
            key=text,
            label=label[:600],
            reason=reason[:200],
            reason_kind=self.reason_kind,
            received_at=self.received_at,
            due_at=self.due_at,
            expires_at=self.expires_at,
            asked_by=self.asked_by[:200],
            asked_how=self.asked_how or "",
            blocks_contact=self.blocks_contact,
            blocks_tracing=self.blocks_tracing_of(kind),
            created_by=user,
        )

    def blocks_tracing_of(self, kind: str) -> bool:
        return kind == SuppressionKind.PERSON if self.blocks_tracing is None else self.blocks_tracing


USUAL_TERMS = Terms()


def make_suppression_keys(fields: dict[str, str]) -> set[Key]:
    """Return every key by which a person with these fields can be suppressed."""
    # Entries that were added before names, roads and cities were normalised still have the former keys.
    keys: set[Key] = {
        (SuppressionKind.PERSON, key) for key in (*make_fingerprints(fields), *make_former_fingerprints(fields))
    }
    if phone := fields.get("phone"):
        keys.add((SuppressionKind.PHONE, phone))
    if email := fields.get("email"):
        keys.add((SuppressionKind.EMAIL, email.lower()))
    return keys


def find_not_to_trace(keys: set[Key]) -> set[Key]:
    """Return the keys among these by which a person must not be traced. Make one query."""
    return find_keys(Suppression.objects.blocking_tracing(), keys)


def find_not_to_contact(keys: set[Key]) -> set[Key]:
    """Return the keys among these by which a person must not be contacted. Make one query."""
    return find_keys(Suppression.objects.blocking_contact(), keys)


def find_keys(entries: SuppressionQuerySet, keys: set[Key]) -> set[Key]:
    found = entries.filter(key__in={key for _, key in keys}).order_by().values_list("kind", "key")
    return set(found) & keys


def list_suppressed_contacts() -> tuple[ErasedContacts, ErasedContacts]:
    """Return the phones and the emails that no export may contain."""
    kinds = [SuppressionKind.PHONE, SuppressionKind.EMAIL]
    keys: dict[str, set[str]] = {kind: set() for kind in kinds}
    for kind, key in (
        Suppression.objects.blocking_contact().filter(kind__in=kinds).order_by().values_list("kind", "key").iterator()
    ):
        keys[kind].add(key)
    phones, emails = (ErasedContacts(kind, keys[kind]) for kind in kinds)
    return phones, emails


def suppress_items(items: QuerySet[Item], user: User, reason: str = "") -> int:
    """Add the people of items to the list, with one entry per address. Return how many entries are new.

    Items are added in chunks, because on SQLite nobody else can write while a chunk is added.
    """
    require(user, Right.SUPPRESS)
    added, ids = 0, list(items.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK_SIZE):
        people = Item.objects.filter(pk__in=ids[start : start + CHUNK_SIZE]).only(
            *IDENTIFYING_FIELDS, "middle_name", "owner_name"
        )
        entries = {key: label for item in people for key, label in label_person(item)}
        added += add_entries(entries, user, reason)
    return added


def label_person(item: Item) -> list[tuple[Key, str]]:
    """Return each key of an item's person with the label that the list shows for it."""
    fields = {name: getattr(item, name) for name in IDENTIFYING_FIELDS if getattr(item, name)}
    label = " · ".join(filter(None, [item.owner_name or item.asked_name, item.asked_address]))
    return [((SuppressionKind.PERSON, key), label) for key in make_fingerprints(fields)]


def suppress_lines(texts: Iterable[str], user: User, reason: str = "", terms: Terms = USUAL_TERMS) -> AddedLines:
    """Add pasted or uploaded lines to the list. Each has a phone, an email, or a person with an address.

    A person is a row of cells that are separated by commas or tabs, under column names or in the usual order. Lines
    that are none of these are returned; all others are added. Raise NoLines if there is no line at all.
    """
    require(user, Right.SUPPRESS)
    entries: dict[Key, str] = {}
    result = AddedLines()
    for text in texts:
        found, unusable, header = read_lines(text)
        entries |= found
        result.unusable += unusable
        result.to_correct += "".join(f"{line.text}\n" for line in [*header[: len(unusable)], *unusable])
    if not entries and not result.unusable:
        raise NoLines("Please enter at least one phone, email, or person with an address.")
    if entries:
        result.added = add_entries(entries, user, reason, terms)
    return result


def read_lines(text: str) -> tuple[dict[Key, str], list[UnusableLine], list[UnusableLine]]:
    """Return the entries in `text` as key → label, its unusable lines, and the line with the column names, if any.

    If the text cannot be split into lines, all of it is one unusable line.
    """
    text = text.replace("\0", "")
    sample = text[:SAMPLE_CHARACTERS]
    delimiter = "\t" if sample.count("\t") > sample.count(",") else ","
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error:
        return {}, [UnusableLine(1, text, "A quotation mark is never closed, or a line is too long.")], []
    if len(rows) > MAX_PASTED_LINES:
        reason = f"Nothing was added: at most {MAX_PASTED_LINES:,} lines can be added at once."
        return {}, [UnusableLine(MAX_PASTED_LINES + 1, text, reason)], []
    mapping, header_rows = find_columns([row[:MAX_PASTED_COLUMNS] for row in rows])
    header = [UnusableLine(number, join_cells(row), "") for number, row in enumerate(rows[:header_rows], start=1)]
    entries: dict[Key, str] = {}
    unusable: list[UnusableLine] = []
    for number, row in enumerate(rows[header_rows:], start=header_rows + 1):
        if len(row) > MAX_PASTED_COLUMNS:
            reason = f"A line can have at most {MAX_PASTED_COLUMNS} columns."
            unusable.append(UnusableLine(number, join_cells(row), reason))
        elif any(row):
            found, reason = read_line(row, mapping)
            entries |= found
            if not found:
                unusable.append(UnusableLine(number, join_cells(row), reason))
    return entries, unusable, header


def join_cells(row: list[str]) -> str:
    """Return the cells of a line, separated by commas."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()


def find_columns(rows: list[list[str]]) -> tuple[dict[str, Any], int]:
    """Return the mapping of the columns, and the number of the header row, or 0 if there is none."""
    first_filled = next((position for position, row in enumerate(rows) if any(row)), 0)
    by_name = guess_mapping(rows[first_filled]).mapping if rows else {}
    width = max(map(len, rows), default=0)
    if len(by_name) > 1 or (by_name and width == 1):
        return by_name, first_filled + 1
    return {name: [position] for position, name in enumerate(USUAL_ORDER[:width])}, 0


def read_line(row: list[str], mapping: Mapping[str, Iterable[int]]) -> tuple[dict[Key, str], str]:
    """Return the entries of a line as key → label. If there are none, return why as well."""
    if len([cell for cell in row if cell]) == 1:
        text = next(filter(None, row))
        checked = check({"email": text} if "@" in text else {"phone": text})
    else:
        texts = {
            name: " ".join(row[position] for position in positions if position < len(row))
            for name, positions in mapping.items()
        }
        checked = check(texts)
    if checked.problems:
        return {}, checked.problems[0].sentence
    person_keys = list(make_fingerprints(checked.fields))
    if person_keys and (checked.fields.get("first_name") or checked.fields.get("last_name")):
        label = ", ".join(filter(None, (checked.fields.get(name, "") for name in IDENTIFYING_FIELDS)))
        return {(SuppressionKind.PERSON, key): label for key in person_keys}, ""
    contacts = {
        (kind, key): key for kind, key in make_suppression_keys(checked.fields) if kind != SuppressionKind.PERSON
    }
    return contacts, "A person needs a name and an address."


@transaction.atomic
def add_entries(entries: Mapping[Key, str], user: User | None, reason: str = "", terms: Terms = USUAL_TERMS) -> int:
    """Add entries like `store_entries`, and write that to the audit log. Return how many are new."""
    added = store_entries(entries, user, reason, terms)
    audit.record(AuditKind.SUPPRESSED, user, detail=f"{added:,} {noun_for(added, 'entry,entries')}")
    return added


@transaction.atomic
def store_entries(entries: Mapping[Key, str], user: User | None, reason: str, terms: Terms) -> int:
    """Add entries, given as key → label. Return how many are new.

    An entry that is in force already is kept, and made as strict as the new one: somebody who asks a second time must
    not be called because the first entry was weaker, or expires sooner.
    """
    lift_expired()
    keys = list(entries)
    before = count_listed(keys)
    Suppression.objects.bulk_create(
        (terms.make_entry(key, label, user, reason) for key, label in entries.items()),
        ignore_conflicts=True,
        batch_size=1_000,
    )
    for start in range(0, len(keys), CHUNK_SIZE):
        tighten(keys[start : start + CHUNK_SIZE], terms)
    refresh([key for kind, key in entries if kind == SuppressionKind.PHONE])
    return count_listed(keys) - before


def count_listed(keys: Sequence[Key]) -> int:
    """Return how many of these keys have an entry in force."""
    chunks = (set(keys[start : start + CHUNK_SIZE]) for start in range(0, len(keys), CHUNK_SIZE))
    return sum(len(find_keys(Suppression.objects.in_force(), chunk)) for chunk in chunks)


def tighten(keys: Iterable[Key], terms: Terms) -> None:
    """Make the entries in force with these keys as strict as the terms."""
    for kind in SuppressionKind:
        same_kind = [key for each, key in keys if each == kind]
        entries = Suppression.objects.in_force().filter(kind=kind, key__in=same_kind)
        if terms.blocks_contact:
            entries.filter(blocks_contact=False).update(blocks_contact=True)
        if terms.blocks_tracing_of(kind):
            entries.filter(blocks_tracing=False).update(blocks_tracing=True)
        sooner = entries.filter(expires_at__isnull=False)
        if terms.expires_at:
            sooner = sooner.filter(expires_at__lt=terms.expires_at)
        sooner.update(expires_at=terms.expires_at)
        if terms.received_at:
            entries.filter(received_at=None).update(
                received_at=terms.received_at,
                due_at=terms.due_at,
                reason_kind=terms.reason_kind,
                asked_by=terms.asked_by[:200],
                asked_how=terms.asked_how or "",
            )


@transaction.atomic
def lift_expired() -> int:
    """Lift the entries that have expired. Return how many."""
    phones = Suppression.objects.expired().filter(kind=SuppressionKind.PHONE)
    digits = list(phones.order_by().values_list("key", flat=True))
    lifted = Suppression.objects.expired().update(lifted_at=timezone.now())
    refresh(digits)
    return lifted


def mark_done(pk: int, user: User) -> bool:
    """Mark a request as carried out. Return False if it was marked before, or is not a request."""
    require(user, Right.SUPPRESS)
    is_done = Suppression.objects.open_requests().filter(pk=pk).update(done_at=timezone.now(), done_by=user) == 1
    if is_done:
        audit.record(AuditKind.SUPPRESSED, user, detail=f"carried out entry {pk}")
    return is_done


@transaction.atomic
def lift_entry(pk: int, user: User | None) -> bool:
    """Lift an entry and record who did it. The entry no longer counts. Return False if it was lifted before."""
    is_lifted = Suppression.objects.in_force().filter(pk=pk).update(lifted_at=timezone.now(), lifted_by=user) == 1
    if is_lifted:
        refresh(Suppression.objects.filter(pk=pk, kind=SuppressionKind.PHONE).values_list("key", flat=True))
        audit.record(AuditKind.SUPPRESSION_LIFTED, user, detail=f"entry {pk}")
    return is_lifted


def format_added(added: int) -> str:
    """Return a sentence about how many entries were added."""
    if not added:
        return "Nothing to add: all of them are on the do-not-contact list already, or have no address."
    return f"Added {added:,} {noun_for(added, 'entry,entries')} to the do-not-contact list."
