"""What the dashboard says: what runs and until when, what it brings and costs, and how things stand with the vendor.

In a number of queries that does not depend on how much there is; none reads more people than are in open batches.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from batches.counts import Counts, count_uploads, counted_in, grouped
from batches.drawing import Chart, lay_chart, lay_strip
from batches.forecasting import Run, forecast, say_seconds
from batches.lease import CLOCK
from batches.models import Batch, Lease, Upload
from batches.pace import find_since, group_lately, read_minutes, tell_pace
from batches.spending import to_money
from batches.statuses import ANSWERED, AT_VENDOR, COUNTED, IN_STRIP, NEEDING_A_PERSON, BatchStatus, UploadStatus

SHOWN = 20
"""Lists in progress that are shown; of more there is a page."""
FINISHED = 6
SILENT = timedelta(minutes=2)
"""After so long without a call or a result, while people are with the vendor, something may be wrong."""


EXPLANATIONS = {
    "Held": "Nothing is sent. What is with the vendor still comes in.",
    "Stopped": "The clock does not run: nothing is sent and no batch is closed until it does (docs/operations.md).",
    "Silent": "Nothing has come for more than two minutes. What is lost is found out and asked for again by itself.",
}


@dataclass
class Vendor:
    """How things stand with the vendor."""

    people: int
    """With the vendor, without an answer."""
    batches: int
    last_call: Batch | None
    """The batch that was sent last."""
    last_result_at: datetime | None
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
        return "Idle", "pending"

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
    active: list
    """Uploads in progress, each with `counts`, and with what `follow` says of it."""
    has_more: bool
    """Whether there are more in progress than these."""
    finished: list
    """Uploads that ended last, with their `counts`."""
    today: Total
    month: Total
    minutes: list
    """Of the last hour: Minute."""
    chart: Chart
    vendor: Vendor
    in_last_minute: int
    """Results."""


def look(now, is_held):
    """The Overview as of now; days and months are those of the current time zone."""
    active = list(Upload.objects.active().with_creator().order_by("priority", "id")[: SHOWN + 1])
    active, has_more = active[:SHOWN], len(active) > SHOWN
    finished = list(Upload.objects.finished().order_by(F("completed_at").desc(nulls_last=True))[:FINISHED])
    pace, batches, opened = read_progress(active, finished, now)
    columns = [{name: getattr(minute, name) for name in ANSWERED} for minute in pace.minutes]
    return Overview(
        active,
        has_more,
        finished,
        *add_up(now, opened),
        pace.minutes,
        lay_chart(columns, ANSWERED),
        look_at_vendor(now, pace, is_held, any(upload.is_started for upload in active), batches.values(), opened),
        pace.in_last_minute,
    )


def read_batches(uploads, since):
    """Id → Batch: those of uploads that are not closed, all that are with the vendor, and what closed since then."""
    theirs = Q(upload__in=uploads) & ~Q(status=BatchStatus.CLOSED)
    batches = Batch.objects.filter(theirs | Q(status__in=AT_VENDOR) | Q(closed_at__gte=since)).order_by()
    return {batch.pk: batch for batch in batches.only("upload_id", "status", "size", "moved")}


def count_lately(batches, since, now):
    """Rows of counts of these batches, several of each where its people were answered in different minutes since."""
    minute, others = group_lately(since, now)
    items = counted_in(batches.keys() or [0]).annotate(minute=minute)
    return grouped(items, "batch_id", "upload_id", "minute", **others)


def look_at_one(upload, now):
    """Put on a started upload its `counts` and what `follow` says: how long it takes depends on the others as well."""
    others = Upload.objects.active().exclude(pk=upload.pk).order_by("priority", "id")[:SHOWN]
    read_progress([*others, upload], [], now)


def read_progress(active, ended, now):
    """Put on uploads their `counts`, and on those in progress what `follow` says. Gives the Pace, the batches by their
    numbers (see read_batches) and the rows of counts of those that are open.
    """
    kept = read_minutes(now)
    batches = read_batches(active + ended, find_since(kept, now))
    rows = count_lately(batches, find_since(kept, now), now)
    opened = [row for row in rows if batches[row["batch_id"]].status != BatchStatus.CLOSED]
    counts = count_uploads(active + ended, opened)
    for upload in active + ended:
        upload.counts = counts[upload.pk]
    pace = tell_pace(rows, kept, now)
    follow(active, pace, opened, now)
    return pace, batches, opened


def follow(uploads, pace, opened, now):
    """Put on each upload its batches as a `strip` and whether one `needs_a_person`, its `rate` in results a second, and
    how long it takes, as `left` in words and until `done_at`; None where that cannot be told.
    """
    strips = read_strips(uploads, count_done(opened))
    for upload in uploads:
        upload.strip = lay_strip(strips.get(upload.pk, []), {status: status.label for status in IN_STRIP})
        upload.needs_a_person = any(status in NEEDING_A_PERSON for status, _, _ in upload.strip.states)
    running = [upload for upload in uploads if upload.status == UploadStatus.RUNNING and not upload.needs_a_person]
    runs = [Run(upload.priority, upload.counts.done, upload.counts.pending) for upload in running]
    waits = dict(zip([upload.pk for upload in running], forecast(runs, pace.per_second), strict=True))
    for upload in uploads:
        wait = waits.get(upload.pk)
        upload.rate = pace.per_upload.get(upload.pk, 0)
        upload.left = None if wait is None else say_seconds(wait)
        upload.done_at = None if wait is None else now + timedelta(seconds=wait)


def read_strips(uploads, done):
    """Upload id → its batches in order, each as its status and which share of its people is done."""
    strips = {}
    batches = Batch.objects.filter(upload__in=uploads, status__in=IN_STRIP).order_by("upload", "number")
    for pk, upload_id, status, size in batches.values_list("pk", "upload_id", "status", "size"):
        share = 1 if status == BatchStatus.CLOSED else min(done[pk] / size, 1)
        strips.setdefault(upload_id, []).append((status, share))
    return strips


def count_done(rows):
    """Batch id → how many of its people are done."""
    done = Counter()
    for row in rows:
        done[row["batch_id"]] += sum(row[name] for name in COUNTED)
    return done


def add_up(now, opened):
    """The Total of today and of this month: of batches that closed since, and of those that are open."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    first, today = midnight.replace(day=1), Q(closed_at__gte=midnight)
    names = [*COUNTED, "credits", "earlier_credits"]
    sums = {f"month_{name}": Sum(name, default=0) for name in names}
    sums |= {f"today_{name}": Sum(name, default=0, filter=today) for name in names}
    row = Batch.objects.filter(closed_at__gte=first).order_by().aggregate(**sums)
    return [as_total(row, prefix, opened) for prefix in ("today", "month")]


def as_total(row, prefix, opened):
    counts = Total(credits=row[f"{prefix}_earlier_credits"])
    for part in [{name: row[f"{prefix}_{name}"] for name in [*COUNTED, "credits"]}, *opened]:
        counts.add(part)
    return counts


def look_at_vendor(now, pace, is_held, is_running, batches, opened):
    done = count_done(opened)
    waiting = [batch.size - batch.moved - done[batch.pk] for batch in batches if batch.status in AT_VENDOR]
    last_call = Batch.objects.filter(submitted_at__isnull=False).for_lists().order_by("-submitted_at").first()
    last = max(filter(None, [pace.last_result_at, last_call and last_call.submitted_at]), default=None)
    return Vendor(
        people=sum(waiting),
        batches=sum(people > 0 for people in waiting),
        last_call=last_call,
        last_result_at=pace.last_result_at,
        # Nothing is to be said about the clock where nothing waits for it.
        is_clock_there=not is_running or Lease.objects.filter(name=CLOCK, until__gt=Now()).exists(),
        is_held=is_held,
        is_silent=last is None or now - last > SILENT,
    )
