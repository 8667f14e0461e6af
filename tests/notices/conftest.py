"""What the tests of notices begin with."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from batches.models import Upload
from notices import triggers
from notices.models import Notice
from tests.factories import people


@pytest.fixture
def bob(django_user_model):
    """May approve lists."""
    bob = django_user_model.objects.create_user("bob", password="bob-password", email="bob@example.com")
    bob.user_permissions.add(Permission.objects.get(codename="approve_upload"))
    return bob


@pytest.fixture
def complete(finish_upload):
    """A list that is complete, of people who are in no other."""

    def complete(name="spring.csv", first=0, **options):
        return finish_upload(people(12, **{"Last Name": f"Abbott{'abc'[first]}"}), name=name, **options)

    return complete


def tell(now=None):
    """What all steps of one second have written, the oldest first."""
    now = now or timezone.now()
    steps = (triggers.tell_completions, triggers.tell_readings, triggers.tell_approvals)
    for step in (*steps, triggers.tell_batches, triggers.tell_holds):
        step(now)
    return list(Notice.objects.order_by("pk"))


def told():
    """Who was told what: (name, kind)."""
    return sorted((notice.user.username, notice.kind) for notice in tell())


@pytest.fixture
def set_upload():
    def change(upload, **changes):
        Upload.objects.filter(pk=upload.pk).update(**changes)
        upload.refresh_from_db()

    return change
