"""The clock acts at once when it is woken or a batch has all its answers, and rests while nothing is in progress."""

import queue
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest
from redis.exceptions import RedisError

from batches import jobs
from batches.management.commands import clock
from batches.models import Batch, Item
from batches.statuses import BatchStatus, Outcome
from batches.tracing import closing


class Waits:
    """Stand in for an event that is never set, and for `time`: record how long each wait would take, and pass it."""

    def __init__(self):
        self.seconds, self.now = [], 0.0

    def monotonic(self):
        return self.now

    def wait(self, seconds):
        self.seconds.append(seconds)
        self.now += seconds
        return False


@pytest.fixture
def waits(monkeypatch):
    waits = Waits()
    monkeypatch.setattr(clock, "time", waits)
    return waits


@pytest.mark.django_db
def test_the_clock_rests_while_nothing_is_in_progress(waits, finish_upload):
    finish_upload(12)
    clock.wait_until_due(waits)
    assert waits.seconds == [clock.IDLE_SECONDS]


@pytest.mark.django_db
def test_the_clock_ticks_every_second_while_a_list_is_in_progress(waits, start_upload):
    start_upload(12)
    clock.wait_until_due(waits)
    assert sum(waits.seconds) == pytest.approx(clock.TICK_SECONDS)


@pytest.mark.django_db
def test_the_clock_acts_at_once_when_a_batch_has_all_its_answers(waits, start_upload):
    start_upload(12)
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    Item.objects.exclude(pk=Item.objects.first().pk).update(outcome=Outcome.MATCHED)
    assert not closing.is_any_batch_answered()
    Item.objects.update(outcome=Outcome.MATCHED)
    clock.wait_until_due(waits)
    assert waits.seconds == [clock.LOOK_SECONDS]


def test_a_resting_clock_keeps_its_lease():
    assert clock.lease.LEASE_DURATION.total_seconds() > 2 * clock.IDLE_SECONDS


@pytest.mark.django_db(transaction=True)
def test_planning_wakes_a_clock_that_had_to_wait_for_redis(start_upload, monkeypatch):
    upload, heard, is_last, pauses = start_upload(12), queue.Queue(), threading.Event(), []
    connect, failures = jobs.django_rq.get_connection, [RedisError("away")]

    def connect_later(name):
        if failures:
            raise failures.pop()
        return connect(name)

    def wake():
        heard.put(True)
        if is_last.is_set():
            raise EOFError

    def listen():
        with suppress(EOFError):
            jobs.listen_for_wakes(wake)

    monkeypatch.setattr(jobs, "time", SimpleNamespace(sleep=pauses.append))
    monkeypatch.setattr(jobs.django_rq, "get_connection", connect_later)
    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    # It is woken once it listens, because it may have missed something before.
    assert heard.get(timeout=60)
    assert pauses == [jobs.RECONNECT_SECONDS]
    is_last.set()
    jobs.plan_upload(upload.pk)
    listening.join(60)
    assert heard.get(timeout=60)
    assert not listening.is_alive()
