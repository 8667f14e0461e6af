"""A list that starts over loses its rows: in several transactions if there are many."""

import pytest
from django.db import OperationalError

from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Event, Item, Upload
from batches.statuses import Outcome, UploadStatus
from tests.factories import people, person

pytestmark = pytest.mark.django_db
ROWS = [*people(6), person(1)]


@pytest.fixture
def upload(make_upload):
    return make_upload(ROWS)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(uploads, "DELETE_CHUNK_SIZE", 2)
    monkeypatch.setattr(uploads, "DELETE_PAUSE", 0)


def accept_again(upload, user):
    return uploads.accept_settings(upload, TraceSettings.from_upload(upload), user)


def test_all_rows_are_deleted_and_read_again(upload, alice, small_chunks):
    assert accept_again(upload, alice)
    assert not Item.objects.exists()
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.row_count, upload.duplicate_count) == (UploadStatus.READY, 7, 1)
    assert Event.objects.filter(upload=upload, what=Event.COLUMNS_CHOSEN).count() == 2


def test_rows_of_other_lists_are_kept(upload, make_upload, alice, small_chunks):
    other = make_upload(people(5))
    assert accept_again(upload, alice)
    assert (upload.items.count(), other.items.count()) == (0, 5)


def test_a_list_whose_rows_are_partly_deleted_is_a_draft_that_starts_over(upload, alice, small_chunks, monkeypatch):
    delete_chunk = uploads.delete_chunk
    monkeypatch.setattr(uploads, "delete_chunk", lambda upload: delete_chunk(upload) and fail())
    with pytest.raises(OperationalError):
        accept_again(upload, alice)
    monkeypatch.undo()
    upload.refresh_from_db()
    assert (upload.status, upload.row_count, upload.items.count()) == (UploadStatus.DRAFT, 0, 5)
    assert accept_again(upload, alice)
    row_import.check_rows(upload.pk)
    assert Item.objects.filter(upload=upload, outcome=Outcome.PENDING).count() == 6


def test_a_started_list_keeps_its_rows(start_upload, alice, small_chunks):
    upload = start_upload(5)
    assert not accept_again(upload, alice)
    assert upload.items.count() == 5
    assert Upload.objects.get().status == UploadStatus.RUNNING


def fail():
    raise OperationalError
