"""Count the people of uploads and batches by outcome.

An open batch is counted from its items, all of them in one grouped query. A closed batch carries its counts, so a
page of closed batches costs the same however many items they have.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from batches.models import NEEDS_DIGEST, Batch, BatchQuerySet, Item, ItemQuerySet, Upload
from batches.nouns import noun_for
from batches.statuses import OUTCOME_COUNTED, BatchStatus
from batches.tracing.receipts import NEEDS_COUNT, recount_elsewhere

MAX_UNPLANNED = 20_000
"""Maximum number of rows that are read. There are few: only lists whose people were replanned have any."""


@dataclass
class Counts:
    """People by outcome. `total` is the number to trace; anyone without another outcome is pending."""

    total: int = 0
    matched: int = 0
    no_match: int = 0
    error: int = 0
    missing: int = 0
    credits: Decimal = Decimal(0)

    @property
    def answered(self) -> int:
        return self.matched + self.no_match + self.error

    @property
    def done(self) -> int:
        return self.answered + self.missing

    @property
    def pending(self) -> int:
        return max(self.total - self.done, 0)

    @property
    def percent(self) -> int:
        """Percentage done, rounded down. 100 only if everyone is done or the list has no people to trace."""
        return 100 * self.done // self.total if self.total else 100

    @property
    def coarse_percent(self) -> int:
        """Percentage done, rounded down to tens so that screen readers do not announce every change."""
        return self.percent // 10 * 10

    @property
    def match_rate(self) -> int | None:
        """Percentage of answers that matched. None before the first answer."""
        return round(100 * self.matched / self.answered) if self.answered else None

    def add(self, row: Mapping[str, Any]) -> None:
        for name in [*OUTCOME_COUNTED, "credits"]:
            setattr(self, name, getattr(self, name) + (row[name] or 0))


def count_outcomes(items: QuerySet[Item], *by: str, **others: Any) -> list[dict[str, Any]]:
    """Count items by outcome: one row for each value of the fields `by`, with further aggregates."""
    numbers = {str(outcome): Count("id", filter=Q(outcome=outcome)) for outcome in OUTCOME_COUNTED}
    # `item_credits`, because an aggregate may not have the name of a field.
    rows = items.order_by().values(*by).annotate(item_credits=Sum("credits"), **numbers, **others)
    return [row | {"credits": row["item_credits"]} for row in rows]


def count_batches(batches: Collection[Batch]) -> dict[int, Counts]:
    """Return batch id → Counts, with at most one query."""
    counts = {batch.pk: Counts(total=batch.size - batch.moved, credits=batch.earlier_credits) for batch in batches}
    for batch in batches:
        if batch.status == BatchStatus.CLOSED:
            counts[batch.pk].add({name: getattr(batch, name) for name in [*OUTCOME_COUNTED, "credits"]})
    live = [batch.pk for batch in batches if batch.status != BatchStatus.CLOSED]
    for row in count_outcomes(counted_items(live), "batch_id"):
        counts[row["batch_id"]].add(row)
    return counts


def counted_items(batches: Iterable[int]) -> ItemQuerySet:
    """Return the people in batches, given by id, who are not pending."""
    return Item.objects.filter(batch__in=batches, outcome__in=OUTCOME_COUNTED)


def read_unplanned() -> list[dict[str, Any]]:
    """Return a row of counts for each person who is done and in no batch, newest lists first.

    There are few of them. At most MAX_UNPLANNED are read.
    """
    # For all lists and in this order, so that PostgreSQL uses the partial index.
    rows = (
        Item.objects.answered_unplanned()
        .order_by("-upload_id")
        .values("upload_id", "outcome", "credits", "answered_at")
    )
    return [row | dict.fromkeys(OUTCOME_COUNTED, 0) | {row["outcome"]: 1} for row in rows[:MAX_UNPLANNED]]


def count_uploads(
    uploads: Iterable[Upload],
    opened: Sequence[dict[str, Any]] | None = None,
    unplanned: Sequence[dict[str, Any]] | None = None,
) -> dict[int, Counts]:
    """Return upload id → Counts, with at most four queries.

    Their cost depends on the number of open batches, not of people. Callers that have them already pass `opened`, the
    counts of batches under way by batch_id and upload_id, and `unplanned`, the result of `read_unplanned`.
    """
    counts = {upload.pk: Counts(total=upload.item_count, credits=upload.earlier_credits) for upload in uploads}
    batches = Batch.objects.filter(upload__in=counts).order_by()
    if opened is None:
        # Filter by id: if batches were joined with people, PostgreSQL might read all people.
        under_way = list(batches.under_way().values_list("pk", flat=True))
        opened = count_outcomes(counted_items(under_way), "batch_id", "upload_id")
    sums = {f"sum_{name}": Sum(name, default=0) for name in [*OUTCOME_COUNTED, "credits"]}
    closed: Iterable[Any] = exclude_opened(opened, batches).values("upload_id").annotate(**sums)
    for row in closed:
        counts[row["upload_id"]].add({name.removeprefix("sum_"): row[name] for name in sums})
    for row in [*opened, *(read_unplanned() if unplanned is None else unplanned)]:
        if row["upload_id"] in counts:
            counts[row["upload_id"]].add(row)
    return counts


def exclude_opened(opened: Iterable[Mapping[str, Any]], batches: BatchQuerySet) -> BatchQuerySet:
    """Keep closed batches, except those already counted in `opened`, so that none is counted twice."""
    return batches.filter(status=BatchStatus.CLOSED).exclude(pk__in={row["batch_id"] for row in opened})


def format_people(number: int) -> str:
    return f"{number:,} {noun_for(number, 'person,people')}"


def freeze_counts(batch_id: int) -> None:
    """Store the counts of a closed batch's items with the batch, and mark it to be digested and counted again.

    Call it in the transaction that changed the items.
    """
    rows = count_outcomes(Item.objects.filter(batch=batch_id), "batch_id")
    numbers = {name: (rows[0][name] or 0) if rows else 0 for name in [*OUTCOME_COUNTED, "credits"]}
    Batch.objects.filter(pk=batch_id).update(**NEEDS_DIGEST, **NEEDS_COUNT, **numbers)
    recount_elsewhere(Item.objects.filter(batch=batch_id))
