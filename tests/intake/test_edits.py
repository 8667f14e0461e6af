"""Edits of invalid rows on the page: they are saved by the same rules as a corrected file, and can be undone."""

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from batches.intake import corrections, edits, suppression, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Event, Item, Upload
from batches.statuses import CorrectionStatus, Outcome, SuppressionKind, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    return make_upload([*people(12), person(20, State="Atlantis"), person(21, State="Atlantis")])


def save(upload, user=None, revision=None, **rows):
    """Save edited rows. Each is given as `row14=cells`, with its number in the file."""
    upload.refresh_from_db()
    edited = {int(name.removeprefix("row")): cells for name, cells in rows.items()}
    correction = edits.save_edits(upload, edited, upload.revision if revision is None else revision, user)
    upload.refresh_from_db()
    return correction


def snapshot(upload):
    """Return everything that is stored about a list's people, and the counts that its review shows."""
    upload.refresh_from_db()
    counts = upload.row_count, upload.item_count, upload.unsent_counts, upload.co_owner_count, upload.warnings
    return list(upload.items.order_by("row_number", "owner_number").values()), counts


def test_edited_rows_are_checked_like_the_rows_of_a_file(upload, alice):
    correction = save(upload, alice, row14=person(20), row15=person(21, State="Nowhere"))
    assert (correction.corrected_count, correction.invalid_count) == (1, 1)
    assert (upload.invalid_count, upload.item_count) == (1, 13)
    first, second = upload.items.filter(row_number__in=[14, 15]).order_by("pk")
    assert (first.outcome, first.cells, first.message, first.findings) == (Outcome.PENDING, person(20), "", "")
    assert (second.outcome, second.cells[HEADER.index("State")]) == (Outcome.INVALID, "Nowhere")


def test_an_edit_of_an_unknown_row_is_ignored(upload):
    correction = save(upload, row99=person(99), row14=person(20))
    assert (correction.corrected_count, correction.ignored_count) == (1, 1)
    assert not upload.items.filter(row_number=99).exists()


def test_an_edited_warning_disappears_and_comes_back_with_undo(make_upload):
    upload = make_upload([*people(12), person(20, Phone="555-0100"), person(21, Phone="n/a", Zip="10001")])
    before = snapshot(upload)
    correction = save(upload, row14=person(20, Phone="703-555-0120"), row15=person(21, Zip="20170"))
    assert upload.warnings == []
    fixed = upload.items.get(row_number=14)
    assert (fixed.phone, fixed.findings, fixed.outcome) == ("7035550120", "", Outcome.PENDING)
    assert (correction.corrected_count, upload.item_count) == (2, 14)
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_a_traced_row_can_become_invalid_and_comes_back_with_undo(upload):
    before = snapshot(upload)
    correction = save(upload, row2=person(1, State="Atlantis"))
    assert (correction.invalid_count, upload.invalid_count, upload.item_count) == (1, 3, 11)
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_the_duplicates_of_an_edited_row_are_traced_if_it_is_someone_else_now(make_upload):
    upload = make_upload([*people(12), person(1), person(1)])
    before = snapshot(upload)
    correction = save(upload, row2=person(30))
    first, second = upload.items.filter(row_number__gt=13).order_by("row_number")
    assert (first.outcome, first.same_as_id) == (Outcome.PENDING, None)
    assert (second.outcome, second.same_as_id) == (Outcome.DUPLICATE, first.pk)
    assert (upload.item_count, upload.duplicate_count) == (13, 1)
    edits.undo_edit(upload, correction.pk, None)
    restored, counts = snapshot(upload)
    assert [row["outcome"] for row in restored].count(Outcome.DUPLICATE) == 2
    assert counts == before[1]


def test_the_duplicates_of_an_edited_row_stay_if_it_is_still_the_same_person(make_upload):
    upload = make_upload([*people(12), person(1), person(1, Zip="")])
    save(upload, row2=person(1, Phone="703-555-0199"))
    assert (upload.item_count, upload.duplicate_count) == (12, 2)


def test_an_edited_row_on_the_do_not_contact_list_is_not_traced(upload, alice):
    untraced = suppression.Terms(blocks_tracing=True)
    suppression.add_entries({(SuppressionKind.PHONE, "7035550199"): "703-555-0199"}, alice, terms=untraced)
    save(upload, row2=person(1, Phone="703-555-0199"))
    assert upload.items.get(row_number=2).outcome == Outcome.SUPPRESSED


def test_an_edited_row_with_the_person_of_another_row_is_a_duplicate(upload):
    save(upload, row14=person(1))
    assert (upload.items.get(row_number=14).outcome, upload.duplicate_count) == (Outcome.DUPLICATE, 1)


def test_nothing_is_saved_from_an_outdated_page(upload):
    before = snapshot(upload)
    with pytest.raises(spending.SpendingRefused, match="This list has changed since you opened the page"):
        save(upload, revision=upload.revision - 1, row14=person(20))
    assert snapshot(upload) == before


@pytest.mark.parametrize("status", set(UploadStatus.values) - {UploadStatus.READY})
def test_only_a_list_that_is_ready_can_be_edited(upload, status):
    Upload.objects.update(status=status)
    with pytest.raises(spending.SpendingRefused, match="This list has changed"):
        save(upload, row14=person(20))
    assert not Correction.objects.exists()


def test_edited_rows_over_the_limit_of_a_list_are_refused(upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 12
    before = snapshot(upload)
    with pytest.raises(spending.SpendingRefused, match="above the limit of 12 credits per list"):
        save(upload, row14=person(20))
    assert snapshot(upload) == before


def test_a_list_cannot_be_started_from_a_page_older_than_its_last_edit(upload, alice):
    shown_revision = upload.revision
    save(upload, alice, row14=person(20))
    with pytest.raises(spending.SpendingRefused, match="This list has changed"):
        spending.start(upload, alice, shown_revision)


def test_a_user_who_edits_a_list_may_not_approve_it(upload, charlie):
    save(upload, charlie, row14=person(20))
    assert charlie.pk in spending.find_involved([upload])[upload.pk]


def test_the_history_counts_edited_rows_without_naming_their_people(upload, alice):
    correction = save(upload, alice, row14=person(20))
    edits.undo_edit(upload, correction.pk, alice)
    last_events = upload.events.order_by("-pk").values_list("what", "detail", "user__username")[:2]
    assert list(last_events) == [
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


def test_undo_removes_the_second_owner_that_an_edit_added(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["SMITH JOHN & MARY", f"{n} Oak St", "Herndon", "XX" if n == 3 else "VA"] for n in (1, 2, 3)]
    upload = make_upload(to_csv(rows, header=header), settings={"co_owners": True, "name_order": "last_first"})
    before = snapshot(upload)
    correction = save(upload, row4=["SMITH JOHN & MARY", "3 Oak St", "Herndon", "VA"])
    assert upload.co_owner_count == 3
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_undo_removes_the_earlier_answer_that_an_edit_reused(upload, start_upload):
    earlier = start_upload([person(20), *people(11)]).items.first()
    answered = {"outcome": Outcome.MATCHED, "answered_at": timezone.now(), "answer": answer_for(earlier).decode()}
    Item.objects.filter(pk=earlier.pk).update(**answered)
    before = snapshot(upload)
    correction = save(upload, row14=person(20))
    assert upload.reused_count == 1
    edits.undo_edit(upload, correction.pk, None)
    assert snapshot(upload) == before


def test_edits_are_undone_one_by_one_starting_with_the_last(upload):
    before = snapshot(upload)
    first = save(upload, row14=person(20))
    second = save(upload, row15=person(20))
    assert upload.duplicate_count == 1
    with pytest.raises(spending.SpendingRefused, match="Not undone"):
        edits.undo_edit(upload, first.pk, None)
    edits.undo_edit(upload, second.pk, None)
    assert edits.find_undoable(upload) == first
    edits.undo_edit(upload, first.pk, None)
    assert snapshot(upload) == before


def test_an_edit_cannot_be_undone_once_the_list_is_started(upload, alice):
    correction = save(upload, row14=person(20))
    spending.start(upload, alice)
    with pytest.raises(spending.SpendingRefused, match="or been started"):
        edits.undo_edit(upload, correction.pk, alice)
    assert upload.items.get(row_number=14).outcome == Outcome.PENDING


def test_an_edit_cannot_be_undone_while_the_list_awaits_approval(upload, alice, settings):
    correction = save(upload, row14=person(20))
    settings.APPROVAL_ABOVE = 2
    assert spending.start(upload, alice) == UploadStatus.APPROVAL
    with pytest.raises(spending.SpendingRefused, match="Not undone"):
        edits.undo_edit(upload, correction.pk, alice)


def test_an_edit_cannot_be_undone_after_a_corrected_file(upload):
    correction = save(upload, row14=person(20))
    rows = list(corrections.list_invalid_rows(upload))
    from_file = corrections.receive(upload, ContentFile(to_csv(rows[1:], header=rows[0]), name="corrected.csv"), None)
    corrections.check_correction(from_file.pk)
    assert edits.find_undoable(upload) is None
    with pytest.raises(spending.SpendingRefused, match="Not undone"):
        edits.undo_edit(upload, correction.pk, None)


def test_an_edit_cannot_be_undone_after_the_columns_were_changed(upload, alice):
    save(upload, row14=person(20))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    correction = Correction.objects.get()
    assert (correction.status, correction.previous_cells) == (CorrectionStatus.FAILED, None)
    assert edits.find_undoable(Upload.objects.get()) is None


def test_warnings_of_fixed_rows_are_counted(upload):
    rows = list(corrections.list_invalid_rows(upload))
    problem = rows[1][-1]
    rows[1] = [*person(20, Phone="555-0100"), problem]
    correction = corrections.receive(upload, ContentFile(to_csv(rows[1:], header=rows[0]), name="corrected.csv"), None)
    corrections.check_correction(correction.pk)
    upload.refresh_from_db()
    assert upload.warnings == [{"column": "Phone", "kind": "unreadable", "count": 1, "rows": [14]}]


def test_the_history_names_the_user_who_edited(upload, alice):
    save(upload, alice, row14=person(20))
    assert Event.objects.get(what=Event.ROWS_EDITED).user == alice
