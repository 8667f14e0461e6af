"""How far lists are that are in progress, how quickly they go, and until when.

The number of queries does not grow with how much there is; none reads more people than are in open batches.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q

from batches.lease import CLOCK, is_taken
from batches.models import UNDER_WAY, Batch, Hold, Upload
from batches.reports.charts import MOST_CELLS, Strip, lay_strip
from batches.reports.forecast import Run, forecast, say_seconds
from batches.reports.pace import MINUTE, Pace, find_since, group_lately, read_minutes, tell_pace
from batches.statuses import AT_VENDOR, COUNTED, IN_STRIP, BatchStatus, UploadStatus
from batches.tracing.counts import Counts, count_uploads, counted_in, grouped, read_unplanned

SHOWN = 20
"""Lists in progress that are looked at together."""


@dataclass(frozen=True)
class ListProgress:
    """How far a list in progress is, how quickly it goes, and until when."""

    counts: Counts
    strip: Strip | None
    """Its batches; None if they are not drawn."""
    awaits_decision: bool
    """Whether somebody has to decide about one of its batches."""
    rate: float
    """Results a second."""
    left: str | None = None
    """How long it takes, in words; None if nobody can tell."""
    done_at: datetime | None = None


@dataclass
class Progress:
    """What is under way, and what came lately."""

    now: datetime
    pace: Pace
    batches: dict
    """Id → Batch that has been sent and is not closed, or closed lately."""
    opened: list
    """Rows of counts of those that are not closed, by batch_id and upload_id."""
    done: Counter
    """Id of a batch that is not closed → how many of its people are done."""
    unplanned: list
    """Rows of who is done and in no batch."""
    counts: dict[int, Counts]
    """Upload id → Counts of the lists that were asked about."""

    def count_awaited(self, batch):
        """How many people of a batch the vendor has before it, as far as is known."""
        is_there = batch.status in AT_VENDOR and not self.is_stuck(batch)
        return max(batch.size - batch.moved - self.done[batch.pk], 0) if is_there else 0

    def is_stuck(self, batch):
        """Whether a batch waits for somebody to decide: the policy, where it sends again, has not done it in time."""
        if batch.status == BatchStatus.UNCONFIRMED:
            wait = MINUTE if settings.UNCONFIRMED_POLICY == "resend" else timedelta()
            return not batch.submitted_at or self.now > batch.to_be_decided_at + wait
        return batch.status == BatchStatus.REFUSED


def read_progress(uploads: list[Upload], now: datetime) -> Progress:
    """Return what is under way, with the counts of `uploads`."""
    kept = read_minutes(now)
    since = find_since(kept, now)
    batches = read_batches(uploads, since)
    rows = count_lately(batches, since, now)
    opened = [row for row in rows if batches[row["batch_id"]].status != BatchStatus.CLOSED]
    unplanned = read_unplanned()
    counts = count_uploads(uploads, opened, unplanned)
    return Progress(now, tell_pace(rows, kept, now), batches, opened, count_done(opened), unplanned, counts)


def look_at_one(upload: Upload, now: datetime) -> ListProgress:
    """Return the progress of a started list. How long it takes depends on the others as well."""
    others = Upload.objects.active().exclude(pk=upload.pk).order_by("priority", "id")[:SHOWN]
    is_going = is_taken(CLOCK) and not Hold.objects.in_force(now).exists()
    uploads = [*others, upload]
    return follow(uploads, read_progress(uploads, now), is_going, drawn=[upload])[upload.pk]


def read_batches(uploads, since):
    """Id → Batch: those of uploads that are under way, all that are with the vendor, and what closed since then."""
    theirs = Q(upload__in=uploads) & UNDER_WAY
    batches = Batch.objects.filter(theirs | Q(status__in=AT_VENDOR) | Q(closed_at__gte=since)).order_by()
    fields = ["upload_id", "status", "size", "moved", "earlier_credits", "submitted_at", "next_try_at"]
    return {batch.pk: batch for batch in batches.only(*fields)}


def count_lately(batches, since, now):
    """Rows of counts of these batches, several of each where its people were answered in different minutes since."""
    minute, others = group_lately(since, now)
    items = counted_in(batches.keys()).annotate(minute=minute)
    return grouped(items, "batch_id", "upload_id", "minute", **others)


def count_done(rows):
    done = Counter()
    for row in rows:
        done[row["batch_id"]] += sum(row[name] for name in COUNTED)
    return done


def follow(
    uploads: list[Upload], progress: Progress, is_going: bool, drawn: list[Upload] | None = None
) -> dict[int, ListProgress]:
    """Return upload id → ListProgress of lists in progress.

    `is_going`: whether anything is sent at all. `drawn`: the lists whose batches are drawn, if not all are.
    """
    batches = group_batches(progress)
    strips = draw_strips(uploads if drawn is None else drawn, progress)
    stuck = {upload.pk: [batch for batch in batches[upload.pk] if progress.is_stuck(batch)] for upload in uploads}
    running = [upload for upload in uploads if upload.status == UploadStatus.RUNNING] if is_going else []
    waits = forecast_waits(running, batches, stuck, progress)
    return {
        upload.pk: ListProgress(
            progress.counts[upload.pk],
            strips.get(upload.pk),
            bool(stuck[upload.pk]),
            progress.pace.per_upload.get(upload.pk, 0),
            **(promise(waits[upload.pk], progress.now) if upload.pk in waits and not stuck[upload.pk] else {}),
        )
        for upload in uploads
    }


def group_batches(progress: Progress) -> dict[int, list[Batch]]:
    """Return upload id → its batches that are under way."""
    batches = defaultdict(list)
    for batch in progress.batches.values():
        batches[batch.upload_id].append(batch)
    return batches


def forecast_waits(running, batches, stuck, progress: Progress) -> dict[int, float]:
    """Return upload id → seconds until a running list is done, for those of which it can be told."""
    runs = [make_run(upload, batches[upload.pk], stuck[upload.pk], progress) for upload in running]
    waits = forecast(runs, progress.pace.per_second)
    return {upload.pk: wait for upload, wait in zip(running, waits, strict=True) if wait is not None}


def promise(wait: float, now: datetime) -> dict:
    return {"left": say_seconds(wait), "done_at": now + timedelta(seconds=wait)}


def make_run(upload: Upload, batches: list[Batch], stuck: list[Batch], progress: Progress) -> Run:
    """Return a list as the forecast takes it. Whoever is in a stuck batch comes in nobody's way."""
    counts = progress.counts[upload.pk]
    held_up = sum(batch.size - batch.moved - progress.done[batch.pk] for batch in stuck)
    in_flight = sum(progress.count_awaited(batch) for batch in batches)
    return Run(upload.priority, counts.done, max(counts.pending - held_up, 0), in_flight)


def draw_strips(uploads: list[Upload], progress: Progress) -> dict[int, Strip]:
    """Return upload id → its batches as a strip."""
    strips, labels = read_strips(uploads, progress), {status: status.label for status in IN_STRIP}
    return {upload.pk: lay_strip(strips.get(upload.pk, []), labels) for upload in uploads}


def read_strips(uploads, progress):
    """Return upload id → its batches in order, each as its status, the share of its people who are done, and 1.

    If a list has many batches, those of one status stand together.
    """
    shown = Batch.objects.filter(upload__in=uploads, status__in=IN_STRIP).order_by()
    numbers, strips = defaultdict(dict), defaultdict(list)
    for pk, status, number in shown.values_list("upload_id", "status").annotate(Count("pk")):
        numbers[pk][status] = number
    short = [pk for pk, statuses in numbers.items() if sum(statuses.values()) <= MOST_CELLS]
    rows = shown.filter(upload__in=short).order_by("upload", "number")
    for pk, upload_id, status, size in rows.values_list("pk", "upload_id", "status", "size"):
        strips[upload_id].append((status, share(status, progress.done[pk], size), 1))
    for pk in numbers.keys() - set(short):
        strips[pk] = [sum_up(pk, status, numbers[pk][status], progress) for status in IN_STRIP if status in numbers[pk]]
    return strips


def sum_up(upload_id, status, number, progress):
    """All batches of an upload in one state, as a part of its strip."""
    alike = [batch for batch in progress.batches.values() if (batch.upload_id, batch.status) == (upload_id, status)]
    done = sum(progress.done[batch.pk] for batch in alike)
    return status, share(status, done, sum(batch.size for batch in alike)), number


def share(status, done, size):
    return 1 if status == BatchStatus.CLOSED else min(done / max(size, 1), 1)
