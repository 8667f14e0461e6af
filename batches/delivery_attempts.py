"""Attempts to deliver something: claimed by a conditional update, and repeated after pauses until one succeeds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet


@dataclass(frozen=True)
class Attempts:
    """How the rows of a table are delivered, and in which of their fields that is kept."""

    count_field: str
    """How many attempts there were."""
    due_field: str
    """When the next attempt is due."""
    pauses: tuple[timedelta, ...]
    """Between one attempt and the next. After the last of them a row is given up."""
    claim_time: timedelta
    """How long a claimed row belongs to its sender. One that dies holds it for so long."""

    def claim(self, due: QuerySet, now: datetime, **changes: object) -> int:
        """Take rows for one attempt and return how many. Of two senders one gets each row.

        The conditions of `due` must be on these rows alone: whoever waits for a row looks at no other table again.
        """
        return due.update(
            **{self.count_field: F(self.count_field) + 1, self.due_field: now + self.claim_time}, **changes
        )

    def is_last(self, count: int) -> bool:
        return count > len(self.pauses)

    def next_after(self, count: int, now: datetime) -> datetime:
        """Return when to try again after `count` attempts, none of which was the last."""
        return now + self.pauses[count - 1]
