"""The statuses of uploads and batches, and the transitions allowed between them.

A transition is one conditional UPDATE. The process that changes the row has made it; all others change nothing.
That statement is the lock, on PostgreSQL and SQLite alike. The tables below are the state diagrams. Nothing else writes
a status.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Value, When

from batches.database import read_now
from batches.models import IS_IN_DOUBT, Batch, BatchQuerySet, Event, Upload
from batches.statuses import BATCH_OPEN, BatchStatus, UploadStatus

BATCH_COMES_FROM = {
    # Back to planned: the vendor accepted nothing, or resending was decided.
    BatchStatus.PLANNED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    BatchStatus.SUBMITTING: [BatchStatus.PLANNED],
    BatchStatus.UNCONFIRMED: [BatchStatus.SUBMITTING],
    # From unconfirmed or planned, and before a second call: an answer came for a call that was thought lost.
    BatchStatus.ACKNOWLEDGED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.PLANNED],
    # From unconfirmed: the refusal arrived late.
    BatchStatus.REFUSED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED],
    # From unconfirmed or refused: a user closed it.
    BatchStatus.CLOSED: [BatchStatus.ACKNOWLEDGED, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    # Its items go into other batches: too few were left, or the vendor refused the batch as a whole.
    BatchStatus.DISSOLVED: [BatchStatus.SUBMITTING, BatchStatus.REFUSED],
    BatchStatus.CANCELLED: [BatchStatus.PLANNED, BatchStatus.REFUSED],
}

DOUBT_COMES_FROM = BATCH_OPEN
"""The statuses from which `transition_to_doubt`, and nothing else, makes a batch unconfirmed."""

UPLOAD_COMES_FROM = {
    # The file was replaced.
    UploadStatus.DRAFT: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From ready: the columns are changed again.
    UploadStatus.CHECKING: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From approval: the request was withdrawn.
    UploadStatus.READY: [UploadStatus.CHECKING, UploadStatus.APPROVAL],
    UploadStatus.APPROVAL: [UploadStatus.READY],
    UploadStatus.FAILED: [UploadStatus.CHECKING],
    # From complete: a user re-runs some of its people.
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


def transition_batch(batch_id: int, to: BatchStatus, only_if: dict[str, Any] | None = None, **changes: Any) -> bool:
    """Move a batch to a status, with further changes in the same statement. Return whether this call moved it.

    `only_if` holds further conditions, as field → value.
    """
    movable = Batch.objects.filter(pk=batch_id, status__in=BATCH_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def transition_upload(upload_id: int, to: UploadStatus, only_if: dict[str, Any] | None = None, **changes: Any) -> bool:
    """Move an upload to a status, like `transition_batch`."""
    movable = Upload.objects.filter(pk=upload_id, status__in=UPLOAD_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def lock_batch(batch_id: int | None) -> Batch | None:
    """Lock a batch's row, in a transaction. Return the batch, or None if there is none."""
    return Batch.objects.select_for_update(no_key=True).filter(pk=batch_id).first() if batch_id else None


@transaction.atomic
def transition_to_doubt(batches: BatchQuerySet) -> int:
    """Put open batches in doubt: make them unconfirmed, if they are not, and set `doubted_at`. Return how many changed.

    Each counts one more attempt, because a call that this database does not know of may have been made. So a decision
    based on anything read before, by a delayed sender or on a page, no longer applies.
    """
    now, text = read_now(), "It was “{}” when the database was last in use. It may have been paid for since."
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
    """Add an event to the history of an upload or batch. `detail` must hold no personal data of ours."""
    when = {"at": at} if at else {}
    Event.objects.create(upload_id=upload_id, batch_id=batch_id, user=user, what=what, detail=detail[:500], **when)
