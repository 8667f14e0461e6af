"""How far lists are that are in progress, how quickly they go, and until when.

In a number of queries that does not depend on how much there is; none reads more people than are in open batches.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q

from batches.lease import CLOCK, is_taken
from batches.models import UNDER_WAY, Batch, Hold, Upload
from batches.reports.charts import MOST_CELLS, lay_strip
from batches.reports.forecast import Run, forecast, say_seconds
from batches.reports.pace import MINUTE, Pace, find_since, group_lately, read_minutes, tell_pace
from batches.statuses import AT_VENDOR, COUNTED, IN_STRIP, BatchStatus, UploadStatus
from batches.tracing.counts import count_uploads, counted_in, grouped, read_unplanned

SHOWN = 20
"""Lists in progress that are looked at together."""


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


def read_progress(active, ended, now, is_going, drawn=None):
    """Put on uploads their `counts`, and on those in progress what `follow` says. Return the Progress.

    `is_going`: whether anything is sent at all. `drawn`: those of which batches are drawn, where not all are.
    """
    kept = read_minutes(now)
    since = find_since(kept, now)
    batches = read_batches(active + ended, since)
    rows = count_lately(batches, since, now)
    opened = [row for row in rows if batches[row["batch_id"]].status != BatchStatus.CLOSED]
    unplanned = read_unplanned()
    counts = count_uploads(active + ended, opened, unplanned)
    for upload in active + ended:
        upload.counts = counts[upload.pk]
    progress = Progress(now, tell_pace(rows, kept, now), batches, opened, count_done(opened), unplanned)
    draw_strips(active if drawn is None else drawn, progress)
    follow(active, progress, is_going)
    return progress


def look_at_one(upload, now):
    """Put the same on a started upload: how long it takes depends on the others as well."""
    others = Upload.objects.active().exclude(pk=upload.pk).order_by("priority", "id")[:SHOWN]
    is_going = is_taken(CLOCK) and not Hold.objects.in_force(now).exists()
    read_progress([*others, upload], [], now, is_going, drawn=[upload])


def read_batches(uploads, since):
    """Id → Batch: those of uploads that are under way, all that are with the vendor, and what closed since then."""
    theirs = Q(upload__in=uploads) & UNDER_WAY
    batches = Batch.objects.filter(theirs | Q(status__in=AT_VENDOR) | Q(closed_at__gte=since)).order_by()
    fields = ["upload_id", "status", "size", "moved", "earlier_credits", "submitted_at", "next_try_at"]
    return {batch.pk: batch for batch in batches.only(*fields)}


def count_lately(batches, since, now):
    """Rows of counts of these batches, several of each where its people were answered in different minutes since."""
    minute, others = group_lately(since, now)
    items = counted_in(batches.keys() or [0]).annotate(minute=minute)
    return grouped(items, "batch_id", "upload_id", "minute", **others)


def count_done(rows):
    done = Counter()
    for row in rows:
        done[row["batch_id"]] += sum(row[name] for name in COUNTED)
    return done


def follow(uploads, progress, is_going):
    """Set `needs_a_person`, `rate` (results a second), `left` and `done_at` on each upload.

    `left` is in words; it and `done_at` are None if they cannot be told.
    """
    theirs = defaultdict(list)
    for batch in progress.batches.values():
        theirs[batch.upload_id].append(batch)
    for upload in uploads:
        upload.stuck = [batch for batch in theirs[upload.pk] if progress.is_stuck(batch)]
        upload.needs_a_person = bool(upload.stuck)
        upload.rate = progress.pace.per_upload.get(upload.pk, 0)
        upload.left = upload.done_at = None
    if is_going:
        promise([upload for upload in uploads if upload.status == UploadStatus.RUNNING], theirs, progress)


def promise(running, theirs, progress):
    """Say of running uploads until when they are done, but of those that wait for somebody."""
    runs = [make_run(upload, theirs[upload.pk], progress) for upload in running]
    for upload, wait in zip(running, forecast(runs, progress.pace.per_second), strict=True):
        if wait is not None and not upload.needs_a_person:
            upload.left, upload.done_at = say_seconds(wait), progress.now + timedelta(seconds=wait)


def make_run(upload, batches, progress):
    """Who is in a stuck batch comes in nobody's way."""
    stuck = sum(batch.size - batch.moved - progress.done[batch.pk] for batch in upload.stuck)
    in_flight = sum(progress.count_awaited(batch) for batch in batches)
    return Run(upload.priority, upload.counts.done, max(upload.counts.pending - stuck, 0), in_flight)


def draw_strips(uploads, progress):
    """Put on each upload its batches as a `strip`."""
    strips, labels = read_strips(uploads, progress), {status: status.label for status in IN_STRIP}
    for upload in uploads:
        upload.strip = lay_strip(strips.get(upload.pk, []), labels)


def read_strips(uploads, progress):
    """Return upload id → its batches in order, each as status, share of people done, and 1.

    Of an upload with many batches, all of one status stand together.
    """
    shown = Batch.objects.filter(upload__in=uploads, status__in=IN_STRIP).order_by()
    numbers, strips = defaultdict(dict), defaultdict(list)
    for pk, status, number in shown.values_list("upload_id", "status").annotate(Count("pk")):
        numbers[pk][status] = number
    short = [pk for pk, statuses in numbers.items() if sum(statuses.values()) <= MOST_CELLS]
    rows = shown.filter(upload__in=short or [0]).order_by("upload", "number")
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
