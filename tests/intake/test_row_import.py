from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import DataError
from django.utils import timezone

from batches import jobs
from batches.files.file_format import UnreadableFile
from batches.intake import row_import, uploads
from batches.intake.row_reader import RowReader
from batches.intake.trace_settings import TraceSettings
from batches.models import Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import pausing, spending
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db


def test_every_row_becomes_an_item_with_its_row_number(make_upload):
    upload = make_upload(people(3))
    assert upload.status == UploadStatus.READY
    assert (upload.row_count, upload.item_count, upload.batch_estimate) == (3, 3, 3)
    assert list(upload.items.values_list("row_number", "address")) == [
        (2, "1 Oak St"),
        (3, "2 Oak St"),
        (4, "3 Oak St"),
    ]


def test_an_invalid_row_is_stored_with_its_number_cells_and_problems(make_upload):
    upload = make_upload([person(1), person(2, Zip="2017O", State="Atlantis"), person(3)])
    invalid = upload.items.get(outcome=Outcome.INVALID)
    assert (invalid.row_number, invalid.problem_columns) == (3, "State, Zip")
    assert invalid.message == (
        "State: “Atlantis” is not a state: give its two letters or its name. "
        "Zip: “2017O” is not a ZIP: give five digits, or five and four."
    )
    assert invalid.cells == person(2, Zip="2017O", State="Atlantis")
    assert upload.invalid_count == 1


def test_rows_that_would_be_sent_alike_are_sent_once(make_upload):
    upload = make_upload([person(1), person(2), person(1, State="Virginia"), person(1, **{"First Name": "ADA "})])
    first = upload.items.get(row_number=2)
    assert list(upload.items.filter(same_as=first).values_list("row_number", "outcome")) == [
        (4, "duplicate"),
        (5, "duplicate"),
    ]
    assert (upload.duplicate_count, upload.item_count) == (2, 2)


def test_only_rows_with_values_beyond_the_last_column_are_invalid(make_upload):
    too_short, empty_cells_behind = person(2)[:-1], [*person(3), "", ""]
    upload = make_upload([person(1), too_short, empty_cells_behind, [*person(4), "", "extra"]])
    outcomes = list(upload.items.values_list("outcome", flat=True))
    assert outcomes == ["pending", "pending", "pending", "invalid"]
    assert upload.items.last().message.startswith("The row has 9 cells, but the file has only 7 columns.")
    assert upload.items.last().cells[-1] == "extra"
    assert upload.extra_columns == 2


def test_duplicate_column_names_are_told_apart_by_position(make_upload):
    header = ["Name", "Address", "City", "State", "Name"]
    rows = [["Ada Abbott", f"{n} Oak St", "Herndon", "VA", "Ben Brooks"] for n in range(3)]
    upload = make_upload(to_csv(rows, header=header))
    assert upload.mapping["full_name"] == [0]
    assert upload.items.first().last_name == "Abbott"
    assert upload.columns == header


def test_blank_rows_are_counted_and_left_out(make_upload):
    upload = make_upload(to_csv([person(1), [""] * 7, [], person(2), [""] * 7]))
    assert (upload.row_count, upload.blank_count) == (2, 2)


def test_a_fixed_value_applies_to_every_row(make_upload):
    header = ["OWN_NAME", "PHY_ADDR1", "PHY_CITY"]
    upload = make_upload(to_csv([["Abbott, Ada", "1 Oak St", "Tampa"]] * 2, header=header), fixed={"state": "Florida"})
    assert list(upload.items.values_list("state", "outcome")) == [("FL", "pending"), ("FL", "duplicate")]


def test_an_interrupted_check_resumes_without_duplicating_rows(make_upload, monkeypatch):
    monkeypatch.setattr(row_import, "CHUNK_SIZE", 10)
    read_row, numbers = RowReader.read_row, []

    def interrupt_at_the_25th_row(reader, number, cells):
        numbers.append(number)
        if len(numbers) == 25:
            raise KeyboardInterrupt
        return read_row(reader, number, cells)

    monkeypatch.setattr(RowReader, "read_row", interrupt_at_the_25th_row)
    with pytest.raises(KeyboardInterrupt):
        make_upload(people(40))
    upload = Upload.objects.get()
    assert (upload.status, upload.checked_rows) == (UploadStatus.CHECKING, 20)
    monkeypatch.setattr(RowReader, "read_row", read_row)
    row_import.check_rows(upload.pk)
    row_import.check_rows(upload.pk)
    assert list(upload.items.values_list("row_number", flat=True)) == list(range(2, 42))
    upload.refresh_from_db()
    assert (upload.row_count, upload.checked_rows) == (40, 40)


def test_of_two_jobs_that_check_a_list_only_one_stores_rows(make_upload):
    """The rows are different, because a partitioned table would not notice that they are the same."""
    upload = make_upload(people(1))
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.CHECKING)
    first, second = Upload.objects.get(pk=upload.pk), Upload.objects.get(pk=upload.pk)
    assert row_import.store_chunk(first, RowReader(first), [(3, person(3))])
    assert not row_import.store_chunk(second, RowReader(second), [(4, person(4))])
    assert row_import.store_chunk(first, RowReader(first), [(5, person(5))])
    upload.refresh_from_db()
    assert list(upload.items.values_list("row_number", flat=True)) == [2, 3, 5]
    assert upload.checked_rows == 3


@pytest.mark.django_db(transaction=True)
def test_the_sweep_resumes_an_interrupted_check(make_upload):
    upload = make_upload(people(2))
    Upload.objects.filter(pk=upload.pk).update(
        status=UploadStatus.CHECKING, heartbeat_at=timezone.now() - timedelta(minutes=2)
    )
    jobs.sweep()
    jobs.sweep()
    waiting = jobs.django_rq.get_queue("intake").jobs
    assert [(job.func_name, job.args) for job in waiting] == [("batches.jobs.check_rows", (upload.pk,))]


def test_an_unclosed_quote_fails_the_list_with_a_reason(make_upload):
    content = to_csv(people(300)) + b'"Ada,Abbott\r\n' + to_csv(people(100), header=None)
    upload = make_upload(content)
    assert upload.status == UploadStatus.FAILED
    assert upload.problem.startswith("Row 302: a quote")


def test_a_missing_file_fails_the_list_with_a_reason(make_upload, alice):
    upload = make_upload(people(12))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    upload.file.delete(save=False)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.FAILED
    assert upload.problem.startswith("The stored file is missing on the server.")
    assert uploads.read_samples(upload) == []


def test_a_check_stops_when_the_list_is_cancelled(make_upload, alice, monkeypatch):
    upload = make_upload(people(30))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    monkeypatch.setattr(row_import, "CHUNK_SIZE", 10)
    store_chunk = row_import.store_chunk

    def store_and_cancel(*args):
        is_stored = store_chunk(*args)
        pausing.cancel_upload(upload, alice)
        return is_stored

    monkeypatch.setattr(row_import, "store_chunk", store_and_cancel)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.items.count()) == (UploadStatus.CANCELLED, 10)


def test_columns_can_be_changed_after_the_review(make_upload, alice):
    upload = make_upload(people(12))
    mapping = {name: upload.mapping[name] for name in ("address", "city", "state")}
    assert uploads.accept_settings(upload, TraceSettings.from_upload(upload, mapping=mapping), alice)
    row_import.check_rows(upload.pk)
    assert set(upload.items.values_list("first_name", "address")) == {("", f"{n} Oak St") for n in range(1, 13)}


def test_columns_cannot_be_changed_once_the_list_is_started(start_upload, alice):
    upload = start_upload(12)
    assert not uploads.accept_settings(upload, TraceSettings.from_upload(upload, mapping={}), alice)
    assert upload.items.count() == 12


def test_a_list_can_be_started_only_once(make_upload, alice):
    upload = make_upload(people(12))
    assert spending.start(upload, alice)
    assert not spending.start(upload, alice)


def test_a_list_without_valid_rows_cannot_be_started(make_upload, alice):
    assert not spending.start(make_upload([person(1, State="Atlantis")]), alice)


def test_a_file_over_the_limit_is_refused(alice, settings):
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    with pytest.raises(UnreadableFile, match="2 MB, over the limit of 1 MB"):
        uploads.receive(ContentFile(b"x" * 2 * 1024 * 1024, name="big.csv"), alice)


def test_a_refused_file_is_not_kept(alice, settings):
    with pytest.raises(UnreadableFile):
        uploads.receive(ContentFile(b"%PDF-1.7", name="list.csv"), alice)
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert not Upload.objects.exists()


def test_unusual_characters_are_kept(make_upload):
    rows = [person(n, **{"First Name": name}) for n, name in enumerate(["Ada 🐝", "Zoë", "O'Neil", "<b>"])]
    upload = make_upload(to_csv(rows, header=HEADER))
    assert list(upload.items.values_list("first_name", flat=True)) == ["Ada 🐝", "Zoë", "O'Neil", "<b>"]


def test_checking_many_rows_takes_few_queries(make_upload, django_assert_max_num_queries):
    with django_assert_max_num_queries(80):
        make_upload(people(1500))
    assert Item.objects.count() == 1500


def test_a_check_with_outdated_columns_stores_nothing(make_upload, alice):
    upload = make_upload(people(12))
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    stale = Upload.objects.get()
    Upload.objects.update(status=UploadStatus.READY)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    reader = RowReader(stale)
    assert not row_import.store_chunk(stale, reader, [(2, person(1))])
    row_import.finish_check(stale, {"blank": 0, "width": 7})
    assert Upload.objects.get().status == UploadStatus.CHECKING
    assert not Item.objects.exists()


def test_a_cell_that_cannot_be_stored_fails_the_list_with_a_reason(make_upload, monkeypatch, caplog):
    def refuse(*_, **__):
        raise DataError("Ada Abbott")

    monkeypatch.setattr(row_import, "bulk_insert", refuse)
    upload = make_upload(people(3))
    assert upload.status == UploadStatus.FAILED
    assert upload.problem.startswith("The file could not be read")
    assert "Abbott" not in caplog.text


def test_warnings_are_counted_by_column_and_kind(make_upload, browser):
    rows = [
        person(1, Phone="555-0100"),
        person(2),
        person(3, Phone="555-0101"),
        person(4, Zip="33602"),
        person(5, Zip="2017O"),
    ]
    upload = make_upload(rows)
    assert upload.invalid_count == 0
    assert upload.warnings == [
        {"column": "Phone", "kind": "unreadable", "count": 2, "rows": [2, 4]},
        {"column": "Zip", "kind": "elsewhere", "count": 1, "rows": [5]},
        {"column": "Zip", "kind": "unreadable", "count": 1, "rows": [6]},
    ]
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert "Phone could not be read and is left out" in page
    assert "555-0100" in page
    assert "Zip is not in the state" in page


@pytest.mark.parametrize(
    ("first", "second", "outcome_with_another_zip"), [("20170", "", "pending"), ("", "20170", "duplicate")]
)
def test_a_row_with_a_zip_and_one_without_are_the_same_person(make_upload, first, second, outcome_with_another_zip):
    rows = [person(1, Zip=first), person(1, Zip=second), person(2, Zip=second), person(1, Zip="20171")]
    outcomes = list(make_upload(rows).items.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["pending", "duplicate", "pending", outcome_with_another_zip]


def test_a_foreign_mailing_address_is_left_out(make_upload):
    header = [*HEADER, "Mailing Address", "Mailing City", "Mailing State", "Mailing Zip", "Mailing Country"]
    rows = [[*person(n), "Calle 10", "Mexico City", "", "06600", "Mexico"] for n in range(3)]
    upload = make_upload(to_csv(rows, header=header))
    assert set(upload.items.values_list("outcome", "mail_address", "mail_state")) == {("pending", "", "")}
    assert [each["kind"] for each in upload.warnings] == ["foreign"]
