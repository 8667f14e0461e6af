"""The clock acts at once when it is woken or a batch has all its answers, and rests while nothing is in progress."""

import queue
import threading
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import RedisError

from batches import jobs
from batches.management.commands import clock
from batches.models import Batch, Item
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, spending
from batches.vendor.protocol import MAX_BATCH_SIZE
from tests.factories import people


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


@pytest.fixture
def renewals():
    """Renewals of the lease, which never fail."""
    return []


@pytest.fixture
def wait(waits, renewals):
    """Wait as a clock does that swept just now."""

    def wait(sweep_after=60, is_renewed=True):
        clock.wait_until_due(waits, sweep_after, lambda: renewals.append(waits.now) or is_renewed)
        return sum(waits.seconds)

    return wait


@pytest.mark.django_db
def test_the_clock_rests_while_nothing_is_in_progress(wait, renewals, finish_upload):
    finish_upload(12)
    assert wait() == clock.REST_SECONDS
    gaps = [later - earlier for earlier, later in pairwise([0, *renewals])]
    assert max(gaps) <= clock.RENEWAL_SECONDS


@pytest.mark.django_db
def test_a_resting_clock_costs_two_queries_each_time_that_it_renews_its_lease(waits):
    assert clock.lease.acquire(clock.lease.CLOCK, "clock")
    with CaptureQueriesContext(connection) as queries:
        clock.wait_until_due(waits, 60, lambda: clock.lease.acquire(clock.lease.CLOCK, "clock"))
    assert len(queries) <= 1 + 2 * len(waits.seconds)


@pytest.mark.django_db
def test_the_clock_rests_no_longer_than_until_the_next_sweep(wait):
    assert wait(sweep_after=5) == 5


@pytest.mark.django_db
def test_a_resting_clock_acts_soon_if_a_list_is_started_and_the_wake_is_lost(waits, start_upload):
    clock.wait_until_due(waits, 60, lambda: bool(start_upload(12)))
    assert sum(waits.seconds) == clock.RENEWAL_SECONDS


@pytest.mark.django_db
def test_a_clock_that_loses_its_lease_rests_no_longer(wait):
    assert wait(is_renewed=False) == clock.RENEWAL_SECONDS


@pytest.mark.django_db
def test_the_clock_ticks_every_second_while_a_list_is_in_progress(wait, start_upload):
    start_upload(12)
    assert wait() == pytest.approx(clock.TICK_SECONDS)


@pytest.mark.django_db
def test_the_clock_acts_at_once_when_a_batch_has_all_its_answers(wait, waits, start_upload):
    start_upload(12)
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    Item.objects.exclude(pk=Item.objects.first().pk).update(outcome=Outcome.MATCHED)
    assert not closing.is_any_batch_answered()
    Item.objects.update(outcome=Outcome.MATCHED)
    wait()
    assert waits.seconds == [clock.LOOK_SECONDS]


@pytest.mark.django_db
def test_a_batch_that_the_vendor_has_of_a_list_that_has_ended_is_in_progress(start_upload):
    upload = start_upload(12)
    assert closing.is_anything_in_progress()
    type(upload).objects.update(status=UploadStatus.CANCELLED)
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    assert closing.is_anything_in_progress()
    Batch.objects.update(status=BatchStatus.CLOSED)
    assert not closing.is_anything_in_progress()


def test_a_resting_clock_keeps_its_lease():
    assert clock.lease.LEASE_DURATION.total_seconds() > 2 * clock.RENEWAL_SECONDS


@pytest.mark.django_db
def test_the_clock_is_woken_once_the_first_batch_of_a_long_list_is_planned(make_upload, alice):
    upload, planned = make_upload(people(MAX_BATCH_SIZE + 12)), []
    assert spending.start(upload, alice)
    jobs.plan(upload.pk, on_first=lambda: planned.append(upload.batches.count()))
    assert planned == [1]
    assert upload.batches.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("batches", "wakes"), [(0, 1), (1, 1), (2, 2)])
def test_planning_wakes_the_clock_again_unless_there_is_only_one_batch(monkeypatch, batches, wakes):
    woken = []

    def plan(upload_id, on_first):
        if batches:
            on_first()
        return batches

    monkeypatch.setattr(jobs, "plan", plan)
    monkeypatch.setattr(jobs, "wake_clock", lambda: woken.append(True))
    jobs.plan_upload(1)
    assert len(woken) == wakes


@pytest.mark.django_db
@pytest.mark.parametrize("is_in_progress", [True, False])
def test_what_users_wait_for_comes_before_leftovers(monkeypatch, start_upload, is_in_progress):
    order = []
    if is_in_progress:
        start_upload(12)
    for name in ("urgent", "every_second", "every_minute"):
        monkeypatch.setattr(jobs, name, SimpleNamespace(run=lambda name=name: order.append(name)))
    jobs.sweep()
    assert order == ["urgent"] * is_in_progress + ["every_minute", "urgent", "every_second"]


@pytest.mark.django_db
def test_the_clock_is_woken_to_tell_approvers_and_those_who_asked(make_upload, alice, bob, settings, monkeypatch):
    settings.APPROVAL_ABOVE, wakes = 10, []
    monkeypatch.setattr(jobs, "wake_clock", lambda: wakes.append(True))
    upload = make_upload(people(12))
    assert jobs.start(upload, alice) == UploadStatus.APPROVAL
    assert len(wakes) == 1
    assert jobs.decline(upload, bob, "Too expensive.")
    assert len(wakes) == 2


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
