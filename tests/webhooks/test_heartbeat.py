import asyncio
import threading

import pytest
from django.db import OperationalError, connections

from batches.models import Receiver, SendingBlock
from tests.support.services import MAX_WAIT
from webhooks.inbound import heartbeat, outage
from webhooks.inbound.heartbeat import Heartbeat
from webhooks.inbound.outage import OUTAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_real_receiver_check")]


def test_a_heartbeat_records_that_the_process_is_alive():
    own_heartbeat = Heartbeat()
    own_heartbeat.beat()
    assert Receiver.objects.get().pk == own_heartbeat.name
    assert Receiver.is_any_alive()


def test_a_heartbeat_does_not_ask_whether_its_connection_works(monkeypatch):
    connection = connections["default"]
    monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("It asked."))
    connection.health_check_done = False
    Heartbeat().beat()
    assert Receiver.is_any_alive()


def test_only_some_heartbeats_load_keys(monkeypatch):
    loads = []
    monkeypatch.setattr(heartbeat, "load_account_keys", lambda: loads.append(Receiver.objects.count()))
    own_heartbeat = Heartbeat()
    for _ in range(heartbeat.LOADS_KEYS_EVERY + 1):
        own_heartbeat.beat()
    # The first load comes before the receiver counts as alive.
    assert loads == [0, 1]


def test_a_receiver_that_has_stopped_is_no_longer_alive():
    ended, other = Heartbeat(), Heartbeat()
    other.name = "another"
    for each in (ended, other):
        each.beat()
    ended.end()
    # The thread of the one that ended may have been about to write another heartbeat.
    ended.beat()
    assert [receiver.pk for receiver in Receiver.objects.alive()] == ["another"]


def test_sending_is_blocked_before_the_first_heartbeat_after_an_outage(monkeypatch):
    """While nothing can be written, there are no heartbeats either, so sending waits until the block is written."""
    blocks_at_heartbeat = []
    monkeypatch.setattr(
        heartbeat, "record_heartbeat", lambda *_: blocks_at_heartbeat.append(SendingBlock.objects.count())
    )
    for _ in range(outage.MAX_REFUSALS):
        OUTAGE.record_refusal()
    Heartbeat().beat()
    assert blocks_at_heartbeat == [1]


def test_an_unavailable_database_does_not_end_the_heartbeat(monkeypatch, caplog):
    def fail(*_):
        raise OperationalError("connection to the database")

    monkeypatch.setattr(heartbeat, "record_heartbeat", fail)
    for _ in range(outage.MAX_REFUSALS):
        OUTAGE.record_refusal()
    monkeypatch.setattr(outage, "block_sending", fail)
    Heartbeat().beat()
    assert OUTAGE.since
    assert "OperationalError" in caplog.text
    assert "connection to" not in caplog.text


def test_a_stuck_event_loop_has_no_heartbeat(monkeypatch):
    monkeypatch.setattr(heartbeat, "INTERVAL", MAX_WAIT)
    own_heartbeat, is_checked, results = Heartbeat(), threading.Event(), []
    # Before the loop has started, it does not count as stuck.
    assert own_heartbeat.is_loop_running()

    def check():
        results.append(own_heartbeat.is_loop_running())
        is_checked.set()

    async def application(scope, receive, send):
        await asyncio.to_thread(check)
        monkeypatch.setattr(heartbeat, "INTERVAL", 0.05)
        is_checked.clear()
        threading.Thread(target=check).start()
        # This blocks the loop until the second check has ended.
        is_checked.wait(MAX_WAIT)

    asyncio.run(own_heartbeat.watch(application)({}, None, None))
    assert results == [True, False]
    assert not own_heartbeat.is_loop_running()
