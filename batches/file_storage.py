"""Where uploaded files are stored: in a directory that all hosts share, or in a bucket in object storage.

Whoever needs a path on this computer gets one from `local_copy`.
"""

import os
import pwd
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models.fields.files import FieldFile

COPY_SUFFIX = ".copy"


def describe_failure(error: OSError) -> str:
    """Return which file cannot be opened, why, and whose permission is missing."""
    if not error.filename:
        return f"{error.strerror or error}."
    sentence = f"Cannot open {error.filename}: {error.strerror}."
    if isinstance(error, PermissionError):
        # The operator is root, and the command is not.
        return f"{sentence} This command runs as the account {find_account()}."
    return sentence


def find_account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


class WholeFileStorage(FileSystemStorage):
    """A directory that keeps no incomplete files: on a full disk, the saved part would leave even less space."""

    chosen = threading.local()
    """The name under which this thread saves its file. It differs from the requested name if that is in use."""

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

    def put(self, name: str, content: File) -> None:
        """Store a file under exactly this name, in place of any other."""
        self.delete(name)
        self.chosen.name = name
        self._save(name, content)

    def list_months(self, folder: str) -> list[str]:
        """Return the monthly folders, the latest last, as prefixes of file names: `uploads/2026/11/`."""
        months = sorted(path for path in Path(self.path(folder)).glob("[0-9]*/[0-9]*") if path.is_dir())
        return [f"{folder}/{path.parent.name}/{path.name}/" for path in months]

    def list_old(self, month: str, before: datetime) -> Iterator[str]:
        """Yield the names of a month's files that were last written before a moment."""
        with os.scandir(self.path(month)) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before.timestamp():
                    yield month + entry.name


@contextmanager
def local_copy(file: FieldFile) -> Iterator[Path]:
    """Provide a path on this computer under which a stored file can be read.

    A file in a bucket is copied, a piece at a time, and the copy is deleted afterwards. Raise FileNotFoundError if the
    file is missing, and OSError if it cannot be read.
    """
    with local_copy_of(file.storage, file.name or "") as path:
        yield path


@contextmanager
def local_copy_of(storage: Storage, name: str) -> Iterator[Path]:
    if isinstance(storage, FileSystemStorage):
        yield Path(storage.path(name))
        return
    with tempfile.NamedTemporaryFile(suffix=COPY_SUFFIX) as out:
        copy_to(storage, name, out)
        out.flush()
        yield Path(out.name)


def copy_to(storage: Storage, name: str, out: Any) -> None:
    """Write the content of a stored file, a piece at a time."""
    if download := getattr(storage, "download", None):
        download(name, out)
        return
    with storage.open(name) as content:
        shutil.copyfileobj(content, out)
