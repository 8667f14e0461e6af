"""Uploaded files on disk. Files that belong to no list and no correction are deleted."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError

from batches.models import Correction, Upload

FILE_OWNERS = (Upload, Correction)
UPLOAD_FOLDER = "uploads"
ORPHAN_AGE = timedelta(hours=1)
"""Saving an upload never takes this long. An older file without a row was left behind by a process that ended."""
MONTHS_SEARCHED = 2
"""How many of the latest monthly folders are searched."""


class WholeFileStorage(FileSystemStorage):
    """Deletes a file that could not be saved completely, which would otherwise fill a full disk further."""

    chosen = threading.local()
    """The name of this thread's file. It differs from the requested one if that was already in use."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        self.chosen.name = super().get_available_name(name, max_length)
        return self.chosen.name

    def _save(self, name: str, content: File) -> str:
        try:
            return super()._save(name, content)  # type: ignore[misc]
        except BaseException:
            with suppress(OSError):
                self.delete(self.chosen.name)
            raise


@contextmanager
def delete_on_failure(owner: Upload | Correction) -> Iterator[None]:
    """Delete the file of an object if the block fails, unless a row refers to it anyway.

    If the database cannot tell, keep the file for the sweep: a row without its file is worse than a file without a row.
    """
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):
            if owner.file and not find_owned([owner.file.name]):
                owner.file.delete(save=False)
        raise


def find_owned(names: list[str | None]) -> set[str]:
    """Return the files that a row refers to."""
    return {
        name for model in FILE_OWNERS for name in model.objects.filter(file__in=names).values_list("file", flat=True)
    }


def delete_orphans(now: datetime) -> None:
    """Delete files of the latest two months that no row refers to, an hour after they were stored. Runs hourly."""
    if now.minute:
        return
    for month in find_months():
        old = list(list_old_files(month, now - ORPHAN_AGE))
        owned = find_owned_in(month) if old else set()
        for name in old:
            if name not in owned:
                (Path(settings.MEDIA_ROOT) / name).unlink(missing_ok=True)


def find_months() -> list[str]:
    """Return the latest folders, as prefixes of file names: `uploads/2026/11/`."""
    months = sorted(path for path in (Path(settings.MEDIA_ROOT) / UPLOAD_FOLDER).glob("[0-9]*/[0-9]*") if path.is_dir())
    return [f"{UPLOAD_FOLDER}/{path.parent.name}/{path.name}/" for path in months[-MONTHS_SEARCHED:]]


def list_old_files(month: str, before: datetime) -> Iterator[str]:
    """Yield the names of a month's files last written before a moment."""
    with os.scandir(Path(settings.MEDIA_ROOT) / month) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before.timestamp():
                yield month + entry.name


def find_owned_in(month: str) -> set[str]:
    """Return the names of a month's files that a row refers to."""
    owned: set[str] = set()
    for model in FILE_OWNERS:
        owned.update(model.objects.filter(file__startswith=month).values_list("file", flat=True).iterator())
    return owned
