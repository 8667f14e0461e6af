"""Uploaded files may be in a bucket. No code assumes that they are on a disk of this host."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from batches import shared_files
from batches.forgetting import files
from batches.intake import corrections, loaded_files, row_import, scrub_files, stored_files, uploads
from batches.intake.scrub_files import ScrubDetails
from batches.models import LoadedFile
from batches.numbers import scrubs
from batches.statuses import CorrectionStatus, LoadedKind, LoadingStatus, ScrubKind, ScrubStatus, UploadStatus
from tests.factories import HEADER, people, person, to_csv
from tests.support.bucket import BucketServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    server = BucketServer().start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def bucket(server, settings):
    storage = {"BACKEND": "batches.bucket_storage.BucketStorage", "OPTIONS": server.options}
    settings.STORAGES = settings.STORAGES | {"default": storage}
    yield server.make_bucket()
    assert not settings.MEDIA_ROOT.exists()


def list_names(bucket):
    return {found.key for found in bucket.objects.all()}


def test_a_list_is_uploaded_read_and_deleted(bucket, make_upload, settings):
    upload = make_upload(people(3))
    assert upload.status == UploadStatus.READY
    assert upload.items.count() == 3
    assert [cells for _, cells in uploads.read_first_rows(upload)] == people(3)
    assert list_names(bucket) == {upload.file.name}
    assert stored_files.delete_files([upload.file.name]) == 1
    assert list_names(bucket) == set()


def test_two_files_of_one_name_are_both_kept(bucket, make_upload):
    names = {make_upload([person(number)]).file.name for number in (1, 2)}
    assert len(names) == 2
    assert list_names(bucket) == names


def test_a_corrected_file_is_read(bucket, make_upload):
    upload = make_upload([person(1), person(2, State="Atlantis")])
    fixed = ContentFile(to_csv([[*person(2), "Row 3: x"]], header=[*HEADER, "Problem"]), name="fixed.csv")
    correction = corrections.receive(upload, fixed, None)
    corrections.check_correction(correction.pk)
    correction.refresh_from_db()
    assert (correction.status, correction.corrected_count) == (CorrectionStatus.DONE, 1)


def test_a_file_that_is_taken_row_by_row_is_read_and_deleted(bucket):
    content = ContentFile(to_csv([["a"], ["b"], ["c"]], header=["Word"]), name="outcomes.csv")
    loaded = loaded_files.receive(content, LoadedKind.OUTCOMES, None)
    words = []

    def take(rows):
        words.extend(cells[0] for _, cells in rows)
        return loaded_files.SliceResult(taken=len(rows))

    def open_file(_loaded, path):
        return loaded_files.FileIntake(stored_files.isolated_reader.examine(path).file_format, take, 2)

    loaded_files.work_on(loaded.pk, {LoadedKind.OUTCOMES: open_file})
    assert words == ["a", "b", "c"]
    assert LoadedFile.objects.get().status == LoadingStatus.DONE
    assert list_names(bucket) == set()


def test_a_scrub_file_is_loaded_and_deleted(bucket):
    content = ContentFile(b"7035550100\n7035550101\n", name="registry.txt")
    source = scrub_files.receive(content, ScrubDetails(ScrubKind.REGISTRY, "Registry", timezone.localdate()), None)
    assert list_names(bucket) == {source.file.name}
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, source.number_count) == (ScrubStatus.READY, 2)
    assert list_names(bucket) == set()


def test_a_person_is_erased_from_a_file(bucket, make_upload):
    upload = make_upload(people(3))
    replacement = files.rewrite(upload, lambda number, _cells: number == 3)
    assert replacement.apply()
    assert files.discard([replacement], applied=True) == 1
    [kept] = bucket.objects.all()
    content = kept.get()["Body"].read()
    assert b"1 Oak St" in content
    assert b"2 Oak St" not in content


def test_the_sweep_deletes_files_without_a_list(bucket, make_upload):
    upload = make_upload(people(3))
    default_storage.save(f"{upload.file.name[:-4]}-lost.csv", ContentFile(b"a"))
    # Tomorrow's midnight may be less than an hour away.
    midnight = (timezone.now() + timedelta(days=2)).replace(hour=0, minute=0)
    stored_files.delete_orphans(midnight)
    assert list_names(bucket) == {upload.file.name}


def test_a_missing_file_is_a_file_not_found_error(bucket, make_upload):
    upload = make_upload(people(3))
    bucket.Object(upload.file.name).delete()
    with pytest.raises(FileNotFoundError):
        stored_files.examine(upload.file)
    assert uploads.read_first_rows(upload) == ()


def test_a_bucket_that_refuses_a_request_raises_an_os_error(bucket, make_upload, settings):
    upload = make_upload(people(3))
    bucket.objects.all().delete()
    bucket.delete()
    with pytest.raises(OSError, match="The bucket refused the request"):
        default_storage.save(upload.file.name, ContentFile(b"a"))


def test_nobody_gets_a_link_to_a_file(bucket, make_upload):
    with pytest.raises(NotImplementedError):
        _ = make_upload(people(3)).file.url


def test_hosts_with_the_same_bucket_share_their_files(bucket):
    shared_files.expect_own_files()
    assert shared_files.sees_shared_files()
    bucket.Object(shared_files.MARKER_NAME).put(Body=b"of another portal")
    assert not shared_files.sees_shared_files()


def test_a_check_fails_if_the_file_is_missing_from_the_bucket(bucket, make_upload):
    upload = make_upload(people(3))
    bucket.Object(upload.file.name).delete()
    type(upload).objects.filter(pk=upload.pk).update(status=UploadStatus.CHECKING)
    row_import.check_rows(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.problem) == (UploadStatus.FAILED, row_import.MISSING_FILE)
