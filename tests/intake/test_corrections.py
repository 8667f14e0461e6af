import csv
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from batches import jobs
from batches.files.file_format import UnreadableFile
from batches.intake import corrections, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, Correction, Item, Upload
from batches.statuses import BatchStatus, CorrectionStatus, Outcome, UploadStatus
from batches.tracing import limits, packing, spending
from tests.factories import HEADER, answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db
STATE = HEADER.index("State")
PROBLEM = len(HEADER)
"""The position of the column “Problem” in a file of invalid rows."""


@pytest.fixture
def upload(make_upload):
    """Return a list of 15 rows, of which the last three are invalid."""
    return make_upload(
        [*people(12), person(20, State="Atlantis"), person(21, State="=Atlantis"), person(22, Zip="")[:4]]
    )


def read_invalid_rows(upload):
    text = b"".join(corrections.stream_invalid_rows(upload)).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))


def make_file(rows):
    return ContentFile(to_csv(rows[1:], header=rows[0]), name="corrected.csv")


def upload_corrected_file(upload, rows):
    """Upload and check a corrected file. Return the Correction, and its upload's id if there is someone to plan."""
    correction = corrections.receive(upload, make_file(rows), None)
    upload_id_to_plan = corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    upload.refresh_from_db()
    return correction, upload_id_to_plan


def test_invalid_rows_are_downloaded_with_their_columns_and_the_problem(upload):
    header, *rows = read_invalid_rows(upload)
    assert header == [*HEADER, "Problem"]
    assert rows[0][:PROBLEM] == person(20, State="Atlantis")
    assert rows[1][STATE] == "'=Atlantis"
    assert [row[PROBLEM].partition(":")[0] for row in rows] == ["Row 14", "Row 15", "Row 16"]
    assert "is not a state" in rows[0][PROBLEM]


def test_fixed_rows_replace_the_invalid_rows(upload):
    header, first, second, third = read_invalid_rows(upload)
    first[STATE] = third[STATE] = "VA"
    correction, upload_id_to_plan = upload_corrected_file(upload, [header, third, second, first])
    assert (correction.corrected_count, correction.invalid_count, correction.ignored_count) == (2, 1, 0)
    assert upload_id_to_plan is None
    assert (upload.status, upload.invalid_count, upload.item_count) == (UploadStatus.READY, 1, 14)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.cells, item.message) == (Outcome.PENDING, person(20), "")
    assert upload.items.get(row_number=15).cells[STATE] == "=Atlantis"
    [_, still_invalid] = read_invalid_rows(upload)
    assert still_invalid[STATE] == "'=Atlantis"


def test_a_complete_list_runs_again_with_its_fixed_rows(upload, alice):
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    upload.refresh_from_db()
    rows = read_invalid_rows(upload)
    rows[1][STATE] = "VA"
    _, upload_id_to_plan = upload_corrected_file(upload, rows)
    assert (upload_id_to_plan, upload.status) == (upload.pk, UploadStatus.RUNNING)
    packing.plan_upload(upload.pk)
    assert upload.items.get(row_number=14).batch.number == 2


def test_checking_a_corrected_file_twice_changes_nothing_more(upload):
    rows = read_invalid_rows(upload)
    rows[1][STATE] = "VA"
    correction, _ = upload_corrected_file(upload, rows)
    Correction.objects.update(status=CorrectionStatus.CHECKING)
    corrections.check_correction(correction.pk)
    upload.refresh_from_db()
    assert (upload.row_count, upload.item_count) == (15, 13)


def test_rows_that_replace_no_invalid_row_are_counted_and_ignored(upload):
    header, first, *_ = read_invalid_rows(upload)
    was_valid = [*person(99), "Row 2: it was valid"]
    not_in_the_list = [*person(98), "Row 999: no such row"]
    unnumbered = [*person(97), "I fixed it"]
    correction, _ = upload_corrected_file(upload, [header, was_valid, not_in_the_list, unnumbered, first, first])
    assert (correction.corrected_count, correction.ignored_count) == (0, 4)
    assert upload.items.get(row_number=2).cells == person(1)


def test_a_fixed_row_reuses_an_earlier_answer(upload, start_upload):
    earlier = start_upload([person(20), *people(11)]).items.first()
    answered = {"outcome": Outcome.MATCHED, "answered_at": timezone.now(), "answer": answer_for(earlier).decode()}
    Item.objects.filter(pk=earlier.pk).update(**answered)
    rows = read_invalid_rows(upload)
    rows[1][STATE] = "VA"
    upload_corrected_file(upload, rows)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.same_as, upload.reused_count) == (Outcome.REUSED, earlier, 1)


def test_a_missing_corrected_file_is_reported(upload):
    correction = corrections.receive(upload, make_file(read_invalid_rows(upload)), None)
    correction.file.delete(save=False)
    corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.problem) == (CorrectionStatus.FAILED, corrections.UNREADABLE_MESSAGE)


def test_a_fixed_row_can_be_a_duplicate(upload):
    header, first, *_ = read_invalid_rows(upload)
    upload_corrected_file(upload, [header, [*person(1), first[PROBLEM]]])
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.same_as.row_number) == (Outcome.DUPLICATE, 2)
    assert (upload.duplicate_count, upload.item_count) == (1, 12)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (HEADER, "The column “Problem” is missing."),
        ([*HEADER[:5], "Postcode", "Phone", "Problem"], "The column “Zip” is missing."),
    ],
)
def test_a_file_without_one_of_the_columns_is_refused(upload, header, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        upload_corrected_file(upload, [header, person(1)])
    assert not Correction.objects.exists()


def test_columns_of_the_same_name_keep_their_order(make_upload):
    header = ["Name", "Address", "City", "State", "Name"]
    upload = make_upload(to_csv([["Ada Abbott", "1 Oak St", "Herndon", "XX", "Ben"]] * 2, header=header))
    rows = read_invalid_rows(upload)
    rows[1][rows[0].index("State")] = "VA"
    upload_corrected_file(upload, rows)
    assert upload.items.first().cells == ["Ada Abbott", "1 Oak St", "Herndon", "VA", "Ben"]


def upload_refused_file(upload, rows):
    """Upload a corrected file that must be refused without changing any row. Return the reason."""
    before = list(upload.items.order_by("pk").values("pk", "outcome", "cells"))
    correction, _ = upload_corrected_file(upload, rows)
    assert correction.status == CorrectionStatus.FAILED
    assert list(upload.items.order_by("pk").values("pk", "outcome", "cells")) == before
    return correction.problem


def correct(rows, count=3):
    """Return the header and the first invalid rows, corrected."""
    return [rows[0], *([*row[:STATE], "VA", "20170", "", row[PROBLEM]] for row in rows[1 : count + 1])]


def test_fixed_rows_over_the_limit_are_refused(upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 14
    problem = upload_refused_file(upload, read_invalid_rows(upload))
    assert "With these rows, the list could cost up to 15 credits, above the limit of 14 credits per list." in problem
    correction, _ = upload_corrected_file(upload, correct(read_invalid_rows(upload), count=2))
    assert correction.status == CorrectionStatus.DONE


def test_invalid_rows_are_downloaded_and_fixed_rows_uploaded_on_the_page(
    browser, upload, django_capture_on_commit_callbacks
):
    assert "Upload fixed rows" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    response = browser.get(f"/uploads/{upload.pk}/invalid-rows/")
    content = b"".join(response)
    assert response["Content-Disposition"].endswith('-rows-to-fix.csv"')
    file = SimpleUploadedFile("corrected.csv", content.replace(b",Atlantis,", b",VA,"))
    with django_capture_on_commit_callbacks(execute=True):
        page = browser.post(f"/uploads/{upload.pk}/corrections/", {"file": file}, follow=True).content.decode()
    assert "Reading the corrected file" in page
    [job] = jobs.django_rq.get_queue("intake").jobs
    assert job.func_name == "batches.jobs.check_correction"
    corrections.check_correction(*job.args)
    assert "1 row fixed, 2 still invalid" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    page = browser.post(f"/uploads/{upload.pk}/corrections/", follow=True).content.decode()
    assert "Please choose your corrected file. It must not be empty." in page
    unreadable = SimpleUploadedFile("corrected.csv", b"%PDF-1.7")
    page = browser.post(f"/uploads/{upload.pk}/corrections/", {"file": unreadable}, follow=True).content.decode()
    assert "This is a PDF" in page


def test_rows_with_too_many_cells_can_be_fixed(make_upload):
    upload = make_upload([person(1), [*person(2), "", "extra"]])
    rows = read_invalid_rows(upload)
    assert rows[0][-3:] == ["Column 8", "Column 9", "Problem"]
    rows[1][rows[0].index("Column 9")] = ""
    upload_corrected_file(upload, rows)
    assert (upload.invalid_count, upload.items.get(row_number=3).cells) == (0, person(2))


def test_rows_that_would_need_approval_are_refused_once_the_list_is_started(upload, alice, settings):
    spending.start(upload, alice)
    upload.refresh_from_db()
    settings.APPROVAL_ABOVE = 2
    problem = upload_refused_file(upload, read_invalid_rows(upload))
    assert "Please upload the corrected rows as a separate list." in problem


def test_a_small_correction_of_a_large_list_needs_no_approval_but_several_together_do(upload, alice, settings):
    """Each file counts towards the day of the user who uploads it, no matter who started the list."""
    spending.start(upload, alice)
    settings.APPROVAL_ABOVE = 2
    correction, _ = upload_corrected_file(upload, correct(read_invalid_rows(upload), count=2))
    assert correction.corrected_count == 2
    problem = upload_refused_file(upload, correct(read_invalid_rows(upload)))
    assert "what you started today without approval could cost 3 credits" in problem


def test_rows_that_are_still_invalid_do_not_count_towards_the_approval_limit(upload, alice, settings):
    spending.start(upload, alice)
    settings.APPROVAL_ABOVE = 3
    for _ in range(3):
        correction, _ = upload_corrected_file(upload, read_invalid_rows(upload))
        assert correction.status == CorrectionStatus.DONE
    correction, _ = upload_corrected_file(upload, correct(read_invalid_rows(upload)))
    assert correction.corrected_count == 3


def test_a_list_cannot_be_started_while_a_corrected_file_is_checked(upload, alice):
    corrections.receive(upload, make_file(read_invalid_rows(upload)), None)
    with pytest.raises(spending.SpendingRefused, match="A corrected file for this list is being checked"):
        spending.start(upload, alice)


@pytest.mark.django_db(transaction=True)
def test_fixed_rows_count_towards_the_daily_limit(upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 14
    spending.start(upload, alice)
    problem = upload_refused_file(Upload.objects.get(), read_invalid_rows(upload))
    assert "already cost 12 credits, and these rows could cost 3 credits more. The daily limit is 14 credits" in problem
    settings.DAILY_CREDIT_LIMIT = 15
    rows = read_invalid_rows(upload)
    rows[1][STATE] = "VA"
    upload_corrected_file(upload, rows)
    assert limits.credits_committed_today() == 13


def test_fixed_rows_count_towards_the_daily_limit_while_they_are_checked(upload, alice, settings):
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    Batch.objects.update(status=BatchStatus.CLOSED)
    file = make_file(correct(read_invalid_rows(upload)))
    correction = corrections.receive(Upload.objects.get(), file, alice)
    corrections.set_max_people(correction)
    assert limits.credits_committed_today() == 3


def test_the_second_owner_of_a_fixed_row_is_added_only_once(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["SMITH JOHN & MARY", f"{n} Oak St", "Herndon", "XX" if n == 3 else "VA"] for n in (1, 2, 3, 4)]
    upload = make_upload(to_csv(rows, header=header), settings={"co_owners": True, "name_order": "last_first"})
    rows = read_invalid_rows(upload)
    rows[1][rows[0].index("State")] = "VA"
    for _ in range(2):
        upload_corrected_file(upload, rows)
    assert (upload.row_count, upload.co_owner_count, upload.item_count) == (4, 4, 8)


def test_changing_the_columns_fails_a_correction_that_was_applied_before(upload, alice):
    rows = read_invalid_rows(upload)
    rows[1][STATE] = "VA"
    correction, _ = upload_corrected_file(upload, rows)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    correction.refresh_from_db()
    assert correction.status == CorrectionStatus.FAILED
    assert correction.problem.startswith("The list's columns were changed")
