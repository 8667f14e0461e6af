"""Sum what answers have cost, from the counts of closed batches and the people of the few that are open.

The cost of these queries depends on the number of batches, and on the people in open batches only.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from batches.models import Batch, BatchQuerySet, Event, Item, Upload
from batches.statuses import BATCH_AT_VENDOR, BATCH_GONE, BATCH_OPEN, OUTCOME_COUNTED, BatchStatus, Outcome
from batches.tracing.counts import count_outcomes, counted_items, read_answered_unplanned

LATE_ANSWER_WINDOW = timedelta(days=7)
"""Late answers to a dissolved or cancelled batch are counted for this long after it was sent."""

Lists = QuerySet[Upload, Any] | None
"""The ids of the lists to sum, as a subquery. None stands for all lists."""
Row = dict[str, Any]
"""Numbers of people by outcome, and their credits, with the list or the group that they belong to."""


@dataclass(frozen=True)
class OpenBatches:
    """What open batches have cost so far, and how many of their people are in flight."""

    ids: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    """One row for each batch, with `upload_id` and `in_flight`."""


def portal_zone() -> Any:
    """Return the time zone of the portal, in which its days and months begin. Users may choose another for pages."""
    return timezone.get_default_timezone()


def portal_day(moment: datetime) -> date:
    return moment.astimezone(portal_zone()).date()


def start_of(day: date) -> datetime:
    """Return when a day begins in the portal's time zone."""
    return datetime.combine(day, datetime.min.time(), portal_zone())


def in_lists(lists: Lists, field: str = "upload") -> Q:
    return Q() if lists is None else Q((f"{field}__in", lists))


def read_open(lists: Lists) -> OpenBatches:
    """Read the open batches that were sent, with two queries.

    Read these before the closed ones: a batch that closes in between is then known here, and can be left out there.
    """
    resends = Count("events", filter=Q(events__what=Event.RESEND_REQUESTED))
    batches = Batch.objects.filter(in_lists(lists), status__in=BATCH_OPEN).under_way().order_by()
    known: dict[int, Row] = {
        batch["pk"]: dict(batch)
        for batch in batches.values("pk", "upload_id", "status", "earlier_credits").annotate(resends=resends)
    }
    rows = [
        as_row(batch) | {"upload_id": batch["upload_id"], "credits": batch["earlier_credits"], "in_flight": 0}
        for batch in known.values()
    ]
    if not known:
        return OpenBatches()
    items = Item.objects.filter(batch__in=list(known), outcome__in=[Outcome.PENDING, *OUTCOME_COUNTED])
    pending = {"pending": Count("id", filter=Q(outcome=Outcome.PENDING))}
    for counted in count_outcomes(items, "batch_id", **pending):
        batch = known[counted["batch_id"]]
        # A batch that was sent again may be charged for each time.
        calls = 1 + batch["resends"] if batch["status"] in BATCH_AT_VENDOR else 0
        rows.append(
            as_row(counted) | {"upload_id": batch["upload_id"], "in_flight": calls * counted["pending"]},
        )
    return OpenBatches(list(known), rows)


def closed_between(lists: Lists, since: datetime, until: datetime, open_batches: OpenBatches) -> BatchQuerySet:
    """Return the batches that closed in a period, except those that `open_batches` already contains."""
    closed = Batch.objects.filter(in_lists(lists), status=BatchStatus.CLOSED, closed_at__gte=since, closed_at__lt=until)
    return closed.exclude(pk__in=open_batches.ids).order_by()


def sum_closed(batches: BatchQuerySet, *by: str, **expressions: Any) -> list[Row]:
    """Return one row for each group of closed batches, or one for all of them."""
    sums: dict[str, Any] = {f"sum_{name}": Sum(name, default=0) for name in [*OUTCOME_COUNTED, "credits"]}
    sums["sum_earlier"] = Sum("earlier_credits", default=0)
    if not by and not expressions:
        return [add_earlier(batches.aggregate(**sums))]
    return [add_earlier(row) for row in batches.values(*by, **expressions).annotate(**sums)]


def sum_closed_by_day(batches: BatchQuerySet) -> list[Row]:
    """Return one row for each day (of the portal) on which batches closed, with `day`."""
    return sum_closed(batches, day=TruncDate("closed_at", tzinfo=portal_zone()))


def read_outside(lists: Lists, since: datetime, until: datetime) -> list[Row]:
    """Return rows of people answered in a period who are in no batch, or in a dissolved or cancelled one, by `day`.

    There are few of them.
    """
    gone = Batch.objects.filter(in_lists(lists), status__in=BATCH_GONE, submitted_at__gte=since - LATE_ANSWER_WINDOW)
    gone_ids = list(gone.order_by().values_list("pk", flat=True))
    rows = []
    if gone_ids:
        answered = counted_items(gone_ids).filter(answered_at__gte=since, answered_at__lt=until)
        day = TruncDate("answered_at", tzinfo=portal_zone())
        rows = count_outcomes(answered.annotate(day=day), "upload_id", "day")
    unplanned = [row for row in read_answered_unplanned() if row["answered_at"] and since <= row["answered_at"] < until]
    if unplanned and lists is not None:
        wanted = set(lists.filter(pk__in={row["upload_id"] for row in unplanned}))
        unplanned = [row for row in unplanned if row["upload_id"] in wanted]
    rows += [row | {"day": portal_day(row["answered_at"])} for row in unplanned]
    return [as_row(row) | {"upload_id": row["upload_id"], "day": row["day"]} for row in rows]


def as_row(counted: Row) -> Row:
    """Return only the numbers of people and the credits of a row. What is not counted is 0."""
    return {name: counted.get(name) or 0 for name in OUTCOME_COUNTED} | {
        "credits": counted.get("credits") or Decimal(0)
    }


def add_earlier(row: Row) -> Row:
    """Return a row of sums under the names of the fields, with the cost of earlier answers added to the credits."""
    numbers = {name: row.pop(f"sum_{name}") for name in OUTCOME_COUNTED}
    return row | numbers | {"credits": row.pop("sum_credits") + row.pop("sum_earlier")}
