"""Corrections: invalid rows are downloaded with what is wrong, fixed, and uploaded into the same list."""

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

from batches.files import isolated_reader, writers
from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake import reuse
from batches.intake.row_import import refresh_counts
from batches.intake.row_reader import ITEM_COLUMNS, RowReader, trim
from batches.intake.row_warnings import WarningTally
from batches.intake.stored_files import delete_on_failure
from batches.intake.uploads import NEXT_REVISION, check_size
from batches.models import NEEDS_DIGEST, Correction, Digest, Event, Item, Upload
from batches.statuses import CorrectionStatus, Outcome, UploadStatus
from batches.tracing.lifecycle import record, transition_upload
from batches.tracing.spending import OverLimit, refuse_corrections

logger = logging.getLogger(__name__)
PROBLEM_COLUMN = "Problem"
"""The column after the list's own. Its cells begin with the number of the row that the fixed row replaces."""
UNREADABLE_MESSAGE = "The file could not be read completely, or its text cannot be saved. Please save it again as CSV."
INTERRUPTED_MESSAGE = (
    "The database was restored, or nothing was running for a while, before this file was applied. Its people may have "
    "been traced since. Decide about the batches in doubt first, and then upload the file again."
)
ROW_NUMBER_PATTERN = re.compile(r"'?Row (\d+): ")
CHUNK_SIZE = 500
UPLOAD_CORRECTABLE = [UploadStatus.READY, UploadStatus.RUNNING, UploadStatus.PAUSED, UploadStatus.COMPLETE]
"""Lists with rows that can be corrected."""


# Download


def stream_invalid_rows(upload: Upload) -> Iterator[bytes]:
    """Yield the list's invalid rows as a CSV file: its own columns, and what is wrong with each row."""
    yield from writers.write_csv(list_invalid_rows(upload))


def list_invalid_rows(upload: Upload) -> Iterator[list[str]]:
    columns = upload.all_columns
    yield [*columns, PROBLEM_COLUMN]
    for item in (
        upload.items.filter(outcome=Outcome.INVALID, owner_number=1).order_by("row_number").iterator(chunk_size=500)
    ):
        padding = [""] * (len(columns) - len(item.cells))
        yield [*item.cells, *padding, f"Row {item.row_number}: {item.message}"]


# Upload


def receive(upload: Upload, file: File, user: User | None) -> Correction:
    """Save and examine a corrected file. Return the Correction, to be checked later. Raises UnreadableFile."""
    check_size(file)
    if upload.status not in UPLOAD_CORRECTABLE:
        raise UnreadableFile("This list's rows cannot be fixed at the moment.")
    correction = Correction(upload=upload, filename=Path(file.name or "").name[:255], created_by=user)
    with delete_on_failure(correction):
        correction.file.save(correction.filename, file, save=False)
        examined = isolated_reader.examine(correction.file.path)
        find_positions(upload, examined.columns)
        correction.file_format, correction.columns = examined.file_format.as_dict(), examined.columns
        correction.save()
    record(upload.pk, Event.CORRECTIONS_UPLOADED, user=user)
    return correction


def find_positions(upload: Upload, columns: list[str]) -> tuple[list[int], int]:
    """Return the positions of the list's columns and of the problem column. Raises UnreadableFile."""
    names = [name.strip() for name in columns]
    if PROBLEM_COLUMN not in names:
        raise UnreadableFile(
            f"The column “{PROBLEM_COLUMN}” is missing. It holds the row numbers. Download the rows to fix, edit that "
            "file, and upload it with all of its columns."
        )
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for place, name in enumerate(names):
        places[name].append(place)
    positions = []
    for name in map(str.strip, upload.all_columns):
        if not places[name]:
            raise UnreadableFile(f"The column “{name}” is missing. Please keep all columns of the downloaded file.")
        positions.append(places[name].popleft())
    return positions, len(names) - 1 - names[::-1].index(PROBLEM_COLUMN)


def check_correction(correction_id: int) -> int | None:
    """Apply a corrected file to its list. Return the upload's id if there is someone new to trace.

    Only rows that are still invalid are changed, so a second run changes nothing more.
    """
    correction = Correction.objects.select_related("upload").get(pk=correction_id)
    if correction.status != CorrectionStatus.CHECKING:
        return None
    try:
        tally = apply_corrections(correction)
    except (UnreadableFile, OverLimit) as problem:
        return finish(correction, CorrectionStatus.FAILED, problem=str(problem))
    except (OSError, ValueError, DatabaseError) as problem:
        logger.error(
            "The corrected file of upload %s cannot be applied: %s", correction.upload_id, type(problem).__name__
        )
        return finish(correction, CorrectionStatus.FAILED, problem=UNREADABLE_MESSAGE)
    invalid = count_people(correction.upload, tally["invalid_count"])
    max_people = Greatest(F("max_people") - invalid, Value(0))
    return finish(correction, CorrectionStatus.DONE, max_people=max_people, **tally)


def fail_unfinished() -> None:
    """Fail corrected files of started lists that are being checked. Their rows may have been paid for already."""
    unfinished = Correction.objects.filter(status=CorrectionStatus.CHECKING).exclude(upload__status=UploadStatus.READY)
    unfinished.update(status=CorrectionStatus.FAILED, problem=INTERRUPTED_MESSAGE)


def apply_corrections(correction: Correction) -> dict[str, int]:
    """Apply the file's rows. Return how many were corrected, are still invalid, or match no invalid row."""
    check_limits(correction)
    reader = RowReader(correction.upload)
    tally = empty_tally()
    for numbered, ignored in read_chunks(correction):
        tally["ignored_count"] += ignored
        apply_chunk(correction, reader, numbered, tally)
        Correction.objects.filter(pk=correction.pk).update(heartbeat_at=timezone.now())
    return tally


def empty_tally() -> dict[str, int]:
    return dict.fromkeys(["corrected_count", "invalid_count", "ignored_count"], 0)


def check_limits(correction: Correction) -> None:
    """Count how many people the rows of a file can be, before any row is applied. Raises OverLimit.

    A second run is not checked again, because it finds fewer rows that are still invalid.
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
    """Return the highest number of people in a number of rows."""
    return rows * (2 if upload.co_owners else 1)


def count_invalid(correction: Correction) -> int:
    """Count the list's invalid rows that a file contains."""
    invalid = Item.objects.filter(upload=correction.upload_id, outcome=Outcome.INVALID, owner_number=1)
    found: set[int] = set()
    for numbered, _ in read_chunks(correction):
        found.update(invalid.filter(row_number__in=numbered).values_list("row_number", flat=True))
    return len(found)


def read_chunks(correction: Correction) -> Iterator[tuple[dict[int, list[str]], int]]:
    """Yield chunks of a file's rows as row number → cells, and how many rows have no number or a repeated one."""
    columns = correction.upload.columns
    positions, problem_at = find_positions(correction.upload, correction.columns)
    rows = isolated_reader.rows(correction.file.path, FileFormat(**correction.file_format))
    while chunk := list(islice((cells for _, cells in rows if cells), CHUNK_SIZE)):
        numbered, ignored = {}, 0
        for cells in chunk:
            found = ROW_NUMBER_PATTERN.match(cells[problem_at]) if problem_at < len(cells) else None
            if found and len(found[1]) < 10 and int(found[1]) not in numbered:
                corrected = strip_apostrophes([cells[place] if place < len(cells) else "" for place in positions])
                numbered[int(found[1])] = trim(corrected, len(columns))
            else:
                ignored += 1
        yield numbered, ignored


@transaction.atomic
def apply_chunk(
    correction: Correction, reader: RowReader, numbered: dict[int, list[str]], tally: dict[str, int]
) -> None:
    """Apply some rows, add to the tally, and reuse earlier answers at once: after the commit, any job may plan them."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=correction.upload_id)
    # If the columns or the file have been changed since, the row numbers mean other rows.
    is_wanted = Correction.objects.filter(pk=correction.pk, status=CorrectionStatus.CHECKING).exists()
    if upload.status not in UPLOAD_CORRECTABLE or not is_wanted:
        raise UnreadableFile("The list has changed since you downloaded these rows. Please download them again.")
    reader.warnings = WarningTally(upload.warnings)
    invalid = Item.objects.filter(upload=upload, outcome=Outcome.INVALID, owner_number=1)
    ids = dict(invalid.filter(row_number__in=numbered).values_list("row_number", "pk"))
    Digest.objects.filter(item__in=ids.values()).delete()
    tally["ignored_count"] += len(numbered) - len(ids)
    rows = [(number, cells) for number, cells in numbered.items() if number in ids]
    for made in reader.make_items(rows):
        values = dict(zip(ITEM_COLUMNS, made, strict=True))
        mark_if_duplicate(upload, values)
        row_number, owner_number = values["row_number"], values["owner_number"]
        if owner_number > 1:
            # It exists already if the vendor has refused only the first owner.
            Item.objects.get_or_create(
                upload=upload, row_number=row_number, owner_number=owner_number, defaults=as_fields(values)
            )
            continue
        invalid.filter(pk=ids[row_number]).update(**as_fields(values))
        tally["invalid_count" if values["outcome"] == Outcome.INVALID else "corrected_count"] += 1
    Upload.objects.filter(pk=upload.pk).update(warnings=reader.warnings.as_list())
    reuse.reuse_answers(upload)


def as_fields(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"cells": msgspec.json.decode(values["cells"])}


def mark_if_duplicate(upload: Upload, values: dict[str, Any]) -> None:
    """Make a fixed row a duplicate if its person is in the list already."""
    if values["outcome"] == Outcome.PENDING:
        same = Item.objects.filter(upload=upload, fingerprint=values["fingerprint"])
        if first := same.exclude(outcome__in=[Outcome.DUPLICATE, Outcome.INVALID]).order_by("pk").first():
            values |= {"outcome": Outcome.DUPLICATE.value, "same_as_id": first.pk}


def strip_apostrophes(cells: list[str]) -> list[str]:
    """Return cells without the apostrophe that stops a spreadsheet from running them as formulas."""
    return [cell[1:] if cell.startswith("'") and cell[1:].startswith(writers.DANGEROUS) else cell for cell in cells]


@transaction.atomic
def finish(correction: Correction, status: CorrectionStatus, **changes: Any) -> int | None:
    """Finish a correction and reopen its list, in one transaction. Return the upload's id if anyone can be traced.

    A complete list must never keep unplanned people, not even if only some rows were accepted.
    """
    Upload.objects.select_for_update(no_key=True).get(pk=correction.upload_id)
    checking = Correction.objects.filter(pk=correction.pk, status=CorrectionStatus.CHECKING)
    if checking.update(status=status, **changes):
        detail = changes.get("problem") or ", ".join(
            f"{changes[name]} {name.removesuffix('_count')}" for name in changes if name.endswith("_count")
        )
        what = Event.ROWS_EDITED if correction.is_edit else "rows corrected"
        record(correction.upload_id, what, user=correction.created_by, detail=detail)
    refresh_counts(correction.upload_id)
    Upload.objects.filter(pk=correction.upload_id).update(**NEEDS_DIGEST, **NEXT_REVISION)
    return correction.upload_id if reopen(correction) else None


def reopen(correction: Correction) -> bool:
    """Move a complete list with new people back to running. Return whether there is anything to plan."""
    upload = correction.upload
    upload.refresh_from_db()
    if not upload.items.unplanned().exists() or upload.status == UploadStatus.READY:
        return False
    if upload.status == UploadStatus.COMPLETE:
        transition_upload(upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.COMPLETE}, completed_at=None)
    return True
