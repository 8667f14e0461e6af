"""Count the people of uploads and batches by outcome.

The items of open batches are counted, in one grouped query for all of these batches. Closed batches store their
counts, so a page of them costs the same however many items they have.
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
"""Maximum number of people without a batch who are counted. Only lists with replanned people have any."""


@dataclass
class Counts:
    """Numbers of people by outcome. `total` is the number to trace; those without any other outcome are pending."""

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
        """Percentage done, rounded down: 100 only if everyone is done or there is nobody to trace."""
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
        """Add a row of numbers, as `count_outcomes` returns it."""
        for name in [*OUTCOME_COUNTED, "credits"]:
            setattr(self, name, getattr(self, name) + (row[name] or 0))


def count_outcomes(items: QuerySet[Item], *by: str, **aggregates: Any) -> list[dict[str, Any]]:
    """Count items by outcome, in one row for each combination of the fields `by`, with further aggregates."""
    numbers = {str(outcome): Count("id", filter=Q(outcome=outcome)) for outcome in OUTCOME_COUNTED}
    # `item_credits`, because an aggregate may not have the name of a field.
    rows = items.order_by().values(*by).annotate(item_credits=Sum("credits"), **numbers, **aggregates)
    return [row | {"credits": row["item_credits"]} for row in rows]


def count_batches(batches: Collection[Batch]) -> dict[int, Counts]:
    """Return the counts of batches by id, with at most one query."""
    counts = {batch.pk: Counts(total=batch.size - batch.moved, credits=batch.earlier_credits) for batch in batches}
    for batch in batches:
        if batch.status == BatchStatus.CLOSED:
            counts[batch.pk].add({name: getattr(batch, name) for name in [*OUTCOME_COUNTED, "credits"]})
    not_closed = [batch.pk for batch in batches if batch.status != BatchStatus.CLOSED]
    for row in count_outcomes(counted_items(not_closed), "batch_id"):
        counts[row["batch_id"]].add(row)
    return counts


def counted_items(batch_ids: Iterable[int]) -> ItemQuerySet:
    """Return the people in these batches who are counted by outcome, because they are not pending."""
    return Item.objects.filter(batch__in=batch_ids, outcome__in=OUTCOME_COUNTED)


def read_answered_unplanned() -> list[dict[str, Any]]:
    """Return one row of counts for each person who is done but in no batch, newest lists first.

    There are few of them. At most MAX_UNPLANNED are read.
    """
    # The rows of all lists are read in this order, so that PostgreSQL uses the partial index.
    rows = (
        Item.objects.answered_unplanned()
        .order_by("-upload_id")
        .values("upload_id", "outcome", "credits", "answered_at")
    )
    return [row | dict.fromkeys(OUTCOME_COUNTED, 0) | {row["outcome"]: 1} for row in rows[:MAX_UNPLANNED]]


def count_uploads(
    uploads: Iterable[Upload],
    open_rows: Sequence[dict[str, Any]] | None = None,
    unplanned_rows: Sequence[dict[str, Any]] | None = None,
) -> dict[int, Counts]:
    """Return the counts of uploads by id, with at most four queries.

    The cost of the queries depends on the number of open batches, not of people. Callers that have these rows already
    pass `open_rows`, the result of `count_outcomes` by batch_id and upload_id for batches under way, and
    `unplanned_rows`, the result of `read_answered_unplanned`.
    """
    counts = {upload.pk: Counts(total=upload.item_count, credits=upload.earlier_credits) for upload in uploads}
    batches = Batch.objects.filter(upload__in=counts).order_by()
    if open_rows is None:
        # Ids are read first, because PostgreSQL might read all people if batches were joined with them.
        under_way = list(batches.under_way().values_list("pk", flat=True))
        open_rows = count_outcomes(counted_items(under_way), "batch_id", "upload_id")
    sums = {f"sum_{name}": Sum(name, default=0) for name in [*OUTCOME_COUNTED, "credits"]}
    closed: Iterable[Any] = closed_batches_except(open_rows, batches).values("upload_id").annotate(**sums)
    for row in closed:
        counts[row["upload_id"]].add({name.removeprefix("sum_"): row[name] for name in sums})
    if unplanned_rows is None:
        unplanned_rows = read_answered_unplanned()
    for row in [*open_rows, *unplanned_rows]:
        if row["upload_id"] in counts:
            counts[row["upload_id"]].add(row)
    return counts


def closed_batches_except(open_rows: Iterable[Mapping[str, Any]], batches: BatchQuerySet) -> BatchQuerySet:
    """Keep closed batches except those in `open_rows`, which were open a moment ago and must not be counted twice."""
    return batches.filter(status=BatchStatus.CLOSED).exclude(pk__in={row["batch_id"] for row in open_rows})


def format_people(count: int) -> str:
    return f"{count:,} {noun_for(count, 'person,people')}"


def freeze_counts(batch_id: int) -> None:
    """Store the counts of a closed batch's items with the batch, and mark the batch to be digested again.

    The answers that it received are to be counted again too, and so are those of other batches that received answers
    for its people. Call this in the transaction that changed the items.
    """
    rows = count_outcomes(Item.objects.filter(batch=batch_id), "batch_id")
    counts = rows[0] if rows else {}
    numbers = {name: counts.get(name) or 0 for name in [*OUTCOME_COUNTED, "credits"]}
    Batch.objects.filter(pk=batch_id).update(**NEEDS_DIGEST, **NEEDS_COUNT, **numbers)
    recount_elsewhere(Item.objects.filter(batch=batch_id))
