"""Hostile files, in every place that reads files: the page, the API, and the worker."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.urls import reverse

from api.models import ApiToken
from batches.files import isolated_reader
from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Upload
from batches.statuses import CorrectionStatus, UploadStatus
from tests.factories import HEADER, people, person, to_csv
from tests.files.test_isolated_reader import list_readers, measure_peak_memory
from tests.support.hostile_files import HARMLESS, HOSTILE, change_workbook, with_far_cell

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(alice):
    return ApiToken.objects.create_with_secret(alice, "Nightly run")[1]


@pytest.fixture(autouse=True)
def _no_file_is_left():
    before = measure_peak_memory()
    yield
    # The test client keeps some copies of what it sends.
    assert measure_peak_memory() - before < 150
    assert list_readers() == []


def name_of(content):
    return "list.xlsx" if content.startswith(b"PK") else "list.csv"


def as_file(content):
    return ContentFile(content, name=name_of(content))


def stored_files():
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_shows_what_is_wrong(browser, name):
    content, sentence = HOSTILE[name]
    answer = browser.post("/uploads/new/", {"file": as_file(content), "priority": 1})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert (Upload.objects.count(), stored_files()) == (0, [])


@pytest.mark.parametrize("name", HOSTILE)
def test_the_api_returns_what_is_wrong(client, token, name):
    content, sentence = HOSTILE[name]
    data = {"file": as_file(content)}
    answer = client.post("/api/v1/uploads", data, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert (Upload.objects.count(), stored_files()) == (0, [])


@pytest.mark.parametrize("name", HARMLESS)
def test_files_that_slow_down_bad_patterns_are_accepted(browser, monkeypatch, name):
    monkeypatch.setattr(isolated_reader, "CPU_SECONDS", 2)
    answer = browser.post("/uploads/new/", {"file": as_file(HARMLESS[name]), "priority": 1})
    upload = Upload.objects.get()
    assert answer.status_code == 302
    assert browser.get(reverse("upload-columns", args=[upload.pk])).status_code == 200
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 3)


def test_a_list_keeps_its_file_when_the_next_one_cannot_be_read(browser, make_upload):
    upload = make_upload(people(3))
    files = stored_files()
    content, sentence = HOSTILE["the last cell of a sheet"]
    answer = browser.post(reverse("upload-file", args=[upload.pk]), {"file": as_file(content), "priority": 1})
    assert sentence in answer.content.decode()
    assert (stored_files(), upload.items.count()) == (files, 3)


def test_a_corrected_file_is_read_in_its_own_process_too(browser, make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    content, sentence = HOSTILE["the last cell of a sheet"]
    corrected_file = {"file": as_file(content)}
    answer = browser.post(reverse("upload-corrections", args=[upload.pk]), corrected_file, follow=True)
    assert sentence in answer.content.decode()
    assert (Correction.objects.count(), len(stored_files())) == (0, 1)


@pytest.fixture
def accepted(alice):
    """Accept a list whose file is then replaced, as if a hostile file had been overlooked."""

    def accept(content):
        rows = people(3)
        harmless = change_workbook(lambda text: text, rows=rows) if name_of(content) == "list.xlsx" else to_csv(rows)
        upload = uploads.receive(as_file(harmless), alice)
        uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
        Path(upload.file.path).write_bytes(content)
        return upload

    return accept


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (with_far_cell("XFD", 1_048_576), "too much memory"),
        (with_far_cell("AH", 1_000_000), "too much memory"),
        (HOSTILE["reopened quotes"][0], "Row 1 has over 1,000,000 characters"),
        (HOSTILE["entities"][0], "damaged"),
    ],
)
def test_the_worker_fails_the_list_with_a_message(accepted, monkeypatch, content, sentence):
    monkeypatch.setattr(isolated_reader, "MEMORY", 256 << 20)
    upload = accepted(content)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.FAILED
    assert sentence in upload.problem


def test_a_list_whose_reader_is_killed_fails_with_a_message_and_can_be_read_again(accepted, monkeypatch):
    upload = accepted(to_csv(people(4000)))
    store, killed = row_import.store_chunk, []

    def kill_behind(*args):
        is_stored = store(*args)
        if not killed:
            killed.extend(list_readers())
            killed[0].kill()
        return is_stored

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(row_import, "CHUNK_SIZE", 10)
        meanwhile.setattr(row_import, "store_chunk", kill_behind)
        meanwhile.setattr(isolated_reader, "CHUNK_SIZE", 4096)
        row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.problem) == (UploadStatus.FAILED, isolated_reader.CUT_OFF)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 4000)


def test_a_corrected_file_whose_reader_is_ended_fails_with_a_message(make_upload, alice, monkeypatch):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = to_csv([[*person(2), "Row 3: fix me"]], header=[*HEADER, "Problem"])
    correction = corrections.receive(upload, as_file(corrected_file), alice)
    monkeypatch.setattr(isolated_reader, "COMMAND", ["false"])
    corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.problem) == (CorrectionStatus.FAILED, isolated_reader.CUT_OFF)
