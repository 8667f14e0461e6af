"""Edit rows with a problem or a warning on the page before their list is started, and undo these edits."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from accounts.rights import Right, require
from batches.intake import reuse
from batches.intake.corrections import count_people, empty_tally, finish, mark_if_duplicate, replace_invalid_rows
from batches.intake.row_import import refresh_counts
from batches.intake.row_reader import RowReader, name_column
from batches.intake.uploads import NEXT_REVISION
from batches.models import NEEDS_DIGEST, Correction, Event, Upload
from batches.nouns import noun_for
from batches.statuses import CorrectionStatus, Outcome, UploadStatus
from batches.tracing.lifecycle import record
from batches.tracing.spending import CHANGED_MESSAGE, SpendingRefused, lock_upload, refuse_changed, refuse_corrections


@transaction.atomic
def save_edits(upload: Upload, edits: dict[int, list[str]], revision: int, user: User | None) -> Correction:
    """Replace the cells of rows before their list is started. `edits` are row number → new cells.

    The rows are checked like those of a file. `revision` is the one that `user` was shown. Raise SpendingRefused, and
    change nothing, if the list has changed since then or if a limit does not allow its new people.
    """
    require(user, Right.UPLOAD)
    upload = lock_upload(upload)
    refuse_changed(upload, revision)
    refuse_unready(upload)
    edited = upload.items.filter(row_number__in=edits, owner_number=1)
    people = count_people(upload, edited.filter(outcome=Outcome.INVALID).count())
    refuse_corrections(upload, people, user)
    correction = Correction.objects.create(
        upload=upload,
        file_format={},
        columns=[],
        created_by=user,
        previous_cells={str(number): cells for number, cells in edited.values_list("row_number", "cells")},
    )
    finish(correction, CorrectionStatus.DONE, max_people=people, **replace_rows(upload, edits))
    correction.refresh_from_db()
    return correction


def accepts_edits(upload: Upload) -> bool:
    """Return whether a list's rows can be edited on the page: they are checked, and the list was never started."""
    return upload.status == UploadStatus.READY and not upload.was_ever_started


def refuse_unready(upload: Upload) -> None:
    """Raise SpendingRefused if a list's rows cannot be edited on the page. The upload must be locked."""
    if not accepts_edits(upload):
        raise SpendingRefused(CHANGED_MESSAGE)


def find_undoable(upload: Upload) -> Correction | None:
    """Return a list's last edit, or None if the list has since been started or a corrected file uploaded."""
    last = upload.corrections.first()
    is_undoable = last and last.is_edit and last.status == CorrectionStatus.DONE and accepts_edits(upload)
    return last if is_undoable else None


@transaction.atomic
def undo_edit(upload: Upload, correction_id: int, user: User | None) -> int:
    """Undo an edit: give its rows back their previous cells and problems. Return the number of rows.

    Raise SpendingRefused if the edit is no longer the last one, or if the list has been started.
    """
    require(user, Right.UPLOAD)
    upload = lock_upload(upload)
    last = find_undoable(upload)
    if last is None or last.pk != correction_id:
        raise SpendingRefused("Not undone: the list has since changed or been started.")
    previous = {int(number): cells for number, cells in (last.previous_cells or {}).items()}
    replace_rows(upload, previous)
    last.delete()
    Upload.objects.filter(pk=upload.pk).update(**NEEDS_DIGEST, **NEXT_REVISION)
    refresh_counts(upload.pk)
    record(upload.pk, Event.EDIT_UNDONE, user=user, detail=f"{len(previous)} {noun_for(len(previous), 'row')}")
    return len(previous)


def replace_rows(upload: Upload, cells_by_row: dict[int, list[str]]) -> dict[str, int]:
    """Replace the cells of rows, and undo everything that followed from the previous ones. Return the tally."""
    items = upload.items.filter(row_number__in=cells_by_row)
    previous_fingerprints = dict(items.values_list("pk", "fingerprint"))
    reader = RowReader(upload)
    delete_consequences(upload, reader, list(cells_by_row))
    # None of these rows is the first of its duplicates until it has been checked again.
    items.update(outcome=Outcome.INVALID)
    tally = empty_tally()
    replace_invalid_rows(upload, reader, cells_by_row, tally)
    fingerprints = dict(items.exclude(outcome=Outcome.INVALID).values_list("pk", "fingerprint"))
    recheck_duplicates(
        upload, [pk for pk, previous in previous_fingerprints.items() if fingerprints.get(pk) != previous]
    )
    Upload.objects.filter(pk=upload.pk).update(warnings=reader.warnings.as_list())
    reuse.reuse_answers(upload)
    return tally


def recheck_duplicates(upload: Upload, changed: Collection[int]) -> None:
    """Check the duplicates of these items again, because these items are now other people, or are not traced."""
    for item in upload.items.filter(outcome=Outcome.DUPLICATE, same_as__in=changed).order_by("pk"):
        values = {"outcome": Outcome.PENDING.value, "fingerprint": item.fingerprint, "same_as_id": None}
        mark_if_duplicate(upload, values)
        upload.items.filter(pk=item.pk).update(**values)


def delete_consequences(upload: Upload, reader: RowReader, numbers: list[int]) -> None:
    """Delete what the edited rows led to: second owners, with their digests, and warnings."""
    items = upload.items.filter(row_number__in=numbers)
    for number, cells in items.filter(owner_number=1).values_list("row_number", "cells"):
        checked, values = next(reader.read_row(number, cells))
        if values["outcome"] == Outcome.PENDING:
            for warning in checked.warnings:
                reader.warnings.remove(number, name_column(upload, warning.field), warning.kind)
    items.exclude(owner_number=1).delete()
