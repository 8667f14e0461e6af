"""Change the statuses of uploads and batches, by the transitions that are allowed between them.

A transition is one conditional UPDATE, which is also the lock, on PostgreSQL and SQLite alike: only one of several
processes changes the row; the others change nothing. BATCH_COMES_FROM and UPLOAD_COMES_FROM are the state diagrams.
No other module writes a status.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Value, When

from batches.database import read_now
from batches.models import IS_IN_DOUBT, Batch, BatchQuerySet, Event, Upload
from batches.statuses import BATCH_OPEN, UPLOAD_ARCHIVABLE, BatchStatus, UploadStatus

BATCH_COMES_FROM = {
    # The vendor accepted nobody, or the batch is to be sent again.
    BatchStatus.PLANNED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    BatchStatus.SUBMITTING: [BatchStatus.PLANNED],
    BatchStatus.UNCONFIRMED: [BatchStatus.SUBMITTING],
    # From unconfirmed or planned: an answer came to a call that was thought lost, before a second call was made.
    BatchStatus.ACKNOWLEDGED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.PLANNED],
    # From unconfirmed: the refusal arrived late.
    BatchStatus.REFUSED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED],
    # From unconfirmed or refused: a user closed it.
    BatchStatus.CLOSED: [BatchStatus.ACKNOWLEDGED, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    # Its items are put into other batches, because too few were left, or because the vendor refused the whole batch.
    BatchStatus.DISSOLVED: [BatchStatus.SUBMITTING, BatchStatus.REFUSED],
    BatchStatus.CANCELLED: [BatchStatus.PLANNED, BatchStatus.REFUSED],
}
"""For each status of a batch, the statuses from which `transition_batch` moves a batch to it."""

DOUBT_COMES_FROM = BATCH_OPEN
"""The statuses from which `transition_to_doubt` makes a batch unconfirmed."""

UPLOAD_COMES_FROM = {
    # The file was replaced.
    UploadStatus.DRAFT: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From ready: the columns were changed again.
    UploadStatus.CHECKING: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From approval: the request was withdrawn.
    UploadStatus.READY: [UploadStatus.CHECKING, UploadStatus.APPROVAL],
    UploadStatus.APPROVAL: [UploadStatus.READY],
    UploadStatus.FAILED: [UploadStatus.CHECKING],
    # From complete: a user re-ran some of its people.
    UploadStatus.RUNNING: [UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.PAUSED, UploadStatus.COMPLETE],
    UploadStatus.PAUSED: [UploadStatus.RUNNING],
    UploadStatus.COMPLETE: [UploadStatus.RUNNING],
    UploadStatus.CANCELLED: [
        UploadStatus.DRAFT,
        UploadStatus.CHECKING,
        UploadStatus.READY,
        UploadStatus.APPROVAL,
        UploadStatus.RUNNING,
        UploadStatus.PAUSED,
        UploadStatus.FAILED,
    ],
}
"""For each status of an upload, the statuses from which `transition_upload` moves an upload to it."""


def transition_batch(batch_id: int, to: BatchStatus, only_if: dict[str, Any] | None = None, **changes: Any) -> bool:
    """Move a batch to a status if it may come from its current one. Return whether this call moved it.

    `only_if` adds conditions, as field → value; `changes` are written in the same statement.
    """
    movable = Batch.objects.filter(pk=batch_id, status__in=BATCH_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def transition_upload(upload_id: int, to: UploadStatus, only_if: dict[str, Any] | None = None, **changes: Any) -> bool:
    """Move an upload to a status, like `transition_batch`. Take it out of the archive if it may not be there."""
    if to not in UPLOAD_ARCHIVABLE:
        changes["archived_at"] = None
    movable = Upload.objects.filter(pk=upload_id, status__in=UPLOAD_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def lock_batch(batch_id: int | None) -> Batch | None:
    """Lock a batch's row until the transaction ends. Return the batch, or None if `batch_id` is None or unknown."""
    return Batch.objects.select_for_update(no_key=True).filter(pk=batch_id).first() if batch_id else None


@transaction.atomic
def transition_to_doubt(batches: BatchQuerySet) -> int:
    """Put open batches in doubt: make them unconfirmed if need be, and set `doubted_at`. Return how many changed.

    Each batch counts one more attempt, because a call that this database does not know of may have been made. So
    decisions about earlier attempts, by a delayed sender or on a page that was loaded before, no longer apply.
    """
    now = read_now()
    text = "It was “{}” when the database was last in use. It may have been paid for since."
    problem = Case(*(When(status=status, then=Value(text.format(status.label))) for status in DOUBT_COMES_FROM))
    changes = {"attempts": F("attempts") + 1, "next_try_at": None, "problem": problem, "doubted_at": now}
    movable = batches.filter(status__in=DOUBT_COMES_FROM).exclude(IS_IN_DOUBT)
    if not movable.update(status=BatchStatus.UNCONFIRMED, **changes):
        return 0
    moved = Batch.objects.filter(doubted_at=now).values_list("pk", "upload_id", "problem")
    events = [
        Event(upload_id=upload_id, batch_id=pk, what="in doubt", detail=detail) for pk, upload_id, detail in moved
    ]
    return len(Event.objects.bulk_create(events, batch_size=1000))


def record(
    upload_id: int,
    what: str,
    *,
    batch_id: int | None = None,
    user: User | None = None,
    detail: str = "",
    at: datetime | None = None,
) -> None:
    """Add an event to the history of an upload or batch. `detail` must not contain personal data from our database."""
    when = {"at": at} if at else {}
    Event.objects.create(upload_id=upload_id, batch_id=batch_id, user=user, what=what, detail=detail[:500], **when)
