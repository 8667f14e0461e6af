import pytest
from django.utils import timezone

from batches.models import SendingBlock
from batches.tracing import decisions
from notices import triggers
from notices.models import Notice
from webhooks.inbound import outage
from webhooks.inbound.outage import OUTAGE

pytestmark = pytest.mark.django_db


def refuse(count=outage.MAX_REFUSALS):
    for _ in range(count):
        OUTAGE.record_refusal()


def test_many_refusals_block_all_sending_and_notify_those_who_may_unblock(charlie):
    refuse()
    since = OUTAGE.since
    OUTAGE.block_sending_if_needed()
    expected = f"{outage.REASON} at {since:%-I:%M %p} UTC. Sending is blocked until a person unblocks it."
    assert SendingBlock.objects.get().reason == expected
    assert OUTAGE.since is None
    triggers.notify_blocks(timezone.now())
    assert Notice.objects.get().user == charlie


def test_a_few_refusals_block_nothing():
    refuse(outage.MAX_REFUSALS - 1)
    OUTAGE.block_sending_if_needed()
    assert not SendingBlock.objects.exists()


def test_many_refusals_spread_over_hours_block_nothing(monkeypatch):
    hours = iter(range(outage.MAX_REFUSALS))
    monkeypatch.setattr(outage.time, "monotonic", lambda: 3600 * next(hours))
    refuse()
    OUTAGE.block_sending_if_needed()
    assert not SendingBlock.objects.exists()


def test_sending_is_blocked_once_for_all_processes_and_again_after_it_was_unblocked(charlie):
    for _ in range(2):
        refuse()
        OUTAGE.block_sending_if_needed()
        OUTAGE.block_sending_if_needed()
    block = SendingBlock.objects.get()
    decisions.unblock(block, charlie)
    OUTAGE.block_sending_if_needed()
    assert SendingBlock.objects.count() == 1
    refuse()
    OUTAGE.block_sending_if_needed()
    assert SendingBlock.objects.count() == 2
