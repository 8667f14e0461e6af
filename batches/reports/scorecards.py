"""Score what lists brought for their cost, for one list or for groups of lists.

Only columns of closed batches are read, so the cost does not depend on the number of people.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from batches.models import Batch, BatchQuerySet, Upload
from batches.statuses import OUTCOME_COUNTED, BatchStatus
from batches.tracing.counts import Counts
from batches.tracing.spending import to_money

YIELD_FIELDS = ["phones", "mobiles", "usable_mobiles", "match_same", "match_perhaps", "match_other", "cached"]
SCORECARD_GROUPINGS = {
    "source": ("Source", F("upload__list_source")),
    "uploader": ("Uploader", F("upload__created_by__username")),
    "month": ("Month", TruncMonth("closed_at")),
    "list": ("List", F("upload__name")),
}
"""Grouping → its label and its expression."""
UNNAMED_LABELS = {"source": "No source given", "uploader": "From the shell", "month": "", "list": ""}
MAX_GROUPS = 50


@dataclass
class Score(Counts):
    """The results and the cost of a group of closed batches."""

    label: str = ""
    lists: int = 0
    undigested: int = 0
    """Batches whose answers are not digested yet, so that their phones, mobiles and verdicts are missing here."""
    phones: int = 0
    mobiles: int = 0
    usable_mobiles: int = 0
    match_same: int = 0
    match_perhaps: int = 0
    match_other: int = 0
    cached: int = 0

    @property
    def phones_per_match(self) -> Decimal | None:
        return ratio(self.phones, self.matched)

    @property
    def mobiles_per_match(self) -> Decimal | None:
        return ratio(self.mobiles, self.matched)

    @property
    def usable_per_match(self) -> Decimal | None:
        return ratio(self.usable_mobiles, self.matched)

    @property
    def credits_per_match(self) -> Decimal | None:
        return ratio(self.credits, self.matched)

    @property
    def credits_per_usable(self) -> Decimal | None:
        return ratio(self.credits, self.usable_mobiles)

    @property
    def cost(self) -> Decimal | None:
        return to_money(self.credits)

    @property
    def cost_per_match(self) -> Decimal | None:
        return self.credits_per_match and to_money(self.credits_per_match)

    @property
    def cost_per_usable(self) -> Decimal | None:
        return self.credits_per_usable and to_money(self.credits_per_usable)

    @property
    def cached_share(self) -> int | None:
        """Percentage of matches that the vendor answered from its cache."""
        return round(100 * self.cached / self.matched) if self.matched else None

    @property
    def error_share(self) -> float | None:
        """Percentage of people with an error."""
        return round(100 * self.error / self.total, 1) if self.total else None


def ratio(part: Decimal | int, whole: int) -> Decimal | None:
    """Return a quotient with two decimal places, or None if `whole` is 0."""
    return (Decimal(part) / whole).quantize(Decimal("0.01")) if whole else None


def score_upload(upload: Upload) -> Score:
    """Return the score of one list's closed batches."""
    rows = sum_batches(Batch.objects.filter(upload=upload), F("upload_id"))
    return as_score(upload.name, rows[0]) if rows else Score(label=upload.name)


def compare_groups(by: str, months: int = 12) -> list[Score]:
    """Return the scores of batches that closed in the last `months` months, grouped by one of SCORECARD_GROUPINGS.

    Months are in order. Other groups are ordered by the number of people, with at most MAX_GROUPS of them.
    """
    since = timezone.now() - timedelta(days=31 * months)
    rows = sum_batches(Batch.objects.filter(closed_at__gte=since), SCORECARD_GROUPINGS[by][1])
    scores = [as_score(group_label(by, row["key"]), row) for row in sorted(rows, key=lambda row: str(row["key"]))]
    return scores if by == "month" else sorted(scores, key=lambda score: -score.total)[:MAX_GROUPS]


def group_label(by: str, key: Any) -> str:
    return f"{key:%b %Y}" if by == "month" else key or UNNAMED_LABELS[by]


def sum_batches(batches: BatchQuerySet, key: Any) -> list[dict[str, Any]]:
    sums: dict[str, Any] = {
        f"sum_{name}": Sum(name, default=0) for name in [*OUTCOME_COUNTED, *YIELD_FIELDS, "size", "moved", "credits"]
    }
    rows = batches.filter(status=BatchStatus.CLOSED).order_by().values(key=key)
    summed: QuerySet[Batch, Any] = rows.annotate(
        lists=Count("upload", distinct=True),
        undigested=Count("pk", filter=Q(digested_at=None)),
        sum_earlier=Sum("earlier_credits", default=0),
        **sums,
    )
    return list(summed)


def as_score(name: str, row: dict[str, Any]) -> Score:
    numbers = {field: row[f"sum_{field}"] for field in [*OUTCOME_COUNTED, *YIELD_FIELDS]}
    return Score(
        label=name,
        total=row["sum_size"] - row["sum_moved"],
        credits=row["sum_credits"] + row["sum_earlier"],
        lists=row["lists"],
        undigested=row["undigested"],
        **numbers,
    )
