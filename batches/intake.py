"""A file → checked items.

A file is examined when it is uploaded, so that a user learns at once what is wrong with it; its rows are checked
in the background. Rows go into the database in file order, a thousand at a time, and a row is stored once
whatever happens: a reading that was cut off goes on behind the last stored row.
"""

import logging
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import Count, F, Max, Min
from django.utils import timezone

from batches import mapping, packing, parsing
from batches.checking import Checked, Problem, check
from batches.layout import Layout, UnreadableFile
from batches.lifecycle import move_upload, record
from batches.models import Item, Upload
from batches.statuses import Outcome, Priority, UploadStatus
from batches.vendor.protocol import FIELDS

logger = logging.getLogger(__name__)
CHUNK = 1_000


def receive(file: File, user, name="", priority=Priority.NORMAL):
    """Keep an uploaded file and examine it. Gives a draft Upload with guessed columns; raises UnreadableFile."""
    filename = Path(file.name).name[:255]
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = f"{settings.MAX_UPLOAD_BYTES / 1024**2:,.0f} MB"
        raise UnreadableFile(f"The file has {file.size / 1024**2:,.0f} MB; {limit} is the most. Split the list.")
    upload = Upload(name=(name or Path(filename).stem)[:200], filename=filename, created_by=user, priority=priority)
    upload.file.save(filename, file, save=False)
    try:
        examine(upload)
    except UnreadableFile:
        upload.file.delete(save=False)
        raise
    record(upload.pk, "uploaded", user=user)
    return upload


def examine(upload, sheet=None):
    """Find out how the upload's file is read and what its columns mean. Gives sample rows; raises UnreadableFile."""
    examined = parsing.examine(upload.file.path, sheet)
    upload.layout = examined.layout.as_dict()
    upload.columns = examined.columns
    upload.mapping = mapping.guess_mapping(examined.columns)
    upload.save()
    return examined.samples


def read_samples(upload):
    """The first rows of the upload's file that hold anything; none where it cannot be read any more."""
    rows = parsing.rows(upload.file.path, Layout(**upload.layout))
    try:
        return list(islice((cells for _, cells in rows if cells), 5))
    except (OSError, UnreadableFile):
        return []


def accept_mapping(upload, columns, fixed, match, user):
    """Take the user's mapping and let the rows be checked anew. False if the upload has gone on meanwhile."""
    now = timezone.now()
    settled = {"mapping": columns, "fixed": fixed, "match": match}
    cleared = {"row_count": 0, "invalid_count": 0, "duplicate_count": 0, "checked_rows": 0, "blank_count": 0}
    with transaction.atomic():
        if not move_upload(upload.pk, UploadStatus.CHECKING, heartbeat_at=now, problem="", **settled, **cleared):
            return False
        upload.items.all().delete()
        record(upload.pk, "columns chosen", user=user, detail=", ".join([*columns, *fixed]))
    return True


def check_rows(upload_id):
    """Read, check and store the rows of an upload; goes on where an earlier reading stopped."""
    upload = Upload.objects.get(pk=upload_id)
    if upload.status != UploadStatus.CHECKING:
        return
    tally = {"blank": 0, "width": len(upload.columns)}
    rows = read_filled_rows(upload, tally)
    stored = upload.items.aggregate(last=Max("row_number"))["last"] or 0
    try:
        while chunk := list(islice(rows, CHUNK)):
            fresh = [make_item(upload, number, cells) for number, cells in chunk if number > stored]
            # A second reading of the same file stores the same rows: what is there stays.
            Item.objects.bulk_create(fresh, ignore_conflicts=True)
            progress = {"checked_rows": F("checked_rows") + len(fresh), "heartbeat_at": timezone.now()}
            if not Upload.objects.filter(pk=upload_id, status=UploadStatus.CHECKING).update(**progress):
                return
    except UnreadableFile as problem:
        fail(upload_id, str(problem))
    except (OSError, ValueError):
        logger.exception("The rows of upload %s cannot be read.", upload_id)
        fail(upload_id, "The file cannot be read to its end. Save the list anew and upload it again.")
    else:
        finish_check(upload, tally)


def fail(upload_id, problem):
    if move_upload(upload_id, UploadStatus.FAILED, problem=problem):
        record(upload_id, "could not be read", detail=problem)


def read_filled_rows(upload, tally):
    """Numbered rows that hold anything; counts blank ones between them and the widest row on the way."""
    blank = 0
    for number, cells in parsing.rows(upload.file.path, Layout(**upload.layout)):
        if not cells:
            blank += 1
            continue
        tally["blank"] += blank
        blank = 0
        while len(cells) > len(upload.columns) and not cells[-1].strip():
            cells = cells[:-1]
        tally["width"] = max(tally["width"], len(cells))
        yield number, cells


def finish_check(upload, tally):
    mark_duplicates(upload)
    counts = {
        "row_count": upload.items.count(),
        "invalid_count": upload.items.filter(outcome=Outcome.INVALID).count(),
        "duplicate_count": upload.items.filter(outcome=Outcome.DUPLICATE).count(),
        "batch_estimate": packing.count_batches(upload),
        "blank_count": tally["blank"],
        "extra_columns": tally["width"] - len(upload.columns),
    }
    if move_upload(upload.pk, UploadStatus.READY, **counts):
        rows, invalid, duplicate = counts["row_count"], counts["invalid_count"], counts["duplicate_count"]
        record(upload.pk, "checked", detail=f"{rows} rows, {invalid} invalid, {duplicate} duplicate")


def make_item(upload, number, cells):
    """An unsaved item from a row: pending, or invalid with every problem named by its column."""
    sources = {field: cells[position] for field, position in upload.mapping.items() if position < len(cells)}
    checked = check(sources | {field: text for field, text in upload.fixed.items() if not sources.get(field)})
    if len(cells) > len(upload.columns):
        checked = too_wide(checked, len(cells), len(upload.columns))
    item = Item(upload=upload, row_number=number, cells=cells)
    wrong = {problem.field for problem in checked.problems}
    for name in FIELDS:
        setattr(item, name, "" if name in wrong else checked.fields.get(name, ""))
    if not checked.problems:
        item.fingerprint = checked.fingerprint
    else:
        named = [(column_name(upload, problem.field), problem.sentence) for problem in checked.problems]
        item.outcome = Outcome.INVALID
        item.problem_columns = ", ".join(dict.fromkeys(column for column, _ in named if column))
        item.message = " ".join(f"{column}: {sentence}" if column else sentence for column, sentence in named)
    return item


def too_wide(checked, cells, columns):
    sentence = (
        f"The row has {cells} cells, but there are {columns} columns. "
        "A comma inside a cell needs quotes around the cell."
    )
    return Checked({}, [Problem("", sentence), *checked.problems])


def column_name(upload, field):
    """How the user knows a field: by its column's name, else by the field's own."""
    position = upload.mapping.get(field, upload.mapping.get("full_name") if field.endswith("_name") else None)
    name = upload.columns[position].strip() if position is not None and position < len(upload.columns) else ""
    return name or mapping.LABELS.get(field, "")


def mark_duplicates(upload):
    """Of rows that would be sent alike, the first stays; the others point at it.

    A statement for each group: one for all would hold SQLite's only write lock while webhooks wait for it.
    """
    items = Item.objects.filter(upload=upload).order_by()
    alike = items.exclude(fingerprint="").values("fingerprint").annotate(first=Min("pk"), rows=Count("pk"))
    for fingerprint, first in alike.filter(rows__gt=1).values_list("fingerprint", "first"):
        later = items.filter(fingerprint=fingerprint).exclude(pk=first)
        later.update(outcome=Outcome.DUPLICATE, duplicate_of=first)


@transaction.atomic
def start(upload, user):
    """Let an upload that was reviewed be traced. False if there is nothing to trace or it was started already."""
    is_ready = {"status": UploadStatus.READY}
    if upload.item_count == 0 or not move_upload(
        upload.pk, UploadStatus.RUNNING, only_if=is_ready, started_at=timezone.now()
    ):
        return False
    record(upload.pk, "started", user=user, detail=f"{upload.item_count} items")
    return True
