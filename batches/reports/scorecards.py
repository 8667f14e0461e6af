"""Score what lists yielded for their cost, for one list or for groups of lists.

Only columns of closed batches and people who were reached are read, so the cost does not depend on how many people
there are.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone

from batches.models import Batch, BatchQuerySet, CallOutcome, Upload
from batches.people.standing import TYPE_LABELS
from batches.results import digests
from batches.statuses import OUTCOME_COUNTED, BatchStatus, CallResult, Outcome
from batches.tracing.counts import Counts

YIELD_FIELDS = ["phones", "mobiles", "usable_mobiles", "match_same", "match_perhaps", "match_other", "cached"]
SCORECARD_GROUPINGS = {
    "source": ("Source", F("upload__list_source")),
    "uploader": ("Uploader", F("upload__created_by__username")),
    "month": ("Month", TruncMonth("closed_at")),
    "list": ("List", F("upload__name")),
}
"""Grouping → its label and its expression."""
CALL_KEYS = {
    "source": F("item__upload__list_source"),
    "uploader": F("item__upload__created_by__username"),
    "month": TruncMonth(Coalesce("item__batch__closed_at", "item__upload__completed_at", "item__upload__started_at")),
    "list": F("item__upload__name"),
}
"""Grouping → the expression that gives the same group for an outcome of a call."""
UNNAMED_LABELS = {"source": "No source given", "uploader": "From the shell", "month": "", "list": ""}
"""Grouping → the label of the group without a name."""
MAX_GROUPS = 50


class CalledType(NamedTuple):
    """What calls to one type of number came to."""

    label: str
    reached: int
    """People who were reached."""
    credits_each: Decimal | None
    """The whole cost divided by the people who were reached."""
    wrong: int
    """Wrong numbers."""


class CalledPeople(NamedTuple):
    """What calls to the people of a group came to, by the vendor's type of the number."""

    reached: defaultdict[str, set[int]]
    """Type → the people who were reached."""
    wrong: defaultdict[str, set[tuple[int, int]]]
    """Type → the wrong numbers, each with the person for whom it was found."""


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
    right_parties: int = 0
    """People of these lists who were reached on a number that was found for them."""
    reached_by_type: dict[str, int] = field(default_factory=dict)
    """The vendor's type of a number → how many people were reached on such a number."""
    wrong_by_type: dict[str, int] = field(default_factory=dict)
    """The vendor's type of a number → how many such numbers belong to somebody else, as calls have shown."""

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
    def credits_per_right_party(self) -> Decimal | None:
        return ratio(self.credits, self.right_parties)

    @property
    def called_types(self) -> list[CalledType]:
        """The types of number on which a person was reached, or that were wrong numbers."""
        used = self.reached_by_type | self.wrong_by_type
        labels = TYPE_LABELS | {name: name.capitalize() for name in used if name not in TYPE_LABELS}
        return [self.count_type(name, label) for name, label in labels.items() if name in used]

    def count_type(self, name: str, label: str) -> CalledType:
        reached = self.reached_by_type.get(name, 0)
        return CalledType(label, reached, ratio(self.credits, reached), self.wrong_by_type.get(name, 0))

    @property
    def cached_share(self) -> int | None:
        """Percentage of matches that the vendor answered from its cache."""
        return round(100 * self.cached / self.matched) if self.matched else None

    @property
    def error_share(self) -> float | None:
        """Percentage of people with an error."""
        return round(100 * self.error / self.total, 1) if self.total else None


def ratio(part: Decimal | int, whole: int) -> Decimal | None:
    """Return `part` divided by `whole` with two decimal places, or None if `whole` is 0."""
    return (Decimal(part) / whole).quantize(Decimal("0.01")) if whole else None


def score_upload(upload: Upload) -> Score:
    """Return the score of one list's closed batches."""
    rows = sum_batches(Batch.objects.filter(upload=upload), F("upload_id"), F("item__upload_id"))
    return as_score(upload.name, rows[0]) if rows else Score(label=upload.name)


def compare_groups(user: User | None, by: str, months: int = 12) -> list[Score]:
    """Return scores of the last `months` months, grouped by one of SCORECARD_GROUPINGS, of lists that `user` sees.

    Months are in order. Of other groups, those with the most people come first, and at most MAX_GROUPS are returned.
    """
    since = timezone.now() - timedelta(days=31 * months)
    batches = Batch.objects.visible_to(user).filter(closed_at__gte=since)
    rows = sum_batches(batches, SCORECARD_GROUPINGS[by][1], CALL_KEYS[by])
    rows.sort(key=lambda row: str(row["key"]))
    scores = [as_score(label_group(by, row["key"]), row) for row in rows]
    return scores if by == "month" else sorted(scores, key=lambda score: -score.total)[:MAX_GROUPS]


def label_group(by: str, key: Any) -> str:
    return f"{key:%b %Y}" if by == "month" else key or UNNAMED_LABELS[by]


def sum_batches(batches: BatchQuerySet, key: Any, call_key: Any) -> list[dict[str, Any]]:
    """Sum the closed batches in groups by `key`, an expression. Return one row per group.

    `call_key` is the expression that gives the group of an outcome of a call.
    """
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
    called = find_called(batches, call_key)
    return [row | {"called": called[row["key"]]} for row in summed]


def find_called(batches: BatchQuerySet, key: Any) -> defaultdict[Any, CalledPeople]:
    """Return group → who was reached on which type of number, and which were wrong numbers, however often each.

    People of closed batches count, and people of the same lists whose answer was reused, as they were called for it.
    `key` is an expression of an outcome.
    """
    closed = batches.filter(status=BatchStatus.CLOSED).order_by()
    is_traced = Q(item__batch__in=closed.values("pk"))
    is_reused = Q(item__batch=None, item__outcome=Outcome.REUSED, item__upload__in=closed.values("upload"))
    told = [CallResult.RIGHT_PERSON, CallResult.WRONG_NUMBER]
    calls = CallOutcome.objects.in_force().filter(is_traced | is_reused, outcome__in=told).order_by()
    called = defaultdict[Any, CalledPeople](lambda: CalledPeople(defaultdict(set), defaultdict(set)))
    rows = calls.annotate(group=key).values_list("group", "item_id", "number", "outcome", "item__digest__found")
    for group, item_id, number, outcome, found in rows.iterator():
        number_type = find_type(f"{number:010d}", found or "")
        if outcome == CallResult.RIGHT_PERSON:
            called[group].reached[number_type].add(item_id)
        else:
            called[group].wrong[number_type].add((item_id, number))
    return called


def find_type(number: str, found: str) -> str:
    """Return the vendor's type of a number among the contact details that were found, or "" if it is not known."""
    phones = digests.decode_contact(found).phones if found else []
    return next((phone.type for phone in phones if phone.digits == number), "")


def as_score(name: str, row: dict[str, Any]) -> Score:
    sums = {field: row[f"sum_{field}"] for field in [*OUTCOME_COUNTED, *YIELD_FIELDS]}
    return Score(
        label=name,
        total=row["sum_size"] - row["sum_moved"],
        credits=row["sum_credits"] + row["sum_earlier"],
        lists=row["lists"],
        undigested=row["undigested"],
        right_parties=len(set().union(*row["called"].reached.values())),
        reached_by_type={name: len(people) for name, people in row["called"].reached.items()},
        wrong_by_type={name: len(numbers) for name, numbers in row["called"].wrong.items()},
        **sums,
    )
