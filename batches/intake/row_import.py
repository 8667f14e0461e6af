"""Check a list in the background: read the rows of its file and store them as items.

Rows are stored in the order of the file, in chunks, and each exactly once: a check that was interrupted continues after
the last stored row. Then duplicates are marked and earlier answers are reused.
"""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import DataError, IntegrityError, transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from batches import shared_files
from batches.database import bulk_insert, run_sql
from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake import reuse, stored_files
from batches.intake.row_reader import ITEM_COLUMNS, RowReader, trim
from batches.models import Item, Upload
from batches.nouns import noun_for
from batches.statuses import OUTCOME_NOT_SENT, Outcome, OwnerKind, UploadStatus
from batches.tracing import packing
from batches.tracing.lifecycle import record, transition_upload

logger = logging.getLogger(__name__)
CHUNK_SIZE = 2_000
"""Rows per transaction."""
MISSING_FILE = (
    "The stored file is missing on the server. Ask an administrator to put it back and read the list again, or upload "
    "the file again."
)
FILES_NOT_SHARED = (
    "A server that cannot see the stored files tried to read this list. Nothing is lost: the list is read as soon as "
    "another server takes it, or an administrator has connected the files."
)


def check_rows(upload_id: int) -> None:
    """Read, check and store the rows of an upload, continuing where an earlier run stopped."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.status != UploadStatus.CHECKING:
        return
    tally = {"blank": 0, "width": len(upload.columns)}
    stored = upload.items.aggregate(last=Max("row_number"))["last"] or 0
    reader = RowReader(upload)
    try:
        rows = ((number, cells) for number, cells in read_filled_rows(upload, tally) if number > stored)
        while chunk := list(islice(rows, CHUNK_SIZE)):
            if not store_chunk(upload, reader, chunk):
                return
    except UnreadableFile as problem:
        fail_check(upload, str(problem))
    except FileNotFoundError:
        handle_missing_file(upload)
    except (OSError, ValueError, DataError) as problem:
        # Log only the class: the message of a database error may contain the row.
        logger.error("The rows of upload %s cannot be read: %s", upload_id, type(problem).__name__)
        fail_check(upload, "The file could not be read completely. Please save the list again and upload the new file.")
    else:
        finish_check(upload, tally)


def current_check(upload: Upload) -> dict[str, Any]:
    """Return the filter that an upload matches only while this check is the current one."""
    return {"status": UploadStatus.CHECKING, "checking_since": upload.checking_since}


def store_chunk(upload: Upload, reader: RowReader, chunk: list[tuple[int, list[str]]]) -> bool:
    """Store the items of some rows. Return False if the check is no longer current, or another job has stored them.

    The count of checked rows decides between two jobs: the table of people does not if it is partitioned.
    """
    progress_so_far = {"checked_rows": upload.checked_rows}

    def record_progress() -> int:
        progress = {
            "checked_rows": F("checked_rows") + len(chunk),
            "heartbeat_at": timezone.now(),
            "warnings": reader.warnings.as_list(),
        }
        return Upload.objects.filter(pk=upload.pk, **progress_so_far, **current_check(upload)).update(**progress)

    try:
        is_stored = bulk_insert("batches_item", ITEM_COLUMNS, reader.make_items(chunk), only_if=record_progress)
    except IntegrityError:
        is_stored = False
    if is_stored:
        upload.checked_rows += len(chunk)
    else:
        logger.info("The check of upload %s is over, or another job is reading its rows.", upload.pk)
    return is_stored


def fail_check(upload: Upload, problem: str) -> None:
    if transition_upload(upload.pk, UploadStatus.FAILED, only_if=current_check(upload), problem=problem):
        record(upload.pk, "could not be read", detail=problem)


def handle_missing_file(upload: Upload) -> None:
    """Leave a list to another host if this one does not see the shared files. Otherwise, record that its file is gone.

    The sweep starts the check again until a host has the file.
    """
    if shared_files.sees_shared_files():
        logger.error("The file of upload %s is missing.", upload.pk)
        fail_check(upload, MISSING_FILE)
        return
    logger.error("This host does not see the stored files, so it cannot read upload %s.", upload.pk)
    Upload.objects.filter(pk=upload.pk, **current_check(upload)).update(problem=FILES_NOT_SHARED)


def read_filled_rows(upload: Upload, tally: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    """Yield the numbered rows that are not blank. Tally the blank rows between them, and the width of the widest."""
    blank = 0
    for number, cells in stored_files.read_rows(upload.file, FileFormat(**upload.file_format)):
        if not cells:
            blank += 1
            continue
        tally["blank"] += blank
        blank = 0
        cells = trim(cells, len(upload.columns))
        tally["width"] = max(tally["width"], len(cells))
        yield number, cells


def finish_check(upload: Upload, tally: dict[str, int]) -> None:
    if not Upload.objects.filter(pk=upload.pk, **current_check(upload)).update(heartbeat_at=timezone.now()):
        return
    mark_duplicates(upload)
    reuse.reuse_answers(upload)
    counts = count_outcomes(upload) | {
        "batch_estimate": packing.estimate_batches(upload),
        "blank_count": tally["blank"],
        "extra_columns": tally["width"] - len(upload.columns),
    }
    if transition_upload(upload.pk, UploadStatus.READY, only_if=current_check(upload), problem="", **counts):
        parts = [f"{counts['row_count']} {noun_for(counts['row_count'], 'row')}"]
        parts += [f"{counts[f'{outcome}_count']} {outcome}" for outcome in OUTCOME_NOT_SENT]
        record(upload.pk, "checked", detail=", ".join(part for part in parts if not part.startswith("0 ")))


def count_outcomes(upload: Upload) -> dict[str, int]:
    """Count an upload's rows and, by outcome, the people who are not sent. Make one query."""
    items = Item.objects.filter(upload=upload).order_by()
    not_sent = {f"{outcome}_count": Count("pk", filter=Q(outcome=outcome)) for outcome in OUTCOME_NOT_SENT}
    by_mail = ~Q(owner_kind=OwnerKind.PERSON) & Q(outcome=Outcome.PENDING)
    return items.aggregate(
        row_count=Count("pk", filter=Q(owner_number=1)),
        co_owner_count=Count("pk", filter=~Q(owner_number=1)),
        by_mail_count=Count("pk", filter=by_mail),
        **not_sent,
    )


MARK_DUPLICATES = """
UPDATE batches_item SET outcome = 'duplicate', same_as_id = alike.first
FROM (
    SELECT id, min(id) OVER (PARTITION BY fingerprint) AS first FROM batches_item
    WHERE upload_id = %(upload)s AND outcome = 'pending' AND fingerprint <> ''
) AS alike
WHERE batches_item.id = alike.id AND alike.id <> alike.first
"""
"""Make each item a duplicate of the first one with the same fingerprint."""
HAS_NO_ZIP = Q(mail_zip="") & ~Q(mail_address="") | Q(zip="", mail_address="") & ~Q(address="")
"""People whose own address, or else the property's, has no ZIP."""
MARK_DUPLICATES_WITHOUT_ZIP = """
UPDATE batches_item SET outcome = 'duplicate', same_as_id = alike.first
FROM (
    SELECT id, zip, min(id) OVER same AS first, first_value(zip) OVER (same ORDER BY id) AS first_zip
    FROM (
        SELECT
            id, lower(first_name) AS first_name, lower(last_name) AS last_name,
            lower(CASE WHEN mail_address <> '' THEN mail_address ELSE address END) AS street,
            lower(CASE WHEN mail_address <> '' THEN mail_unit ELSE unit END) AS unit,
            lower(CASE WHEN mail_address <> '' THEN mail_city ELSE city END) AS city,
            CASE WHEN mail_address <> '' THEN mail_state ELSE state END AS state,
            CASE WHEN mail_address <> '' THEN mail_zip ELSE zip END AS zip
        FROM batches_item
        WHERE upload_id = %(upload)s AND outcome = 'pending' AND fingerprint <> '' AND last_name <> ''
    ) AS people
    WHERE street <> ''
    WINDOW same AS (PARTITION BY first_name, last_name, street, unit, city, state)
) AS alike
WHERE batches_item.id = alike.id AND alike.id <> alike.first AND (alike.zip = '' OR alike.first_zip = '')
"""
"""Make an item a duplicate of another if they differ only because one of them has no ZIP."""


def mark_duplicates(upload: Upload) -> None:
    """Mark rows about the same person at the same address as duplicates of the first such row."""
    run_sql(MARK_DUPLICATES, {"upload": upload.pk})
    if upload.items.filter(HAS_NO_ZIP, outcome=Outcome.PENDING).exists():
        run_sql(MARK_DUPLICATES_WITHOUT_ZIP, {"upload": upload.pk})


@transaction.atomic
def refresh_counts(upload_id: int) -> None:
    """Count an upload's rows and people again after some rows were corrected."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    Upload.objects.filter(pk=upload_id).update(
        **count_outcomes(upload), batch_estimate=packing.estimate_batches(upload)
    )
