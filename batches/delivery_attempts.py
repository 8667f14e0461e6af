"""Delivery with retries: claim rows by a conditional UPDATE, and retry after growing delays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet


@dataclass(frozen=True)
class Attempts:
    """How the rows of a table are delivered, and which of their fields record it."""

    count_field: str
    """The number of attempts so far."""
    due_field: str
    """When the next attempt is due."""
    retry_delays: tuple[timedelta, ...]
    """The delays between attempts. A row is abandoned after the attempt that follows the last delay."""
    claim_timeout: timedelta
    """How long a claimed row is reserved for its sender, also if the sender dies."""

    def claim(self, due: QuerySet[Any], now: datetime, **changes: object) -> int:
        """Claim rows for one attempt, and return how many. Of two senders, only one gets each row.

        The conditions of `due` must be on these rows alone: a sender that waited for a row checks no other table again.
        """
        return due.update(
            **{self.count_field: F(self.count_field) + 1, self.due_field: now + self.claim_timeout}, **changes
        )

    def is_last(self, count: int) -> bool:
        return count > len(self.retry_delays)

    def next_after(self, count: int, now: datetime) -> datetime:
        """Return when to try again after `count` attempts, if that was not the last one."""
        return now + self.retry_delays[count - 1]
