"""Load the dashboard: running lists and their estimates, results and costs, and the state of the vendor.

The number of queries is constant, and none of them reads more people than are in open batches.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from batches.lease import CLOCK, is_taken
from batches.models import Batch, Minute, Receiver, Upload
from batches.reports.charts import Chart, build_chart
from batches.reports.progress import MAX_LISTS, ListProgress, Progress, estimate, read_progress
from batches.statuses import BATCH_GONE, BATCH_OPEN, OUTCOME_ANSWERED, OUTCOME_COUNTED, BatchStatus
from batches.tracing.counts import Counts, count_outcomes, counted_items, exclude_opened
from batches.tracing.spending import to_money

MAX_FINISHED = 6
LATE_ANSWER_WINDOW = timedelta(days=7)
"""How long after sending a batch that was dissolved or cancelled its late answers are still counted."""
SILENCE_WARNING = timedelta(minutes=2)
"""Without a call or a result for this long, while people are with the vendor, something may be wrong."""


EXPLANATIONS = {
    "Blocked": "Sending is blocked. Answers still come in.",
    "Stopped": "The clock is not running, so no batch is sent or closed. Start the clock (docs/operations.md).",
    "No receiver": "No receiver is running, so nothing is sent. Start the web server (docs/operations.md).",
    "Silent": "Nothing has arrived for more than two minutes. Missing answers are detected automatically.",
    "Waiting": "The vendor is not accepting batches at the moment. Sending is retried automatically.",
}


@dataclass
class VendorState:
    """The state of the vendor and of our sending."""

    people: int
    """People with the vendor, except those in batches that await a decision."""
    batches: int
    last_call: Batch | None
    """The batch sent last."""
    last_result_at: datetime | None
    next_try_at: datetime | None
    """When the next batch that was not accepted is retried."""
    is_clock_there: bool
    lacks_receiver: bool
    """Whether batches are due and no receiver is alive to accept their answers."""
    is_blocked: bool
    is_silent: bool

    @property
    def state(self) -> tuple[str, str]:
        """The overall state: its label and its colour class."""
        if self.is_blocked:
            return "Blocked", "error"
        if not self.is_clock_there:
            return "Stopped", "error"
        if self.lacks_receiver:
            return "No receiver", "error"
        if self.people:
            return ("Silent", "missing") if self.is_silent else ("Working", "running")
        return ("Waiting", "missing") if self.next_try_at else ("Idle", "pending")

    @property
    def explanation(self) -> str:
        """An explanation, for states that need attention."""
        return EXPLANATIONS.get(self.state[0], "")

    @property
    def most(self) -> int:
        return settings.ITEMS_IN_FLIGHT


@dataclass
class Total(Counts):
    """Counts of all lists over a period."""

    @property
    def money(self) -> Decimal | None:
        return to_money(self.credits)


@dataclass
class Overview:
    """Everything that the dashboard shows."""

    active: list[tuple[Upload, ListProgress]]
    """Lists in progress."""
    has_more: bool
    """Whether more lists are in progress than these."""
    finished: list[tuple[Upload, Counts]]
    """Lists that ended last."""
    today: Total
    month: Total
    minutes: list[Minute]
    """The last hour."""
    chart: Chart
    vendor: VendorState
    in_last_minute: int
    """Results in the last minute."""


def load_overview(now: datetime, is_blocked: bool) -> Overview:
    """Return the overview as of now. Days and months are those of the current time zone."""
    active = list(Upload.objects.active().with_creator().order_by("priority", "id")[: MAX_LISTS + 1])
    active, has_more = active[:MAX_LISTS], len(active) > MAX_LISTS
    finished = list(Upload.objects.finished().order_by(F("completed_at").desc(nulls_last=True))[:MAX_FINISHED])
    is_clock_there, is_any_alive = is_taken(CLOCK), Receiver.is_any_alive()
    progress = read_progress(active + finished, now)
    lists = estimate(active, progress, is_clock_there and is_any_alive and not is_blocked)
    pace = progress.pace
    columns = [{str(name): getattr(minute, name) for name in OUTCOME_ANSWERED} for minute in pace.minutes]
    return Overview(
        [(upload, lists[upload.pk]) for upload in active],
        has_more,
        [(upload, progress.counts[upload.pk]) for upload in finished],
        *total_periods(progress),
        pace.minutes,
        build_chart(columns, [str(name) for name in OUTCOME_ANSWERED]),
        # A stopped clock does not matter if nothing waits for it.
        load_vendor_state(
            progress,
            is_blocked,
            is_clock_there or not any(upload.is_started for upload in active),
            not is_any_alive and Batch.objects.due(now).exists(),
        ),
        pace.in_last_minute,
    )


def total_periods(progress: Progress) -> tuple[Total, Total]:
    """Return the totals of today and of this month."""
    midnight = timezone.localtime(progress.now).replace(hour=0, minute=0, second=0, microsecond=0)
    first, under_way = midnight.replace(day=1), sum_under_way(progress)
    closed = sum_closed(first, midnight, progress.opened)
    outside = count_outside(first, midnight, progress.unplanned)
    today, month = Total(), Total()
    for part in [*under_way, closed["today"], *[row for row in outside if row["is_today"]]]:
        today.add(part)
    for part in [*under_way, closed["month"], *outside]:
        month.add(part)
    return today, month


def sum_closed(first: datetime, midnight: datetime, opened: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Sum the batches that closed since midnight, as `today`, and since the first of the month, as `month`."""
    names = [*OUTCOME_COUNTED, "credits", "earlier_credits"]
    sums = {f"month_{name}": Sum(name, default=0) for name in names}
    sums |= {f"today_{name}": Sum(name, default=0, filter=Q(closed_at__gte=midnight)) for name in names}
    row = exclude_opened(opened, Batch.objects.filter(closed_at__gte=first).order_by()).aggregate(**sums)
    found = {span: {name: row[f"{span}_{name}"] for name in names} for span in ("today", "month")}
    return {span: part | {"credits": part["credits"] + part["earlier_credits"]} for span, part in found.items()}


def sum_under_way(progress: Progress) -> list[dict[str, Any]]:
    """Return the rows of counts of open batches, and rows with the cost of their earlier answers."""
    batches = {pk: batch for pk, batch in progress.batches.items() if batch.status in BATCH_OPEN}
    zeros: dict[str, Any] = dict.fromkeys(map(str, OUTCOME_COUNTED), 0)
    earlier = [zeros | {"credits": batch.earlier_credits} for batch in batches.values()]
    return [row for row in progress.opened if row["batch_id"] in batches] + earlier


def count_outside(first: datetime, midnight: datetime, unplanned: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count people answered since the first of the month who are in no batch, or in a dissolved or cancelled one.

    Return rows of counts with `is_today`.
    """
    gone = list(
        Batch.objects.filter(status__in=BATCH_GONE, submitted_at__gte=first - LATE_ANSWER_WINDOW).values_list(
            "pk", flat=True
        )
    )
    answered = counted_items(gone).filter(answered_at__gte=first)
    is_today = ExpressionWrapper(Q(answered_at__gte=midnight), output_field=BooleanField())
    recent = [row for row in unplanned if row["answered_at"] and row["answered_at"] >= first]
    recent = [row | {"is_today": row["answered_at"] >= midnight} for row in recent]
    return recent + count_outcomes(answered.annotate(is_today=is_today), "is_today")


def load_vendor_state(progress: Progress, is_blocked: bool, is_clock_there: bool, lacks_receiver: bool) -> VendorState:
    awaited = [progress.count_awaited(batch) for batch in progress.batches.values()]
    retries = [batch.next_try_at for batch in progress.batches.values() if batch.status == BatchStatus.PLANNED]
    last_call = Batch.objects.filter(submitted_at__isnull=False).for_tables().order_by("-submitted_at").first()
    last_result = progress.pace.last_result_at
    last = max(filter(None, [last_result, last_call.submitted_at if last_call else None]), default=None)
    return VendorState(
        people=sum(awaited),
        batches=sum(people > 0 for people in awaited),
        last_call=last_call,
        last_result_at=last_result,
        next_try_at=min(filter(None, retries), default=None),
        is_clock_there=is_clock_there,
        lacks_receiver=lacks_receiver,
        is_blocked=is_blocked,
        is_silent=last is None or progress.now - last > SILENCE_WARNING,
    )
