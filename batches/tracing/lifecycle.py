"""States and the moves allowed between them.

A move is one conditional UPDATE: whoever changes the row has made the move, everybody else changed
nothing. That statement is the lock, and the two tables below are the state diagrams. It is the same
on PostgreSQL and on SQLite. Nothing else writes a status.
"""

from batches.models import Batch, Event, Upload
from batches.statuses import BatchStatus, UploadStatus

BATCH_COMES_FROM = {
    # Back to planned: nothing was taken, or sending again was decided.
    BatchStatus.PLANNED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    BatchStatus.SUBMITTING: [BatchStatus.PLANNED],
    BatchStatus.UNCONFIRMED: [BatchStatus.SUBMITTING],
    # From unconfirmed or planned, and before a second call: an answer came for a call that we thought lost.
    BatchStatus.ACKNOWLEDGED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.PLANNED],
    # From unconfirmed: the refusal was held up.
    BatchStatus.REFUSED: [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED],
    # From unconfirmed or refused: a person gave it up.
    BatchStatus.CLOSED: [BatchStatus.ACKNOWLEDGED, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED],
    # Its items go into other batches: too few were left, or the vendor refuses the whole.
    BatchStatus.DISSOLVED: [BatchStatus.SUBMITTING, BatchStatus.REFUSED],
    BatchStatus.CANCELLED: [BatchStatus.PLANNED, BatchStatus.REFUSED],
}

UPLOAD_COMES_FROM = {
    # Another file came in the place of the first.
    UploadStatus.DRAFT: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From ready: the columns are changed once more.
    UploadStatus.CHECKING: [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED],
    # From approval: nobody approved it.
    UploadStatus.READY: [UploadStatus.CHECKING, UploadStatus.APPROVAL],
    UploadStatus.APPROVAL: [UploadStatus.READY],
    UploadStatus.FAILED: [UploadStatus.CHECKING],
    # From complete: a person has some of it asked for once more.
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


def move_batch(batch_id, to, only_if=None, **changes):
    """Move a batch to a status, with further changes in the same statement. True if this call made the move.

    `only_if` are further conditions, as field → value.
    """
    movable = Batch.objects.filter(pk=batch_id, status__in=BATCH_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def move_upload(upload_id, to, only_if=None, **changes):
    """Move an upload; as move_batch."""
    movable = Upload.objects.filter(pk=upload_id, status__in=UPLOAD_COMES_FROM[to]).filter(**(only_if or {}))
    return movable.update(status=to, **changes) == 1


def record(upload_id, what, *, batch_id=None, user=None, detail="", at=None):
    """Write one line of history, of now unless told. `detail` holds nothing of ours about a person."""
    when = {"at": at} if at else {}
    Event.objects.create(upload_id=upload_id, batch_id=batch_id, user=user, what=what, detail=detail[:500], **when)
