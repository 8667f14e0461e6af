import asyncio
import threading

import pytest
from django.db import OperationalError

from batches.models import Receiver, SendingBlock
from webhooks.inbound import heartbeat, outage
from webhooks.inbound.heartbeat import Heartbeat
from webhooks.inbound.outage import OUTAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_no_receiver")]


def test_a_heartbeat_records_that_the_process_is_alive():
    beats = Heartbeat()
    beats.beat()
    assert Receiver.objects.get().pk == beats.name
    assert Receiver.is_any_alive()


def test_a_receiver_that_stops_is_not_alive_any_more():
    ending, other = Heartbeat(), Heartbeat()
    other.name = "another"
    for beats in (ending, other):
        beats.beat()
    ending.end()
    # Its thread may be about to write another heartbeat.
    ending.beat()
    assert [receiver.pk for receiver in Receiver.objects.alive()] == ["another"]


def test_sending_is_blocked_before_the_first_heartbeat_after_an_outage(monkeypatch):
    """While nothing can be written, there are no heartbeats either, so sending waits until the block is written."""
    written = []
    monkeypatch.setattr(heartbeat, "record_heartbeat", lambda *_: written.append(SendingBlock.objects.count()))
    for _ in range(outage.MAX_REFUSALS):
        OUTAGE.record_refusal()
    Heartbeat().beat()
    assert written == [1]


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
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.05)
    beats, is_free, seen = Heartbeat(), threading.Event(), []
    assert beats.is_loop_running()

    async def application(scope, receive, send):
        looking = threading.Thread(target=lambda: seen.append(beats.is_loop_running()))
        looking.start()
        await asyncio.sleep(0.02)
        looking.join()
        blocked = threading.Thread(target=lambda: (seen.append(beats.is_loop_running()), is_free.set()))
        blocked.start()
        is_free.wait(5)

    asyncio.run(beats.watch(application)({}, None, None))
    assert seen == [True, False]
    assert not beats.is_loop_running()
