"""A file's rows → checked items, in the background.

Rows go into the database in file order, some thousands at a time, and a row is stored once whatever happens: a reading
that was cut off goes on behind the last stored row. Then it is settled who is sent: of duplicates the first, nobody who
was traced lately or is suppressed.
"""

import logging
from itertools import islice

from django.db import DataError, IntegrityError, transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from batches.database import insert, run_sql
from batches.files import parsing
from batches.files.file_format import Layout, UnreadableFile
from batches.intake import reuse
from batches.intake.row_reader import ITEM_COLUMNS, RowReader, trim
from batches.models import Item, Upload
from batches.statuses import UNSENT, Outcome, OwnerKind, UploadStatus
from batches.tracing import packing
from batches.tracing.lifecycle import move_upload, record

logger = logging.getLogger(__name__)
CHUNK = 2_000
"""Rows in one transaction."""


def check_rows(upload_id):
    """Read, check and store the rows of an upload; goes on where an earlier reading stopped."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.status != UploadStatus.CHECKING:
        return
    tally = {"blank": 0, "width": len(upload.columns)}
    stored = upload.items.aggregate(last=Max("row_number"))["last"] or 0
    reader = RowReader(upload)
    try:
        rows = ((number, cells) for number, cells in read_filled_rows(upload, tally) if number > stored)
        while chunk := list(islice(rows, CHUNK)):
            if not store(upload, reader, chunk):
                return
    except UnreadableFile as problem:
        fail(upload, str(problem))
    except (OSError, ValueError, DataError) as problem:
        # The class only: the text of a database error can hold the row.
        logger.error("The rows of upload %s cannot be read: %s", upload_id, type(problem).__name__)
        fail(upload, "The file cannot be read to its end. Save the list anew and upload it again.")
    else:
        finish_check(upload, tally)


def this_check(upload):
    """Return conditions that hold only while this check is current: not cancelled, and not started anew."""
    return {"status": UploadStatus.CHECKING, "checking_since": upload.checking_since}


def store(upload, reader, chunk):
    """Store the items of some rows. False if the upload is not being checked any more, or another reading is ahead."""

    def note_progress():
        progress = {"checked_rows": F("checked_rows") + len(chunk), "heartbeat_at": timezone.now()}
        return Upload.objects.filter(pk=upload.pk, **this_check(upload)).update(**progress)

    try:
        return insert("batches_item", ITEM_COLUMNS, reader.make_items(chunk), only_if=note_progress)
    except IntegrityError:
        logger.info("The rows of upload %s are read by another job.", upload.pk)
        return False


def fail(upload, problem):
    if move_upload(upload.pk, UploadStatus.FAILED, only_if=this_check(upload), problem=problem):
        record(upload.pk, "could not be read", detail=problem)


def read_filled_rows(upload, tally):
    """Numbered rows that hold anything; counts blank ones between them and the widest row on the way."""
    blank = 0
    for number, cells in parsing.rows(upload.file.path, Layout(**upload.layout)):
        if not cells:
            blank += 1
            continue
        tally["blank"] += blank
        blank = 0
        cells = trim(cells, len(upload.columns))
        tally["width"] = max(tally["width"], len(cells))
        yield number, cells


def finish_check(upload, tally):
    if not Upload.objects.filter(pk=upload.pk, **this_check(upload)).update(heartbeat_at=timezone.now()):
        return
    mark_duplicates(upload)
    reuse.reuse_answers(upload)
    counts = count_fates(upload) | {
        "batch_estimate": packing.count_batches(upload),
        "blank_count": tally["blank"],
        "extra_columns": tally["width"] - len(upload.columns),
    }
    if move_upload(upload.pk, UploadStatus.READY, only_if=this_check(upload), **counts):
        shown = [f"{counts['row_count']} rows", *(f"{counts[f'{fate}_count']} {fate}" for fate in UNSENT)]
        record(upload.pk, "checked", detail=", ".join(text for text in shown if not text.startswith("0 ")))


def count_fates(upload):
    """Count the upload's rows and people who are not sent, from its items in one query."""
    items = Item.objects.filter(upload=upload).order_by()
    fates = {f"{outcome}_count": Count("pk", filter=Q(outcome=outcome)) for outcome in UNSENT}
    by_mail = ~Q(owner_kind=OwnerKind.PERSON) & Q(outcome=Outcome.PENDING)
    return items.aggregate(
        row_count=Count("pk", filter=Q(owner_number=1)),
        co_owner_count=Count("pk", filter=~Q(owner_number=1)),
        by_mail_count=Count("pk", filter=by_mail),
        **fates,
    )


MARK = """
UPDATE batches_item SET outcome = 'duplicate', same_as_id = alike.first
FROM (
    SELECT id, min(id) OVER (PARTITION BY fingerprint) AS first FROM batches_item
    WHERE upload_id = %(upload)s AND outcome = 'pending' AND fingerprint <> ''
) AS alike
WHERE batches_item.id = alike.id AND alike.id <> alike.first
"""


def mark_duplicates(upload):
    """Of rows about the same person at the same address the first stays; the others point at it."""
    run_sql(MARK, {"upload": upload.pk})


@transaction.atomic
def refresh_counts(upload_id):
    """Count an upload's fates anew, after some of its rows were mended."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=upload_id)
    Upload.objects.filter(pk=upload_id).update(**count_fates(upload), batch_estimate=packing.count_batches(upload))
