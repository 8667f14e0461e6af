"""Report the progress of lists, and estimate when they will be done.

The number of queries is constant, and none of them reads more people than are in open batches.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from batches.lease import CLOCK, is_taken
from batches.models import IS_UNDER_WAY, Batch, Receiver, SendingBlock, Upload
from batches.reports.charts import MAX_CELLS, Strip, build_strip
from batches.reports.forecast import Run, forecast, format_duration
from batches.reports.pace import ONE_MINUTE, Pace, compute_pace, read_minutes, recent_annotations, uncounted_since
from batches.statuses import BATCH_AT_VENDOR, BATCH_IN_STRIP, OUTCOME_COUNTED, BatchStatus, UploadStatus
from batches.tracing.counts import Counts, count_outcomes, count_uploads, counted_items, read_unplanned

MAX_LISTS = 20
"""Lists in progress that are loaded together."""


@dataclass(frozen=True)
class ListProgress:
    """The progress of one list, its pace, and its estimate."""

    counts: Counts
    strip: Strip | None
    """Its batches, or None if they are not drawn."""
    awaits_decision: bool
    """Whether one of its batches awaits a decision."""
    per_second: float
    """Results per second."""
    time_left: str | None = None
    """The estimated time left, formatted, or None if it cannot be estimated."""
    done_at: datetime | None = None
    waits_until: datetime | None = None
    """When sending resumes, if it waits because the daily credit limit is reached."""


@dataclass
class Progress:
    """The batches in progress, and the recent results."""

    now: datetime
    pace: Pace
    batches: dict[int, Batch]
    """Batch id → batch, for batches that are in progress or closed recently."""
    opened: list[dict[str, Any]]
    """Rows of counts of the batches that are not closed, by batch_id and upload_id."""
    done: Counter[int]
    """Batch id → number of people done, for batches that are not closed."""
    unplanned: list[dict[str, Any]]
    """Rows of counts of people who are done and in no batch."""
    counts: dict[int, Counts]
    """Upload id → counts of the requested lists."""

    def count_awaited(self, batch: Batch) -> int:
        """Return how many people of a batch the vendor is still working on, as far as is known."""
        is_with_vendor = batch.status in BATCH_AT_VENDOR and not self.is_stuck(batch)
        return max(batch.size - batch.moved - self.done[batch.pk], 0) if is_with_vendor else 0

    def is_stuck(self, batch: Batch) -> bool:
        """Return whether a batch awaits a user's decision, because the policy does not resend it or has not in time."""
        if batch.status == BatchStatus.UNCONFIRMED:
            wait = ONE_MINUTE if settings.UNCONFIRMED_POLICY == "resend" else timedelta()
            decision_due = batch.to_be_decided_at
            return batch.is_in_doubt or not decision_due or self.now > decision_due + wait
        return batch.status == BatchStatus.REFUSED


def read_progress(uploads: list[Upload], now: datetime) -> Progress:
    """Return the batches in progress, with the counts of `uploads`."""
    kept = read_minutes(now)
    since = uncounted_since(kept, now)
    batches = read_batches(uploads, since)
    rows = count_recent(batches, since, now)
    opened = [row for row in rows if batches[row["batch_id"]].status != BatchStatus.CLOSED]
    unplanned = read_unplanned()
    counts = count_uploads(uploads, opened, unplanned)
    return Progress(now, compute_pace(rows, kept, now), batches, opened, count_done(opened), unplanned, counts)


def list_progress(upload: Upload, now: datetime) -> ListProgress:
    """Return the progress of a started list. Its estimate depends on the other lists in progress."""
    others = Upload.objects.active().exclude(pk=upload.pk).order_by("priority", "id")[:MAX_LISTS]
    is_going = is_taken(CLOCK) and Receiver.is_any_alive() and not SendingBlock.objects.in_force(now).exists()
    uploads = [*others, upload]
    return estimate(uploads, read_progress(uploads, now), is_going, drawn=[upload])[upload.pk]


def read_batches(uploads: list[Upload], since: datetime) -> dict[int, Batch]:
    """Return batch id → batch: those of `uploads` in progress, all at the vendor, and all that closed since then."""
    theirs = Q(upload__in=uploads) & IS_UNDER_WAY
    batches = Batch.objects.filter(theirs | Q(status__in=BATCH_AT_VENDOR) | Q(closed_at__gte=since)).order_by()
    fields = ["upload_id", "status", "size", "moved", "earlier_credits", "submitted_at", "next_try_at", "doubted_at"]
    return {batch.pk: batch for batch in batches.only(*fields)}


def count_recent(batches: dict[int, Batch], since: datetime, now: datetime) -> list[dict[str, Any]]:
    """Return rows of counts of these batches, one for each minute in which people were answered since then."""
    minute, others = recent_annotations(since, now)
    items = counted_items(batches.keys()).annotate(minute=minute)
    return count_outcomes(items, "batch_id", "upload_id", "minute", **others)


def count_done(rows: Iterable[dict[str, Any]]) -> Counter[int]:
    done: Counter[int] = Counter()
    for row in rows:
        done[row["batch_id"]] += sum(row[name] for name in OUTCOME_COUNTED)
    return done


def estimate(
    uploads: list[Upload], progress: Progress, is_going: bool, drawn: list[Upload] | None = None
) -> dict[int, ListProgress]:
    """Return upload id → progress of lists in progress.

    `is_going` tells whether anything is being sent at all. `drawn` holds the lists whose batches are drawn, if not all.
    """
    batches = group_batches(progress)
    strips = draw_strips(uploads if drawn is None else drawn, progress)
    stuck = {upload.pk: [batch for batch in batches[upload.pk] if progress.is_stuck(batch)] for upload in uploads}
    running = [upload for upload in uploads if upload.status == UploadStatus.RUNNING]
    waiting = {upload.pk: upload.waits_until for upload in running if upload.waits(progress.now)}
    running = [upload for upload in running if upload.pk not in waiting] if is_going else []
    waits = forecast_waits(running, batches, stuck, progress)
    return {
        upload.pk: ListProgress(
            progress.counts[upload.pk],
            strips.get(upload.pk),
            bool(stuck[upload.pk]),
            progress.pace.per_upload.get(upload.pk, 0),
            waits_until=waiting.get(upload.pk),
            **(time_left_fields(waits[upload.pk], progress.now) if upload.pk in waits and not stuck[upload.pk] else {}),
        )
        for upload in uploads
    }


def group_batches(progress: Progress) -> dict[int, list[Batch]]:
    """Return upload id → its batches in progress."""
    batches = defaultdict(list)
    for batch in progress.batches.values():
        batches[batch.upload_id].append(batch)
    return batches


def forecast_waits(
    running: list[Upload], batches: dict[int, list[Batch]], stuck: dict[int, list[Batch]], progress: Progress
) -> dict[int, float]:
    """Return upload id → estimated seconds until a running list is done, if that can be estimated."""
    runs = [make_run(upload, batches[upload.pk], stuck[upload.pk], progress) for upload in running]
    waits = forecast(runs, progress.pace.per_second)
    return {upload.pk: wait for upload, wait in zip(running, waits, strict=True) if wait is not None}


def time_left_fields(wait: float, now: datetime) -> dict[str, Any]:
    return {"time_left": format_duration(wait), "done_at": now + timedelta(seconds=wait)}


def make_run(upload: Upload, batches: list[Batch], stuck: list[Batch], progress: Progress) -> Run:
    """Return a list as the forecast needs it. People in a stuck batch do not delay anyone else."""
    counts = progress.counts[upload.pk]
    held_up = sum(batch.size - batch.moved - progress.done[batch.pk] for batch in stuck)
    in_flight = sum(progress.count_awaited(batch) for batch in batches)
    return Run(upload.priority, counts.done, max(counts.pending - held_up, 0), in_flight)


def draw_strips(uploads: list[Upload], progress: Progress) -> dict[int, Strip]:
    """Return upload id → its batches as a strip."""
    strips, labels = read_strips(uploads, progress), {str(status): str(status.label) for status in BATCH_IN_STRIP}
    return {upload.pk: build_strip(strips.get(upload.pk, []), labels) for upload in uploads}


def read_strips(uploads: list[Upload], progress: Progress) -> dict[int, list[tuple[str, float, int]]]:
    """Return upload id → its batches in order, as `build_strip` expects them.

    If a list has many batches, those with the same status are merged.
    """
    shown = Batch.objects.filter(upload__in=uploads, status__in=BATCH_IN_STRIP).order_by()
    numbers: defaultdict[int, dict[str, int]] = defaultdict(dict)
    strips: defaultdict[int, list[tuple[str, float, int]]] = defaultdict(list)
    for pk, status, number in shown.values_list("upload_id", "status").annotate(Count("pk")):
        numbers[pk][status] = number
    short = [pk for pk, statuses in numbers.items() if sum(statuses.values()) <= MAX_CELLS]
    rows = shown.filter(upload__in=short).order_by("upload", "number")
    for pk, upload_id, status, size in rows.values_list("pk", "upload_id", "status", "size"):
        strips[upload_id].append((status, done_share(status, progress.done[pk], size), 1))
    for pk in numbers.keys() - set(short):
        strips[pk] = [
            merge_cells(pk, status, numbers[pk][status], progress) for status in BATCH_IN_STRIP if status in numbers[pk]
        ]
    return strips


def merge_cells(upload_id: int, status: str, number: int, progress: Progress) -> tuple[str, float, int]:
    """Merge all batches of an upload with one status into a cell of its strip."""
    merged = [batch for batch in progress.batches.values() if (batch.upload_id, batch.status) == (upload_id, status)]
    done = sum(progress.done[batch.pk] for batch in merged)
    return status, done_share(status, done, sum(batch.size for batch in merged)), number


def done_share(status: str, done: int, size: int) -> float:
    return 1 if status == BatchStatus.CLOSED else min(done / max(size, 1), 1)
