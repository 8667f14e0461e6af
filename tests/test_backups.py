"""Backups are whole and private, and are restored to nothing but an empty database."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.rights import Role
from batches import backups
from batches.models import Backup
from tests.factories import people
from tests.support.services import find_postgres

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _postgres_programs(monkeypatch, short_directory):
    """Put the programs that belong to the server of the suite on PATH."""
    if connection.vendor == "postgresql":
        monkeypatch.setenv("PATH", str(find_postgres(short_directory)), prepend=":")


@pytest.fixture
def backup(make_upload, tmp_path, capsys):
    """Return the directory of a backup with one list."""
    upload = make_upload(people(3))
    directory = tmp_path / "backup"
    call_command("backup", str(directory))
    assert (directory / "files" / upload.file.name).read_bytes() == Path(upload.file.path).read_bytes()
    return directory


def test_a_backup_has_everything_and_only_its_owner_may_read_it(backup, capsys):
    manifest = json.loads((backup / "manifest.json").read_text())
    written = {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}
    assert written == {"manifest.json", *manifest["checksums"]}
    assert {stat.S_IMODE(path.stat().st_mode) for path in backup.rglob("*") if path.is_file()} == {0o600}
    assert Backup.objects.get().files == 1
    assert "Backed up the database and 1 file" in capsys.readouterr().out


def test_a_backup_does_not_overwrite_another(backup):
    with pytest.raises(CommandError, match="is not empty"):
        call_command("backup", str(backup))


def test_a_file_that_is_gone_does_not_prevent_a_backup(make_upload, tmp_path, capsys):
    Path(make_upload(people(3)).file.path).unlink()
    call_command("backup", str(tmp_path / "backup"))
    assert "1 file of lists could not be found." in capsys.readouterr().out


def test_a_database_with_content_is_not_overwritten(backup):
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", str(backup))


def test_a_damaged_backup_is_refused(backup):
    [file] = (path for path in backup.glob("files/uploads/**/*") if path.is_file())
    file.write_bytes(b"changed")
    with pytest.raises(CommandError, match="is missing from the backup, or has been changed"):
        call_command("restore", str(backup))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"database": "oracle"}, "The backup is of oracle"),
        ({"migrations": ["batches.9999_later"]}, "which is newer. Install that one."),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(backup, change, reason):
    path = backup / backups.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CommandError, match=reason):
        call_command("restore", str(backup))


def test_an_interrupted_backup_is_refused(backup):
    (backup / backups.MANIFEST).unlink()
    with pytest.raises(CommandError, match="so it is no backup, or one that was interrupted"):
        call_command("restore", str(backup))


def test_administrators_see_when_the_last_backup_was_made(client, make_user):
    client.force_login(make_user("ada", Role.ADMINISTRATOR))
    assert "No backup is known." in client.get("/settings/backups/").content.decode()
    made = Backup.objects.create(made_at=timezone.now(), place="/backups/1", version="1", files=1, size=1)
    page = client.get("/settings/backups/").content.decode()
    assert "/backups/1" in page
    assert "would be lost" not in page
    Backup.objects.filter(pk=made.pk).update(made_at=timezone.now() - timedelta(days=3))
    assert "would be lost" in client.get("/settings/backups/").content.decode()
