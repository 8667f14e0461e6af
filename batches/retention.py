"""Delete what is older than its retention time, in chunks that are found through an index.

Each kind of data has its own setting. While a list is neither complete nor cancelled, none of its data is deleted. Each
chunk is a short transaction that locks a few rows for milliseconds, so that filing results is not delayed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from batches.models import Upload, UploadQuerySet

CHUNK_SIZE = 1000
"""Rows purged in one transaction."""
AT_ONCE = ""
"""Used in place of a setting for data that is to be deleted as soon as it is found."""


def find_limit(setting: str, now: datetime) -> datetime | None:
    """Return the time before which data is deleted, or None if it is kept forever."""
    if setting == AT_ONCE:
        return now
    days = getattr(settings, setting)
    return now - timedelta(days=days) if days else None


def delete_records(records: QuerySet[Any]) -> int:
    """Delete records. Return how many there were, with those that went with them."""
    deleted, _ = records.order_by().delete()
    return deleted


@dataclass(frozen=True)
class Retained:
    """One kind of record with data that expires, and how to purge it."""

    label: str
    """What the page about retention calls the records."""
    records: QuerySet[Any]
    """The records that have such data. A partial index on `time_field` has the same condition."""
    time_field: str
    """The field from which the retention time counts."""
    purge: Callable[[QuerySet[Any]], object]
    """Remove the data from the records of a chunk."""
    setting: str = "RESULT_RETENTION_DAYS"
    list_path: str = ""
    """The path to the list of a record, which must be complete or cancelled. Empty if there is no list."""

    def find_old(self, now: datetime) -> QuerySet[Any]:
        """Return the records whose retention time is over, oldest first, whatever the status of their list.

        This order makes PostgreSQL read the records from the index even if it expects many of them.
        """
        until = find_limit(self.setting, now)
        if until is None:
            return self.records.none()
        return self.records.filter(**{f"{self.time_field}__lt": until}).order_by(self.time_field)

    def find_expired(self, now: datetime) -> QuerySet[Any]:
        """Return the records to purge, oldest first."""
        old, until = self.find_old(now), find_limit(self.setting, now)
        if not self.list_path or until is None:
            return old
        unfinished = list(Upload.objects.unfinished().filter(created_at__lt=until).values_list("pk", flat=True))
        return old.exclude(**{f"{self.list_path}__in": unfinished}) if unfinished else old

    def count_expired(self, now: datetime) -> int:
        return self.find_expired(now).order_by().count()

    def is_due(self, now: datetime) -> bool:
        """Return whether there is anything to purge. If nothing is old, this takes one lookup in the index."""
        if not self.find_old(now).values_list("pk")[:1]:
            return False
        return not self.list_path or bool(self.find_expired(now).values_list("pk")[:1])

    def purge_expired(self, now: datetime, deadline: float) -> bool:
        """Purge in chunks until nothing is left, or until `deadline` in monotonic time.

        Return whether nothing is left.
        """
        expired = self.find_expired(now)
        remaining = expired
        started = time.monotonic()
        while chunk := list(remaining.values_list("pk", self.time_field)[:CHUNK_SIZE]):
            # Filter by `expired` again, because records may have been answered again since.
            self.purge(expired.filter(pk__in=[pk for pk, _ in chunk]))
            # Continue from the last record, because purged rows stay in the index until it is vacuumed.
            _, last_time = chunk[-1]
            remaining = expired.filter(**{f"{self.time_field}__gte": last_time})
            ended = time.monotonic()
            if ended > deadline:
                return False
            # Pause for as long as the chunk took, because filing results needs the same disk.
            time.sleep(ended - started)
            started = time.monotonic()
        return True


@dataclass(frozen=True)
class RetainedOfLists:
    """One kind of data that expires for a whole list at once, some time after the list was completed or cancelled."""

    label: str
    mark: str
    """The list's field for the time when the data was deleted. Required to be empty by an index on `completed_at`."""
    purge: Callable[[Upload], Iterator[object]]
    """Remove the data of a list in chunks, and yield after each chunk."""
    setting: str

    @property
    def records(self) -> UploadQuerySet:
        return Upload.objects.finished().filter(**{self.mark: None})

    def find_expired(self, now: datetime) -> QuerySet[Upload]:
        """Return the lists whose data is to be purged, oldest first."""
        until = find_limit(self.setting, now)
        if until is None:
            return self.records.none()
        return self.records.filter(completed_at__lt=until).order_by("completed_at")

    def count_expired(self, now: datetime) -> int:
        return self.find_expired(now).order_by().count()

    def is_due(self, now: datetime) -> bool:
        return bool(self.find_expired(now).values_list("pk")[:1])

    def purge_expired(self, now: datetime, deadline: float) -> bool:
        """Purge list by list until nothing is left, or until `deadline` in monotonic time.

        Return whether nothing is left.
        """
        while upload := self.find_expired(now).first():
            started = time.monotonic()
            for _ in self.purge(upload):
                ended = time.monotonic()
                if ended > deadline:
                    return False
                time.sleep(ended - started)
                started = time.monotonic()
            # If the list has since been completed again, its retention time starts again.
            self.records.filter(pk=upload.pk, completed_at=upload.completed_at).update(**{self.mark: now})
        return True


retained: list[Retained | RetainedOfLists] = []


def register(*kinds: Retained | RetainedOfLists) -> None:
    """Add kinds of data to purge."""
    retained.extend(kinds)


def is_due(now: datetime) -> bool:
    """Return whether data of any kind has expired."""
    return any(kind.is_due(now) for kind in retained)


def purge_expired(now: datetime, seconds: float) -> bool:
    """Purge expired data for about this many seconds. Return whether nothing is left."""
    deadline = time.monotonic() + seconds
    return all(kind.purge_expired(now, deadline) for kind in retained)
