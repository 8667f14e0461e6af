"""How far uploads and batches are.

A running batch's counts are read from its items in one grouped query; a closed batch carries its own, so a
page of closed batches costs the same however many items they hold.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from batches.models import UNDIGESTED, Batch, Item
from batches.statuses import COUNTED, BatchStatus

MOST_UNPLANNED = 20_000
"""Rows that are read; there are a few for a list whose people were planned again."""


@dataclass
class Counts:
    """People by outcome. `total` are those to be traced; what is not counted elsewhere is pending."""

    total: int = 0
    matched: int = 0
    no_match: int = 0
    error: int = 0
    missing: int = 0
    credits: Decimal = Decimal(0)

    @property
    def answered(self):
        return self.matched + self.no_match + self.error

    @property
    def done(self):
        return self.answered + self.missing

    @property
    def pending(self):
        return max(self.total - self.done, 0)

    @property
    def percent(self):
        """Whole per cent of those done; 100 only when all are, or where there is nobody to be traced."""
        return 100 * self.done // self.total if self.total else 100

    @property
    def coarse_percent(self):
        """In tens: what is said aloud is not to be said all the time."""
        return self.percent // 10 * 10

    @property
    def match_rate(self):
        """Whole per cent of the answered that matched; None before the first answer."""
        return round(100 * self.matched / self.answered) if self.answered else None

    def add(self, row):
        for name in [*COUNTED, "credits"]:
            setattr(self, name, getattr(self, name) + (row[name] or 0))


def grouped(items, *by, **others):
    """Live counts of items, a row for each value of the fields `by`, with further aggregates."""
    numbers = {str(outcome): Count("id", filter=Q(outcome=outcome)) for outcome in COUNTED}
    # `item_credits`: an aggregate may not carry the name of the field that it sums.
    rows = items.order_by().values(*by).annotate(item_credits=Sum("credits"), **numbers, **others)
    return [row | {"credits": row["item_credits"]} for row in rows]


def count_batches(batches):
    """Batch id → Counts, in one query at the most."""
    counts = {batch.pk: Counts(total=batch.size - batch.moved, credits=batch.earlier_credits) for batch in batches}
    for batch in batches:
        if batch.status == BatchStatus.CLOSED:
            counts[batch.pk].add({name: getattr(batch, name) for name in [*COUNTED, "credits"]})
    live = [batch.pk for batch in batches if batch.status != BatchStatus.CLOSED]
    for row in grouped(counted_in(live), "batch_id"):
        counts[row["batch_id"]].add(row)
    return counts


def counted_in(batches):
    """People of batches who are not pending."""
    return Item.objects.filter(batch__in=batches, outcome__in=COUNTED)


def read_unplanned():
    """Return a row for each person who is done and in no batch, the newest lists first: few, but for a limit."""
    # All lists' in their order, as then PostgreSQL reads the index of just these.
    rows = (
        Item.objects.answered_unplanned()
        .order_by("-upload_id")
        .values("upload_id", "outcome", "credits", "answered_at")
    )
    return [row | dict.fromkeys(COUNTED, 0) | {row["outcome"]: 1} for row in rows[:MOST_UNPLANNED]]


def count_uploads(uploads, opened=None, unplanned=None):
    """Upload id → Counts, in four queries at the most, which cost by the batches under way and not by people.

    `opened` are the grouped rows of these, by batch_id and upload_id, and `unplanned` those of `read_unplanned`, where
    somebody has them already.
    """
    counts = {upload.pk: Counts(total=upload.item_count, credits=upload.earlier_credits) for upload in uploads}
    batches = Batch.objects.filter(upload__in=counts).order_by()
    if opened is None:
        # By their numbers: joined with their people, PostgreSQL may read all people there are.
        under_way = list(batches.under_way().values_list("pk", flat=True))
        opened = grouped(counted_in(under_way), "batch_id", "upload_id")
    sums = {f"sum_{name}": Sum(name, default=0) for name in [*COUNTED, "credits"]}
    for row in closed_beside(opened, batches).values("upload_id").annotate(**sums):
        counts[row["upload_id"]].add({name.removeprefix("sum_"): row[name] for name in sums})
    for row in [*opened, *(read_unplanned() if unplanned is None else unplanned)]:
        if row["upload_id"] in counts:
            counts[row["upload_id"]].add(row)
    return counts


def closed_beside(opened, batches):
    """Those of batches that are closed, less those that were not yet when `opened` was read: each counts once."""
    return batches.filter(status=BatchStatus.CLOSED).exclude(pk__in={row["batch_id"] for row in opened})


def freeze(batch_id):
    """Write a closed batch's counts from its items, whose answers are to be digested (anew).

    Call it in the transaction that changed them.
    """
    rows = grouped(Item.objects.filter(batch=batch_id), "batch_id")
    numbers = {name: (rows[0][name] or 0) if rows else 0 for name in [*COUNTED, "credits"]}
    Batch.objects.filter(pk=batch_id).update(**UNDIGESTED, **numbers)
