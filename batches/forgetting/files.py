"""Remove rows from stored files: write the other rows to a new file, or delete a file that cannot be read."""

import csv
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.db.models import QuerySet

from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake import stored_files
from batches.intake.stored_files import delete_files
from batches.models import Correction, Upload

IsErased = Callable[[int, Sequence[str]], bool]
"""A function that returns whether a row with this number and these cells is to be erased."""


@dataclass(frozen=True)
class Replacement:
    """A stored file that is to be replaced or, if there is no new file, deleted."""

    owner: Upload | Correction
    old: str
    new: str = ""
    file_format: FileFormat | None = None

    def apply(self) -> bool:
        """Make the owner refer to the new file. Return False if the owner's file has since been replaced."""
        changes: dict[str, Any] = {"file": self.new}
        if self.file_format:
            changes["file_format"] = self.file_format.as_dict()
        records: QuerySet[Any] = type(self.owner)._default_manager.filter(pk=self.owner.pk, file=self.old)
        return records.update(**changes) == 1


def find_rows(owner: Upload | Correction, is_erased: IsErased) -> Generator[tuple[int, list[str]]]:
    """Yield the rows of a stored file that are to be erased. Raise UnreadableFile or OSError if it cannot be read."""
    for number, cells in stored_files.read_rows(owner.file, FileFormat(**owner.file_format)):
        if cells and is_erased(number, cells):
            yield number, cells


def needs_rewrite(owner: Upload | Correction, is_erased: IsErased) -> bool:
    """Return whether a stored file contains rows to erase, or cannot be read."""
    if not owner.file:
        return False
    try:
        with closing(find_rows(owner, is_erased)) as rows:
            return next(rows, None) is not None
    except FileNotFoundError:
        return False
    except (UnreadableFile, OSError, ValueError, TypeError):
        return True


def rewrite(owner: Upload | Correction, is_erased: IsErased) -> Replacement:
    """Write the rows that stay to a new file, under the same row numbers.

    The new file is a CSV file with only the sheet and the columns that skipportal reads. A file that cannot be read is
    to be deleted: its replacement has no new file.
    """
    old = owner.file.name or ""
    file_format = FileFormat(**owner.file_format) if owner.file_format else None
    try:
        if file_format is None:
            raise UnreadableFile("Its format was never found out.")
        rows = stored_files.read_rows(owner.file, file_format)
        with tempfile.NamedTemporaryFile("w+", encoding="utf-8", newline="", suffix=".csv") as out:
            write_rows(csv.writer(out), owner.columns, file_format.header_row, rows, is_erased)
            out.flush()
            with Path(out.name).open("rb") as written:
                copy = type(owner)(pk=owner.pk)
                copy.file.save(f"{Path(old).stem}.csv", File(written), save=False)
    except (UnreadableFile, OSError, ValueError):
        return Replacement(owner, old)
    return Replacement(
        owner, old, copy.file.name or "", FileFormat("csv", "utf-8", ",", header_row=file_format.header_row)
    )


def write_rows(
    writer: Any, columns: list[str], header_row: int, rows: Iterator[tuple[int, list[str]]], is_erased: IsErased
) -> None:
    """Write the header and the rows that stay. Replace the others with blank lines to keep the row numbers."""
    written = 0
    if header_row:
        writer.writerows([[]] * (header_row - 1))
        writer.writerow(columns)
        written = header_row
    for number, cells in rows:
        if cells and not is_erased(number, cells):
            writer.writerows([[]] * (number - written - 1))
            writer.writerow([*cells, *[""] * (len(columns) - len(cells))])
            written = number


def discard(replacements: Sequence[Replacement], *, applied: bool) -> int:
    """Delete the old files of replacements that were applied, or the new files of those that were not."""
    return delete_files([each.old if applied else each.new for each in replacements])
