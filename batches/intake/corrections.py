"""Rows that were invalid come back: out as a file with what is wrong, in again mended, into the same list."""

import logging
import re
from itertools import islice
from pathlib import Path

import msgspec
from django.db import DatabaseError, transaction
from django.utils import timezone

from batches.files import parsing, writers
from batches.files.file_format import Layout, UnreadableFile
from batches.intake import reuse
from batches.intake.row_import import refresh_counts
from batches.intake.row_reader import ITEM_COLUMNS, RowReader, trim
from batches.intake.uploads import refuse_large
from batches.models import UNDIGESTED, Continuation, Digest, Item, Upload
from batches.statuses import ContinuationStatus, Outcome, UploadStatus
from batches.tracing.lifecycle import move_upload, record
from batches.tracing.spending import OverLimit, refuse_mended

logger = logging.getLogger(__name__)
PROBLEM = "Problem"
"""The column behind the list's own ones. Its cells begin with the row's number: there the mended row belongs."""
UNUSABLE = "The file cannot be read to its end, or holds something that cannot be stored."
NUMBERED = re.compile(r"'?Row (\d+): ")
CHUNK = 500
OPEN = [UploadStatus.READY, UploadStatus.RUNNING, UploadStatus.PAUSED, UploadStatus.COMPLETE]
"""Lists whose rows may be mended."""


# Out


def stream_rejected(upload):
    """Yield the list's invalid rows as pieces of CSV text: its own columns, and what is wrong with each row."""
    yield from writers.write_csv(reject_rows(upload))


def reject_rows(upload):
    columns = upload.all_columns
    yield [*columns, PROBLEM]
    for item in (
        upload.items.filter(outcome=Outcome.INVALID, owner_number=1).order_by("row_number").iterator(chunk_size=500)
    ):
        padding = [""] * (len(columns) - len(item.cells))
        yield [*item.cells, *padding, f"Row {item.row_number}: {item.message}"]


# And in


def receive(upload, file, user):
    """Keep and examine a file of mended rows. Return the Continuation, to be checked; raises UnreadableFile."""
    refuse_large(file)
    if upload.status not in OPEN:
        raise UnreadableFile("Rows of this list cannot be mended now.")
    with transaction.atomic():
        refuse_mended(upload)
    continuation = Continuation(upload=upload, filename=Path(file.name).name[:255], created_by=user)
    continuation.file.save(continuation.filename, file, save=False)
    try:
        examined = parsing.examine(continuation.file.path)
        find_positions(upload, examined.columns)
    except UnreadableFile:
        continuation.file.delete(save=False)
        raise
    continuation.layout, continuation.columns = examined.layout.as_dict(), examined.columns
    continuation.save()
    record(upload.pk, "mended rows uploaded", user=user)
    return continuation


def find_positions(upload, columns):
    """Where the list's columns and the problem stand in a file of mended rows. Raises UnreadableFile."""
    names = [name.strip() for name in columns]
    if PROBLEM not in names:
        raise UnreadableFile(
            f"There is no column “{PROBLEM}”: it says which row is which. Download the rejected rows, mend them "
            "in that file, and upload it with all of its columns."
        )
    wanted, positions = [name.strip() for name in upload.all_columns], []
    for position, name in enumerate(wanted):
        same = [place for place, other in enumerate(names) if other == name]
        number = wanted[:position].count(name)
        if number >= len(same):
            raise UnreadableFile(f"The column “{name}” is not in this file. Upload the rejected rows with all columns.")
        positions.append(same[number])
    return positions, len(names) - 1 - names[::-1].index(PROBLEM)


def check_continuation(continuation_id):
    """Put mended rows in the place of the invalid ones. Return the upload's id if there is something new to be traced.

    Each row is changed where it is still invalid: a second run changes nothing more.
    """
    continuation = Continuation.objects.select_related("upload").get(pk=continuation_id)
    if continuation.status != ContinuationStatus.CHECKING:
        return None
    try:
        tally = mend_rows(continuation)
    except (UnreadableFile, OverLimit) as problem:
        return finish(continuation, ContinuationStatus.FAILED, problem=str(problem))
    except (OSError, ValueError, DatabaseError) as problem:
        logger.error("The mended rows of upload %s cannot be taken: %s", continuation.upload_id, type(problem).__name__)
        return finish(continuation, ContinuationStatus.FAILED, problem=UNUSABLE)
    return finish(continuation, ContinuationStatus.DONE, **tally)


def mend_rows(continuation):
    """Return how many rows were corrected, how many are still invalid, and how many belong to no invalid row."""
    upload = continuation.upload
    positions, problem_at = find_positions(upload, continuation.columns)
    reader = RowReader(upload)
    rows = parsing.rows(continuation.file.path, Layout(**continuation.layout))
    tally = dict.fromkeys(["mended_count", "invalid_count", "ignored_count"], 0)
    while chunk := list(islice((cells for _, cells in rows if cells), CHUNK)):
        numbered = {}
        for cells in chunk:
            found = NUMBERED.match(cells[problem_at]) if problem_at < len(cells) else None
            if found and len(found[1]) < 10 and int(found[1]) not in numbered:
                mended = undefuse([cells[place] if place < len(cells) else "" for place in positions])
                numbered[int(found[1])] = trim(mended, len(upload.columns))
            else:
                tally["ignored_count"] += 1
        mend_chunk(continuation, reader, numbered, tally)
        Continuation.objects.filter(pk=continuation.pk).update(heartbeat_at=timezone.now())
    return tally


@transaction.atomic
def mend_chunk(continuation, reader, numbered, tally):
    """Whoever was traced before is answered at once: once this is committed, anybody may plan them."""
    upload = Upload.objects.select_for_update(no_key=True).get(pk=continuation.upload_id)
    # Its columns may have been changed since, or its file: the numbers mean other rows then.
    is_wanted = Continuation.objects.filter(pk=continuation.pk, status=ContinuationStatus.CHECKING).exists()
    if upload.status not in OPEN or not is_wanted:
        raise UnreadableFile("The list has gone on since: its rows cannot be mended now.")
    refuse_mended(upload)
    invalid = Item.objects.filter(upload=upload, outcome=Outcome.INVALID, owner_number=1)
    ids = dict(invalid.filter(row_number__in=numbered).values_list("row_number", "pk"))
    Digest.objects.filter(item__in=ids.values()).delete()
    tally["ignored_count"] += len(numbered) - len(ids)
    rows = [(number, cells) for number, cells in numbered.items() if number in ids]
    for made in reader.make_items(rows):
        values = dict(zip(ITEM_COLUMNS, made, strict=True))
        settle_duplicate(upload, values)
        row_number, owner_number = values["row_number"], values["owner_number"]
        if owner_number > 1:
            # There already where it was the first owner whom the vendor has refused.
            Item.objects.get_or_create(
                upload=upload, row_number=row_number, owner_number=owner_number, defaults=as_fields(values)
            )
            continue
        invalid.filter(pk=ids[row_number]).update(**as_fields(values))
        tally["invalid_count" if values["outcome"] == Outcome.INVALID else "mended_count"] += 1
    reuse.reuse_answers(upload)


def as_fields(values):
    return values | {"cells": msgspec.json.decode(values["cells"])}


def settle_duplicate(upload, values):
    """Make a corrected row a duplicate if its person is in the list already."""
    if values["outcome"] == Outcome.PENDING:
        same = Item.objects.filter(upload=upload, fingerprint=values["fingerprint"])
        if first := same.exclude(outcome__in=[Outcome.DUPLICATE, Outcome.INVALID]).order_by("pk").first():
            values |= {"outcome": Outcome.DUPLICATE.value, "same_as_id": first.pk}


def undefuse(cells):
    """Cells without the apostrophe that kept a spreadsheet from running them."""
    return [cell[1:] if cell.startswith("'") and cell[1:].startswith(writers.DANGEROUS) else cell for cell in cells]


@transaction.atomic
def finish(continuation, status, **changes):
    """End a continuation and let its list go on, in one transaction. Return the upload's id if anybody can be traced.

    A complete list must never be left with people that nobody plans, not even if only some rows were accepted.
    """
    Upload.objects.select_for_update(no_key=True).get(pk=continuation.upload_id)
    checking = Continuation.objects.filter(pk=continuation.pk, status=ContinuationStatus.CHECKING)
    if checking.update(status=status, **changes):
        detail = changes.get("problem") or ", ".join(
            f"{changes[name]} {name.removesuffix('_count')}" for name in changes
        )
        record(continuation.upload_id, "rows mended", user=continuation.created_by, detail=detail)
    refresh_counts(continuation.upload_id)
    Upload.objects.filter(pk=continuation.upload_id).update(**UNDIGESTED)
    return continuation.upload_id if reopen(continuation) else None


def reopen(continuation):
    """Let a list that was complete go on with its mended rows. True if there is something to be planned."""
    upload = continuation.upload
    upload.refresh_from_db()
    if not upload.items.unplanned().exists() or upload.status == UploadStatus.READY:
        return False
    if upload.status == UploadStatus.COMPLETE:
        move_upload(upload.pk, UploadStatus.RUNNING, only_if={"status": UploadStatus.COMPLETE}, completed_at=None)
    return True
