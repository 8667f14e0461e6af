"""Make lists from uploaded files: examine and save a file as a draft, then accept its mapping and settings.

A file is examined on upload, so that users learn at once if something is wrong with it.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.access import first_team
from accounts.models import Team
from accounts.rights import Right, require
from batches import spans
from batches.database import run_sql
from batches.file_storage import local_copy_of
from batches.files import isolated_reader
from batches.files.file_format import SAMPLE_ROWS, ExaminedFile, FileFormat, UnreadableFile, limit_samples
from batches.intake import mapping_templates, stored_files
from batches.intake.stored_files import delete_on_failure
from batches.intake.trace_settings import SETTING_NAMES, TraceSettings
from batches.mapping import guessing
from batches.mapping.value_guesses import Guesses
from batches.models import Event, MappingTemplate, Upload
from batches.statuses import OUTCOME_NOT_SENT, UPLOAD_EDITABLE, CorrectionStatus, Priority, UploadStatus
from batches.tracing.lifecycle import record, transition_upload

READING_FIELDS = ["file_format", "columns", "row_estimate", "uncertain", "used_template", *SETTING_NAMES]
"""The fields of an upload that say how its file is read."""
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
"""The values of an upload's fields before any row is read."""
NEXT_REVISION = {"revision": F("revision") + 1}
"""Part of every update of what the review shows, so that nobody can start a list from an outdated review."""
NumberedRow = tuple[int, list[str]]
"""A row's number in the file, and its cells."""
MAX_CACHED_BEGINNINGS = 4
"""Maximum number of files whose first rows are cached while columns are chosen, usually under 1 MB for each."""
DELETE_CHUNK_SIZE = 20_000
"""Rows deleted at once, which takes SQLite about 0.2 s."""
DELETE_PAUSE = 0.05
"""Seconds between chunks, during which results are filed."""
DELETE_LAST_ROWS = """
DELETE FROM batches_item
WHERE id IN (
    SELECT id FROM batches_item WHERE upload_id = %(upload)s ORDER BY row_number DESC, owner_number DESC LIMIT %(count)s
)
"""
"""Duplicates come after the rows that they refer to, and are deleted first."""
UPLOAD_UNREAD = [UploadStatus.DRAFT, UploadStatus.FAILED]
"""Statuses of lists whose rows have not been read."""


def receive(
    file: File,
    user: User | None,
    name: str = "",
    priority: Priority = Priority.NORMAL,
    source: str = "",
    with_hidden: bool = False,
    refreshes_stale: bool = False,
    team: Team | None = None,
) -> Upload:
    """Save an uploaded file and examine it. Return a draft with guessed columns.

    Raise UnreadableFile if the file cannot be read.

    `with_hidden` includes the rows that a workbook hides. `refreshes_stale` traces people with a stale answer of
    another list again. Without a `team`, the list is for the user's first team.
    """
    require(user, Right.UPLOAD)
    started = time.time_ns()
    team = team or (first_team(user) if user else None)
    upload = Upload(created_by=user, team=team, refreshes_stale=refreshes_stale)
    with delete_on_failure(upload):
        store_file(upload, file)
        examine(upload, with_hidden=with_hidden)
        for field, value in list_details(upload.filename, name, priority, source).items():
            setattr(upload, field, value)
        upload.save()
        record(upload.pk, Event.UPLOADED, user=user)
    spans.record_upload(upload.pk, started)
    return upload


def name_list(name: str, filename: str | None, is_one_of_several: bool) -> str:
    """Return the name of a list that is uploaded under a name. Each of several lists also has the name of its file."""
    return f"{name}, {Path(filename or '').stem}" if name and is_one_of_several else name


def list_details(filename: str, name: str, priority: Priority, source: str) -> dict[str, Any]:
    """Return the details of a list as field → value. A list without a name is named after its file."""
    return {"name": (name or Path(filename).stem)[:200], "priority": priority, "list_source": source.strip()[:100]}


def store_file(upload: Upload, file: File) -> None:
    """Store a file as an upload's own, without saving the upload. Raise UnreadableFile if it is too large."""
    check_size(file)
    upload.filename = Path(file.name or "").name[:255]
    upload.sha256 = hash_file(file)
    upload.file.save(upload.filename, file, save=False)


def hash_file(file: File) -> str:
    """Return the SHA-256 of a file. Read it in chunks, because it may be large."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def check_size(file: File) -> None:
    """Raise UnreadableFile if a file is too large."""
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = f"{settings.MAX_UPLOAD_BYTES / 1024**2:,.0f} MB"
        raise UnreadableFile(f"The file is {file.size / 1024**2:,.0f} MB, over the limit of {limit}. Please split it.")


def examine(upload: Upload, sheet: str | None = None, with_hidden: bool = False) -> None:
    """Set how the upload's file is read and what its columns hold, without saving.

    Raise UnreadableFile if the file cannot be read.
    """
    examined = stored_files.examine(upload.file, sheet, with_hidden)
    set_file_format(upload, examined)
    map_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def set_file_format(upload: Upload, examined: ExaminedFile) -> None:
    upload.file_format, upload.columns = examined.file_format.as_dict(), examined.columns
    upload.row_estimate = examined.row_estimate


def map_columns(upload: Upload, template: MappingTemplate | None, samples: list[list[str]]) -> None:
    """Map an upload's columns by a template, or by guessing if it is None, without saving."""
    upload.used_template, upload.constants = None, {}
    if template:
        map_by_template(upload, template, samples)
    else:
        hidden = upload.file_format.get("hidden_columns", [])
        apply_guesses(upload, guessing.guess_mapping(upload.columns, samples, hidden))


def apply_guesses(upload: Upload, guesses: Guesses) -> None:
    upload.mapping, upload.uncertain, upload.name_order = guesses.mapping, guesses.doubts, guesses.name_order


def map_by_template(upload: Upload, template: MappingTemplate, samples: list[list[str]]) -> None:
    """Map an upload's columns by a template and copy the template's settings, without saving."""
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

    Raise UnreadableFile if the sheet cannot be read.
    """
    require(user, Right.UPLOAD)
    examine(upload, sheet)
    return save_reading(upload, user)


def change_hidden_rows(upload: Upload, with_hidden: bool, user: User | None) -> bool:
    """Include the rows that a list's workbook hides, or leave them out again. The list becomes a draft.

    If the column names stay the same, so do the settings. Return False if the list can no longer become a draft.
    Raise UnreadableFile if the file cannot be read.
    """
    require(user, Right.UPLOAD)
    sheet = upload.file_format.get("sheet") or None
    update_reading(upload, stored_files.examine(upload.file, sheet, with_hidden))
    changes = {name: getattr(upload, name) for name in READING_FIELDS}
    why = "The list is read with other rows of its workbook. Please fix the rows again."
    return start_over(upload, UploadStatus.DRAFT, why, changes, event=Event.COLUMNS_CHANGED, user=user)


def change_template(upload: Upload, template: MappingTemplate | None, user: User | None) -> bool:
    """Map a draft's columns by another template, or by guessing if it is None.

    Return False if the list is no longer a draft.
    """
    require(user, Right.UPLOAD)
    map_columns(upload, template, read_samples(upload))
    return save_reading(upload, user)


def save_reading(upload: Upload, user: User | None) -> bool:
    """Save how a draft is read. Return False if the list is no longer a draft, or now has another file."""
    drafts = Upload.objects.filter(pk=upload.pk, status=UploadStatus.DRAFT, file=upload.file.name)
    return change_columns(drafts, {name: getattr(upload, name) for name in READING_FIELDS}, user)


@transaction.atomic
def change_columns(uploads: QuerySet[Upload], changes: dict[str, Any], user: User | None) -> bool:
    """Change how the only list in `uploads` is read, and record who did that. Return False if `uploads` is empty."""
    upload_id = uploads.values_list("pk", flat=True).first()
    if upload_id is None or not uploads.update(**changes, **NEXT_REVISION):
        return False
    record(upload_id, Event.COLUMNS_CHANGED, user=user)
    return True


def read_samples(upload: Upload) -> list[list[str]]:
    """Return the first filled rows of an upload's file, or none if it can no longer be read."""
    return [cells for _, cells in read_first_rows(upload)]


def read_first_rows(upload: Upload) -> Sequence[NumberedRow]:
    """Return the first filled rows of an upload's file with their numbers, or none if it can no longer be read."""
    try:
        name = upload.file.name or ""
        version = default_storage.get_modified_time(name)
        return read_cached_beginning(name, version, json.dumps(upload.file_format, sort_keys=True))
    except (OSError, UnreadableFile):
        return ()


@lru_cache(maxsize=MAX_CACHED_BEGINNINGS)
def read_cached_beginning(name: str, version: datetime, file_format: str) -> Sequence[NumberedRow]:
    """Return the first filled rows of a version of a file, cached because every choice of a column needs them.

    Raise UnreadableFile or OSError if it cannot be read.
    """
    with local_copy_of(default_storage, name) as path:
        rows = isolated_reader.read_rows(path, FileFormat(**json.loads(file_format)))
        first = list(islice(((number, cells) for number, cells in rows if cells), SAMPLE_ROWS))
    count = len(list(limit_samples(cells for _, cells in first)))
    return first[:count]


def save_unchecked_settings(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save settings without checking them, for a list whose rows have not been read.

    Return False if the rows, which depend on the settings, have since been read, or if there is another file.
    """
    require(user, Right.UPLOAD)
    unread = Upload.objects.filter(pk=upload.pk, status__in=UPLOAD_UNREAD, file=upload.file.name)
    return change_columns(unread, trace_settings.as_dict(), user)


def change_details(upload: Upload, user: User | None, name: str, priority: Priority, source: str) -> bool:
    """Change a list's details, but not its columns and rows. Return False if the list can no longer be edited."""
    require(user, Right.UPLOAD)
    details = list_details(upload.filename, name, priority, source)
    return Upload.objects.filter(pk=upload.pk, status__in=UPLOAD_EDITABLE).update(**details, **NEXT_REVISION) == 1


def replace_file(upload: Upload, file: File, user: User | None, name: str, priority: Priority, source: str) -> bool:
    """Replace an upload's file, delete its rows and make it a draft again.

    If the column names stay the same, so do the settings. Return False if the list can no longer become a draft, or
    now has another file. Raise UnreadableFile if the new file cannot be read. In these cases, nothing is changed.
    """
    require(user, Right.UPLOAD)
    replacement = Upload(**{field: getattr(upload, field) for field in READING_FIELDS})
    with delete_on_failure(replacement):
        store_file(replacement, file)
        examine_replacement(replacement)
        changes = {field: getattr(replacement, field) for field in (*READING_FIELDS, "file", "filename", "sha256")}
        changes |= list_details(replacement.filename, name, priority, source)
        why = "The list's file was replaced, and these rows belong to the previous file."
        is_replaced = start_over(upload, UploadStatus.DRAFT, why, changes, event=Event.FILE_REPLACED, user=user)
    # Only after the commit is it certain which of the two files is no longer needed.
    (upload if is_replaced else replacement).file.delete(save=False)
    return is_replaced


def examine_replacement(upload: Upload) -> None:
    """Examine a file that replaces another. Keep the sheet, and keep the settings if the column names stay the same."""
    sheet = upload.file_format.get("sheet")
    examined = stored_files.examine(upload.file)
    if sheet in examined.file_format.sheets:
        examined = stored_files.examine(upload.file, sheet)
    update_reading(upload, examined)


def update_reading(upload: Upload, examined: ExaminedFile) -> None:
    """Set how an upload's file is read, without saving. Keep the settings if the column names stay the same."""
    header = mapping_templates.header_key(upload.columns)
    set_file_format(upload, examined)
    if mapping_templates.header_key(examined.columns) != header:
        map_columns(upload, mapping_templates.find_template(examined.columns), examined.samples)


def start_over(
    upload: Upload,
    status: UploadStatus,
    why: str,
    changes: dict[str, Any],
    *,
    event: str,
    user: User | None,
    detail: str = "",
) -> bool:
    """Delete a list's rows, set the list back to a status, and record that.

    `why` becomes the problem of its corrected files. Return False if the list can no longer be set back, or now has
    another file.
    """
    has_many_rows = upload.items.all()[DELETE_CHUNK_SIZE:].exists()
    if has_many_rows and not delete_in_chunks(upload, why):
        return False
    with transaction.atomic():
        if not return_without_rows(upload, status, why, changes):
            return False
        while delete_chunk(upload):
            pass
        record(upload.pk, event, user=user, detail=detail)
    return True


def delete_in_chunks(upload: Upload, why: str) -> bool:
    """Make a list a draft and delete its rows in many transactions: on SQLite, a single one would block results.

    If this is interrupted, the rest is deleted once the draft's columns are accepted. Return False as in `start_over`.
    """
    with transaction.atomic():
        if not return_without_rows(upload, UploadStatus.DRAFT, why, {}):
            return False
    while delete_chunk(upload):
        time.sleep(DELETE_PAUSE)
    return True


def return_without_rows(upload: Upload, status: UploadStatus, why: str, changes: dict[str, Any]) -> bool:
    """Set a list back to a status and fail its corrected files, but keep its rows. Return False as in `start_over`."""
    changes = changes | WITHOUT_ROWS | NEXT_REVISION
    if not transition_upload(upload.pk, status, only_if={"file": upload.file.name}, **changes):
        return False
    corrections = upload.corrections.exclude(status=CorrectionStatus.FAILED)
    corrections.update(status=CorrectionStatus.FAILED, problem=why, previous_cells=None)
    return True


def delete_chunk(upload: Upload) -> int:
    """Delete a chunk of rows from the end of a list. Return how many were deleted."""
    return run_sql(DELETE_LAST_ROWS, {"upload": upload.pk, "count": DELETE_CHUNK_SIZE})


def accept_settings(upload: Upload, trace_settings: TraceSettings, user: User | None) -> bool:
    """Save the settings of a list and mark it for checking. Return False if the list can no longer be checked."""
    require(user, Right.UPLOAD)
    now = timezone.now()
    changes = trace_settings.as_dict() | {"uncertain": {}, "heartbeat_at": now, "checking_since": now}
    why = "The list's columns were changed. Please fix the rows again."
    known = ", ".join([*trace_settings.mapping, *trace_settings.constants])
    return start_over(upload, UploadStatus.CHECKING, why, changes, event=Event.COLUMNS_CHOSEN, user=user, detail=known)
