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
from batches.models import Continuation, Upload
from batches.statuses import ContinuationStatus, Outcome, UploadStatus
from batches.tracing import packing, spending
from tests.factories import HEADER, answer_for, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(make_upload):
    return make_upload([*people(12), person(20, Zip="x"), person(21, State="=Virginnia"), person(22, Zip="")[:4]])


def rejected(upload):
    text = b"".join(corrections.stream_rejected(upload)).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline="")))


def mend(upload, rows, name="mended.csv"):
    content = to_csv(rows[1:], header=rows[0])
    continuation = corrections.receive(upload, ContentFile(content, name=name), None)
    again = corrections.check_continuation(continuation.pk)
    continuation.refresh_from_db()
    upload.refresh_from_db()
    return continuation, again


def test_rejected_rows_come_with_their_columns_and_the_problem(upload):
    header, *rows = rejected(upload)
    assert header == [*HEADER, "Problem"]
    assert rows[0][:7] == person(20, Zip="x")
    assert rows[1][4] == "'=Virginnia"
    assert [row[7].partition(":")[0] for row in rows] == ["Row 14", "Row 15", "Row 16"]
    assert "is not a ZIP" in rows[0][7]


def test_mended_rows_take_their_places(upload):
    header, first, second, third = rejected(upload)
    first[5], third[4] = "20170", "VA"
    continuation, again = mend(upload, [header, third, second, first])
    assert (continuation.mended_count, continuation.invalid_count, continuation.ignored_count) == (2, 1, 0)
    assert again is None
    assert (upload.status, upload.invalid_count, upload.item_count) == (UploadStatus.READY, 1, 14)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.cells, item.message) == (Outcome.PENDING, person(20), "")
    assert upload.items.get(row_number=15).cells[4] == "=Virginnia"
    assert [row[0] for row in rejected(upload)] == ["First Name", "Ada"]


def test_a_list_under_way_goes_on_with_its_mended_rows(upload, alice):
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    Upload.objects.update(status=UploadStatus.COMPLETE)
    upload.refresh_from_db()
    rows = rejected(upload)
    rows[1][5] = "20170"
    _, again = mend(upload, rows)
    assert (again, upload.status) == (upload.pk, UploadStatus.RUNNING)
    packing.plan_upload(upload.pk)
    assert upload.items.get(row_number=14).batch.number == 2


def test_a_second_reading_changes_nothing(upload):
    rows = rejected(upload)
    rows[1][5] = "20170"
    continuation, _ = mend(upload, rows)
    Continuation.objects.update(status=ContinuationStatus.CHECKING)
    corrections.check_continuation(continuation.pk)
    upload.refresh_from_db()
    assert (upload.row_count, upload.item_count) == (15, 13)


def test_rows_that_belong_to_no_invalid_row_are_counted_and_left(upload):
    header, first, *_ = rejected(upload)
    good = [*person(99), "Row 2: it was good"]
    unknown, unnumbered = [*person(98), "Row 999: who?"], [*person(97), "I mended it"]
    continuation, _ = mend(upload, [header, good, unknown, unnumbered, first, first])
    assert (continuation.mended_count, continuation.ignored_count) == (0, 4)
    assert upload.items.get(row_number=2).cells == person(1)


def test_a_mended_row_about_somebody_traced_before_is_answered_from_then(upload, start_upload):
    earlier = start_upload([person(20), *people(11)]).items.first()
    answered = {"outcome": Outcome.MATCHED, "answered_at": timezone.now(), "answer": answer_for(earlier).decode()}
    type(earlier).objects.filter(pk=earlier.pk).update(**answered)
    rows = rejected(upload)
    rows[1][5] = "20170"
    mend(upload, rows)
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.same_as, upload.reused_count) == (Outcome.REUSED, earlier, 1)


def test_a_file_that_is_gone_is_said(upload):
    continuation = corrections.receive(
        upload, ContentFile(to_csv(rejected(upload)[1:], [*HEADER, "Problem"]), "m.csv"), None
    )
    continuation.file.delete(save=False)
    corrections.check_continuation(continuation.pk)
    continuation.refresh_from_db()
    assert (continuation.status, continuation.problem) == ("failed", corrections.UNUSABLE)


def test_a_mended_row_about_somebody_in_the_list_is_a_duplicate(upload):
    header, first, *_ = rejected(upload)
    mend(upload, [header, [*person(1), first[7]]])
    item = upload.items.get(row_number=14)
    assert (item.outcome, item.same_as.row_number) == (Outcome.DUPLICATE, 2)
    assert (upload.duplicate_count, upload.item_count) == (1, 12)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (HEADER, "There is no column “Problem”"),
        ([*HEADER[:5], "Postcode", "Phone", "Problem"], "The column “Zip” is not in this file."),
    ],
)
def test_another_file_is_refused_with_a_sentence(upload, header, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        mend(upload, [header, person(1)])
    assert not Continuation.objects.exists()


def test_columns_of_the_same_name_keep_their_order(make_upload):
    header = ["Name", "Address", "City", "State", "Name"]
    upload = make_upload(to_csv([["Ada Abbott", "1 Oak St", "Herndon", "XX", "Ben"]] * 2, header=header))
    rows = rejected(upload)
    rows[1][3] = "VA"
    mend(upload, rows)
    assert upload.items.first().cells == ["Ada Abbott", "1 Oak St", "Herndon", "VA", "Ben"]


def test_mended_rows_over_the_limit_are_refused(upload, settings):
    settings.UPLOAD_CREDIT_LIMIT = 13
    with pytest.raises(spending.OverLimit, match="can cost 15 credits"):
        mend(upload, rejected(upload))


def test_the_screen_gives_and_takes_them(browser, upload, django_capture_on_commit_callbacks):
    assert "Mend the 3 invalid rows" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    response = browser.get(f"/uploads/{upload.pk}/rejected/")
    content = b"".join(response)
    assert response["Content-Disposition"].endswith('-rejected.csv"')
    file = SimpleUploadedFile("mended.csv", content.replace(b",x,", b",20170,"))
    with django_capture_on_commit_callbacks(execute=True):
        page = browser.post(f"/uploads/{upload.pk}/mended/", {"mended": file}, follow=True).content.decode()
    assert "Reading the mended rows" in page
    [job] = jobs.django_rq.get_queue("intake").jobs
    assert job.func_name == "batches.jobs.check_continuation"
    corrections.check_continuation(*job.args)
    assert "1 row mended, 2 still invalid" in browser.get(f"/uploads/{upload.pk}/").content.decode()
    page = browser.post(f"/uploads/{upload.pk}/mended/", follow=True).content.decode()
    assert "Choose the file with the mended rows." in page
    bad = SimpleUploadedFile("mended.csv", b"%PDF-1.7")
    assert (
        "This is a PDF" in browser.post(f"/uploads/{upload.pk}/mended/", {"mended": bad}, follow=True).content.decode()
    )


def test_rows_that_had_a_cell_too_many_are_mended(make_upload):
    upload = make_upload([person(1), [*person(2), "", "stray"]])
    rows = rejected(upload)
    assert rows[0][-3:] == ["Column 8", "Column 9", "Problem"]
    rows[1][8] = ""
    mend(upload, rows)
    assert (upload.invalid_count, upload.items.get(row_number=3).cells) == (0, person(2))


def test_rows_that_would_need_approval_are_refused_once_the_list_is_started(upload, alice, settings):
    settings.APPROVAL_ABOVE = 13
    spending.start(upload, alice)
    upload.refresh_from_db()
    with pytest.raises(spending.OverLimit, match="Upload the mended rows as a list of their own"):
        mend(upload, rejected(upload))


def test_a_list_is_not_started_while_mended_rows_are_read(upload, alice):
    corrections.receive(upload, ContentFile(to_csv(rejected(upload)[1:], [*HEADER, "Problem"]), "m.csv"), None)
    with pytest.raises(spending.OverLimit, match="Mended rows of this list are being read"):
        spending.start(upload, alice)


@pytest.mark.django_db(transaction=True)
def test_mended_rows_count_for_the_day_as_well(upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 14
    spending.start(upload, alice)
    with pytest.raises(spending.OverLimit, match="can cost 12 credits already, and this one 3; 14 is the most"):
        mend(Upload.objects.get(), rejected(upload))
    settings.DAILY_CREDIT_LIMIT = 15
    rows = rejected(upload)
    rows[1][5] = "20170"
    mend(upload, rows)
    assert spending.credits_begun_today() == 13


def test_a_second_owner_of_a_mended_row_comes_once(make_upload):
    header = ["Owner", "Address", "City", "State"]
    rows = [["SMITH JOHN & MARY", f"{n} Oak St", "Herndon", "XX" if n == 3 else "VA"] for n in (1, 2, 3, 4)]
    upload = make_upload(to_csv(rows, header=header), settings={"co_owners": True, "name_order": "last_first"})
    rows = rejected(upload)
    rows[1][3] = "VA"
    for _ in range(2):
        mend(upload, rows)
    assert (upload.row_count, upload.co_owner_count, upload.item_count) == (4, 4, 8)


def test_changed_columns_say_that_mended_rows_are_to_come_again(upload, alice):
    rows = rejected(upload)
    rows[1][5] = "20170"
    continuation, _ = mend(upload, rows)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    continuation.refresh_from_db()
    assert (continuation.status, continuation.problem[:25]) == ("failed", "The columns were changed:")
