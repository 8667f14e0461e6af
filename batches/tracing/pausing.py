"""Lists that are paused, resumed or cancelled."""

from django.db import transaction
from django.utils import timezone

from batches.models import Batch
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing.lifecycle import move_batch, move_upload, record


def pause_upload(upload, user):
    """Send nothing more of an upload for now. False if it does not run."""
    return turn(upload, user, UploadStatus.RUNNING, UploadStatus.PAUSED, "paused")


def resume_upload(upload, user):
    """Go on with an upload. False if it is not paused."""
    return turn(upload, user, UploadStatus.PAUSED, UploadStatus.RUNNING, "resumed")


@transaction.atomic
def turn(upload, user, before, after, what):
    if not move_upload(upload.pk, after, only_if={"status": before}):
        return False
    record(upload.pk, what, user=user)
    return True


@transaction.atomic
def cancel_upload(upload, user):
    """Send nothing more of an upload. What is at the vendor still comes back and is kept."""
    if not move_upload(upload.pk, UploadStatus.CANCELLED, completed_at=timezone.now()):
        return False
    cancel_unsent(upload.batches)
    record(upload.pk, "cancelled", user=user)
    return True


def cancel_leftovers(_):
    """Cancel what came back to be sent after its upload had been cancelled."""
    cancel_unsent(Batch.objects.filter(upload__status=UploadStatus.CANCELLED))


def cancel_unsent(batches):
    for batch in batches.filter(status__in=[BatchStatus.PLANNED, BatchStatus.REFUSED]):
        move_batch(batch.pk, BatchStatus.CANCELLED)
