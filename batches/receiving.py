"""A file arrives: it is kept and examined, and it is settled what its columns mean and who is traced how.

A file is examined when it is uploaded, so that a user learns at once what is wrong with it.
"""

from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from batches import mapping, parsing, recall
from batches.layout import Layout, UnreadableFile
from batches.lifecycle import move_upload, record
from batches.models import Upload
from batches.statuses import UNSENT, ContinuationStatus, Priority, UploadStatus
from batches.storing import run_sql

LONGEST_LOOK_BACK = 3650
"""Days: most that an earlier answer may count for."""


def receive(file: File, user, name="", priority=Priority.NORMAL, source=""):
    """Keep an uploaded file and examine it. Gives a draft Upload with guessed columns; raises UnreadableFile."""
    refuse_large(file)
    filename = Path(file.name).name[:255]
    upload = Upload(name=(name or Path(filename).stem)[:200], filename=filename, created_by=user, priority=priority)
    upload.source = source.strip()[:100]
    upload.file.save(filename, file, save=False)
    try:
        examine(upload)
    except UnreadableFile:
        upload.file.delete(save=False)
        raise
    record(upload.pk, "uploaded", user=user)
    return upload


def refuse_large(file):
    if file.size > settings.MAX_UPLOAD_BYTES:
        limit = f"{settings.MAX_UPLOAD_BYTES / 1024**2:,.0f} MB"
        raise UnreadableFile(f"The file has {file.size / 1024**2:,.0f} MB; {limit} is the most. Split the list.")


def examine(upload, sheet=None):
    """Find out how the upload's file is read and what its columns mean. Raises UnreadableFile."""
    examined = parsing.examine(upload.file.path, sheet)
    upload.layout = examined.layout.as_dict()
    upload.columns = examined.columns
    upload.row_estimate = examined.row_estimate
    read_columns(upload, recall.find_template(examined.columns), examined.samples)


def read_columns(upload, template, samples):
    """Read an upload's columns as a template says, or by guessing where it is None."""
    upload.used_template, upload.fixed = None, {}
    if template:
        use_template(upload, template, samples)
    else:
        take_guesses(upload, mapping.guess_mapping(upload.columns, samples))
    upload.save()


def take_guesses(upload, guesses):
    upload.mapping, upload.doubts, upload.name_order = guesses.mapping, guesses.doubts, guesses.name_order


def use_template(upload, template, samples):
    """Read an upload as a template says."""
    take_guesses(upload, recall.apply_template(template, upload.columns, samples))
    upload.used_template, upload.fixed = template, template.fixed
    for name, value in template.options.items():
        setattr(upload, name, value)
    upload.doubts = {name: doubt for name, doubt in upload.doubts.items() if name not in upload.fixed}


def change_template(upload, template):
    """Read a draft as another template says, or by guessing anew where it is None."""
    read_columns(upload, template, read_samples(upload, parsing.SAMPLE_ROWS))


def read_samples(upload, count=5):
    """The first rows of the upload's file that hold anything; none where it cannot be read any more."""
    rows = parsing.rows(upload.file.path, Layout(**upload.layout))
    try:
        return list(islice((cells for _, cells in rows if cells), count))
    except (OSError, UnreadableFile):
        return []


def accept_mapping(upload, columns, fixed, match, user, **options):
    """Take the user's mapping (field → positions) and let the rows be checked anew. False if the upload has gone on.

    `options` are further settings of the upload: name_order, look_back, companies, co_owners.
    """
    now = timezone.now()
    settled = {"mapping": columns, "fixed": fixed, "match": match, "doubts": {}} | options
    cleared = dict.fromkeys([f"{outcome}_count" for outcome in UNSENT], 0)
    cleared |= dict.fromkeys(["row_count", "checked_rows", "blank_count", "by_mail_count", "co_owner_count"], 0)
    begun = {"heartbeat_at": now, "checking_since": now, "problem": ""}
    with transaction.atomic():
        if not move_upload(upload.pk, UploadStatus.CHECKING, **begun, **settled, **cleared):
            return False
        run_sql("DELETE FROM batches_item WHERE upload_id = %(upload)s", {"upload": upload.pk})
        # They were mended as the columns were read then.
        changed = {
            "status": ContinuationStatus.FAILED,
            "problem": "The columns were changed: upload the mended rows anew.",
        }
        upload.continuations.exclude(status=ContinuationStatus.FAILED).update(**changed)
        record(upload.pk, "columns chosen", user=user, detail=", ".join([*columns, *fixed]))
    return True
