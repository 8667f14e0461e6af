"""Change which list is sent next. The next choice of batches, within a second, follows the new order."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right, require
from batches.models import Upload
from batches.statuses import UPLOAD_FINISHED, Priority
from batches.tracing.lifecycle import record


def queue_key(priority: int, front_at: datetime | None, people_sent: int, upload_id: int) -> tuple[float, ...]:
    """Return the key by which a list that waits to be sent is sorted among the others.

    Urgent lists come first. Within one priority, the list that was last moved to the front comes first; the others take
    turns: the one with the fewest people sent so far is next.
    """
    return priority, -front_at.timestamp() if front_at else 0, people_sent, upload_id


@transaction.atomic
def change_priority(upload: Upload, user: User | None, priority: Priority) -> bool:
    """Give an upload another priority, and its usual place among lists of that priority.

    Return False if it has that place already, or has ended.
    """
    require(user, Right.START)
    movable = Upload.objects.filter(pk=upload.pk).exclude(status__in=UPLOAD_FINISHED)
    if not movable.exclude(priority=priority, front_at=None).update(priority=priority, front_at=None):
        return False
    record(upload.pk, "priority changed", user=user, detail=f"to {Priority(priority).label.lower()}")
    return True


@transaction.atomic
def move_to_front(upload: Upload, user: User | None) -> bool:
    """Make an upload urgent and send it before all others, until another one is moved. Return False if it has ended."""
    require(user, Right.START)
    movable = Upload.objects.filter(pk=upload.pk).exclude(status__in=UPLOAD_FINISHED)
    if not movable.update(priority=Priority.URGENT, front_at=timezone.now()):
        return False
    record(upload.pk, "moved to front", user=user)
    return True
