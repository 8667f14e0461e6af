import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from batches import jobs
from batches.intake import corrections, stored_files, uploads
from batches.models import Correction, Upload
from tests.factories import HEADER, people, person, to_csv

pytestmark = pytest.mark.django_db
FULL_HOUR = timezone.now().replace(minute=0)
"""A time at which the sweep looks for files without a list. It does so once an hour."""


def list_files():
    return {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def make_file(name):
    return ContentFile(to_csv(people(3)), name=name)


def lose_database(*args, **kwargs):
    raise OperationalError


def set_age(path, age):
    """Make a file as old as this at the full hour."""
    modified_at = (FULL_HOUR - age).timestamp()
    os.utime(path, (modified_at, modified_at))


def test_a_file_whose_list_could_not_be_saved_is_deleted(alice, monkeypatch):
    monkeypatch.setattr(Upload, "save", lose_database)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert list_files() == set()


def test_a_file_is_deleted_if_the_request_is_interrupted(alice, monkeypatch):
    def interrupt(upload, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(uploads, "examine", interrupt)
    with pytest.raises(KeyboardInterrupt):
        uploads.receive(make_file("people.csv"), alice)
    assert list_files() == set()


def make_file_too_large_for_the_disk():
    """Make a file whose second chunk does not fit on the disk."""

    def chunks():
        yield b"First Name"
        raise OSError(errno.ENOSPC, "No space left on device")

    file = make_file("people.csv")
    file.chunks = chunks
    return file


def test_a_partly_written_file_is_deleted(alice):
    with pytest.raises(OSError, match="No space left"):
        uploads.receive(make_file_too_large_for_the_disk(), alice)
    assert list_files() == set()


def test_another_file_with_the_same_name_is_kept(alice):
    name = default_storage.get_available_name("people.csv")
    default_storage.save(name, make_file("people.csv"))
    with pytest.raises(OSError, match="No space left"):
        default_storage._save(name, make_file_too_large_for_the_disk())
    assert list_files() == {"people.csv"}


def test_a_file_that_could_not_replace_another_is_deleted(make_upload, alice, monkeypatch):
    upload = make_upload(people(3))
    monkeypatch.setattr(uploads, "delete_chunk", lose_database)
    with pytest.raises(OperationalError):
        uploads.replace_file(upload, make_file("second.csv"), alice, "Spring", 1, "")
    assert list_files() == {Path(upload.file.name).name}


def test_a_corrected_file_that_could_not_be_saved_is_deleted(make_upload, alice, monkeypatch):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    monkeypatch.setattr(Correction, "save", lose_database)
    corrected_file = ContentFile(to_csv([[*person(2), "Row 3: x"]], header=[*HEADER, "Problem"]), name="corrected.csv")
    with pytest.raises(OperationalError):
        corrections.receive(upload, corrected_file, alice)
    assert list_files() == {Path(upload.file.name).name}


def test_a_file_is_kept_if_its_row_was_saved_before_the_failure(alice, monkeypatch):
    monkeypatch.setattr(uploads, "record", lose_database)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert list_files() == {Path(Upload.objects.get().file.name).name}


def test_a_file_is_left_for_the_sweep_if_the_database_cannot_be_asked_about_it(alice, monkeypatch):
    monkeypatch.setattr(Upload, "save", lose_database)
    monkeypatch.setattr(stored_files, "find_owned", lose_database)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert len(list_files()) == 1


def test_the_sweep_deletes_old_files_without_a_list(make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = ContentFile(to_csv([[*person(2), "Row 3: x"]], header=[*HEADER, "Problem"]), name="corrected.csv")
    correction = corrections.receive(upload, corrected_file, None)
    folder = Path(upload.file.path).parent
    for name in ("old.csv", "new.csv"):
        (folder / name).write_bytes(b"a")
    for path in (upload.file.path, correction.file.path, folder / "old.csv"):
        set_age(path, timedelta(hours=2))
    set_age(folder / "new.csv", timedelta(minutes=59))
    kept = {Path(owner.file.name).name for owner in (upload, correction)}
    stored_files.delete_orphans(FULL_HOUR.replace(minute=1))
    assert list_files() == {*kept, "old.csv", "new.csv"}
    stored_files.delete_orphans(FULL_HOUR)
    assert list_files() == {*kept, "new.csv"}


def test_the_sweep_looks_for_files_even_before_the_first_upload():
    stored_files.delete_orphans(FULL_HOUR)
    assert stored_files.delete_orphans in jobs.every_minute.steps
