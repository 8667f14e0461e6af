"""Load the dashboard: running lists and their estimates, results and costs, and the state of the vendor.

The number of queries is constant, and none of them reads more people than are in open batches.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import BooleanField, ExpressionWrapper, Q, Sum
from django.utils import timezone

from accounts.access import sees_all_lists
from batches.database import find_filled
from batches.lease import CLOCK, taken
from batches.models import Batch, BatchQuerySet, Event, Receiver, TeamBudget, Upload
from batches.reports.charts import Plot, build_plot
from batches.reports.needs import select_waiting
from batches.reports.progress import MAX_LISTS, ListProgress, Progress, estimate, read_progress
from batches.reports.reused import count_reused, include_reused
from batches.reports.spend import load_month_budget
from batches.statuses import BATCH_GONE, BATCH_OPEN, OUTCOME_COUNTED, BatchStatus, UploadStatus
from batches.tracing.counts import Counts, closed_batches_except, count_outcomes, counted_items
from batches.tracing.spending import to_money
from batches.tracing.spent import LATE_ANSWER_WINDOW

MAX_FINISHED = 8
FINISHED_WINDOW = timedelta(days=7)
"""For how long a finished list is on the dashboard."""
CLOSED_SECONDS = 30
"""How long the sum of the batches that closed on earlier days of the month is cached."""
SILENCE_WARNING = timedelta(minutes=2)
"""If people are with the vendor, and there has been no call and no result for this long, something may be wrong."""
EXPLANATIONS = {
    "Blocked": "Sending is blocked. Answers still come in.",
    "Stopped": "The clock is not running, so nobody is sent and no list is completed. Nothing is lost.",
    "No receiver": "No receiver is running, so nothing is sent. Nothing is lost.",
    "Silent": "Nothing has arrived for more than two minutes. Missing answers are detected automatically.",
    "Waiting": "The vendor is not accepting people at the moment. Sending is retried automatically.",
}
"""Label of a state → its explanation, if the state needs attention."""
STOPPED_STATES = ["Blocked", "Stopped", "No receiver"]
"""The labels of states in which nothing is sent."""


class State(NamedTuple):
    """The overall state of sending, as the dashboard shows it."""

    label: str
    css_class: str


@dataclass
class VendorState:
    """What is with the vendor, and whether sending works."""

    people: int
    """People with the vendor, except those in batches that await a decision."""
    batches: int
    last_result_at: datetime | None
    next_try_at: datetime | None
    """When the next batch that was not accepted is retried."""
    lacks_clock: bool
    """Whether lists are in progress and no clock is running."""
    lacks_receiver: bool
    """Whether batches are due and no receiver is alive to accept their answers."""
    is_blocked: bool
    is_silent: bool
    """Whether there has been no call and no result for SILENCE_WARNING."""

    @property
    def state(self) -> State:
        if self.is_blocked:
            return State("Blocked", "error")
        if self.lacks_clock:
            return State("Stopped", "error")
        if self.lacks_receiver:
            return State("No receiver", "error")
        if self.people:
            return State("Silent", "missing") if self.is_silent else State("Working", "running")
        return State("Waiting", "missing") if self.next_try_at else State("Idle", "pending")

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is sent, so that the page must not claim to be live."""
        return self.state.label in STOPPED_STATES

    @property
    def needs_repair(self) -> bool:
        """Whether part of skipportal is not running, which users cannot change on a page."""
        return self.is_stopped and not self.is_blocked

    @property
    def explanation(self) -> str:
        """An explanation, for states that need attention."""
        return EXPLANATIONS.get(self.state.label, "")


@dataclass
class Total(Counts):
    """Counts of all lists over a period."""

    @property
    def money(self) -> Decimal | None:
        return to_money(self.credits)


@dataclass(frozen=True)
class MonthSpend:
    """What this month's answers have cost, and the budget."""

    spent: Decimal
    """In credits."""
    budget: Decimal | None = None
    """In credits, or None if there is no budget."""


@dataclass(frozen=True)
class FinishedList:
    """A list that ended lately, with its counts."""

    upload: Upload
    counts: Counts


@dataclass
class Overview:
    """Everything that the dashboard shows to all who see the same lists."""

    now: datetime
    active: list[tuple[Upload, ListProgress]]
    """Lists in progress: those that are answered, those in line, then those that are read or paused."""
    has_more: bool
    """Whether more lists are in progress than these."""
    finished: list[FinishedList]
    """The lists that ended this week, the last one first."""
    today: Total
    month: Total
    spend: MonthSpend
    plot: Plot
    vendor: VendorState
    in_last_minute: int
    """Results in the last minute."""
    per_second: float
    """Results per second, while people are with the vendor."""
    paused_by: dict[int, Event]
    """Upload id → the event by which it was paused."""
    waiting: set[str]
    """Which of `lists`, `batches` and `requests` wait for somebody."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in progress and nothing finished this week."""
        return not self.active and not self.finished

    def split_finished(self, kept: Collection[int]) -> tuple[list[FinishedList], list[FinishedList]]:
        """Return the finished lists that a page keeps among those in progress, by their ids, and the others."""
        kept_lists = [each for each in self.finished if each.upload.pk in kept]
        others = [each for each in self.finished if each.upload.pk not in kept]
        return kept_lists, others[:MAX_FINISHED]


def load_overview(now: datetime, is_blocked: bool, user: User | None) -> Overview:
    """Return the overview as of now. Days and months are those of the current time zone.

    Lists and their totals are those that `user` sees. The state of the vendor and the results per minute concern all.
    """
    visible = Upload.objects.visible_to(user).for_rows()
    active = list(visible.active().order_by("priority", "id")[: MAX_LISTS + 1])
    active, has_more = active[:MAX_LISTS], len(active) > MAX_LISTS
    finished = list(visible.unarchived().finished_since(now - FINISHED_WINDOW)[: MAX_FINISHED + MAX_LISTS])
    gone = find_gone(find_first_of_month(now), user)
    waiting = select_waiting(user)
    found = find_filled(clock=taken(CLOCK), budget=TeamBudget.objects.all(), gone=gone, **waiting)
    is_clock_running, is_any_receiver_alive = "clock" in found, Receiver.is_any_alive()
    progress = read_progress(active + finished, now)
    is_sending = is_clock_running and is_any_receiver_alive and not is_blocked
    lists = estimate(active, progress, is_sending=is_sending, drawn=[])
    reused = count_reused(finished)
    today, month = total_periods(progress, gone if "gone" in found else Batch.objects.none(), user)
    pace = progress.pace
    vendor = load_vendor_state(
        progress,
        is_blocked=is_blocked,
        lacks_clock=not is_clock_running and any(upload.is_started for upload in active),
        lacks_receiver=not is_any_receiver_alive and Batch.objects.due(now).exists(),
    )
    return Overview(
        now=now,
        active=sorted(((upload, lists[upload.pk]) for upload in active), key=order_of_row),
        has_more=has_more,
        finished=[
            FinishedList(upload, include_reused(progress.counts[upload.pk], reused[upload.pk])) for upload in finished
        ],
        today=today,
        month=month,
        spend=MonthSpend(month.credits, load_month_budget(user, now) if "budget" in found else None),
        plot=build_plot([(minute.at, minute.total) for minute in pace.minutes]),
        vendor=vendor,
        in_last_minute=pace.in_last_minute,
        per_second=pace.recent.per_second if vendor.people and not vendor.is_silent else 0,
        paused_by=find_pauses(active),
        waiting=found & waiting.keys(),
    )


def order_of_row(row: tuple[Upload, ListProgress]) -> tuple[int, int, int, int]:
    """Return the order of a list in progress: those that are answered, those in line, then the others."""
    upload, progress = row
    group = {UploadStatus.RUNNING: 0, UploadStatus.CHECKING: 1}.get(UploadStatus(upload.status), 2)
    return group, progress.place, upload.priority, upload.pk


def find_pauses(uploads: Iterable[Upload]) -> dict[int, Event]:
    """Return upload id → the event by which it was paused, for those of the uploads that are paused."""
    paused = [upload.pk for upload in uploads if upload.status == UploadStatus.PAUSED]
    if not paused:
        return {}
    events = Event.objects.filter(upload__in=paused, what=Event.PAUSED).select_related("user").order_by("at", "pk")
    return {event.upload_id: event for event in events}


def find_first_of_month(now: datetime) -> datetime:
    """Return the beginning of the month in the current time zone."""
    return timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def find_gone(first_of_month: datetime, user: User | None) -> BatchQuerySet:
    """Return dissolved and cancelled batches that may have been answered since the first of the month."""
    sent_since = first_of_month - LATE_ANSWER_WINDOW
    return Batch.objects.visible_to(user).filter(status__in=BATCH_GONE, submitted_at__gte=sent_since)


def total_periods(progress: Progress, gone: BatchQuerySet, user: User | None) -> tuple[Total, Total]:
    """Return the totals of today and of this month, for the lists that `user` sees. `gone` is from `find_gone`."""
    if not sees_all_lists(user):
        progress = keep_visible(progress, user)
    midnight = timezone.localtime(progress.now).replace(hour=0, minute=0, second=0, microsecond=0)
    first_of_month = find_first_of_month(progress.now)
    in_progress = read_open_counts(progress)
    closed = sum_closed(first_of_month, midnight, progress.open_counts, user)
    outside = count_outside_batches(first_of_month, midnight, progress.unplanned, gone)
    outside_today = [row for row in outside if row["is_today"]]
    today, month = Total(), Total()
    for row in [*in_progress, closed["today"], *outside_today]:
        today.add(row)
    for row in [*in_progress, closed["month"], *outside]:
        month.add(row)
    return today, month


def keep_visible(progress: Progress, user: User | None) -> Progress:
    """Return the progress without the batches and people of lists that `user` does not see."""
    upload_ids = {batch.upload_id for batch in progress.batches.values()}
    upload_ids |= {row["upload_id"] for row in progress.unplanned}
    visible = set(Upload.objects.filter(pk__in=upload_ids).visible_keys(user))
    return replace(
        progress,
        batches={pk: batch for pk, batch in progress.batches.items() if batch.upload_id in visible},
        open_counts=[row for row in progress.open_counts if row["upload_id"] in visible],
        unplanned=[row for row in progress.unplanned if row["upload_id"] in visible],
    )


def sum_closed(
    first_of_month: datetime, midnight: datetime, open_counts: list[dict[str, Any]], user: User | None
) -> dict[str, dict[str, Any]]:
    """Sum the batches that closed since midnight, as `today`, and since the first of the month, as `month`."""
    closed = Batch.objects.visible_to(user).order_by()
    today = sum_outcomes(closed_batches_except(open_counts, closed.filter(closed_at__gte=midnight)))
    before = sum_closed_before(first_of_month, midnight, user)
    return {"today": today, "month": {name: today[name] + before[name] for name in today}}


def sum_outcomes(closed: BatchQuerySet) -> dict[str, Any]:
    """Sum the outcomes and the cost of closed batches."""
    names = [*OUTCOME_COUNTED, "credits", "earlier_credits"]
    row = closed.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in names})
    sums = {name: row[f"sum_{name}"] for name in names}
    sums["credits"] += sums["earlier_credits"]
    return sums


def sum_closed_before(first_of_month: datetime, midnight: datetime, user: User | None) -> dict[str, Any]:
    """Sum the batches that closed since the first of the month and before today. It may be CLOSED_SECONDS old.

    There may be a hundred thousand, and only a late answer changes them.
    """
    if first_of_month == midnight:
        return dict.fromkeys([*OUTCOME_COUNTED, "credits", "earlier_credits"], 0)
    whose = "all" if user is None or sees_all_lists(user) else user.pk
    key = f"closed:{whose}:{first_of_month.timestamp():.0f}:{midnight.timestamp():.0f}"
    batches = Batch.objects.visible_to(user).filter(status=BatchStatus.CLOSED).order_by()
    closed = batches.filter(closed_at__gte=first_of_month, closed_at__lt=midnight)
    return cast(dict[str, Any], cache.get_or_set(key, lambda: sum_outcomes(closed), CLOSED_SECONDS))


def read_open_counts(progress: Progress) -> list[dict[str, Any]]:
    """Return the rows of counts of open batches, and rows with the cost of their earlier answers."""
    batches = {pk: batch for pk, batch in progress.batches.items() if batch.status in BATCH_OPEN}
    zeros: dict[str, Any] = dict.fromkeys(map(str, OUTCOME_COUNTED), 0)
    earlier = [zeros | {"credits": batch.earlier_credits} for batch in batches.values()]
    return [row for row in progress.open_counts if row["batch_id"] in batches] + earlier


def count_outside_batches(
    first_of_month: datetime, midnight: datetime, unplanned: list[dict[str, Any]], gone: BatchQuerySet
) -> list[dict[str, Any]]:
    """Count people answered since the first of the month who are in no batch, or in one of the batches `gone`.

    Return rows of counts with `is_today`.
    """
    in_no_batch = [row for row in unplanned if row["answered_at"] and row["answered_at"] >= first_of_month]
    in_no_batch = [row | {"is_today": row["answered_at"] >= midnight} for row in in_no_batch]
    gone_ids = list(gone.order_by().values_list("pk", flat=True))
    if not gone_ids:
        return in_no_batch
    answered = counted_items(gone_ids).filter(answered_at__gte=first_of_month)
    is_today = ExpressionWrapper(Q(answered_at__gte=midnight), output_field=BooleanField())
    return in_no_batch + count_outcomes(answered.annotate(is_today=is_today), "is_today")


def load_vendor_state(progress: Progress, *, is_blocked: bool, lacks_clock: bool, lacks_receiver: bool) -> VendorState:
    """Load what the dashboard shows about the vendor."""
    awaited = [progress.count_awaited(batch) for batch in progress.batches.values()]
    retries = [batch.next_try_at for batch in progress.batches.values() if batch.status == BatchStatus.PLANNED]
    return VendorState(
        people=sum(awaited),
        batches=sum(people > 0 for people in awaited),
        last_result_at=progress.pace.last_result_at,
        next_try_at=min(filter(None, retries), default=None),
        lacks_clock=lacks_clock,
        lacks_receiver=lacks_receiver,
        is_blocked=is_blocked,
        is_silent=is_silent(progress),
    )


def is_silent(progress: Progress) -> bool:
    """Return whether there has been no call and no result for SILENCE_WARNING. The calls are read only if need be."""
    since, last_result_at = progress.now - SILENCE_WARNING, progress.pace.last_result_at
    if last_result_at and last_result_at >= since:
        return False
    return not Batch.objects.filter(submitted_at__gte=since).exists()
