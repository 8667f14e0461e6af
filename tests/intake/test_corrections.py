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
from batches.models import Batch, Correction, Upload
from batches.statuses import BatchStatus, CorrectionStatus, Outcome, UploadStatus
from batches.tracing import limits, packing, spending
from tests.factories import HEADER, answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    return make_upload(
        [*people(12), person(20, State="Atlantis"), person(21, State="=Atlantis"), person(22, Zip="")[:4]]
    )


def read_invalid_rows(upload):
    text = b"".join(corrections.stream_invalid_rows(upload)).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))


def upload_fixed(upload, rows, name="corrected.csv"):
    content = to_csv(rows[1:], header=rows[0])
    correction = corrections.receive(upload, ContentFile(content, name=name), None)
    again = corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    upload.refresh_from_db()
    return correction, again


def test_invalid_rows_come_with_their_columns_and_the_problem(upload):
    header, *rows = read_invalid_rows(upload)
    assert header == [*HEADER, "Problem"]
    assert rows[0][:7] == person(20, State="Atlantis")
    assert rows[1][4] == "'=Atlantis"
    assert [row[7].partition(":")[0] for row in rows] == ["Row 14", "Row 15", "Row 16"]
    assert "is not a state" in rows[0][7]


def test_fixed_rows_take_their_places(upload):
    header, first, second, third = read_invalid_rows(upload)
    first[4], third[4] = "VA", "VA"
    correction, again = upload_fixed(upload, [header, third, second, first])
    assert (correction.corrected_count, correction.invalid_count, correction.ignored_count) == (2, 1, 0)
    assert again is None
    assert (upload.status, upload.invalid_count, upload.item_count) == (UploadStatus.READY, 1, 14)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.cells, item.message) == (Outcome.PENDING, person(20), "")
    assert upload.items.get(row_number=15).cells[4] == "=Atlantis"
    assert [row[0] for row in read_invalid_rows(upload)] == ["First Name", "Ada"]


def test_a_list_under_way_goes_on_with_its_fixed_rows(upload, alice):
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    upload.refresh_from_db()
    rows = read_invalid_rows(upload)
    rows[1][4] = "VA"
    _, again = upload_fixed(upload, rows)
    assert (again, upload.status) == (upload.pk, UploadStatus.RUNNING)
    packing.plan_upload(upload.pk)
    assert upload.items.get(row_number=14).batch.number == 2


def test_a_second_reading_changes_nothing(upload):
    rows = read_invalid_rows(upload)
    rows[1][4] = "VA"
    correction, _ = upload_fixed(upload, rows)
    Correction.objects.update(status=CorrectionStatus.CHECKING)
    corrections.check_correction(correction.pk)
    upload.refresh_from_db()
    assert (upload.row_count, upload.item_count) == (15, 13)


def test_rows_that_belong_to_no_invalid_row_are_counted_and_left(upload):
    header, first, *_ = read_invalid_rows(upload)
    good = [*person(99), "Row 2: it was good"]
    unknown, unnumbered = [*person(98), "Row 999: who?"], [*person(97), "I fixed it"]
    correction, _ = upload_fixed(upload, [header, good, unknown, unnumbered, first, first])
    assert (correction.corrected_count, correction.ignored_count) == (0, 4)
    assert upload.items.get(row_number=2).cells == person(1)


def test_a_fixed_row_reuses_an_earlier_answer(upload, start_upload):
    earlier = start_upload([person(20), *people(11)]).items.first()
    answered = {"outcome": Outcome.MATCHED, "answered_at": timezone.now(), "answer": answer_for(earlier).decode()}
    type(earlier).objects.filter(pk=earlier.pk).update(**answered)
    rows = read_invalid_rows(upload)
    rows[1][4] = "VA"
    upload_fixed(upload, rows)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.same_as, upload.reused_count) == (Outcome.REUSED, earlier, 1)


def test_a_missing_file_is_reported(upload):
    correction = corrections.receive(
        upload, ContentFile(to_csv(read_invalid_rows(upload)[1:], [*HEADER, "Problem"]), "m.csv"), None
    )
    correction.file.delete(save=False)
    corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.problem) == ("failed", corrections.UNREADABLE_MESSAGE)


def test_a_fixed_row_can_be_a_duplicate(upload):
    header, first, *_ = read_invalid_rows(upload)
    upload_fixed(upload, [header, [*person(1), first[7]]])
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
def test_another_file_is_refused_with_a_sentence(upload, header, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        upload_fixed(upload, [header, person(1)])
    assert not Correction.objects.exists()


def test_columns_of_the_same_name_keep_their_order(make_upload):
    header = ["Name", "Address", "City", "State", "Name"]
    upload = make_upload(to_csv([["Ada Abbott", "1 Oak St", "Herndon", "XX", "Ben"]] * 2, header=header))
    rows = read_invalid_rows(upload)
    rows[1][3] = "VA"
    upload_fixed(upload, rows)
    assert upload.items.first().cells == ["Ada Abbott", "1 Oak St", "Herndon", "VA", "Ben"]


def refused(upload, rows):
    """Why a file of fixed rows is not taken; none of its rows may have changed."""
    before = list(upload.items.order_by("pk").values("pk", "outcome", "cells"))
    correction, _ = upload_fixed(upload, rows)
    assert correction.status == CorrectionStatus.FAILED
    assert list(upload.items.order_by("pk").values("pk", "outcome", "cells")) == before
    return correction.problem


def correct(rows, count=3):
    """The first invalid rows, corrected."""
    return [rows[0], *([*row[:4], "VA", "20170", "", row[7]] for row in rows[1 : count + 1])]


def test_fixed_rows_over_the_limit_are_refused(upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 14
    assert "With these rows, the list could cost up to 15 credits, above the limit of 14 per list." in refused(
        upload, read_invalid_rows(upload)
    )
    assert upload_fixed(upload, correct(read_invalid_rows(upload), 2))[0].status == CorrectionStatus.DONE


def test_the_screen_gives_and_takes_them(browser, upload, django_capture_on_commit_callbacks):
    assert "Fix the 3 invalid rows" in browser.get(f"/uploads/{upload.pk}/").content.decode()
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
    bad = SimpleUploadedFile("corrected.csv", b"%PDF-1.7")
    page = browser.post(f"/uploads/{upload.pk}/corrections/", {"file": bad}, follow=True).content.decode()
    assert "This is a PDF" in page


def test_rows_that_had_a_cell_too_many_are_fixed(make_upload):
    upload = make_upload([person(1), [*person(2), "", "extra"]])
    rows = read_invalid_rows(upload)
    assert rows[0][-3:] == ["Column 8", "Column 9", "Problem"]
    rows[1][8] = ""
    upload_fixed(upload, rows)
    assert (upload.invalid_count, upload.items.get(row_number=3).cells) == (0, person(2))


def test_rows_that_would_need_approval_are_refused_once_the_list_is_started(upload, alice, settings):
    spending.start(upload, alice)
    upload.refresh_from_db()
    settings.APPROVAL_ABOVE = 2
    assert "Please upload the corrected rows as a separate list." in refused(upload, read_invalid_rows(upload))


def test_a_small_correction_of_a_long_list_goes_through_and_many_small_ones_do_not(upload, alice, settings):
    """Whoever started it: each file counts for the day of who uploads it."""
    spending.start(upload, alice)
    settings.APPROVAL_ABOVE = 2
    assert upload_fixed(upload, correct(read_invalid_rows(upload), 2))[0].corrected_count == 2
    problem = refused(upload, correct(read_invalid_rows(upload)))
    assert "what you started today without approval could cost 3 credits" in problem


def test_rows_that_are_still_invalid_count_for_nobody(upload, alice, settings):
    spending.start(upload, alice)
    settings.APPROVAL_ABOVE = 3
    for _ in range(3):
        assert upload_fixed(upload, read_invalid_rows(upload))[0].status == CorrectionStatus.DONE
    assert upload_fixed(upload, correct(read_invalid_rows(upload)))[0].corrected_count == 3


def test_a_list_is_not_started_while_fixed_rows_are_read(upload, alice):
    corrections.receive(upload, ContentFile(to_csv(read_invalid_rows(upload)[1:], [*HEADER, "Problem"]), "m.csv"), None)
    with pytest.raises(spending.OverLimit, match="A corrected file for this list is being checked"):
        spending.start(upload, alice)


@pytest.mark.django_db(transaction=True)
def test_fixed_rows_count_for_the_day_as_well(upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 14
    spending.start(upload, alice)
    problem = refused(Upload.objects.get(), read_invalid_rows(upload))
    assert "already cost 12 credits, and these rows could cost 3 more. The daily limit is 14 credits" in problem
    settings.DAILY_CREDIT_LIMIT = 15
    rows = read_invalid_rows(upload)
    rows[1][4] = "VA"
    upload_fixed(upload, rows)
    assert limits.credits_committed_today() == 13


def test_fixed_rows_that_are_being_read_count(upload, alice, settings):
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    Batch.objects.update(status=BatchStatus.CLOSED)
    rows = correct(read_invalid_rows(upload))
    file = ContentFile(to_csv(rows[1:], header=rows[0]), name="corrected.csv")
    correction = corrections.receive(Upload.objects.get(), file, alice)
    corrections.check_limits(correction)
    assert limits.credits_committed_today() == 3


def test_a_second_owner_of_a_fixed_row_comes_once(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["SMITH JOHN & MARY", f"{n} Oak St", "Herndon", "XX" if n == 3 else "VA"] for n in (1, 2, 3, 4)]
    upload = make_upload(to_csv(rows, header=header), settings={"co_owners": True, "name_order": "last_first"})
    rows = read_invalid_rows(upload)
    rows[1][3] = "VA"
    for _ in range(2):
        upload_fixed(upload, rows)
    assert (upload.row_count, upload.co_owner_count, upload.item_count) == (4, 4, 8)


def test_changed_columns_say_that_fixed_rows_are_to_come_again(upload, alice):
    rows = read_invalid_rows(upload)
    rows[1][4] = "VA"
    correction, _ = upload_fixed(upload, rows)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    correction.refresh_from_db()
    assert (correction.status, correction.problem[:31]) == ("failed", "The list's columns were changed")
