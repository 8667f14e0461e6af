"""Edit invalid rows on the page before their list is started, and undo these edits.

Edits are applied by the same code as corrected files.
"""

from django.contrib.auth.models import User
from django.db import transaction

from batches.intake.corrections import apply_chunk, as_fields, count_people, empty_tally, finish
from batches.intake.row_import import refresh_counts
from batches.intake.row_reader import ITEM_COLUMNS, RowReader, name_column
from batches.intake.uploads import NEXT_REVISION
from batches.models import NEEDS_DIGEST, Correction, Digest, Event, Upload
from batches.nouns import noun_for
from batches.statuses import CorrectionStatus, Outcome, UploadStatus
from batches.tracing.lifecycle import record
from batches.tracing.spending import CHANGED_MESSAGE, OverLimit, lock_upload, refuse_changed, refuse_corrections


@transaction.atomic
def save_edits(upload: Upload, edits: dict[int, list[str]], revision: int, user: User | None) -> Correction:
    """Replace the cells of invalid rows, given by row number, before the list is started.

    `revision` is the one that `user` was shown. The rows are checked like those of a corrected file. Raise
    OverLimit if the list has changed, or if a limit does not allow the rows; nothing is changed then.
    """
    upload = lock_upload(upload)
    refuse_changed(upload, revision)
    refuse_unready(upload)
    people = count_people(upload, len(edits))
    refuse_corrections(upload, people, user)
    edited = upload.items.filter(row_number__in=edits, owner_number=1, outcome=Outcome.INVALID)
    correction = Correction.objects.create(
        upload=upload,
        file_format={},
        columns=[],
        created_by=user,
        previous_cells={str(number): cells for number, cells in edited.values_list("row_number", "cells")},
    )
    tally = empty_tally()
    apply_chunk(correction, RowReader(upload), edits, tally)
    finish(correction, CorrectionStatus.DONE, max_people=people, **tally)
    correction.refresh_from_db()
    return correction


def accepts_edits(upload: Upload) -> bool:
    """Return whether a list's rows can be edited on the page: its rows have been checked, and it was never started."""
    return upload.status == UploadStatus.READY and not upload.is_started_once


def refuse_unready(upload: Upload) -> None:
    """Raise OverLimit if a list's rows cannot be edited on the page. Its row must be locked."""
    if not accepts_edits(upload):
        raise OverLimit(CHANGED_MESSAGE)


def find_undoable(upload: Upload) -> Correction | None:
    """Return the last edit of a list's rows; None if the list was started or a corrected file was uploaded since."""
    last = upload.corrections.first()
    is_undoable = last and last.is_edit and last.status == CorrectionStatus.DONE and accepts_edits(upload)
    return last if is_undoable else None


@transaction.atomic
def undo_edit(upload: Upload, correction_id: int, user: User | None) -> int:
    """Undo a list's last edit: its rows get back their previous cells and problems. Return how many rows there were.

    Raise OverLimit if it is no longer the last edit, or if the list has been started.
    """
    upload = lock_upload(upload)
    last = find_undoable(upload)
    if last is None or last.pk != correction_id:
        raise OverLimit("Not undone: the list has changed since, or has been started.")
    previous = {int(number): cells for number, cells in (last.previous_cells or {}).items()}
    reader = RowReader(upload)
    forget_rows(upload, reader, list(previous))
    for made in reader.make_items(previous.items()):
        values = dict(zip(ITEM_COLUMNS, made, strict=True))
        key = {"row_number": values["row_number"], "owner_number": values["owner_number"]}
        upload.items.filter(**key).update(**as_fields(values))
    last.delete()
    Upload.objects.filter(pk=upload.pk).update(warnings=reader.warnings.as_list(), **NEEDS_DIGEST, **NEXT_REVISION)
    refresh_counts(upload.pk)
    record(upload.pk, Event.EDIT_UNDONE, user=user, detail=f"{len(previous)} {noun_for(len(previous), 'row')}")
    return len(previous)


def forget_rows(upload: Upload, reader: RowReader, numbers: list[int]) -> None:
    """Remove what the edited rows led to: second owners, digests and warnings."""
    items = upload.items.filter(row_number__in=numbers)
    Digest.objects.filter(item__in=items).delete()
    for number, cells in items.filter(owner_number=1).values_list("row_number", "cells"):
        checked, values = next(reader.make_row(number, cells))
        for warning in checked.warnings if values["outcome"] == Outcome.PENDING else []:
            reader.warnings.remove(number, name_column(upload, warning.field), warning.kind)
    items.exclude(owner_number=1).delete()
