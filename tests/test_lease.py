"""One clock acts at a time, and asks before spending after an outage or a restore."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F

from batches import jobs, lease
from batches.management.commands import clock
from batches.models import Batch, Lease, SendingBlock
from batches.statuses import BatchStatus

pytestmark = pytest.mark.django_db


def test_only_one_of_two_holders_acts():
    assert lease.acquire("clock", "first")
    assert not lease.acquire("clock", "second")
    assert lease.acquire("clock", "first")


def pass_time(time):
    """Make the lease look as if it had expired this long ago."""
    Lease.objects.update(until=F("until") - lease.LEASE_DURATION - time)


def test_a_dead_holder_is_replaced():
    lease.acquire("clock", "first")
    pass_time(timedelta(seconds=1))
    assert lease.acquire("clock", "second")
    assert not lease.acquire("clock", "first")


def test_a_released_lease_is_acquired_at_once():
    lease.acquire("clock", "first")
    lease.release("clock", "second")
    assert not lease.acquire("clock", "second")
    lease.release("clock", "first")
    assert lease.acquire("clock", "second")


def test_an_abandoned_lease_is_not_acquired_by_anyone():
    lease.acquire("clock", "first")
    pass_time(lease.ABANDONED_AFTER - timedelta(minutes=3))
    assert not lease.is_abandoned("clock")
    pass_time(timedelta(minutes=3))
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
    assert clock.is_active("first")
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert SendingBlock.objects.get().reason == SendingBlock.STOOD_STILL
    assert Batch.objects.get().is_in_doubt
    assert clock.is_active("second")
    assert SendingBlock.objects.count() == 1


def test_a_clock_that_was_frozen_asks_before_spending(start_upload):
    start_upload(12)
    assert clock.is_active("first")
    pass_time(timedelta(hours=8))
    assert clock.is_active("first")
    assert Batch.objects.get().is_in_doubt


@pytest.fixture
def stopped_lease(start_upload):
    """Stop a clock in an orderly way while a list is in progress, and return the lease as a backup would contain it."""
    start_upload(12)
    assert clock.is_active("first")
    clock.stop("first")
    return Lease.objects.get()


def test_after_an_orderly_stop_everything_continues(stopped_lease):
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_a_backup_from_an_orderly_stop_is_recognised(stopped_lease):
    assert clock.is_active("second")
    clock.stop("second")
    stopped_lease.save()
    assert clock.is_active("third")
    assert SendingBlock.objects.get().reason == SendingBlock.OTHER_DATABASE
    assert Batch.objects.get().is_in_doubt
    assert clock.is_active("third")
    assert SendingBlock.objects.count() == 1


def test_a_backup_from_an_orderly_stop_is_recognised_after_a_crash(stopped_lease):
    assert clock.is_active("second")
    stopped_lease.save()
    pass_time(timedelta(hours=8))
    assert clock.is_active("third")
    assert Batch.objects.get().is_in_doubt


def test_a_backup_from_an_orderly_stop_is_recognised_on_another_machine(stopped_lease):
    jobs.remove_stop_mark()
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert Batch.objects.get().is_in_doubt


def test_the_clock_does_not_ask_after_a_sweep_by_hand_during_a_stop(stopped_lease):
    call_command("sweep")
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_the_clock_does_not_ask_after_a_short_stop_during_which_redis_was_emptied(stopped_lease):
    jobs.remove_stop_mark()
    pass_time(timedelta(minutes=9))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_a_stop_while_redis_is_down_is_orderly_too(start_upload, monkeypatch):
    start_upload(12)
    assert clock.is_active("first")
    monkeypatch.setattr(jobs, "leave_stop_mark", lambda: lease.NO_MARK)
    clock.stop("first")
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_after_an_orderly_stop_the_clock_waits_for_redis(stopped_lease, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "read_stop_mark", lambda: None)
        assert not clock.is_active("second")
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_a_clock_that_was_not_acting_leaves_no_mark(stopped_lease):
    assert jobs.read_stop_mark()
    assert clock.is_active("second")
    clock.stop("third")
    assert jobs.read_stop_mark() == ""
    assert Lease.objects.get().holder == "second"


def test_after_a_restore_the_clock_does_not_ask_twice(stopped_lease):
    call_command("restored", stdout=StringIO())
    assert clock.is_active("second")
    assert SendingBlock.objects.get().reason == SendingBlock.RESTORED


def test_after_a_short_outage_everything_continues(start_upload):
    start_upload(12)
    assert clock.is_active("first")
    pass_time(timedelta(minutes=9))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_after_an_outage_without_open_batches_the_clock_does_not_ask(finish_upload):
    finish_upload(12)
    assert clock.is_active("first")
    pass_time(timedelta(hours=8))
    assert clock.is_active("second")
    assert not SendingBlock.objects.exists()


def test_the_next_clock_continues_an_interrupted_check(start_upload, monkeypatch):
    start_upload(12)
    assert clock.is_active("first")
    pass_time(timedelta(hours=8))

    def crash(_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(clock.jobs, "put_open_work_in_doubt", crash)
        with pytest.raises(SystemExit):
            clock.is_active("second")
    assert clock.is_active("third")
    assert Batch.objects.get().is_in_doubt
