"""A file arrives: it is kept and examined, and somebody decides what its columns mean and who is traced how.

A file is examined when it is uploaded, so that a user learns at once what is wrong with it.
"""

from itertools import islice
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from batches.database import run_sql
from batches.files import parsing
from batches.files.file_format import Layout, UnreadableFile
from batches.intake import mapping_templates
from batches.intake.trace_settings import NAMES, TraceSettings
from batches.mapping import guessing
from batches.models import Upload
from batches.statuses import EDITABLE, UNSENT, ContinuationStatus, Priority, UploadStatus
from batches.tracing.lifecycle import move_upload, record

READ = ["layout", "columns", "row_estimate", "doubts", "used_template", *NAMES]
"""How a file is read."""
COUNTS = [*(f"{outcome}_count" for outcome in UNSENT), "row_count", "checked_rows", "blank_count", "by_mail_count"]
NO_ROWS = dict.fromkeys([*COUNTS, "co_owner_count", "extra_columns", "batch_estimate"], 0) | {"problem": ""}
"""Of an upload before any row is read."""
UNREAD = [UploadStatus.DRAFT, UploadStatus.FAILED]
"""Lists without rows that stand as they were read."""


def receive(file: File, user, name="", priority=Priority.NORMAL, source=""):
    """Keep an uploaded file and examine it. Return a draft Upload with guessed columns; raises UnreadableFile."""
    upload = Upload(created_by=user)
    take_file(upload, file, examine)
    for field, value in describe(upload.filename, name, priority, source).items():
        setattr(upload, field, value)
    upload.save()
    record(upload.pk, "uploaded", user=user)
    return upload


def describe(filename, name, priority, source):
    """Return a list's details as field of the upload → value; without a name it is called as its file is."""
    return {"name": (name or Path(filename).stem)[:200], "priority": priority, "source": source.strip()[:100]}


def take_file(upload, file, read):
    """Keep a file as the upload's own and read it, in memory alone. Raises UnreadableFile, and keeps no file then."""
    refuse_large(file)
    upload.filename = Path(file.name).name[:255]
    upload.file.save(upload.filename, file, save=False)
    try:
        read(upload)
    except UnreadableFile:
        upload.file.delete(save=False)
        raise


def refuse_large(file):
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = f"{settings.MAX_UPLOAD_BYTES / 1024**2:,.0f} MB"
        raise UnreadableFile(f"The file has {file.size / 1024**2:,.0f} MB; {limit} is the most. Split the list.")


def examine(upload, sheet=None):
    """Find out how the upload's file is read and what its columns mean; saves nothing. Raises UnreadableFile."""
    examined = parsing.examine(upload.file.path, sheet)
    note_layout(upload, examined)
    read_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def note_layout(upload, examined):
    upload.layout, upload.columns = examined.layout.as_dict(), examined.columns
    upload.row_estimate = examined.row_estimate


def read_columns(upload, template, samples):
    """Read an upload's columns as a template says, or by guessing where it is None; saves nothing."""
    upload.used_template, upload.fixed = None, {}
    if template:
        use_template(upload, template, samples)
    else:
        take_guesses(upload, guessing.guess_mapping(upload.columns, samples))


def take_guesses(upload, guesses):
    upload.mapping, upload.doubts, upload.name_order = guesses.mapping, guesses.doubts, guesses.name_order


def use_template(upload, template, samples):
    """Read an upload as a template says."""
    guesses = mapping_templates.apply_template(template, upload.columns, samples)
    take_guesses(upload, guesses)
    TraceSettings.from_upload(upload).with_template(template, guesses.mapping).apply_to(upload)
    upload.used_template = template
    upload.doubts = {name: doubt for name, doubt in upload.doubts.items() if name not in upload.fixed}


@transaction.atomic
def discard(upload: Upload) -> None:
    """Forget a draft that nobody knows of yet."""
    Upload.objects.filter(pk=upload.pk).delete()
    upload.file.delete(save=False)


def change_sheet(upload, sheet):
    """Read another sheet of a draft's workbook. False if it is no draft any more; raises UnreadableFile."""
    examine(upload, sheet)
    return save_reading(upload)


def change_template(upload, template):
    """Read a draft as another template says, or by guessing anew where it is None. False if it is no draft any more."""
    read_columns(upload, template, read_samples(upload, parsing.SAMPLE_ROWS))
    return save_reading(upload)


def save_reading(upload):
    """Write how a draft is read; not into one that has gone on, or has another file by now."""
    drafts = Upload.objects.filter(pk=upload.pk, status=UploadStatus.DRAFT, file=upload.file.name)
    return drafts.update(**{name: getattr(upload, name) for name in READ}) == 1


def read_samples(upload, count=5):
    """Read the first rows of the upload's file that hold anything; none if it cannot be read any more."""
    rows = parsing.rows(upload.file.path, Layout(**upload.layout))
    try:
        return list(islice((cells for _, cells in rows if cells), count))
    except (OSError, UnreadableFile):
        return []


def keep_settings(upload: Upload, trace_settings: TraceSettings) -> bool:
    """Save unchecked settings of a list whose rows have not been read.

    Return False if rows have been read, whose columns must stay with them, or if the list has gone on.
    """
    unread = Upload.objects.filter(pk=upload.pk, status__in=UNREAD, file=upload.file.name)
    return unread.update(**trace_settings.as_dict()) == 1


def change_details(upload, name, priority, source):
    """Say something else of a list, and leave its columns and rows as they are. False if it has gone on."""
    details = describe(upload.filename, name, priority, source)
    return Upload.objects.filter(pk=upload.pk, status__in=EDITABLE).update(**details) == 1


def replace_file(upload, file, user, name, priority, source):
    """Take another file in the place of an upload's own, which becomes a draft again; its rows are forgotten.

    Where the columns have the same names, what was chosen for them stays. False if the list has gone on, or has another
    file by now; raises UnreadableFile. Nothing is changed then.
    """
    arrived = Upload(**{field: getattr(upload, field) for field in READ})
    take_file(arrived, file, examine_anew)
    changes = {field: getattr(arrived, field) for field in (*READ, "file", "filename")}
    changes |= describe(arrived.filename, name, priority, source) | NO_ROWS
    with transaction.atomic():
        is_replaced = move_upload(upload.pk, UploadStatus.DRAFT, only_if={"file": upload.file.name}, **changes)
        if is_replaced:
            forget_rows(upload, "The file was replaced: these rows belong to the one before.")
            record(upload.pk, "file replaced", user=user)
    # Only now is it certain which of the two is not needed; if the database has failed, both stay.
    (upload if is_replaced else arrived).file.delete(save=False)
    return is_replaced


def examine_anew(upload):
    """As examine, but what was chosen for columns of the same names stays, and so does the sheet of a workbook."""
    sheet, header = upload.layout.get("sheet"), mapping_templates.header_of(upload.columns)
    examined = parsing.examine(upload.file.path)
    if sheet in examined.layout.sheets:
        examined = parsing.examine(upload.file.path, sheet)
    note_layout(upload, examined)
    if mapping_templates.header_of(examined.columns) != header:
        read_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def forget_rows(upload, why):
    """Delete an upload's rows, in a transaction that has moved it; what was mended was mended as they were then."""
    run_sql("DELETE FROM batches_item WHERE upload_id = %(upload)s", {"upload": upload.pk})
    unfailed = upload.continuations.exclude(status=ContinuationStatus.FAILED)
    unfailed.update(status=ContinuationStatus.FAILED, problem=why)


def accept_settings(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save the settings of a list and have its rows checked with them. Return False if the list has gone on."""
    now = timezone.now()
    changes = NO_ROWS | trace_settings.as_dict() | {"doubts": {}, "heartbeat_at": now, "checking_since": now}
    with transaction.atomic():
        if not move_upload(upload.pk, UploadStatus.CHECKING, only_if={"file": upload.file.name}, **changes):
            return False
        forget_rows(upload, "The columns were changed: upload the mended rows anew.")
        known = [*trace_settings.mapping, *trace_settings.fixed]
        record(upload.pk, "columns chosen", user=user, detail=", ".join(known))
    return True
