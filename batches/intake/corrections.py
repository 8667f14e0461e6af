"""Correct invalid rows in a file: offer them for download with their problems, and apply the corrected file."""

import logging
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import DatabaseError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.rights import Right, require
from batches import shared_files
from batches.files import writers
from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake import reuse, stored_files
from batches.intake.row_import import refresh_counts
from batches.intake.row_reader import EMPTY_COLUMNS, ITEM_COLUMNS, RowReader, trim
from batches.intake.row_warnings import WarningTally
from batches.intake.stored_files import delete_on_failure
from batches.intake.uploads import NEXT_REVISION, check_size
from batches.models import NEEDS_DIGEST, Correction, Digest, Event, Item, Upload
from batches.statuses import CorrectionStatus, Emptied, Outcome, UploadStatus
from batches.tracing.lifecycle import record, transition_upload
from batches.tracing.spending import SpendingRefused, refuse_corrections

logger = logging.getLogger(__name__)
PROBLEM_COLUMN = "Problem"
"""The column after the list's own. Each of its cells begins with the number of the row to replace."""
UNREADABLE_MESSAGE = "The file could not be read completely, or its text cannot be saved. Please save it again as CSV."
INTERRUPTED_MESSAGE = (
    "The database was restored, or nothing was running for a while, before this file was applied. Its people may have "
    "been traced since. Decide about the batches in doubt first, and then upload the file again."
)
ROW_NUMBER_PATTERN = re.compile(r"'?Row (\d+): ")
MAX_ROW_NUMBER_DIGITS = 9
"""A longer number may not fit into the database's column."""
CHUNK_SIZE = 500
UPLOAD_CORRECTABLE = [UploadStatus.READY, UploadStatus.RUNNING, UploadStatus.PAUSED, UploadStatus.COMPLETE]
"""Statuses of lists whose rows can be corrected."""


# Download


def stream_invalid_rows(upload: Upload) -> Iterator[bytes]:
    """Yield the invalid rows of a list as a CSV file: the list's own columns, and what is wrong with each row."""
    yield from writers.write_csv(list_invalid_rows(upload))


def list_invalid_rows(upload: Upload) -> Iterator[list[str]]:
    columns = upload.all_columns
    yield [*columns, PROBLEM_COLUMN]
    invalid = upload.items.filter(outcome=Outcome.INVALID, owner_number=1).order_by("row_number")
    for item in invalid.iterator(chunk_size=CHUNK_SIZE):
        padding = [""] * (len(columns) - len(item.cells))
        yield [*item.cells, *padding, f"Row {item.row_number}: {item.message}"]


# Upload


def receive(upload: Upload, file: File, user: User | None) -> Correction:
    """Save and examine a corrected file. Return its Correction, to apply later.

    Raise UnreadableFile if the file is refused.
    """
    require(user, Right.UPLOAD)
    check_size(file)
    if upload.status not in UPLOAD_CORRECTABLE:
        raise UnreadableFile("This list's rows cannot be fixed at the moment.")
    correction = Correction(upload=upload, filename=Path(file.name or "").name[:255], created_by=user)
    with delete_on_failure(correction):
        correction.file.save(correction.filename, file, save=False)
        examined = stored_files.examine(correction.file)
        find_positions(upload, examined.columns)
        correction.file_format, correction.columns = examined.file_format.as_dict(), examined.columns
        correction.save()
    record(upload.pk, Event.CORRECTIONS_UPLOADED, user=user)
    return correction


def find_positions(upload: Upload, columns: list[str]) -> tuple[list[int], int]:
    """Return the positions of the list's columns and of the problem column. Raise UnreadableFile if one is missing."""
    names = [name.strip() for name in columns]
    if PROBLEM_COLUMN not in names:
        raise UnreadableFile(
            f"The column “{PROBLEM_COLUMN}” is missing. It holds the row numbers. Download the rows to fix, edit that "
            "file, and upload it with all of its columns."
        )
    # Columns with the same name are matched in the order of the file.
    unmatched: defaultdict[str, deque[int]] = defaultdict(deque)
    for position, name in enumerate(names):
        unmatched[name].append(position)
    positions = []
    for name in map(str.strip, upload.all_columns):
        if not unmatched[name]:
            raise UnreadableFile(f"The column “{name}” is missing. Please keep all columns of the downloaded file.")
        positions.append(unmatched[name].popleft())
    # The list may have a column with this name too. The added one is the last.
    problem_position = max(position for position, name in enumerate(names) if name == PROBLEM_COLUMN)
    return positions, problem_position


def check_correction(correction_id: int) -> int | None:
    """Check a corrected file and apply it to its list. Return the upload's id if there is anyone to trace.

    Only rows that are still invalid are changed, so a second run changes nothing more.
    """
    correction = Correction.objects.select_related("upload").get(pk=correction_id)
    if correction.status != CorrectionStatus.CHECKING:
        return None
    try:
        tally = apply_corrections(correction)
    except (UnreadableFile, SpendingRefused) as problem:
        return finish(correction, CorrectionStatus.FAILED, problem=str(problem))
    except (OSError, ValueError, DatabaseError) as problem:
        if isinstance(problem, FileNotFoundError) and not shared_files.sees_shared_files():
            # Another host may see the file. The sweep starts the check again.
            return None
        logger.error(
            "The corrected file of upload %s cannot be applied: %s", correction.upload_id, type(problem).__name__
        )
        return finish(correction, CorrectionStatus.FAILED, problem=UNREADABLE_MESSAGE)
    # People of rows that are still invalid are not traced.
    invalid_people = count_people(correction.upload, tally["invalid_count"])
    max_people = Greatest(F("max_people") - invalid_people, Value(0))
    return finish(correction, CorrectionStatus.DONE, max_people=max_people, **tally)


def fail_unfinished() -> None:
    """Fail the corrected files of started lists that are being checked. Their people may have been traced already."""
    unfinished = Correction.objects.filter(status=CorrectionStatus.CHECKING).exclude(upload__status=UploadStatus.READY)
    unfinished.update(status=CorrectionStatus.FAILED, problem=INTERRUPTED_MESSAGE)


def apply_corrections(correction: Correction) -> dict[str, int]:
    """Apply a corrected file. Return how many of its rows are now valid, are still invalid, or match no invalid row."""
    set_max_people(correction)
    reader = RowReader(correction.upload)
    tally = empty_tally()
    for cells_by_row, ignored in read_chunks(correction):
        tally["ignored_count"] += ignored
        apply_chunk(correction, reader, cells_by_row, tally)
        Correction.objects.filter(pk=correction.pk).update(heartbeat_at=timezone.now())
    return tally


def empty_tally() -> dict[str, int]:
    return dict.fromkeys(["corrected_count", "invalid_count", "ignored_count"], 0)


def set_max_people(correction: Correction) -> None:
    """Save how many people a file can add to its list before any row is applied.

    Raise SpendingRefused if a limit does not allow that many.

    A run that continues an interrupted one keeps the number, because it finds fewer rows that are still invalid.
    """
    if correction.max_people:
        return
    rows = count_invalid(correction)
    with transaction.atomic():
        upload = Upload.objects.select_for_update(no_key=True).get(pk=correction.upload_id)
        people = count_people(upload, rows)
        refuse_corrections(upload, people, correction.created_by)
        Correction.objects.filter(pk=correction.pk).update(max_people=people)


def count_people(upload: Upload, rows: int) -> int:
    """Return the highest number of people that this number of rows can have."""
    owners_per_row = 2 if upload.co_owners else 1
    return rows * owners_per_row


def count_invalid(correction: Correction) -> int:
    """Count the list's invalid rows that a file contains."""
    invalid = Item.objects.filter(upload=correction.upload_id, outcome=Outcome.INVALID, owner_number=1)
    found: set[int] = set()
    for cells_by_row, _ in read_chunks(correction):
        found.update(invalid.filter(row_number__in=cells_by_row).values_list("row_number", flat=True))
    return len(found)


def read_chunks(correction: Correction) -> Iterator[tuple[dict[int, list[str]], int]]:
    """Yield a file's rows in chunks of row number → cells, each with the number of rows to ignore.

    Rows without a number or with a repeated one are ignored.
    """
    columns = correction.upload.columns
    positions, problem_position = find_positions(correction.upload, correction.columns)
    rows = stored_files.read_rows(correction.file, FileFormat(**correction.file_format))
    while chunk := list(islice((cells for _, cells in rows if cells), CHUNK_SIZE)):
        cells_by_row, ignored = {}, 0
        for cells in chunk:
            problem = cells[problem_position] if problem_position < len(cells) else ""
            number = read_row_number(problem)
            if number is None or number in cells_by_row:
                ignored += 1
                continue
            own_cells = [cells[position] if position < len(cells) else "" for position in positions]
            cells_by_row[number] = trim(strip_apostrophes(own_cells), len(columns))
        yield cells_by_row, ignored


def read_row_number(problem: str) -> int | None:
    """Return the row number at the beginning of a cell of the problem column, or None if there is none."""
    found = ROW_NUMBER_PATTERN.match(problem)
    return int(found[1]) if found and len(found[1]) <= MAX_ROW_NUMBER_DIGITS else None


@transaction.atomic
def apply_chunk(
    correction: Correction, reader: RowReader, cells_by_row: dict[int, list[str]], tally: dict[str, int]
) -> None:
    """Apply some rows and add to the tally. Reuse earlier answers before the commit: after it, any job may plan."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=correction.upload_id)
    # If the columns or the file have changed, the correction has failed: its row numbers mean other rows.
    is_current = Correction.objects.filter(pk=correction.pk, status=CorrectionStatus.CHECKING).exists()
    if upload.status not in UPLOAD_CORRECTABLE or not is_current:
        raise UnreadableFile("The list has changed since you downloaded these rows. Please download them again.")
    reader.warnings = WarningTally(upload.warnings)
    replace_invalid_rows(upload, reader, cells_by_row, tally)
    Upload.objects.filter(pk=upload.pk).update(warnings=reader.warnings.as_list())
    reuse.reuse_answers(upload)


def replace_invalid_rows(
    upload: Upload, reader: RowReader, cells_by_row: dict[int, list[str]], tally: dict[str, int]
) -> None:
    """Check new cells of invalid rows, store what they are now, and add to the tally. Other rows are ignored."""
    invalid = Item.objects.filter(upload=upload, outcome=Outcome.INVALID, owner_number=1).exclude(
        emptied=Emptied.ERASED
    )
    ids = dict(invalid.filter(row_number__in=cells_by_row).values_list("row_number", "pk"))
    Digest.objects.filter(item__in=ids.values()).delete()
    tally["ignored_count"] += len(cells_by_row) - len(ids)
    rows = [(number, cells) for number, cells in cells_by_row.items() if number in ids]
    for row_values in reader.make_items(rows):
        values = dict(zip(ITEM_COLUMNS, row_values, strict=True))
        mark_if_duplicate(upload, values)
        row_number, owner_number = values["row_number"], values["owner_number"]
        if owner_number > 1:
            # The second owner exists already if the vendor has refused only the first.
            Item.objects.get_or_create(
                upload=upload, row_number=row_number, owner_number=owner_number, defaults=as_fields(values)
            )
            continue
        invalid.filter(pk=ids[row_number]).update(**as_fields(values))
        tally["invalid_count" if values["outcome"] == Outcome.INVALID else "corrected_count"] += 1


def as_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an item with these values of ITEM_COLUMNS, as if it were new."""
    return EMPTY_COLUMNS | values | {"cells": msgspec.json.decode(values["cells"])}


def mark_if_duplicate(upload: Upload, values: dict[str, Any]) -> None:
    """Give a fixed row the outcome `duplicate` if its person is in the list already."""
    if values["outcome"] == Outcome.PENDING:
        same = Item.objects.filter(upload=upload, fingerprint=values["fingerprint"])
        if first := same.exclude(outcome__in=[Outcome.DUPLICATE, Outcome.INVALID]).order_by("pk").first():
            values |= {"outcome": Outcome.DUPLICATE.value, "same_as_id": first.pk}


def strip_apostrophes(cells: list[str]) -> list[str]:
    """Return cells without the apostrophe that stops a spreadsheet from running them as formulas."""
    return [strip_apostrophe(cell) for cell in cells]


def strip_apostrophe(cell: str) -> str:
    is_escaped = cell.startswith("'") and writers.FORMULA_START.match(cell, 1)
    return cell[1:] if is_escaped else cell


@transaction.atomic
def finish(correction: Correction, status: CorrectionStatus, **changes: Any) -> int | None:
    """Finish a correction and reopen its list, in one transaction. Return the upload's id if there is anyone to trace.

    A complete list must never have unplanned people, not even if the file failed after some of its rows were applied.
    """
    Upload.objects.select_for_update(no_key=True).get(pk=correction.upload_id)
    checking = Correction.objects.filter(pk=correction.pk, status=CorrectionStatus.CHECKING)
    if checking.update(status=status, **changes):
        counts = {name.removesuffix("_count"): count for name, count in changes.items() if name.endswith("_count")}
        detail = changes.get("problem") or ", ".join(f"{count} {name}" for name, count in counts.items())
        what = Event.ROWS_EDITED if correction.is_edit else "rows corrected"
        record(correction.upload_id, what, user=correction.created_by, detail=detail)
    refresh_counts(correction.upload_id)
    Upload.objects.filter(pk=correction.upload_id).update(**NEEDS_DIGEST, **NEXT_REVISION)
    return correction.upload_id if reopen(correction) else None


def reopen(correction: Correction) -> bool:
    """Set a complete list back to running if it has new people. Return whether there is anyone to plan."""
    upload = correction.upload
    upload.refresh_from_db()
    if not upload.items.unplanned().exists() or upload.status == UploadStatus.READY:
        return False
    if upload.status == UploadStatus.COMPLETE:
        transition_upload(upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.COMPLETE}, completed_at=None)
    return True
