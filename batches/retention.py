"""Purge contact details after RESULT_RETENTION_DAYS, in chunks that are found through an index.

Each chunk is a short transaction, which locks few rows for milliseconds, so that filing results is not delayed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet

CHUNK_SIZE = 1000
"""Rows purged in one transaction."""


@dataclass(frozen=True)
class Retained:
    """One kind of contact details, and how to purge them."""

    records: QuerySet[Model]
    """Records with details. A partial index on `moment` has the same condition."""
    moment: str
    """The field from which the retention time counts."""
    purge: Callable[[QuerySet[Any]], object]
    """Remove the details from the records of a chunk."""

    def find_expired(self, now: datetime) -> QuerySet[Model]:
        """Return the expired records, oldest first.

        This order makes PostgreSQL read them from the index even if it expects many.
        """
        if not settings.RESULT_RETENTION_DAYS:
            return self.records.none()
        until = now - timedelta(days=settings.RESULT_RETENTION_DAYS)
        return self.records.filter(**{f"{self.moment}__lt": until}).order_by(self.moment)

    def is_due(self, now: datetime) -> bool:
        """Return whether there is anything to purge, with one look-up in the index."""
        return bool(self.find_expired(now).values_list("pk")[:1])

    def purge_expired(self, now: datetime, end: float) -> bool:
        """Purge in chunks until nothing is left, or until `end` on the monotonic clock. Return whether it is done."""
        expired = self.find_expired(now)
        since: dict[str, datetime] = {}
        begin = time.monotonic()
        while chunk := list(expired.filter(**since).values_list("pk", self.moment)[:CHUNK_SIZE]):
            # Filter again, because records may have been answered again in the meantime.
            self.purge(expired.filter(pk__in=[pk for pk, _ in chunk]))
            # Continue from the last record, because purged rows stay in the index until it is vacuumed.
            since = {f"{self.moment}__gte": chunk[-1][1]}
            done = time.monotonic()
            if done > end:
                return False
            # Leave as much time again to those who file results, because the disk is shared.
            time.sleep(done - begin)
            begin = time.monotonic()
        return True


retained: list[Retained] = []


def register(*kinds: Retained) -> None:
    """Add kinds of details to purge."""
    retained.extend(kinds)


def is_due(now: datetime) -> bool:
    return any(kind.is_due(now) for kind in retained)


def purge_expired(now: datetime, seconds: float) -> bool:
    """Purge expired details for about this many seconds. Return whether nothing is left."""
    end = time.monotonic() + seconds
    return all(kind.purge_expired(now, end) for kind in retained)
