"""Deliver with retries: claim rows by a conditional UPDATE, and retry after growing delays."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet


@dataclass(frozen=True)
class RetryPolicy:
    """When the rows of a table are delivered and retried, and which of their fields record that."""

    count_field: str
    """The number of attempts so far."""
    due_field: str
    """When the next attempt is due."""
    retry_delays: tuple[timedelta, ...]
    """The delays between attempts. A row is abandoned after the attempt that follows the last delay."""
    claim_timeout: timedelta
    """How long a claimed row is reserved for its sender, even if the sender dies."""

    def claim(self, due: QuerySet[Any], now: datetime, **changes: object) -> int:
        """Claim the rows of `due` for one attempt. Return how many. Of two senders, only one gets each row.

        `due` must filter by columns of its own table only. After it has waited for a row that another sender has
        claimed, PostgreSQL checks only these again.
        """
        return due.update(
            **{self.count_field: F(self.count_field) + 1, self.due_field: now + self.claim_timeout}, **changes
        )

    def is_last(self, count: int) -> bool:
        """Return whether no attempt follows after `count` attempts."""
        return count > len(self.retry_delays)

    def next_after(self, count: int, now: datetime) -> datetime:
        """Return when to try again after `count` attempts, if that was not the last one."""
        return now + self.retry_delays[count - 1]
