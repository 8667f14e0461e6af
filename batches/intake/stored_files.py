"""Read uploaded files, and delete those that belong to no list, correction or other record."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import DatabaseError
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile

from batches.file_storage import local_copy
from batches.files import isolated_reader
from batches.files.file_format import ExaminedFile, FileFormat
from batches.models import Correction, LoadedFile, ScrubSource, Upload
from batches.retention import Retained, RetainedOfLists

logger = logging.getLogger(__name__)
FILE_OWNERS = (Upload, Correction, ScrubSource, LoadedFile)
"""Models with a stored file."""
UPLOAD_FOLDER = "uploads"
ORPHAN_AGE = timedelta(hours=1)
"""Saving an upload never takes this long. An older file without a database row was left by a process that ended."""
MONTHS_SEARCHED = 2
"""Number of the latest monthly folders that are searched every hour."""


@contextmanager
def delete_on_failure(owner: Upload | Correction | ScrubSource | LoadedFile) -> Iterator[None]:
    """Delete the file of its owner if the block fails, unless a database row refers to the file.

    If the database cannot tell, leave the file to the sweep: a row without its file is worse than a file without a row.
    """
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):
            if owner.file and not find_owned([owner.file.name]):
                owner.file.delete(save=False)
        raise


def find_owned(names: list[str | None]) -> set[str]:
    """Return the files among these that a database row refers to."""
    return {
        name for model in FILE_OWNERS for name in model.objects.filter(file__in=names).values_list("file", flat=True)
    }


def delete_orphans(now: datetime) -> None:
    """Delete files that no database row refers to, an hour after they were stored.

    The sweep calls this every minute. Once an hour, it looks at the files of the latest two months, and once a day at
    all of them.
    """
    if now.minute != 0:
        return
    storage: Any = default_storage
    months = storage.list_months(UPLOAD_FOLDER)
    for month in months if now.hour == 0 else months[-MONTHS_SEARCHED:]:
        old = list(storage.list_old(month, now - ORPHAN_AGE))
        owned = find_owned_in(month) if old else set()
        delete_files(name for name in old if name not in owned)


def find_owned_in(month: str) -> set[str]:
    """Return the names of a month's files that a database row refers to."""
    owned: set[str] = set()
    for model in FILE_OWNERS:
        owned.update(model.objects.filter(file__startswith=month).values_list("file", flat=True).iterator())
    return owned


# Reading


def examine(file: FieldFile, sheet: str | None = None, with_hidden: bool = False) -> ExaminedFile:
    """Find a stored file's format, columns and first rows. Raise UnreadableFile or OSError if it cannot be read."""
    with local_copy(file) as path:
        return isolated_reader.examine(path, sheet, with_hidden)


def read_rows(file: FieldFile, file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield every row of a stored file below the header with its number.

    Raise UnreadableFile or OSError if the file cannot be read.
    """
    with local_copy(file) as path:
        yield from isolated_reader.read_rows(path, file_format)


# Retention


def delete_files(names: Iterable[str | None]) -> int:
    """Delete stored files. Return how many. A file that cannot be deleted is left to the sweep: no row refers to it."""
    deleted = 0
    for name in filter(None, names):
        try:
            default_storage.delete(name)
        except OSError as error:
            logger.warning("A stored file cannot be deleted: %s", type(error).__name__)
        else:
            deleted += 1
    return deleted


def expire_file(upload: Upload) -> Iterator[int]:
    """Delete the file of a list. Its rows are in the database."""
    Upload.objects.finished().filter(pk=upload.pk, file=upload.file.name).update(file="")
    yield delete_files([upload.file.name])


def expire_corrected_files(corrections: QuerySet[Correction]) -> None:
    names = list(corrections.order_by().values_list("file", flat=True))
    corrections.order_by().update(file="")
    delete_files(names)


RETAINED_FILES: list[Retained | RetainedOfLists] = [
    RetainedOfLists("Uploaded files", "file_deleted_at", expire_file, "FILE_RETENTION_DAYS"),
    Retained(
        "Corrected files",
        Correction.objects.exclude(file=""),
        "created_at",
        expire_corrected_files,
        "FILE_RETENTION_DAYS",
        list_path="upload",
    ),
]
