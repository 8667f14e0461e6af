"""A backup that was made while a list ran is restored elsewhere, and nobody is bought again by itself."""

import os
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from batches import shared_files
from batches.statuses import BatchStatus
from batches.tracing.lifecycle import transition_batch
from tests.support.portal import Portal, make_database
from tests.support.services import find_postgres


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_restored_elsewhere_and_nobody_is_bought_again(
    start_upload, tmp_path, short_directory, monkeypatch
):
    upload = start_upload(12)
    batch = upload.batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
    shared_files.expect_own_files()
    url = None
    if connection.vendor == "postgresql":
        monkeypatch.setenv("PATH", f"{find_postgres(short_directory)}:{os.environ['PATH']}")
        url = make_database(os.environ["DATABASE_URL"])
    call_command("backup", str(tmp_path / "backup"))
    elsewhere = Portal(short_directory / "v", url, REALESTATEAPI_KEY="a-key", REDIS_URL=os.environ["REDIS_URL"])
    restored = elsewhere.manage("restore", tmp_path / "backup")
    assert restored.returncode == 0, restored.stderr
    assert "12 people without an answer" in restored.stdout
    kept = elsewhere.directory / "files" / upload.file.name
    assert kept.read_bytes() == Path(upload.file.path).read_bytes()
    try:
        elsewhere.do("from batches.tracing import dispatch")
        elsewhere.do("from batches import shared_files")
        assert elsewhere.ask("dispatch.choose_batches(timezone.now())") == []
        assert elsewhere.ask("Batch.objects.in_doubt().count()") == 1
        assert elsewhere.ask("SendingBlock.objects.in_force(timezone.now()).get().reason == SendingBlock.RESTORED")
        assert elsewhere.ask("shared_files.sees_shared_files()")
    finally:
        elsewhere.stop_shell()
        shutil.rmtree(elsewhere.directory)
