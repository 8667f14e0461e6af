"""Fixtures for the tests of notices."""

import pytest
from django.utils import timezone

from batches.models import Upload
from notices import triggers
from notices.models import Notice
from tests.factories import people

LAST_NAMES = ["Abbott", "Brooks", "Carver"]


@pytest.fixture
def bob(bob):
    """Return a user with an address who may approve lists."""
    bob.email = "bob@example.com"
    bob.save()
    return bob


@pytest.fixture
def complete(finish_upload):
    """Return a function that completes a list. Lists with different numbers have different people."""

    def complete(name="spring.csv", number=0, **options):
        return finish_upload(people(12, **{"Last Name": LAST_NAMES[number]}), name=name, **options)

    return complete


def notify(now=None):
    """Create the notices that are due. Return all notices, oldest first."""
    now = now or timezone.now()
    for trigger in triggers.EVERY_SECOND:
        trigger(now)
    return list(Notice.objects.order_by("pk"))


def list_notified():
    """Create the notices that are due. Return (user name, kind) of all notices."""
    return sorted((notice.user.username, notice.kind) for notice in notify())


@pytest.fixture
def change_upload():
    """Return a function that changes fields of a list."""

    def change(upload, **changes):
        Upload.objects.filter(pk=upload.pk).update(**changes)
        upload.refresh_from_db()

    return change
