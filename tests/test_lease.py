from datetime import timedelta

import pytest
from django.db.models import F

from batches import lease
from batches.management.commands import clock
from batches.models import Batch, Lease, SendingBlock
from batches.statuses import BatchStatus

pytestmark = pytest.mark.django_db


def test_only_one_of_two_holders_acts():
    assert lease.acquire("clock", "first")
    assert not lease.acquire("clock", "second")
    assert lease.acquire("clock", "first")


def test_a_dead_holder_is_replaced():
    lease.acquire("clock", "first")
    Lease.objects.update(until=F("until") - lease.LEASE_DURATION - timedelta(seconds=1))
    assert lease.acquire("clock", "second")
    assert not lease.acquire("clock", "first")


def test_a_released_lease_is_acquired_at_once():
    lease.acquire("clock", "first")
    lease.release("clock", "second")
    assert not lease.acquire("clock", "second")
    lease.release("clock", "first")
    assert lease.acquire("clock", "second")


def pass_time(time):
    """Let time pass, by the database's clock."""
    Lease.objects.update(until=F("until") - lease.LEASE_DURATION - time)


def test_an_abandoned_lease_is_not_acquired_by_anyone():
    lease.acquire("clock", "first")
    pass_time(lease.ABANDONED_AFTER - timedelta(seconds=5))
    assert not lease.is_abandoned("clock")
    pass_time(timedelta(seconds=5))
    assert lease.is_abandoned("clock")
    assert not lease.acquire("clock", "first")
    assert not lease.acquire("clock", "second")
    lease.reclaim("clock")
    assert not lease.is_abandoned("clock")
    assert lease.acquire("clock", "second")


def test_a_released_lease_is_never_abandoned():
    assert not lease.is_abandoned("clock")
    lease.acquire("clock", "first")
    lease.release("clock", "first")
    pass_time(timedelta(days=3))
    lease.reclaim("clock")
    assert not lease.is_abandoned("clock")
    assert lease.acquire("clock", "second")


def test_reclaiming_does_not_end_a_lease_in_force():
    lease.acquire("clock", "first")
    lease.reclaim("clock")
    assert not lease.acquire("clock", "second")


def test_after_an_outage_the_clock_asks_before_spending(start_upload):
    start_upload(12)
    assert clock.is_acting("first")
    pass_time(timedelta(hours=8))
    assert clock.is_acting("second")
    assert SendingBlock.objects.get().reason == SendingBlock.STOOD_STILL
    assert Batch.objects.get().is_in_doubt
    assert clock.is_acting("second")
    assert SendingBlock.objects.count() == 1


def test_a_clock_that_was_frozen_asks_too(start_upload):
    start_upload(12)
    assert clock.is_acting("first")
    pass_time(timedelta(hours=8))
    assert clock.is_acting("first")
    assert Batch.objects.get().is_in_doubt


def test_after_an_orderly_stop_everything_continues(start_upload):
    start_upload(12)
    assert clock.is_acting("first")
    lease.release(lease.CLOCK, "first")
    pass_time(timedelta(hours=8))
    assert clock.is_acting("second")
    assert not SendingBlock.objects.exists()
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_after_a_short_outage_everything_continues(start_upload):
    start_upload(12)
    assert clock.is_acting("first")
    pass_time(timedelta(minutes=9))
    assert clock.is_acting("second")
    assert not SendingBlock.objects.exists()


def test_after_an_outage_without_open_batches_the_clock_asks_nothing(finish_upload):
    finish_upload(12)
    assert clock.is_acting("first")
    pass_time(timedelta(hours=8))
    assert clock.is_acting("second")
    assert not SendingBlock.objects.exists()


def test_the_next_clock_continues_an_interrupted_check(start_upload, monkeypatch):
    start_upload(12)
    assert clock.is_acting("first")
    pass_time(timedelta(hours=8))

    def end(_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(clock.jobs, "doubt_open_work", end)
        with pytest.raises(SystemExit):
            clock.is_acting("second")
    assert clock.is_acting("third")
    assert Batch.objects.get().is_in_doubt
