"""One worker at a time has a file that is loaded, and another takes over if it dies."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches.intake import loaded_files
from batches.job_claims import Superseded
from batches.models import LoadedFile, ScrubSource
from batches.numbers import scrubs
from batches.statuses import LoadedKind, LoadingStatus, ScrubKind, ScrubStatus

pytestmark = pytest.mark.django_db


def create_loaded_file():
    return LoadedFile.objects.create(kind=LoadedKind.OUTCOMES)


def create_scrub_file():
    return ScrubSource.objects.create(kind=ScrubKind.REGISTRY, name="Registry", as_of=timezone.localdate())


@pytest.fixture(params=[(loaded_files.CLAIMS, create_loaded_file), (scrubs.CLAIMS, create_scrub_file)])
def claimed(request):
    """Return the claims of a table, a row that has just been claimed, and the time of its claim."""
    claims, create = request.param
    row, now = create(), timezone.now()
    assert claims.claim(row.pk, now)
    row.refresh_from_db()
    return claims, row, now


def test_only_one_worker_gets_a_row(claimed):
    claims, row, now = claimed
    assert not claims.claim(row.pk, now)
    assert not claims.claim(row.pk, now + claims.silent_after)
    assert claims.claim(row.pk, now + claims.silent_after + timedelta(seconds=1))


def test_a_worker_that_is_alive_keeps_its_row(claimed):
    claims, row, now = claimed
    alive = now + claims.silent_after / 2
    claims.beat(row, alive)
    later = now + claims.silent_after + timedelta(seconds=1)
    assert not claims.claim(row.pk, later)
    assert not claims.lost(later)
    assert row.heartbeat_at == type(row).objects.get().heartbeat_at == alive


def test_a_worker_that_was_silent_loses_its_row_to_another(claimed):
    claims, row, now = claimed
    later = now + claims.silent_after + timedelta(seconds=1)
    assert claims.lost(later).get() == row
    assert claims.claim(row.pk, later)
    with pytest.raises(Superseded):
        claims.beat(row, later + timedelta(seconds=1))
    assert not claims.mine(row)
    claims.release(row)
    assert type(row).objects.get().heartbeat_at == later


@pytest.mark.parametrize(
    ("claims", "create", "ended"),
    [
        (loaded_files.CLAIMS, create_loaded_file, LoadingStatus.DONE),
        (scrubs.CLAIMS, create_scrub_file, ScrubStatus.REMOVED),
    ],
)
def test_a_row_whose_work_has_ended_is_no_longer_anybodys(claims, create, ended):
    row, now = create(), timezone.now()
    assert claims.claim(row.pk, now)
    row.refresh_from_db()
    type(row).objects.update(status=ended)
    with pytest.raises(Superseded):
        claims.beat(row, now)
    assert not claims.claim(row.pk, now + timedelta(days=1))
    assert not claims.lost(now + timedelta(days=1))


@pytest.mark.parametrize(
    ("claims", "create"), [(loaded_files.CLAIMS, create_loaded_file), (scrubs.CLAIMS, create_scrub_file)]
)
def test_a_row_that_nobody_began_has_lost_its_job_after_a_while(claims, create):
    row = create()
    assert not claims.lost(timezone.now())
    assert claims.lost(timezone.now() + claims.lost_after + timedelta(minutes=1)).get() == row


def test_a_released_row_is_free_at_once(claimed):
    claims, row, now = claimed
    claims.release(row)
    assert claims.claim(row.pk, now)
