"""The do-not-contact list: people who are not traced, and phones and emails that are not exported."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from batches.intake.row_check import MAILING_FIELDS, PROPERTY_FIELDS, check, fingerprints, former_fingerprints
from batches.mapping.guessing import guess_mapping
from batches.models import Item, Suppression
from batches.nouns import noun_for
from batches.statuses import SuppressionKind

Key = tuple[str, str]
"""Kind and key of an entry."""
CHUNK_SIZE = 500
MAX_PASTED_LINES = 10_000
"""Maximum number of lines accepted at once."""
MAX_PASTED_COLUMNS = 100
"""Maximum number of cells in a line. The lines are read where pages are served."""


class UnusableLines(Exception):
    """Lines that cannot be used. The text says which, why, and what to enter."""


def suppression_keys(fields: dict[str, str]) -> set[Key]:
    """Return every (kind, key) by which a person with these fields can be suppressed."""
    # Entries from before names, roads and cities were normalised have the former key.
    keys: set[Key] = {(SuppressionKind.PERSON, key) for key in (*fingerprints(fields), *former_fingerprints(fields))}
    if phone := fields.get("phone"):
        keys.add((SuppressionKind.PHONE, phone))
    if email := fields.get("email"):
        keys.add((SuppressionKind.EMAIL, email.lower()))
    return keys


def find_suppressed(keys: set[Key]) -> set[Key]:
    """Return the (kind, key) pairs that are on the list, in one query."""
    found = Suppression.objects.filter(key__in={key for _, key in keys}).order_by().values_list("kind", "key")
    return set(found) & keys


def suppressed_contacts() -> tuple[set[str], set[str]]:
    """Return the phones and the emails that no export may contain."""
    kinds = [SuppressionKind.PHONE, SuppressionKind.EMAIL]
    keys: dict[str, set[str]] = {kind: set() for kind in kinds}
    for kind, key in Suppression.objects.filter(kind__in=kinds).order_by().values_list("kind", "key").iterator():
        keys[kind].add(key)
    return keys[SuppressionKind.PHONE], keys[SuppressionKind.EMAIL]


def suppress_items(items: QuerySet[Item], user: User, reason: str = "") -> int:
    """Add the people of items to the list. Return how many entries are new; there is one per address.

    Items are added in chunks, because SQLite allows no other writer meanwhile.
    """
    added, ids = 0, list(items.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK_SIZE):
        people = Item.objects.filter(pk__in=ids[start : start + CHUNK_SIZE]).only(
            *PERSON_FIELDS, "middle_name", "owner_name"
        )
        added += add({key: label for item in people for key, label in label_person(item)}, user, reason)
    return added


def label_person(item: Item) -> list[tuple[Key, str]]:
    """Return each (kind, key) of an item's person with the label that the list shows."""
    fields = {name: getattr(item, name) for name in PERSON_FIELDS if getattr(item, name)}
    label = " · ".join(filter(None, [item.owner_name or item.asked_name, item.asked_address]))
    return [((SuppressionKind.PERSON, key), label) for key in fingerprints(fields)]


PERSON_FIELDS = ["first_name", "last_name", *PROPERTY_FIELDS, *MAILING_FIELDS]


def suppress_texts(texts: Iterable[str], user: User, reason: str = "") -> int:
    """Add pasted or uploaded lines to the list: a phone, an email, or a person with an address in each.

    People are rows of cells separated by commas or tabs, under column names or in the usual order. Return how many
    entries are new. Raises UnusableLines if a line is none of these; then nothing is added.
    """
    entries: dict[Key, str] = {}
    bad: list[tuple[int, str]] = []
    for text in texts:
        found, unusable = read_lines(text)
        entries |= found
        bad += unusable
    if bad:
        lines = f"{len(bad):,} {noun_for(len(bad), 'line')}"
        reasons = " ".join(f"Line {number}: {why}" for number, why in bad[:5])
        raise UnusableLines(f"Nothing was added, because {lines} cannot be used. {reasons}")
    if not entries:
        raise UnusableLines("Please enter at least one phone, email, or person with an address.")
    return add(entries, user, reason)


def read_lines(text: str) -> tuple[dict[Key, str], list[tuple[int, str]]]:
    """Return the entries of a text as (kind, key) → label, and the unusable lines as (number, reason)."""
    text = text.replace("\0", "")
    sample = text[:10_000]
    delimiter = "\t" if sample.count("\t") > sample.count(",") else ","
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error:
        return {}, [(1, "A quotation mark is never closed, or a line is too long.")]
    if len(rows) > MAX_PASTED_LINES:
        return {}, [(MAX_PASTED_LINES + 1, f"At most {MAX_PASTED_LINES:,} lines can be added at once.")]
    if wide := next((number for number, row in enumerate(rows, 1) if len(row) > MAX_PASTED_COLUMNS), 0):
        return {}, [(wide, f"A line can have at most {MAX_PASTED_COLUMNS} columns.")]
    mapping, first = find_columns(rows)
    entries: dict[Key, str] = {}
    bad: list[tuple[int, str]] = []
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(row):
            continue
        found, why = read_line(row, mapping)
        entries |= found
        if not found:
            bad.append((number, why))
    return entries, bad


def find_columns(rows: list[list[str]]) -> tuple[dict[str, Any], int]:
    """Return the mapping of the columns, and the number of rows up to the header; 0 without a header."""
    first = next((number for number, row in enumerate(rows) if any(row)), 0)
    by_name = guess_mapping(rows[first]).mapping if rows else {}
    width = max(map(len, rows), default=0)
    if len(by_name) > 1 or (by_name and width == 1):
        return by_name, first + 1
    usual_order = ["first_name", "last_name", "address", "city", "state", "zip"]
    return {field: [position] for position, field in enumerate(usual_order[:width])}, 0


def read_line(row: list[str], mapping: Mapping[str, Iterable[int]]) -> tuple[dict[Key, str], str]:
    """Return the entries of a row as (kind, key) → label, and why there are none."""
    if len([cell for cell in row if cell]) == 1:
        text = next(filter(None, row))
        checked = check({"email": text} if "@" in text else {"phone": text})
    else:
        cells = {name: " ".join(row[p] for p in positions if p < len(row)) for name, positions in mapping.items()}
        checked = check(cells)
    if checked.problems:
        return {}, checked.problems[0].sentence
    people = list(fingerprints(checked.fields))
    if people and (checked.fields.get("first_name") or checked.fields.get("last_name")):
        label = ", ".join(filter(None, (checked.fields.get(name, "") for name in PERSON_FIELDS)))
        return {(SuppressionKind.PERSON, key): label for key in people}, ""
    found = {(kind, key): key for kind, key in suppression_keys(checked.fields) if kind != SuppressionKind.PERSON}
    return found, "A person needs a name and an address."


def add(entries: Mapping[Key, str], user: User, reason: str = "") -> int:
    """Add entries, given as (kind, key) → label. Return how many are new."""
    before = Suppression.objects.count()
    Suppression.objects.bulk_create(
        (
            Suppression(kind=kind, key=key, label=label[:600], reason=reason[:200], created_by=user)
            for (kind, key), label in entries.items()
        ),
        ignore_conflicts=True,
        batch_size=1_000,
    )
    return Suppression.objects.count() - before


def format_added(added: int) -> str:
    """Return how many entries were added, for the user."""
    if not added:
        return "Nothing to add: all of them are on the do-not-contact list already, or have no address."
    return f"Added {added:,} {noun_for(added, 'entry,entries')} to the do-not-contact list."
