"""A backup that was made while a list ran is restored elsewhere, and nobody is bought again by itself."""

import os
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from batches import partitions, shared_files
from batches.statuses import BatchStatus
from batches.tracing.lifecycle import transition_batch
from tests.support.portal import Portal, make_database
from tests.support.services import find_postgres


@pytest.fixture(params=["whole", "partitioned"])
def shape(request):
    """Partition the tables of people during the test, or leave them as they are."""
    if request.param == "whole":
        yield request.param
        return
    if connection.vendor == "sqlite":
        pytest.skip("Only PostgreSQL has partitions.")
    if request.config.getoption("people_per_partition"):
        pytest.skip("The tables are partitioned for the whole run.")
    request.getfixturevalue("transactional_db")
    partitions.partition(100)
    yield request.param
    partitions.join()
    partitions.forget()


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_restored_elsewhere_and_nobody_is_bought_again(
    shape, start_upload, tmp_path, short_directory, monkeypatch
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
        if shape == "partitioned":
            elsewhere.do("from batches import partitions")
            bounds = [list(each) for each in partitions.read_bounds(partitions.PEOPLE_TABLE)]
            assert elsewhere.ask("sorted(partitions.read_bounds(partitions.PEOPLE_TABLE))") == sorted(bounds)
            person = "upload=Upload.objects.get(), row_number=99, cells=[]"
            assert elsewhere.ask(f"Item.objects.create({person}).pk") == partitions.read_last_id() + 1
            elsewhere.do("partitions.extend()")
            assert elsewhere.ask("partitions.has_rest(partitions.PEOPLE_TABLE)")
            assert elsewhere.manage("migrate", "--check").returncode == 0
    finally:
        elsewhere.stop_shell()
        shutil.rmtree(elsewhere.directory)
