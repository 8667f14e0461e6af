"""Hostile files in every place that reads files: the page, the API, and the worker."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.rights import Right
from api.models import ApiToken
from batches.files import isolated_reader
from batches.files.writers import write_xlsx
from batches.intake import corrections, row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Correction, Upload
from batches.statuses import CorrectionStatus, UploadStatus
from tests.api.conftest import give
from tests.factories import HEADER, people, person, to_csv
from tests.files.test_isolated_reader import list_readers, measure_peak_memory
from tests.support.hostile_files import HARMLESS, HOSTILE, make_workbook_with_far_cell

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(alice):
    give(alice, Right.UPLOAD)
    _, secret = ApiToken.objects.create_with_secret(alice, "Nightly run")
    return secret


@pytest.fixture(autouse=True)
def _check_memory_and_readers():
    """Check after each test that this process used little memory, and that no reader process is left."""
    before = measure_peak_memory()
    yield
    # This many megabytes are allowed because the test client keeps some copies of what it sends.
    assert measure_peak_memory() - before < 150
    assert list_readers() == []


def choose_name(content):
    return "list.xlsx" if content.startswith(b"PK") else "list.csv"


def as_file(content):
    return ContentFile(content, name=choose_name(content))


def list_stored_files():
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_page_shows_what_is_wrong(browser, name):
    content, sentence = HOSTILE[name]
    response = browser.post("/uploads/new/", {"file": as_file(content), "priority": 1})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Upload.objects.exists()
    assert list_stored_files() == []


@pytest.mark.parametrize("name", HOSTILE)
def test_the_api_returns_what_is_wrong(client, secret, name):
    content, sentence = HOSTILE[name]
    data = {"file": as_file(content)}
    response = client.post("/api/v1/uploads", data, headers={"authorization": f"Bearer {secret}"})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Upload.objects.exists()
    assert list_stored_files() == []


@pytest.mark.parametrize("name", HARMLESS)
def test_files_that_slow_down_bad_patterns_are_accepted(browser, monkeypatch, name):
    monkeypatch.setattr(isolated_reader, "CPU_SECONDS", 10)
    response = browser.post("/uploads/new/", {"file": as_file(HARMLESS[name]), "priority": 1})
    upload = Upload.objects.get()
    assert response.status_code == 302
    assert browser.get(reverse("upload-columns", args=[upload.pk])).status_code == 200
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 3)


def test_a_list_keeps_its_file_when_the_next_one_cannot_be_read(browser, make_upload):
    upload = make_upload(people(3))
    files = list_stored_files()
    content, sentence = HOSTILE["the last cell of a sheet"]
    response = browser.post(reverse("upload-file", args=[upload.pk]), {"file": as_file(content), "priority": 1})
    assert sentence in response.content.decode()
    assert (list_stored_files(), upload.items.count()) == (files, 3)


def test_a_hostile_corrected_file_is_refused_with_a_message(browser, make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    content, sentence = HOSTILE["the last cell of a sheet"]
    corrected_file = {"file": as_file(content)}
    response = browser.post(reverse("upload-corrections", args=[upload.pk]), corrected_file, follow=True)
    assert sentence in response.content.decode()
    assert (Correction.objects.count(), len(list_stored_files())) == (0, 1)


@pytest.fixture
def accept_list(alice):
    """Return a function that accepts a list and then replaces its file, as if a hostile file had been overlooked."""

    def accept(content):
        rows = people(3)
        harmless = b"".join(write_xlsx([HEADER, *rows])) if content.startswith(b"PK") else to_csv(rows)
        upload = uploads.receive(as_file(harmless), alice)
        uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
        Path(upload.file.path).write_bytes(content)
        return upload

    return accept


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (make_workbook_with_far_cell("XFD", 1_048_576), "too much memory"),
        (make_workbook_with_far_cell("AH", 1_000_000), "too much memory"),
        (HOSTILE["reopened quotes"][0], "Row 1 has over 1,000,000 characters"),
        (HOSTILE["entities"][0], "damaged"),
    ],
)
def test_the_worker_fails_a_hostile_list_with_a_message(accept_list, monkeypatch, content, sentence):
    monkeypatch.setattr(isolated_reader, "MAX_MEMORY_BYTES", 256 << 20)
    upload = accept_list(content)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert upload.status == UploadStatus.FAILED
    assert sentence in upload.problem


def test_a_list_whose_reader_is_killed_fails_with_a_message_and_can_be_read_again(accept_list, monkeypatch):
    upload = accept_list(to_csv(people(4000)))
    store_chunk, killed = row_import.store_chunk, []

    def store_chunk_and_kill_reader(*args):
        is_stored = store_chunk(*args)
        if not killed:
            [reader] = list_readers()
            reader.kill()
            killed.append(reader)
        return is_stored

    with monkeypatch.context() as patches:
        patches.setattr(row_import, "CHUNK_SIZE", 10)
        patches.setattr(row_import, "store_chunk", store_chunk_and_kill_reader)
        patches.setattr(isolated_reader, "CHUNK_SIZE", 4096)
        row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.problem) == (UploadStatus.FAILED, isolated_reader.CUT_OFF)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count) == (UploadStatus.READY, 4000)


def test_a_corrected_file_whose_reader_ends_early_fails_with_a_message(make_upload, alice, monkeypatch):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = to_csv([[*person(2), "Row 3: fix me"]], header=[*HEADER, "Problem"])
    correction = corrections.receive(upload, as_file(corrected_file), alice)
    monkeypatch.setattr(isolated_reader, "COMMAND", ["false"])
    corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.problem) == (CorrectionStatus.FAILED, isolated_reader.CUT_OFF)
