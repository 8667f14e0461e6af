from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from batches.files.file_format import UnreadableFile
from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Upload
from batches.statuses import CorrectionStatus, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, make_workbook, people, person, to_csv

pytestmark = pytest.mark.django_db
DETAILS = {"name": "Spring", "priority": 2, "source": "Fairfax"}


@pytest.fixture
def upload(make_upload):
    return make_upload(people(12), match=["emails"], settings={"look_back": 7})


def replace(upload, content, user=None, name="second.csv"):
    """Replace a list's file. Return the stored list, or None if it keeps its file."""
    is_replaced = uploads.replace_file(upload, ContentFile(content, name=name), user, **DETAILS)
    return Upload.objects.get(pk=upload.pk) if is_replaced else None


def list_stored_files():
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_another_file_replaces_the_first(upload, alice):
    first = Path(upload.file.path)
    upload = replace(upload, to_csv(people(3)), alice)
    assert (upload.status, upload.name, upload.list_source, upload.priority) == (
        UploadStatus.DRAFT,
        "Spring",
        "Fairfax",
        2,
    )
    assert (upload.filename, upload.row_count, upload.items.count(), upload.row_estimate) == ("second.csv", 0, 0, 4)
    assert not first.exists()
    assert list_stored_files() == [Path(upload.file.path)]
    event = upload.events.last()
    assert (event.what, event.user, event.detail) == ("file replaced", alice, "")
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 3)


@pytest.mark.parametrize("status", ["draft", "failed"])
def test_the_file_of_a_draft_or_a_failed_list_can_be_replaced(upload, status):
    Upload.objects.update(status=status, problem="Row 3: a quote is never closed.")
    upload = replace(Upload.objects.get(), to_csv(people(3)))
    assert (upload.status, upload.problem, upload.items.count()) == (UploadStatus.DRAFT, "", 0)


def test_the_mapping_is_kept_if_the_column_names_are_the_same(make_upload):
    upload = make_upload(people(12), mapping={"phone": [6]}, match=["emails"], settings={"look_back": 7})
    upload = replace(upload, to_csv(people(3), header=[name.upper() for name in HEADER]))
    assert (upload.mapping, upload.match_requirements, upload.look_back) == ({"phone": [6]}, ["emails"], 7)


def test_the_mapping_is_guessed_again_if_the_column_names_differ(upload):
    upload = replace(upload, to_csv([["ada@example.com", "Ada"]] * 3, header=["Email", "First Name"]))
    assert upload.mapping == {"first_name": [1], "email": [0]}
    assert (upload.columns, upload.constants) == (["Email", "First Name"], {})


def test_the_chosen_sheet_is_read_from_the_next_workbook_too(alice):
    content = make_workbook(Notes=[["Notes"], ["ada@example.com"]], Leads=[["Email"], ["ada@example.com"]])
    upload = uploads.receive(ContentFile(content, name="book.xlsx"), alice)
    assert uploads.change_sheet(upload, "Leads", alice)
    assert replace(upload, content, name="book.xlsx").file_format["sheet"] == "Leads"


def test_a_file_that_cannot_be_read_changes_nothing(upload):
    files = list_stored_files()
    with pytest.raises(UnreadableFile, match="PDF"):
        replace(upload, b"%PDF-1.7")
    upload.refresh_from_db()
    assert (upload.status, upload.name, upload.items.count()) == (UploadStatus.READY, "people", 12)
    assert list_stored_files() == files


@pytest.mark.parametrize("status", sorted(set(UploadStatus) - {"draft", "ready", "failed"}))
def test_a_started_list_keeps_its_file(upload, status):
    files = list_stored_files()
    Upload.objects.update(status=status)
    assert replace(upload, to_csv(people(3))) is None
    assert not uploads.change_details(upload, None, **DETAILS)
    assert (upload.items.count(), list_stored_files()) == (12, files)
    assert Upload.objects.get().name == "people"


def test_only_one_of_two_simultaneous_files_is_accepted(upload):
    outdated = Upload.objects.get()
    upload = replace(upload, to_csv(people(3)))
    assert replace(outdated, to_csv(people(4)), name="third.csv") is None
    assert [path.name for path in list_stored_files()] == [Path(upload.file.name).name]


def test_columns_chosen_for_one_file_are_not_used_for_the_next(upload):
    outdated = Upload.objects.get()
    upload = replace(upload, to_csv(people(3)))
    outdated_settings = TraceSettings.from_upload(outdated, mapping={"phone": [6]})
    assert not uploads.accept_settings(outdated, outdated_settings, None)
    assert not uploads.save_unchecked_settings(outdated, outdated_settings, None)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.DRAFT
    assert "address" in upload.mapping


def test_an_outdated_page_that_guesses_columns_again_does_not_stop_a_check(alice):
    upload = uploads.receive(ContentFile(to_csv(people(3)), name="people.csv"), alice)
    outdated = Upload.objects.get()
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    assert not uploads.change_template(outdated, None, alice)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.CHECKING


def test_fixed_rows_of_the_first_file_are_not_added_to_the_second(make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = to_csv([[*person(2), "Row 3: fix me"]], header=[*HEADER, "Problem"])
    correction = corrections.receive(upload, ContentFile(corrected_file, name="corrected.csv"), None)
    upload = replace(upload, to_csv([person(8), person(9, State="Lemuria")]))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    # A job that began to apply the corrected file before the list's file was replaced.
    outdated = Correction.objects.get()
    outdated.status = CorrectionStatus.CHECKING
    with pytest.raises(UnreadableFile, match="The list has changed since"):
        corrections.apply_corrections(outdated)
    correction.refresh_from_db()
    assert correction.status == CorrectionStatus.FAILED
    assert correction.problem.startswith("The list's file was replaced")
    assert upload.items.get(row_number=3).cells == person(9, State="Lemuria")


def test_changing_the_details_of_a_list_leaves_its_rows_unchanged(upload):
    assert uploads.change_details(upload, None, **DETAILS | {"name": ""})
    upload.refresh_from_db()
    assert (upload.name, upload.list_source, upload.priority) == ("people", "Fairfax", 2)
    assert (upload.status, upload.items.count(), upload.match_requirements) == (UploadStatus.READY, 12, ["emails"])


def test_a_list_cannot_be_started_with_the_rows_of_a_file_that_was_replaced(upload, alice):
    replace(upload, to_csv(people(3)))
    assert spending.start(upload, alice) is None
