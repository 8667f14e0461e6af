from datetime import timedelta

import pytest
from django.db.models import F

from batches import lease
from batches.models import Lease

pytestmark = pytest.mark.django_db


def test_one_of_two_acts():
    assert lease.acquire("clock", "first")
    assert not lease.acquire("clock", "second")
    assert lease.acquire("clock", "first")


def test_a_holder_that_died_is_followed_by_another():
    lease.acquire("clock", "first")
    Lease.objects.update(until=F("until") - lease.LASTING - timedelta(seconds=1))
    assert lease.acquire("clock", "second")
    assert not lease.acquire("clock", "first")


def test_a_lease_that_is_released_is_taken_at_once():
    lease.acquire("clock", "first")
    lease.release("clock", "second")
    assert not lease.acquire("clock", "second")
    lease.release("clock", "first")
    assert lease.acquire("clock", "second")
