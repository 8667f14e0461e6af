"""Compute again what our own lists say about numbers: the do-not-contact list, scrub files and outcomes of calls.

Numbers of people who asked to be forgotten are marked too, if other people have them (docs/decisions/0087).

Whoever changes one of these calls `refresh` with the numbers, or `refresh_scrubs` after a whole file. Only numbers that
have been found have a row. For others there is nothing to compute.
"""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.names import name_of
from batches.erased import find_erased
from batches.models import CallOutcome, NumberBackfill, PhoneNumber, ScrubLine, Suppression
from batches.statuses import ScrubStatus, SuppressionKind

CHUNK_SIZE = 1_000
SLICE_SIZE = 50_000
"""Numbers that one statement compares with the lines of scrub files. It locks those that change."""
ERASED = "erased"
"""What `listed` says about a number of somebody who asked to be forgotten."""
NOT_LISTED = {"listed": "", "listed_at": None, "listed_by": "", "listed_reason": ""}
Fields = dict[int, dict[str, Any]]
"""Number → what one source says about it, by field of its row."""


def read_listed(digits: Collection[int]) -> Fields:
    """Return what the do-not-contact list says about numbers, and which belong to people who were erased."""
    keys = [f"{number:010d}" for number in digits]
    erased = find_erased((SuppressionKind.PHONE.value, key) for key in keys)
    marked: Fields = {int(key): NOT_LISTED | {"listed": ERASED} for _, key in erased}
    entries = Suppression.objects.blocking_contact().filter(kind=SuppressionKind.PHONE, key__in=keys).order_by()
    return marked | {
        int(entry.key): {
            "listed": entry.kind,
            "listed_at": entry.created_at.date(),
            "listed_by": name_of(entry.created_by)[:200],
            "listed_reason": entry.reason,
        }
        for entry in entries.select_related("created_by")
    }


def read_scrubs(digits: Collection[int]) -> Fields:
    """Return the scrub files that contain each number."""
    sources: dict[int, list[int]] = {}
    lines = ScrubLine.objects.filter(number__in=digits, source__status=ScrubStatus.READY)
    for number, source in lines.order_by("source_id").values_list("number", "source_id"):
        sources.setdefault(number, []).append(source)
    return {number: {"scrubs": join_sources(ids)} for number, ids in sources.items()}


def read_calls(digits: Collection[int]) -> Fields:
    """Return the latest call with each outcome, for each person who was called, the earliest first."""
    calls: dict[int, dict[tuple[str, str], list[str]]] = {}
    made = CallOutcome.objects.in_force().filter(number__in=digits).select_related("by", "item").order_by("at", "pk")
    for call in made.only("number", "outcome", "at", "by", "item__fingerprint"):
        # People without a fingerprint are not the same person as any other.
        person = call.item.fingerprint or f"item {call.item_id}"
        latest = calls.setdefault(call.number, {})
        latest.pop((call.outcome, person), None)
        latest[call.outcome, person] = [
            call.outcome,
            timezone.localdate(call.at).isoformat(),
            name_of(call.by)[:200],
            person,
        ]
    return {number: {"has_calls": True, "calls": list(latest.values())} for number, latest in calls.items()}


def join_sources(ids: Collection[int]) -> str:
    return " ".join(map(str, ids))


SOURCES: list[tuple[dict[str, Any], Callable[[Collection[int]], Fields]]] = [
    (NOT_LISTED, read_listed),
    ({"scrubs": ""}, read_scrubs),
    ({"has_calls": False, "calls": []}, read_calls),
]
"""For each source, the fields of a number that it says nothing about, and the function that reads what it says."""
FIND_SOURCES = """
SELECT
  EXISTS (SELECT 1 FROM batches_suppression WHERE lifted_at IS NULL AND kind = %s AND key IN ({marks}))
    OR EXISTS (SELECT 1 FROM batches_erasedkey WHERE kind = %s),
  EXISTS (SELECT 1 FROM batches_scrubline WHERE number IN ({marks})),
  EXISTS (SELECT 1 FROM batches_calloutcome WHERE number IN ({marks}))
"""
"""Whether each source has any line about some numbers. Most numbers are in none."""


def read_sources(digits: Collection[int]) -> Fields:
    """Return what our own lists say about each of these numbers. This takes one query, and one for each that does."""
    fields: Fields = {number: {} for number in digits}
    if not fields:
        return fields
    for (nothing, read), says_something in zip(SOURCES, find_sources(digits), strict=True):
        said = read(digits) if says_something else {}
        for number, values in fields.items():
            values |= said.get(number, nothing)
    return fields


def find_sources(digits: Collection[int]) -> Sequence[bool]:
    """Return for each source whether it may say anything about these numbers."""
    keys = [f"{number:010d}" for number in digits]
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(keys))
        phone = SuppressionKind.PHONE.value
        cursor.execute(FIND_SOURCES.format(marks=marks), [phone, *keys, phone, *digits, *digits])
        return cursor.fetchone()


def refresh(digits: Iterable[int] | Iterable[str]) -> None:
    """Compute again what our own lists say about these numbers, given as ten digits or as integers."""
    numbers = sorted({int(each) for each in digits if len(str(each)) <= 10 and str(each).isdecimal()})
    for start in range(0, len(numbers), CHUNK_SIZE):
        refresh_chunk(numbers[start : start + CHUNK_SIZE])


@transaction.atomic
def refresh_chunk(digits: Collection[int]) -> None:
    rows = list(PhoneNumber.objects.filter(pk__in=digits).order_by("pk").select_for_update())
    fields = read_sources([row.pk for row in rows])
    changed = []
    for row in rows:
        if any(getattr(row, name) != value for name, value in fields[row.pk].items()):
            for name, value in fields[row.pk].items():
                setattr(row, name, value)
            changed.append(row)
    if changed:
        names = [name for nothing, _ in SOURCES for name in nothing]
        PhoneNumber.objects.bulk_create(changed, update_conflicts=True, unique_fields=["digits"], update_fields=names)


def mark_earlier_erased(deadline: float) -> bool:
    """Mark the numbers of people who were erased before numbers were marked. Return whether all are.

    It continues where it ended, and ends at `deadline`, in monotonic time.
    """
    state, _ = NumberBackfill.objects.get_or_create(pk=1)
    while not state.erased_marked_at:
        numbers = PhoneNumber.objects.filter(pk__gt=state.last_number).order_by("pk").values_list("pk", flat=True)
        if page := list(numbers[:CHUNK_SIZE]):
            erased = find_erased((SuppressionKind.PHONE.value, f"{number:010d}") for number in page)
            refresh(key for _, key in erased)
            state.last_number = page[-1]
        else:
            state.erased_marked_at = timezone.now()
        state.save(update_fields=["last_number", "erased_marked_at"])
        if time.monotonic() > deadline:
            break
    return state.erased_marked_at is not None


def refresh_scrubs() -> int:
    """Compare all numbers with the scrub files in force, a slice at a time. Return how many have changed."""
    changed, last = 0, -1
    numbers = PhoneNumber.objects.order_by("pk").values_list("pk", flat=True)
    while True:
        remaining = numbers.filter(pk__gt=last)
        # The last number of the slice, or of all that are left.
        until = remaining[SLICE_SIZE - 1 : SLICE_SIZE].first() or numbers.last()
        if until is None or until <= last:
            return changed
        changed += compare_slice(last, until)
        last = until


COMPARE = """
UPDATE batches_phonenumber SET scrubs = hits.ids
FROM (
  SELECT number.digits AS digits, COALESCE(found.ids, '') AS ids
  FROM batches_phonenumber number
  LEFT JOIN (
    SELECT lines.number AS digits, {join} AS ids
    FROM (
      SELECT line.number, line.source_id FROM batches_scrubline line
      JOIN batches_scrubsource source ON source.id = line.source_id
      WHERE source.status = %(ready)s AND line.number > %(last)s AND line.number <= %(until)s
        AND EXISTS (SELECT 1 FROM batches_phonenumber known WHERE known.digits = line.number)
      ORDER BY line.number, line.source_id
    ) lines
    GROUP BY lines.number
  ) found ON found.digits = number.digits
  WHERE number.digits > %(last)s AND number.digits <= %(until)s AND number.scrubs <> COALESCE(found.ids, '')
) hits
WHERE batches_phonenumber.digits = hits.digits
"""
"""What changes is found before anything is locked. The lines stay in order while they are joined."""
JOIN = {
    "postgresql": "string_agg(lines.source_id::text, ' ' ORDER BY lines.source_id)",
    "sqlite": "group_concat(lines.source_id, ' ')",
}


def compare_slice(last: int, until: int) -> int:
    """Compare the numbers in (last, until] with the scrub files in force. Return how many have changed."""
    values: dict[str, str | int] = {"ready": ScrubStatus.READY.value, "last": last, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(COMPARE.format(join=JOIN[connection.vendor]), values)
        return cursor.rowcount
