"""Edits of invalid rows on the page: they are saved by the same rules as a corrected file, and can be undone."""

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from batches.intake import corrections, edits, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Event, Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import spending
from tests.factories import answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    return make_upload([*people(12), person(20, State="Atlantis"), person(21, State="Atlantis")])


def save(upload, user=None, revision=None, **rows):
    """Save rows, given as row14=cells."""
    upload.refresh_from_db()
    given = {int(name.removeprefix("row")): cells for name, cells in rows.items()}
    correction = edits.save_edits(upload, given, upload.revision if revision is None else revision, user)
    upload.refresh_from_db()
    return correction


def snapshot(upload):
    """Everything that is stored about a list's people, and what its review counts."""
    upload.refresh_from_db()
    counts = upload.row_count, upload.item_count, upload.unsent_counts, upload.co_owner_count, upload.warnings
    return list(upload.items.order_by("row_number", "owner_number").values()), counts


def test_edited_rows_are_checked_like_those_of_a_file(upload, alice):
    correction = save(upload, alice, row14=person(20), row15=person(21, State="Nowhere"))
    assert (correction.corrected_count, correction.invalid_count) == (1, 1)
    assert (upload.invalid_count, upload.item_count) == (1, 13)
    first, second = upload.items.filter(row_number__in=[14, 15]).order_by("pk")
    assert (first.outcome, first.cells, first.message, first.findings) == (Outcome.PENDING, person(20), "", "")
    assert (second.outcome, second.cells[4]) == (Outcome.INVALID, "Nowhere")


def test_rows_that_are_valid_are_left_as_they_are(upload):
    correction = save(upload, row2=person(99), row14=person(20))
    assert (correction.corrected_count, correction.ignored_count) == (1, 1)
    assert upload.items.get(row_number=2).cells == person(1)


def test_an_edited_row_about_someone_in_the_list_is_a_duplicate(upload):
    save(upload, row14=person(1))
    assert (upload.items.get(row_number=14).outcome, upload.duplicate_count) == (Outcome.DUPLICATE, 1)


def test_an_old_page_saves_nothing(upload):
    before = snapshot(upload)
    with pytest.raises(spending.OverLimit, match="This list has changed since you opened the page"):
        save(upload, revision=upload.revision - 1, row14=person(20))
    assert snapshot(upload) == before


@pytest.mark.parametrize("status", set(UploadStatus.values) - {UploadStatus.READY})
def test_only_a_list_that_is_ready_is_edited(upload, status):
    Upload.objects.update(status=status)
    with pytest.raises(spending.OverLimit, match="This list has changed"):
        save(upload, row14=person(20))
    assert not Correction.objects.exists()


def test_edited_rows_over_the_limit_of_a_list_are_refused(upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 12
    before = snapshot(upload)
    with pytest.raises(spending.OverLimit, match="above the limit of 12 per list"):
        save(upload, row14=person(20))
    assert snapshot(upload) == before


def test_an_edit_is_a_new_revision_so_an_old_page_starts_nothing(upload, alice):
    shown = upload.revision
    save(upload, alice, row14=person(20))
    with pytest.raises(spending.OverLimit, match="This list has changed"):
        spending.start(upload, alice, shown)


def test_whoever_edits_a_list_does_not_approve_it(upload, charlie):
    save(upload, charlie, row14=person(20))
    assert charlie.pk in spending.find_involved([upload])[upload.pk]


def test_the_history_names_no_person(upload, alice):
    correction = save(upload, alice, row14=person(20))
    edits.undo_edit(upload, correction.pk, alice)
    last = upload.events.order_by("-pk").values_list("what", "detail", "user__username")[:2]
    assert list(last) == [
        ("edit undone", "1 row", "alice"),
        ("rows edited", "1 corrected, 0 invalid, 0 ignored", "alice"),
    ]


def test_undo_restores_the_cells_the_outcome_and_the_counts(upload):
    before = snapshot(upload)
    correction = save(upload, row14=person(20, Phone="555-0100"), row15=person(1))
    assert upload.warnings == [{"column": "Phone", "kind": "unreadable", "count": 1, "rows": [14]}]
    revision = upload.revision
    assert edits.undo_edit(upload, correction.pk, None) == 2
    assert snapshot(upload) == before
    assert upload.revision > revision
    assert not Correction.objects.exists()


def test_undo_takes_back_the_second_owner(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["SMITH JOHN & MARY", f"{n} Oak St", "Herndon", "XX" if n == 3 else "VA"] for n in (1, 2, 3)]
    upload = make_upload(to_csv(rows, header=header), settings={"co_owners": True, "name_order": "last_first"})
    before = snapshot(upload)
    correction = save(upload, row4=["SMITH JOHN & MARY", "3 Oak St", "Herndon", "VA"])
    assert upload.co_owner_count == 3
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_undo_takes_back_an_earlier_answer(upload, start_upload):
    earlier = start_upload([person(20), *people(11)]).items.first()
    answered = {"outcome": Outcome.MATCHED, "answered_at": timezone.now(), "answer": answer_for(earlier).decode()}
    Item.objects.filter(pk=earlier.pk).update(**answered)
    before = snapshot(upload)
    correction = save(upload, row14=person(20))
    assert upload.reused_count == 1
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_edits_are_undone_one_after_the_other_the_last_first(upload):
    before = snapshot(upload)
    first, second = save(upload, row14=person(20)), save(upload, row15=person(20))
    assert upload.duplicate_count == 1
    with pytest.raises(spending.OverLimit, match="Not undone"):
        edits.undo_edit(upload, first.pk, None)
    edits.undo_edit(upload, second.pk, None)
    assert edits.find_undoable(upload) == first
    edits.undo_edit(upload, first.pk, None)
    assert snapshot(upload) == before


def test_nothing_is_undone_after_the_start(upload, alice):
    correction = save(upload, row14=person(20))
    spending.start(upload, alice)
    with pytest.raises(spending.OverLimit, match="or has been started"):
        edits.undo_edit(upload, correction.pk, alice)
    assert upload.items.get(row_number=14).outcome == Outcome.PENDING


def test_nothing_is_undone_while_approval_is_awaited(upload, alice, settings):
    correction = save(upload, row14=person(20))
    settings.APPROVAL_ABOVE = 2
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    with pytest.raises(spending.OverLimit, match="Not undone"):
        edits.undo_edit(upload, correction.pk, alice)


def test_nothing_is_undone_after_a_corrected_file(upload):
    correction = save(upload, row14=person(20))
    rows = list(corrections.list_invalid_rows(upload))
    file = corrections.receive(upload, ContentFile(to_csv(rows[1:], header=rows[0]), name="m.csv"), None)
    corrections.check_correction(file.pk)
    assert edits.find_undoable(upload) is None
    with pytest.raises(spending.OverLimit, match="Not undone"):
        edits.undo_edit(upload, correction.pk, None)


def test_nothing_is_undone_after_the_columns_were_changed(upload, alice):
    save(upload, row14=person(20))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    correction = Correction.objects.get()
    assert (correction.status, correction.previous_cells) == ("failed", None)
    assert edits.find_undoable(Upload.objects.get()) is None


def test_warnings_of_fixed_rows_are_counted(upload):
    rows = list(corrections.list_invalid_rows(upload))
    rows[1][4:7] = ["VA", "20170", "555-0100"]
    file = corrections.receive(upload, ContentFile(to_csv(rows[1:], header=rows[0]), name="m.csv"), None)
    corrections.check_correction(file.pk)
    upload.refresh_from_db()
    assert upload.warnings == [{"column": "Phone", "kind": "unreadable", "count": 1, "rows": [14]}]


def test_who_edited_is_kept_in_the_history(upload, alice):
    save(upload, alice, row14=person(20))
    assert Event.objects.get(what=Event.ROWS_EDITED).user == alice
