"""Fixtures for the tests of notices."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.models import Upload
from notices import triggers
from notices.models import Notice
from tests.factories import people


@pytest.fixture
def bob(django_user_model):
    """Return a user who may approve lists."""
    bob = django_user_model.objects.create_user("bob", password="bob-password", email="bob@example.com")
    bob.user_permissions.add(Permission.objects.get(codename="approve_upload"))
    return bob


@pytest.fixture
def complete(finish_upload):
    """Complete a list of people who are in no other list."""

    def complete(name="spring.csv", first=0, **options):
        return finish_upload(people(12, **{"Last Name": f"Abbott{'abc'[first]}"}), name=name, **options)

    return complete


def notify(now=None):
    """Run all steps of one second. Return all notices, oldest first."""
    now = now or timezone.now()
    steps = (triggers.notify_complete, triggers.notify_checked, triggers.notify_approvals)
    for step in (*steps, triggers.notify_batch_decisions, triggers.notify_missing, triggers.notify_blocks):
        step(now)
    return list(Notice.objects.order_by("pk"))


def notified():
    """Run all steps of one second. Return (user name, kind) of all notices."""
    return sorted((notice.user.username, notice.kind) for notice in notify())


@pytest.fixture
def set_upload():
    def change(upload, **changes):
        Upload.objects.filter(pk=upload.pk).update(**changes)
        upload.refresh_from_db()

    return change
