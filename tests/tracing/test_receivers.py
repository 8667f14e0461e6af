"""Receivers record that they are alive."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from batches import jobs
from batches.models import Receiver
from batches.tracing import receivers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_real_receiver_check")]


def test_a_receiver_is_alive_for_a_while_after_each_heartbeat():
    assert not Receiver.is_any_alive()
    for _ in range(2):
        receivers.record_heartbeat("web:1", "web")
        assert Receiver.is_any_alive()
        Receiver.objects.update(until=F("until") - Receiver.LIFETIME - timedelta(seconds=1))
        assert not Receiver.is_any_alive()
    assert Receiver.objects.get().host == "web"


def test_receivers_without_a_heartbeat_for_days_are_deleted():
    receivers.record_heartbeat("web:1", "web")
    receivers.record_heartbeat("web:2", "web")
    Receiver.objects.filter(pk="web:1").update(until=timezone.now() - timedelta(days=2))
    jobs.sweep()
    assert Receiver.objects.get().pk == "web:2"
