"""Give each row to one background job at a time, and to another job if its worker dies.

A worker claims a row, and records in it every now and then that it is alive. The claim is the time of its last
heartbeat: whoever finds another one there has lost the row. The row's model has the fields `heartbeat_at` and
`created_at`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet


class Superseded(Exception):
    """The row is no longer this worker's: another one has taken over, or its work has ended."""


@dataclass(frozen=True)
class JobClaims:
    """How the rows of a table are claimed."""

    unfinished: QuerySet[Any]
    """The rows on which work is to be done."""
    lost_after: timedelta
    """A row that no worker has begun for this long has lost its job."""
    silent_after: timedelta
    """A worker whose last heartbeat is older counts as dead."""

    def claim(self, pk: int, now: datetime) -> bool:
        """Take over a row. Return False if another worker has it, or nothing is to be done."""
        is_free = Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - self.silent_after)
        return bool(self.unfinished.filter(is_free, pk=pk).update(heartbeat_at=now))

    def lost(self, now: datetime) -> QuerySet[Any]:
        """Return the rows whose worker has died or whose job was lost."""
        was_never_begun = Q(heartbeat_at=None, created_at__lt=now - self.lost_after)
        return self.unfinished.filter(was_never_begun | Q(heartbeat_at__lt=now - self.silent_after))

    def mine(self, row: Any) -> QuerySet[Any]:
        """Return a claimed row for an update that must not happen once another worker has it."""
        return self.unfinished.filter(pk=row.pk, heartbeat_at=row.heartbeat_at)

    def beat(self, row: Any, now: datetime, **changes: object) -> None:
        """Record that the worker of a row is alive, with other changes to it. Raise Superseded if it has lost it."""
        if not self.mine(row).update(heartbeat_at=now, **changes):
            raise Superseded
        row.heartbeat_at = now

    def release(self, row: Any) -> None:
        """Leave a claimed row to whoever finds it next."""
        self.mine(row).update(heartbeat_at=None)
