"""How far uploads and batches are.

A running batch's counts are read from its items in one grouped query; a closed batch carries its own, so a
page of closed batches costs the same however many items they hold.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from batches.models import UNDIGESTED, Batch, Item
from batches.statuses import BatchStatus, Outcome

COUNTED = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR, Outcome.MISSING]


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
    def match_rate(self):
        """Whole per cent of the answered that matched; None before the first answer."""
        return round(100 * self.matched / self.answered) if self.answered else None

    @property
    def segments(self):
        """The bar: outcome, how many, where it begins and how wide it is in per cent."""
        start, parts = 0.0, []
        for outcome in COUNTED:
            number = getattr(self, outcome)
            width = 100 * number / self.total if self.total else 0
            if number:
                parts.append((outcome, number, f"{start:.2f}", f"{width:.2f}"))
            start += width
        return parts

    def add(self, row):
        for name in [*COUNTED, "credits"]:
            setattr(self, name, getattr(self, name) + (row[name] or 0))


def grouped(items, by):
    """Live counts of items, a row for each value of `by`."""
    numbers = {str(outcome): Count("id", filter=Q(outcome=outcome)) for outcome in COUNTED}
    # `item_credits`: an aggregate may not carry the name of the field that it sums.
    rows = items.order_by().values(key=F(by)).annotate(item_credits=Sum("credits"), **numbers)
    return [row | {"credits": row["item_credits"]} for row in rows]


def count_batches(batches):
    """Batch id → Counts, in at most one query."""
    counts = {batch.pk: Counts(total=batch.size - batch.moved, credits=batch.earlier_credits) for batch in batches}
    for batch in batches:
        if batch.status == BatchStatus.CLOSED:
            counts[batch.pk].add({name: getattr(batch, name) for name in [*COUNTED, "credits"]})
    live = [batch.pk for batch in batches if batch.status != BatchStatus.CLOSED]
    for row in grouped(Item.objects.filter(batch__in=live), "batch_id") if live else []:
        counts[row["key"]].add(row)
    return counts


def count_uploads(uploads):
    """Upload id → Counts, in two queries."""
    counts = {upload.pk: Counts(total=upload.item_count, credits=upload.earlier_credits) for upload in uploads}
    frozen = {name: Sum(name, default=0) for name in COUNTED} | {"credits": Sum("credits")}
    closed = Batch.objects.filter(upload__in=counts, status=BatchStatus.CLOSED).order_by()
    for row in closed.values(key=F("upload_id")).annotate(**{f"sum_{name}": total for name, total in frozen.items()}):
        counts[row["key"]].add({name: row[f"sum_{name}"] for name in frozen})
    # Answers can also reach an item that has been taken out of its batch to be planned again.
    live = Item.objects.filter(upload__in=counts, outcome__in=COUNTED).exclude(batch__status=BatchStatus.CLOSED)
    for row in grouped(live, "upload_id"):
        counts[row["key"]].add(row)
    return counts


def freeze(batch_id):
    """Write a closed batch's counts from its items, whose answers are to be digested (anew).

    Call it in the transaction that changed them.
    """
    rows = grouped(Item.objects.filter(batch=batch_id), "batch_id")
    numbers = {name: (rows[0][name] or 0) if rows else 0 for name in [*COUNTED, "credits"]}
    Batch.objects.filter(pk=batch_id).update(**UNDIGESTED, **numbers)
