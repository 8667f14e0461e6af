"""What lists have brought for their money: of one list, and of many beside one another.

From the counts that closed batches carry, so that it costs the same however many people there are.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from batches.models import Batch
from batches.statuses import COUNTED, BatchStatus
from batches.tracing.counts import Counts
from batches.tracing.spending import to_money

BROUGHT = ["phones", "mobiles", "usable_mobiles", "same", "perhaps", "other", "cached"]
GROUPINGS = {
    "source": ("Source", F("upload__source")),
    "uploader": ("Uploader", F("upload__created_by__username")),
    "month": ("Month", TruncMonth("closed_at")),
    "list": ("List", F("upload__name")),
}
"""What lists are put together by → its word, and where it stands."""
NAMELESS = {"source": "No source given", "uploader": "From the shell", "month": "", "list": ""}
MOST_GROUPS = 50


@dataclass
class Score(Counts):
    """What a group of closed batches has brought."""

    label: str = ""
    lists: int = 0
    undigested: int = 0
    """Batches whose answers are still being looked through: phones, mobiles and matches of theirs are not in it yet."""
    phones: int = 0
    mobiles: int = 0
    usable_mobiles: int = 0
    same: int = 0
    perhaps: int = 0
    other: int = 0
    cached: int = 0

    @property
    def phones_per_match(self):
        return ratio(self.phones, self.matched)

    @property
    def mobiles_per_match(self):
        return ratio(self.mobiles, self.matched)

    @property
    def usable_per_match(self):
        return ratio(self.usable_mobiles, self.matched)

    @property
    def credits_per_match(self):
        return ratio(self.credits, self.matched)

    @property
    def credits_per_usable(self):
        return ratio(self.credits, self.usable_mobiles)

    @property
    def cost(self):
        return to_money(self.credits)

    @property
    def cost_per_match(self):
        return self.credits_per_match and to_money(self.credits_per_match)

    @property
    def cost_per_usable(self):
        return self.credits_per_usable and to_money(self.credits_per_usable)

    @property
    def cached_share(self):
        """Whole per cent of the matches that the vendor had at hand."""
        return round(100 * self.cached / self.matched) if self.matched else None

    @property
    def error_share(self):
        """Per cent of the people asked for."""
        return round(100 * self.error / self.total, 1) if self.total else None


def ratio(part, whole):
    """With two places, as a Decimal; None where there is nothing to divide by."""
    return (Decimal(part) / whole).quantize(Decimal("0.01")) if whole else None


def score_upload(upload):
    """Return the Score of one list's closed batches."""
    rows = summed(Batch.objects.filter(upload=upload), F("upload_id"))
    return as_score(upload.name, rows[0]) if rows else Score(label=upload.name)


def compare(by, months=12):
    """Scores of all lists whose batches closed in the last so many months, put together by one of GROUPINGS.

    Months stand in their order; all else by how many people were asked for, and of these the first MOST_GROUPS.
    """
    since = timezone.now() - timedelta(days=31 * months)
    rows = summed(Batch.objects.filter(closed_at__gte=since), GROUPINGS[by][1])
    scores = [as_score(label(by, row["key"]), row) for row in sorted(rows, key=lambda row: str(row["key"]))]
    return scores if by == "month" else sorted(scores, key=lambda score: -score.total)[:MOST_GROUPS]


def label(by, key):
    return f"{key:%b %Y}" if by == "month" else key or NAMELESS[by]


def summed(batches, key):
    sums = {f"sum_{name}": Sum(name, default=0) for name in [*COUNTED, *BROUGHT, "size", "moved", "credits"]}
    rows = batches.filter(status=BatchStatus.CLOSED).order_by().values(key=key)
    return list(
        rows.annotate(
            lists=Count("upload", distinct=True),
            undigested=Count("pk", filter=Q(digested_at=None)),
            put_aside=Sum("earlier_credits", default=0),
            **sums,
        )
    )


def as_score(name, row):
    numbers = {field: row[f"sum_{field}"] for field in [*COUNTED, *BROUGHT]}
    return Score(
        label=name,
        total=row["sum_size"] - row["sum_moved"],
        credits=row["sum_credits"] + row["put_aside"],
        lists=row["lists"],
        undigested=row["undigested"],
        **numbers,
    )
