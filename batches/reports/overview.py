"""What the dashboard says: what runs and until when, what it brings and costs, and how things stand with the vendor.

The number of queries does not grow with how much there is; none reads more people than are in open batches.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from batches.lease import CLOCK, is_taken
from batches.models import Batch, Upload
from batches.reports.charts import Chart, lay_chart
from batches.reports.progress import SHOWN, ListProgress, follow, read_progress
from batches.statuses import ANSWERED, COUNTED, GONE, OPEN, BatchStatus
from batches.tracing.counts import Counts, closed_beside, counted_in, grouped
from batches.tracing.spending import to_money

FINISHED = 6
LATE = timedelta(days=7)
"""How late an answer is still looked for after its batch was sent and dissolved or cancelled."""
SILENT = timedelta(minutes=2)
"""After so long without a call or a result, while people are with the vendor, something may be wrong."""


EXPLANATIONS = {
    "Held": "Nothing is sent. What is with the vendor still comes in.",
    "Stopped": "The clock does not run: nothing is sent and no batch is closed until it does (docs/operations.md).",
    "Silent": "Nothing has come for more than two minutes. What is lost is found out, and asked for again or shown.",
    "Waiting": "The vendor takes nothing just now. It is tried again by itself.",
}


@dataclass
class Vendor:
    """How things stand with the vendor."""

    people: int
    """With the vendor, without an answer, as far as nobody has to decide about them."""
    batches: int
    last_call: Batch | None
    """The batch that was sent last."""
    last_result_at: datetime | None
    next_try_at: datetime | None
    """When the next batch that was not taken is sent again."""
    is_clock_there: bool
    is_held: bool
    is_silent: bool

    @property
    def state(self):
        """A word for all of it, and the colour that goes with it."""
        if self.is_held:
            return "Held", "error"
        if not self.is_clock_there:
            return "Stopped", "error"
        if self.people:
            return ("Silent", "missing") if self.is_silent else ("Working", "running")
        return ("Waiting", "missing") if self.next_try_at else ("Idle", "pending")

    @property
    def explanation(self):
        """What is to be known about a state that is none of the good ones."""
        return EXPLANATIONS.get(self.state[0], "")

    @property
    def most(self):
        return settings.ITEMS_IN_FLIGHT


@dataclass
class Total(Counts):
    """Counts of all lists over a while."""

    @property
    def money(self):
        return to_money(self.credits)


@dataclass
class Overview:
    active: list[tuple[Upload, ListProgress]]
    """Lists in progress."""
    has_more: bool
    """Whether there are more in progress than these."""
    finished: list[tuple[Upload, Counts]]
    """Lists that ended last."""
    today: Total
    month: Total
    minutes: list
    """Of the last hour: Minute."""
    chart: Chart
    vendor: Vendor
    in_last_minute: int
    """Results."""


def look(now, is_held):
    """Return the Overview as of now; days and months are those of the current time zone."""
    active = list(Upload.objects.active().with_creator().order_by("priority", "id")[: SHOWN + 1])
    active, has_more = active[:SHOWN], len(active) > SHOWN
    finished = list(Upload.objects.finished().order_by(F("completed_at").desc(nulls_last=True))[:FINISHED])
    is_clock_there = is_taken(CLOCK)
    progress = read_progress(active + finished, now)
    lists = follow(active, progress, is_clock_there and not is_held)
    pace = progress.pace
    columns = [{name: getattr(minute, name) for name in ANSWERED} for minute in pace.minutes]
    return Overview(
        [(upload, lists[upload.pk]) for upload in active],
        has_more,
        [(upload, progress.counts[upload.pk]) for upload in finished],
        *add_up(progress),
        pace.minutes,
        lay_chart(columns, ANSWERED),
        # Nothing is to be said about the clock where nothing waits for it.
        look_at_vendor(progress, is_held, is_clock_there or not any(upload.is_started for upload in active)),
        pace.in_last_minute,
    )


def add_up(progress):
    """Return the Total of today and of this month."""
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


def sum_closed(first, midnight, opened):
    """Of batches that closed since midnight, as `today`, and since the first of the month, as `month`."""
    names = [*COUNTED, "credits", "earlier_credits"]
    sums = {f"month_{name}": Sum(name, default=0) for name in names}
    sums |= {f"today_{name}": Sum(name, default=0, filter=Q(closed_at__gte=midnight)) for name in names}
    row = closed_beside(opened, Batch.objects.filter(closed_at__gte=first).order_by()).aggregate(**sums)
    found = {span: {name: row[f"{span}_{name}"] for name in names} for span in ("today", "month")}
    return {span: part | {"credits": part["credits"] + part["earlier_credits"]} for span, part in found.items()}


def sum_under_way(progress):
    """Rows of batches that are open, and of what answers of theirs have cost that were put aside."""
    batches = {pk: batch for pk, batch in progress.batches.items() if batch.status in OPEN}
    yet_none = dict.fromkeys(COUNTED, 0)
    put_aside = [yet_none | {"credits": batch.earlier_credits} for batch in batches.values()]
    return [row for row in progress.opened if row["batch_id"] in batches] + put_aside


def count_outside(first, midnight, unplanned):
    """Count people answered since the first of the month who are in no batch that counts, by whether it was today.

    They are in no batch, or in one that was dissolved or cancelled.
    """
    gone = list(Batch.objects.filter(status__in=GONE, submitted_at__gte=first - LATE).values_list("pk", flat=True))
    answered = counted_in(gone).filter(answered_at__gte=first)
    is_today = ExpressionWrapper(Q(answered_at__gte=midnight), output_field=BooleanField())
    lately = [row for row in unplanned if row["answered_at"] and row["answered_at"] >= first]
    lately = [row | {"is_today": row["answered_at"] >= midnight} for row in lately]
    return lately + grouped(answered.annotate(is_today=is_today), "is_today")


def look_at_vendor(progress, is_held, is_clock_there):
    waiting = [progress.count_awaited(batch) for batch in progress.batches.values()]
    tries = [batch.next_try_at for batch in progress.batches.values() if batch.status == BatchStatus.PLANNED]
    last_call = Batch.objects.filter(submitted_at__isnull=False).for_lists().order_by("-submitted_at").first()
    last_result = progress.pace.last_result_at
    last = max(filter(None, [last_result, last_call and last_call.submitted_at]), default=None)
    return Vendor(
        people=sum(waiting),
        batches=sum(people > 0 for people in waiting),
        last_call=last_call,
        last_result_at=last_result,
        next_try_at=min(filter(None, tries), default=None),
        is_clock_there=is_clock_there,
        is_held=is_held,
        is_silent=last is None or progress.now - last > SILENT,
    )
