"""Pause, resume and cancel lists."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.rights import Right, require
from batches.models import NEEDS_RETENTION, Batch, Event, Upload
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing.lifecycle import record, transition_batch, transition_upload


def pause_upload(upload: Upload, user: User) -> bool:
    """Stop sending an upload until it is resumed. Return False if it is not running."""
    return change_status(upload, user, UploadStatus.RUNNING, UploadStatus.PAUSED, Event.PAUSED)


def resume_upload(upload: Upload, user: User) -> bool:
    """Resume a paused upload, even if it waited for the next day or a budget. Return False if it is not paused."""
    changes = {"waits_until": None, "wait_reason": ""}
    return change_status(upload, user, UploadStatus.PAUSED, UploadStatus.RUNNING, "resumed", **changes)


@transaction.atomic
def change_status(
    upload: Upload, user: User, before: UploadStatus, after: UploadStatus, what: str, **changes: Any
) -> bool:
    """Change an upload's status, and record `what`. Return False if its status is not `before`."""
    require(user, Right.START)
    if not transition_upload(upload.pk, after, only_if={"status": before}, **changes):
        return False
    record(upload.pk, what, user=user)
    return True


@transaction.atomic
def cancel_upload(upload: Upload, user: User) -> bool:
    """Cancel an upload: send no more people. Answers that still arrive are filed. Return False if it has ended."""
    require(user, Right.START)
    if not transition_upload(upload.pk, UploadStatus.CANCELLED, completed_at=timezone.now(), **NEEDS_RETENTION):
        return False
    cancel_unsent(upload.batches.all())
    record(upload.pk, "cancelled", user=user)
    return True


def cancel_leftovers(_now: datetime) -> None:
    """Cancel batches that became sendable again after their upload was cancelled."""
    cancel_unsent(Batch.objects.filter(upload__status=UploadStatus.CANCELLED))


def cancel_unsent(batches: QuerySet[Batch]) -> None:
    """Cancel those of the batches that are waiting to be sent or were refused."""
    for batch in batches.filter(status__in=[BatchStatus.PLANNED, BatchStatus.REFUSED]):
        transition_batch(batch.pk, BatchStatus.CANCELLED)
