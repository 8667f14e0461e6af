import io
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from batches.files.file_format import UnreadableFile
from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Upload
from batches.statuses import CorrectionStatus, UploadStatus
from batches.tracing import spending
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db
DETAILS = {"name": "Spring", "priority": 2, "source": "Fairfax"}


@pytest.fixture
def upload(make_upload):
    return make_upload(people(12), match=["emails"], settings={"look_back": 7})


def replace(upload, content, user=None, name="second.csv"):
    is_replaced = uploads.replace_file(upload, ContentFile(content, name=name), user, **DETAILS)
    return Upload.objects.get(pk=upload.pk) if is_replaced else None


def stored_files():
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
    assert stored_files() == [Path(upload.file.path)]
    event = upload.events.last()
    assert (event.what, event.user, event.detail) == ("file replaced", alice, "")
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 3)


@pytest.mark.parametrize("status", ["draft", "failed"])
def test_the_file_of_a_list_that_could_not_be_read_is_replaced(upload, status):
    Upload.objects.update(status=status, problem="Row 3: a quote is never closed.")
    upload = replace(Upload.objects.get(), to_csv(people(3)))
    assert (upload.status, upload.problem, upload.items.count()) == (UploadStatus.DRAFT, "", 0)


def test_the_mapping_is_kept_for_columns_of_the_same_names(make_upload):
    upload = make_upload(people(12), mapping={"phone": [6]}, match=["emails"], settings={"look_back": 7})
    upload = replace(upload, to_csv(people(3), header=[name.upper() for name in HEADER]))
    assert (upload.mapping, upload.match_requirements, upload.look_back) == ({"phone": [6]}, ["emails"], 7)


def test_other_columns_are_guessed_again(upload):
    upload = replace(upload, to_csv([["ada@example.com", "Ada"]] * 3, header=["Email", "First Name"]))
    assert upload.mapping == {"first_name": [1], "email": [0]}
    assert (upload.columns, upload.constants) == (["Email", "First Name"], {})


def test_the_chosen_sheet_is_read_from_the_next_workbook_too(alice):
    book = openpyxl.Workbook()
    for sheet, first in ((book.active, "Notes"), (book.create_sheet("Leads"), "Email")):
        sheet.append([first])
        sheet.append(["ada@example.com"])
    out = io.BytesIO()
    book.save(out)
    upload = uploads.receive(ContentFile(out.getvalue(), name="book.xlsx"), alice)
    assert uploads.change_sheet(upload, "Leads", alice)
    assert replace(upload, out.getvalue(), name="book.xlsx").file_format["sheet"] == "Leads"


def test_a_file_that_cannot_be_read_changes_nothing(upload):
    files = stored_files()
    with pytest.raises(UnreadableFile, match="PDF"):
        replace(upload, b"%PDF-1.7")
    upload.refresh_from_db()
    assert (upload.status, upload.name, upload.items.count()) == (UploadStatus.READY, "people", 12)
    assert stored_files() == files


@pytest.mark.parametrize("status", sorted(set(UploadStatus) - {"draft", "ready", "failed"}))
def test_a_started_list_keeps_its_file(upload, status):
    files = stored_files()
    Upload.objects.update(status=status)
    assert replace(upload, to_csv(people(3))) is None
    assert not uploads.change_details(upload, **DETAILS)
    assert (upload.items.count(), stored_files()) == (12, files)
    assert Upload.objects.get().name == "people"


def test_only_one_of_two_simultaneous_files_is_accepted(upload):
    late = Upload.objects.get()
    upload = replace(upload, to_csv(people(3)))
    assert replace(late, to_csv(people(4)), name="third.csv") is None
    assert [path.name for path in stored_files()] == [Path(upload.file.name).name]


def test_columns_chosen_for_one_file_are_not_used_for_the_next(upload):
    late = Upload.objects.get()
    upload = replace(upload, to_csv(people(3)))
    settings = TraceSettings.from_upload(late, mapping={"phone": [6]})
    assert not uploads.accept_settings(late, settings, None)
    assert not uploads.save_unchecked_settings(late, settings, None)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.DRAFT
    assert "address" in upload.mapping


def test_guessing_columns_again_does_not_stop_a_running_check(alice):
    upload = uploads.receive(ContentFile(to_csv(people(3)), name="people.csv"), alice)
    late = Upload.objects.get()
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    assert not uploads.change_template(late, None, alice)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.CHECKING


def test_fixed_rows_of_the_first_file_are_not_added_to_the_second(make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = to_csv([[*person(2), "Row 3: fix me"]], header=[*HEADER, "Problem"])
    correction = corrections.receive(upload, ContentFile(corrected_file, name="corrected.csv"), None)
    upload = replace(upload, to_csv([person(8), person(9, State="Lemuria")]))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    # A check that began earlier.
    late = Correction.objects.get()
    late.status = CorrectionStatus.CHECKING
    with pytest.raises(UnreadableFile, match="The list has changed since"):
        corrections.apply_corrections(late)
    correction.refresh_from_db()
    assert (correction.status, correction.problem[:28]) == (CorrectionStatus.FAILED, "The list's file was replaced")
    assert upload.items.get(row_number=3).cells == person(9, State="Lemuria")


def test_the_details_of_a_list_change_without_its_rows(upload):
    assert uploads.change_details(upload, **DETAILS | {"name": ""})
    upload.refresh_from_db()
    assert (upload.name, upload.list_source, upload.priority) == ("people", "Fairfax", 2)
    assert (upload.status, upload.items.count(), upload.match_requirements) == (UploadStatus.READY, 12, ["emails"])


def test_a_list_is_not_started_with_the_rows_of_a_file_that_was_replaced(upload, alice):
    replace(upload, to_csv(people(3)))
    assert spending.start(upload, alice) is None
