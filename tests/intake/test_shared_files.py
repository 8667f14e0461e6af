"""A host that does not see the stored files says so, and leaves lists to the others."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from batches import shared_files
from batches.intake import row_import, scrub_files
from batches.intake.scrub_files import ScrubDetails
from batches.models import Upload
from batches.numbers import scrubs
from batches.statuses import ScrubKind, ScrubStatus, UploadStatus
from batches.views import health
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def checking(make_upload):
    """Return a list whose rows are still to be read."""
    upload = make_upload(people(3))
    upload.items.all().delete()
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.CHECKING)
    upload.refresh_from_db()
    return upload


def test_a_host_without_the_shared_files_is_not_ready(client, settings, tmp_path):
    shared_files.expect_own_files_if_none(None)
    assert health.FILES_DIFFER not in client.get("/readyz").content.decode()
    settings.MEDIA_ROOT = tmp_path / "own"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert health.FILES_DIFFER in response.content.decode()
    call_command("use_files")
    assert health.FILES_DIFFER not in client.get("/readyz").content.decode()


def test_a_list_waits_for_a_host_that_has_its_file(checking, settings, tmp_path):
    shared_files.expect_own_files()
    shared, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "own"
    row_import.check_rows(checking.pk)
    checking.refresh_from_db()
    assert (checking.status, checking.problem) == (UploadStatus.CHECKING, row_import.FILES_NOT_SHARED)
    settings.MEDIA_ROOT = shared
    row_import.check_rows(checking.pk)
    checking.refresh_from_db()
    assert (checking.status, checking.problem) == (UploadStatus.READY, "")


def test_a_scrub_file_waits_for_a_host_that_has_it(settings, tmp_path):
    shared_files.expect_own_files()
    details = ScrubDetails(ScrubKind.LITIGATOR, "Sample", timezone.localdate())
    source = scrub_files.receive(ContentFile(b"7035550100\n", "sample.txt"), details, None)
    shared, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "own"
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, source.problem) == (ScrubStatus.LOADING, "")
    assert scrubs.list_unfinished(timezone.now() + timedelta(minutes=2)) == [source.pk]
    settings.MEDIA_ROOT = shared
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, source.number_count) == (ScrubStatus.READY, 1)


def test_a_scrub_file_that_is_missing_everywhere_has_failed():
    shared_files.expect_own_files()
    details = ScrubDetails(ScrubKind.LITIGATOR, "Sample", timezone.localdate())
    source = scrub_files.receive(ContentFile(b"7035550100\n", "sample.txt"), details, None)
    Path(source.file.path).unlink()
    scrubs.work_on(source.pk)
    source.refresh_from_db()
    assert (source.status, source.problem) == (ScrubStatus.FAILED, "The stored file could not be read. Load it again.")


def test_a_list_whose_file_is_missing_is_read_again_once_it_is_back(checking, client, alice):
    path = Path(checking.file.path)
    kept = path.read_bytes()
    path.unlink()
    row_import.check_rows(checking.pk)
    client.force_login(alice)
    assert "The stored file is missing on the server." in client.get(f"/uploads/{checking.pk}/").content.decode()
    path.write_bytes(kept)
    client.post(f"/uploads/{checking.pk}/read-again/")
    row_import.check_rows(checking.pk)
    checking.refresh_from_db()
    assert (checking.status, checking.items.count()) == (UploadStatus.READY, 3)
