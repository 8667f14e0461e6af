"""A host that does not see the stored files says so, and leaves lists to the others."""

from pathlib import Path

import pytest
from django.core.management import call_command

from batches.intake import row_import, stored_files
from batches.models import Upload
from batches.statuses import UploadStatus
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
    stored_files.expect_own_files_if_none(None)
    assert health.FILES_DIFFER not in client.get("/readyz").content.decode()
    settings.MEDIA_ROOT = tmp_path / "own"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert health.FILES_DIFFER in response.content.decode()
    call_command("use_files")
    assert health.FILES_DIFFER not in client.get("/readyz").content.decode()


def test_a_list_waits_for_a_host_that_has_its_file(checking, settings, tmp_path):
    stored_files.expect_own_files()
    shared, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "own"
    row_import.check_rows(checking.pk)
    checking.refresh_from_db()
    assert (checking.status, checking.problem) == (UploadStatus.CHECKING, row_import.FILES_NOT_SHARED)
    settings.MEDIA_ROOT = shared
    row_import.check_rows(checking.pk)
    checking.refresh_from_db()
    assert (checking.status, checking.problem) == (UploadStatus.READY, "")


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
