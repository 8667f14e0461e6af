"""Before an upgrade, sending is blocked, and a command says when nobody is with the vendor."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from batches.models import SendingBlock
from batches.statuses import BatchStatus
from batches.tracing import dispatch, drain
from batches.tracing.lifecycle import transition_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch_at_vendor(start_upload):
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
    return batch


def test_nothing_is_sent_until_the_upgrade_is_done(start_upload, capsys):
    batch = start_upload(12).batches.get()
    call_command("drain")
    assert dispatch.choose_batches(timezone.now()) == []
    assert "Nobody is with the vendor." in capsys.readouterr().out
    call_command("drain", release=True)
    assert dispatch.choose_batches(timezone.now()) == [batch.pk]


def test_a_batch_with_the_vendor_is_waited_for(batch_at_vendor, monkeypatch, capsys):
    def close_batch(_seconds):
        transition_batch(batch_at_vendor.pk, BatchStatus.CLOSED, closed_at=timezone.now())

    monkeypatch.setattr(drain.time, "sleep", close_batch)
    call_command("drain")
    assert "Still with the vendor: 12 people in 1 batch." in capsys.readouterr().out
    call_command("drain", wait=60)
    assert "Nobody is with the vendor." in capsys.readouterr().out


def test_draining_ends_with_3_if_it_takes_too_long_and_sending_stays_blocked(batch_at_vendor):
    with pytest.raises(CommandError, match="12 people in 1 batch are still with the vendor") as raised:
        call_command("drain", wait=0)
    assert raised.value.returncode == 3
    assert SendingBlock.objects.in_force(timezone.now()).get().reason == SendingBlock.UPGRADE


def test_a_block_for_another_reason_stays_after_the_upgrade(capsys):
    dispatch.block_sending("The vendor refuses our key.")
    call_command("drain")
    call_command("drain", release=True)
    assert "sending is blocked for another reason" in capsys.readouterr().out
    assert SendingBlock.objects.in_force(timezone.now()).get().reason == "The vendor refuses our key."
