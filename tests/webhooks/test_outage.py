import pytest
from django.contrib.auth import get_user_model
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


def test_many_refusals_block_all_sending_and_staff_get_a_notice(charlie):
    refuse()
    OUTAGE.report()
    block = SendingBlock.objects.get()
    minute = timezone.now().strftime("%H:%M")
    assert block.reason[: len(outage.REASON)] == outage.REASON
    assert block.reason.endswith("UTC. Sending is blocked until a person unblocks it.")
    assert minute in block.reason or OUTAGE.since is None
    triggers.notify_blocks(timezone.now())
    assert Notice.objects.get().user == get_user_model().objects.get()


def test_a_few_refusals_block_nothing():
    refuse(outage.MAX_REFUSALS - 1)
    OUTAGE.report()
    assert not SendingBlock.objects.exists()


def test_refusals_over_hours_block_nothing(monkeypatch):
    hours = iter(range(outage.MAX_REFUSALS))
    monkeypatch.setattr(outage.time, "monotonic", lambda: 3600 * next(hours))
    refuse()
    OUTAGE.report()
    assert not SendingBlock.objects.exists()


def test_sending_is_blocked_once_for_all_processes_and_again_after_it_was_unblocked(charlie):
    for _ in range(2):
        refuse()
        OUTAGE.report()
        OUTAGE.report()
    block = SendingBlock.objects.get()
    decisions.unblock(block, charlie)
    OUTAGE.report()
    assert SendingBlock.objects.count() == 1
    refuse()
    OUTAGE.report()
    assert SendingBlock.objects.count() == 2
