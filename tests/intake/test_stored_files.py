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


def files():
    return {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def make_file(name):
    return ContentFile(to_csv(people(3)), name=name)


def fail(*args, **kwargs):
    raise OperationalError


def make_old(path, age=timedelta(hours=2)):
    at = (FULL_HOUR - age).timestamp()
    os.utime(path, (at, at))


def test_a_file_whose_list_could_not_be_saved_is_deleted(alice, monkeypatch):
    monkeypatch.setattr(Upload, "save", fail)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert files() == set()


def test_a_file_is_deleted_if_anything_stops_the_request(alice, monkeypatch):
    def stop(upload):
        raise KeyboardInterrupt

    monkeypatch.setattr(uploads, "examine", stop)
    with pytest.raises(KeyboardInterrupt):
        uploads.receive(make_file("people.csv"), alice)
    assert files() == set()


def file_for_a_full_disk():
    """Make a file whose second chunk does not fit on the disk."""

    def chunks():
        yield b"First Name"
        raise OSError(errno.ENOSPC, "No space left on device")

    file = make_file("people.csv")
    file.chunks = chunks
    return file


def test_a_partly_written_file_is_deleted(alice):
    with pytest.raises(OSError, match="No space left"):
        uploads.receive(file_for_a_full_disk(), alice)
    assert files() == set()


def test_another_file_with_the_same_name_is_kept(alice):
    name = default_storage.get_available_name("people.csv")
    default_storage.save(name, make_file("people.csv"))
    with pytest.raises(OSError, match="No space left"):
        default_storage._save(name, file_for_a_full_disk())
    assert files() == {"people.csv"}


def test_a_file_that_could_not_replace_another_is_deleted(make_upload, alice, monkeypatch):
    upload = make_upload(people(3))
    monkeypatch.setattr(uploads, "delete_rows", fail)
    with pytest.raises(OperationalError):
        uploads.replace_file(upload, make_file("second.csv"), alice, "Spring", 1, "")
    assert files() == {Path(upload.file.name).name}


def test_a_corrected_file_that_could_not_be_saved_is_deleted(make_upload, alice, monkeypatch):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    monkeypatch.setattr(Correction, "save", fail)
    corrected_file = ContentFile(to_csv([[*person(2), "Row 3: x"]], header=[*HEADER, "Problem"]), name="corrected.csv")
    with pytest.raises(OperationalError):
        corrections.receive(upload, corrected_file, alice)
    assert files() == {Path(upload.file.name).name}


def test_a_file_is_kept_if_its_row_was_saved_before_the_failure(alice, monkeypatch):
    monkeypatch.setattr(uploads, "record", fail)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert files() == {Path(Upload.objects.get().file.name).name}


def test_without_the_database_the_file_is_left_for_the_sweep(alice, monkeypatch):
    monkeypatch.setattr(Upload, "save", fail)
    monkeypatch.setattr(stored_files, "find_owned", fail)
    with pytest.raises(OperationalError):
        uploads.receive(make_file("people.csv"), alice)
    assert len(files()) == 1


def test_the_sweep_deletes_old_files_without_a_list(make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    corrected_file = ContentFile(to_csv([[*person(2), "Row 3: x"]], header=[*HEADER, "Problem"]), name="corrected.csv")
    correction = corrections.receive(upload, corrected_file, None)
    folder = Path(upload.file.path).parent
    for name in ("old.csv", "new.csv"):
        (folder / name).write_bytes(b"a")
    for path in (upload.file.path, correction.file.path, folder / "old.csv"):
        make_old(path)
    make_old(folder / "new.csv", timedelta(minutes=59))
    kept = {Path(owner.file.name).name for owner in (upload, correction)}
    stored_files.delete_orphans(FULL_HOUR.replace(minute=1))
    assert files() == {*kept, "old.csv", "new.csv"}
    stored_files.delete_orphans(FULL_HOUR)
    assert files() == {*kept, "new.csv"}


def test_the_sweep_finds_nothing_to_do_before_the_first_file():
    stored_files.delete_orphans(FULL_HOUR)
    assert stored_files.delete_orphans in jobs.every_minute.steps
