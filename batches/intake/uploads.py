"""Drafts: save and examine an uploaded file, then accept its column mapping and settings.

A file is examined on upload, so that users learn at once if something is wrong with it.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from batches.database import run_sql
from batches.files import isolated_reader
from batches.files.file_format import SAMPLE_ROWS, Examined, FileFormat, UnreadableFile, cut_samples
from batches.intake import mapping_templates
from batches.intake.stored_files import delete_on_failure
from batches.intake.trace_settings import SETTING_NAMES, TraceSettings
from batches.mapping import guessing
from batches.mapping.value_guesses import Guesses
from batches.models import Event, MappingTemplate, Upload
from batches.statuses import OUTCOME_NOT_SENT, UPLOAD_EDITABLE, CorrectionStatus, Priority, UploadStatus
from batches.tracing.lifecycle import record, transition_upload

READING_FIELDS = ["file_format", "columns", "row_estimate", "uncertain", "used_template", *SETTING_NAMES]
"""Fields of an upload that say how its file is read."""
COUNT_FIELDS = [
    *(f"{outcome}_count" for outcome in OUTCOME_NOT_SENT),
    "row_count",
    "checked_rows",
    "blank_count",
    "by_mail_count",
]
WITHOUT_ROWS = dict.fromkeys([*COUNT_FIELDS, "co_owner_count", "extra_columns", "batch_estimate"], 0) | {
    "problem": "",
    "warnings": [],
}
"""Field values of an upload before any row is read."""
NEXT_REVISION = {"revision": F("revision") + 1}
"""The update for every change to what the review shows: users who have seen the old review must review again."""
NumberedRow = tuple[int, list[str]]
"""A row's number in the file, and its cells."""
KEPT_BEGINNINGS = 4
"""Maximum number of files whose first rows are kept in memory while columns are chosen; usually under 1 MB each."""
UPLOAD_UNREAD = [UploadStatus.DRAFT, UploadStatus.FAILED]
"""Statuses of lists without checked rows."""


def receive(
    file: File, user: User | None, name: str = "", priority: Priority = Priority.NORMAL, source: str = ""
) -> Upload:
    """Save an uploaded file and examine it. Return a draft with guessed columns. Raises UnreadableFile."""
    upload = Upload(created_by=user)
    with delete_on_failure(upload):
        store_file(upload, file)
        examine(upload)
        for field, value in list_details(upload.filename, name, priority, source).items():
            setattr(upload, field, value)
        upload.save()
        record(upload.pk, Event.UPLOADED, user=user)
    return upload


def list_details(filename: str, name: str, priority: Priority, source: str) -> dict[str, Any]:
    """Return a list's details as field → value. Without a name, the list is named after its file."""
    return {"name": (name or Path(filename).stem)[:200], "priority": priority, "list_source": source.strip()[:100]}


def store_file(upload: Upload, file: File) -> None:
    """Store a file as the upload's own, without saving the upload. Raises UnreadableFile if the file is too large."""
    check_size(file)
    upload.filename = Path(file.name or "").name[:255]
    upload.sha256 = hash_file(file)
    upload.file.save(upload.filename, file, save=False)


def hash_file(file: File) -> str:
    """Return the SHA-256 of a file's bytes, which are read in chunks."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def check_size(file: File) -> None:
    """Raise UnreadableFile if a file is too large."""
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = f"{settings.MAX_UPLOAD_BYTES / 1024**2:,.0f} MB"
        raise UnreadableFile(f"The file is {file.size / 1024**2:,.0f} MB, over the limit of {limit}. Please split it.")


def examine(upload: Upload, sheet: str | None = None) -> None:
    """Set how the upload's file is read and what its columns hold, without saving. Raises UnreadableFile."""
    examined = isolated_reader.examine(upload.file.path, sheet)
    set_file_format(upload, examined)
    read_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def set_file_format(upload: Upload, examined: Examined) -> None:
    upload.file_format, upload.columns = examined.file_format.as_dict(), examined.columns
    upload.row_estimate = examined.row_estimate


def read_columns(upload: Upload, template: MappingTemplate | None, samples: list[list[str]]) -> None:
    """Map an upload's columns by a template, or by guessing if it is None, without saving."""
    upload.used_template, upload.constants = None, {}
    if template:
        use_template(upload, template, samples)
    else:
        hidden = upload.file_format.get("hidden_columns", [])
        apply_guesses(upload, guessing.guess_mapping(upload.columns, samples, hidden))


def apply_guesses(upload: Upload, guesses: Guesses) -> None:
    upload.mapping, upload.uncertain, upload.name_order = guesses.mapping, guesses.doubts, guesses.name_order


def use_template(upload: Upload, template: MappingTemplate, samples: list[list[str]]) -> None:
    """Map an upload's columns by a template and take over its settings, without saving."""
    guesses = mapping_templates.apply_template(template, upload.columns, samples)
    apply_guesses(upload, guesses)
    TraceSettings.from_upload(upload).with_template(template, guesses.mapping).apply_to(upload)
    upload.used_template = template
    upload.uncertain = {name: doubt for name, doubt in upload.uncertain.items() if name not in upload.constants}


@transaction.atomic
def discard(upload: Upload) -> None:
    """Delete a draft, with its file, before anyone has seen it."""
    Upload.objects.filter(pk=upload.pk).delete()
    upload.file.delete(save=False)


def change_sheet(upload: Upload, sheet: str, user: User | None) -> bool:
    """Read another sheet of a draft's workbook. Return False if the list is no longer a draft.

    Raises UnreadableFile.
    """
    examine(upload, sheet)
    return save_reading(upload, user)


def change_hidden(upload: Upload, is_wanted: bool, user: User | None) -> bool:
    """Include the rows that a list's workbook hides, or leave them out again. The list becomes a draft.

    If the columns have the same names, their settings stay. Return False if the list has moved on; raises
    UnreadableFile.
    """
    update_reading(
        upload, isolated_reader.examine(upload.file.path, upload.file_format.get("sheet") or None, is_wanted)
    )
    changes = {name: getattr(upload, name) for name in READING_FIELDS}
    why = "The list is read with other rows of its workbook. Please fix the rows again."
    with transaction.atomic():
        if not start_over(upload, UploadStatus.DRAFT, why, changes):
            return False
        record(upload.pk, Event.COLUMNS_CHANGED, user=user)
    return True


def change_template(upload: Upload, template: MappingTemplate | None, user: User | None) -> bool:
    """Map a draft's columns by another template, or by guessing if it is None.

    Return False if the list is no longer a draft.
    """
    read_columns(upload, template, read_samples(upload))
    return save_reading(upload, user)


def save_reading(upload: Upload, user: User | None) -> bool:
    """Save how a draft is read. Return False if the list has moved on or has another file by now."""
    drafts = Upload.objects.filter(pk=upload.pk, status=UploadStatus.DRAFT, file=upload.file.name)
    return change_columns(drafts, {name: getattr(upload, name) for name in READING_FIELDS}, user)


@transaction.atomic
def change_columns(uploads: QuerySet[Upload], changes: dict[str, Any], user: User | None) -> bool:
    """Change how the only list in `uploads` is read, and record who did. Return False if there is none."""
    upload_id = uploads.values_list("pk", flat=True).first()
    if upload_id is None or not uploads.update(**changes, **NEXT_REVISION):
        return False
    record(upload_id, Event.COLUMNS_CHANGED, user=user)
    return True


def read_samples(upload: Upload) -> list[list[str]]:
    """Return the first filled rows of the upload's file; none if it can no longer be read."""
    return [cells for _, cells in read_first_rows(upload)]


def read_first_rows(upload: Upload) -> Sequence[NumberedRow]:
    """Return the first filled rows of the upload's file with their numbers; none if it can no longer be read."""
    try:
        version = Path(upload.file.path).stat().st_mtime_ns
        return read_beginning(upload.file.path, version, json.dumps(upload.file_format, sort_keys=True))
    except (OSError, UnreadableFile):
        return ()


@lru_cache(maxsize=KEPT_BEGINNINGS)
def read_beginning(path: str, version: int, file_format: str) -> Sequence[NumberedRow]:
    """Read the first filled rows of a version of a file. Cached, because every choice of a column needs them.

    Raises UnreadableFile and OSError.
    """
    rows = isolated_reader.rows(path, FileFormat(**json.loads(file_format)))
    first = list(islice((row for row in rows if row[1]), SAMPLE_ROWS))
    return first[: len(list(cut_samples(cells for _, cells in first)))]


def save_unchecked_settings(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save unchecked settings of a list whose rows have not been read.

    Return False if rows have been read, which depend on their settings, or if the list has moved on.
    """
    unread = Upload.objects.filter(pk=upload.pk, status__in=UPLOAD_UNREAD, file=upload.file.name)
    return change_columns(unread, trace_settings.as_dict(), user)


def change_details(upload: Upload, name: str, priority: Priority, source: str) -> bool:
    """Change a list's details, but not its columns and rows. Return False if the list has moved on."""
    details = list_details(upload.filename, name, priority, source)
    return Upload.objects.filter(pk=upload.pk, status__in=UPLOAD_EDITABLE).update(**details, **NEXT_REVISION) == 1


def replace_file(upload: Upload, file: File, user: User | None, name: str, priority: Priority, source: str) -> bool:
    """Replace an upload's file, delete its rows and make it a draft again.

    If the columns have the same names, their settings stay. Return False if the list has moved on or has another file
    by now; raises UnreadableFile. Nothing is changed in either case.
    """
    arrived = Upload(**{field: getattr(upload, field) for field in READING_FIELDS})
    with delete_on_failure(arrived):
        store_file(arrived, file)
        examine_replacement(arrived)
        changes = {field: getattr(arrived, field) for field in (*READING_FIELDS, "file", "filename", "sha256")}
        changes |= list_details(arrived.filename, name, priority, source)
        why = "The list's file was replaced, and these rows belong to the previous file."
        with transaction.atomic():
            is_replaced = start_over(upload, UploadStatus.DRAFT, why, changes)
            if is_replaced:
                record(upload.pk, Event.FILE_REPLACED, user=user)
    # Only after the commit is it certain which of the two files is no longer needed.
    (upload if is_replaced else arrived).file.delete(save=False)
    return is_replaced


def examine_replacement(upload: Upload) -> None:
    """Examine a replaced file, but keep the sheet, and the settings if the columns have the same names."""
    sheet = upload.file_format.get("sheet")
    examined = isolated_reader.examine(upload.file.path)
    if sheet in examined.file_format.sheets:
        examined = isolated_reader.examine(upload.file.path, sheet)
    update_reading(upload, examined)


def update_reading(upload: Upload, examined: Examined) -> None:
    """Take over how a file is read, without saving. The settings stay if the columns have the same names."""
    header = mapping_templates.header_key(upload.columns)
    set_file_format(upload, examined)
    if mapping_templates.header_key(examined.columns) != header:
        read_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def start_over(upload: Upload, status: UploadStatus, why: str, changes: dict[str, Any]) -> bool:
    """Move a list back to a status, without its rows. Return False if it has moved on, or has another file by now.

    Call it in a transaction. `why` becomes the problem of the corrected files.
    """
    changes = changes | WITHOUT_ROWS | NEXT_REVISION
    if not transition_upload(upload.pk, status, only_if={"file": upload.file.name}, **changes):
        return False
    delete_rows(upload, why)
    return True


def delete_rows(upload: Upload, why: str) -> None:
    """Delete an upload's rows, and fail its corrected files, which belong to these rows."""
    run_sql("DELETE FROM batches_item WHERE upload_id = %(upload)s", {"upload": upload.pk})
    corrections = upload.corrections.exclude(status=CorrectionStatus.FAILED)
    corrections.update(status=CorrectionStatus.FAILED, problem=why, previous_cells=None)


def accept_settings(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save the settings of a list and mark it for checking. Return False if the list has moved on."""
    now = timezone.now()
    changes = trace_settings.as_dict() | {"uncertain": {}, "heartbeat_at": now, "checking_since": now}
    why = "The list's columns were changed. Please fix the rows again."
    with transaction.atomic():
        if not start_over(upload, UploadStatus.CHECKING, why, changes):
            return False
        known = [*trace_settings.mapping, *trace_settings.constants]
        record(upload.pk, Event.COLUMNS_CHOSEN, user=user, detail=", ".join(known))
    return True
