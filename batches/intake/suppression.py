"""Who is not to be traced, and which numbers and addresses are not to be exported."""

import csv
import io

from batches.intake.row_check import MAILING, PROPERTY, check, fingerprints
from batches.mapping.guessing import guess_mapping
from batches.models import Item, Suppression
from batches.statuses import SuppressionKind

SLICE = 500
LONGEST_PASTE = 10_000
"""Most lines that are taken at once."""


class NothingUsable(Exception):
    """Lines that name nobody; the text says which, and what would."""


def keys_of(fields):
    """Everything by which somebody of whom these fields are sent can be suppressed, as (kind, key)."""
    keys = {(SuppressionKind.PERSON, key) for key in fingerprints(fields)}
    if phone := fields.get("phone"):
        keys.add((SuppressionKind.PHONE, phone))
    if email := fields.get("email"):
        keys.add((SuppressionKind.EMAIL, email.lower()))
    return keys


def find_suppressed(keys):
    """Those of these (kind, key) that are on the list, in one query."""
    found = Suppression.objects.filter(key__in={key for _, key in keys}).order_by().values_list("kind", "key")
    return set(found) & keys


def suppressed_numbers():
    """Phones and emails that no export may hold, as two sets."""
    kinds = [SuppressionKind.PHONE, SuppressionKind.EMAIL]
    keys = {kind: set() for kind in kinds}
    for kind, key in Suppression.objects.filter(kind__in=kinds).order_by().values_list("kind", "key").iterator():
        keys[kind].add(key)
    return keys[SuppressionKind.PHONE], keys[SuppressionKind.EMAIL]


def suppress_items(items, user, reason=""):
    """Put the people of items on the list. Return how many entries are new: one for each of their addresses.

    Some at a time: on SQLite nobody else writes while they are added.
    """
    added, ids = 0, list(items.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), SLICE):
        people = Item.objects.filter(pk__in=ids[start : start + SLICE]).only(*PERSON_FIELDS, "middle_name")
        added += add({key: label for item in people for key, label in name_person(item)}, user, reason)
    return added


def name_person(item):
    """Each (kind, key) that somebody is suppressed by, with how people know them."""
    fields = {name: getattr(item, name) for name in PERSON_FIELDS if getattr(item, name)}
    label = " · ".join(filter(None, [item.asked_name, item.asked_address]))
    return [((SuppressionKind.PERSON, key), label) for key in fingerprints(fields)]


PERSON_FIELDS = ["first_name", "last_name", *PROPERTY, *MAILING]


def suppress_texts(texts, user, reason=""):
    """Put pasted or uploaded lines on the list: a phone, an email, or a person with an address in each.

    People are rows with commas or tabs between their cells, under column names or in the usual order. Return how many
    entries are new. Raises NothingUsable if there is a line that says none of these; then nothing is added.
    """
    entries, bad = {}, []
    for text in texts:
        found, unusable = read_lines(text)
        entries |= found
        bad += unusable
    if bad:
        shown = "; ".join(f"line {number}: {why}" for number, why in bad[:5])
        raise NothingUsable(
            f"{len(bad)} line{'' if len(bad) == 1 else 's'} cannot be used ({shown}). Nothing was added."
        )
    if not entries:
        raise NothingUsable("There is nothing in it: give a phone, an email, or a person with an address a line.")
    return add(entries, user, reason)


def read_lines(text):
    """(kind, key) → label of what lines name; and those that name nothing, with the reason."""
    text = text.replace("\0", "")
    sample = text[:10_000]
    delimiter = "\t" if sample.count("\t") > sample.count(",") else ","
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error:
        return {}, [(1, "a quote is opened and never closed, or a line is far too long")]
    if len(rows) > LONGEST_PASTE:
        return {}, [(LONGEST_PASTE + 1, f"{LONGEST_PASTE:,} lines are the most at once")]
    mapping, first = find_columns(rows)
    entries, bad = {}, []
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(row):
            continue
        found, why = read_line(row, mapping)
        entries |= found
        if not found:
            bad.append((number, why))
    return entries, bad


def find_columns(rows):
    """Return the mapping of the columns, and how many rows hold their names: none, or what stands above all others."""
    first = next((number for number, row in enumerate(rows) if any(row)), 0)
    by_name = guess_mapping(rows[first]).mapping if rows else {}
    width = max(map(len, rows), default=0)
    if len(by_name) > 1 or (by_name and width == 1):
        return by_name, first + 1
    usual = ["first_name", "last_name", "address", "city", "state", "zip"]
    return {field: [position] for position, field in enumerate(usual[:width])}, 0


def read_line(row, mapping):
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
    found = {(kind, key): key for kind, key in keys_of(checked.fields) if kind != SuppressionKind.PERSON}
    return found, "a person needs a name and an address"


def add(entries, user, reason=""):
    """Add (kind, key) → label. Return how many were not there yet."""
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


def describe(added):
    if not added:
        return "All of it was on the suppression list already, or has no address to be known by."
    return f"{added} {'entry is' if added == 1 else 'entries are'} on the suppression list now."
