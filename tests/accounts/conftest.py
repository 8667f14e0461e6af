import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import Group, Permission
from django.core import mail as django_mail
from django.core.cache import caches
from django.core.mail.backends.base import BaseEmailBackend

from accounts import mail
from accounts.models import Team
from accounts.rights import Role
from accounts.team import members
from tests.support.roles import get_role

PASSWORD = "alice-password"


class BrokenMail(BaseEmailBackend):
    def send_messages(self, messages):
        raise OSError("The mail server is down.")


@pytest.fixture
def alice(django_user_model):
    """Return a user without a role or team."""
    return django_user_model.objects.create_user("alice", password=PASSWORD)


@pytest.fixture
def bob(django_user_model):
    """Return another user without a role or team, who may approve lists."""
    user = django_user_model.objects.create_user("bob", password="bob-password")
    user.user_permissions.add(Permission.objects.get(codename="approve_upload"))
    return user


@pytest.fixture(autouse=True)
def _fresh_attempts(db):
    caches["attempts"].clear()


@pytest.fixture
def log_in(client):
    """Return a function that logs in with the form and returns the response."""

    def log_in(name="alice", password=PASSWORD, address="198.51.100.7", **form):
        data = {"username": name, "password": password, **form}
        return client.post("/login/", data, headers={"X-Forwarded-For": address})

    return log_in


@pytest.fixture
def mails(settings, monkeypatch):
    """Return the list of sent mails. Mailing is turned on, and mails are sent at once, not in a thread."""
    settings.IS_MAILING = True
    monkeypatch.setattr(mail, "run", lambda task: task())
    return django_mail.outbox


@pytest.fixture
def make_code():
    """Return a function that computes the code of an authenticator app whose clock is `ahead` seconds fast."""

    def make_code(secret, ahead=0):
        counter = int(time.time() + ahead) // 30
        return format_hotp_value(hotp_value(secret, counter))

    return make_code


@pytest.fixture
def set_up_app(make_code):
    """Return a function that sets up an authenticator app on the pages and returns its key."""

    def set_up(client):
        page = client.get("/settings/security/app/").content.decode()
        secret = re.search(r'id="authenticator_secret"\s+value="(\w+)"', page)[1]
        response = client.post("/settings/security/app/", {"code": make_code(secret)})
        assert response.status_code == 302, response.content
        return secret

    return set_up


@pytest.fixture
def roles(db):
    """Create the roles that are missing: tests with transactions of their own delete what migrations have created."""
    for role in Role:
        get_role(role)


@pytest.fixture
def dora(django_user_model, roles):
    """Return an administrator who may not open Django's admin."""
    user = django_user_model.objects.create_user("dora", "dora@example.com", "dora-password")
    user.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    return user


@pytest.fixture
def admin_browser(client, dora):
    """Return Django's test client, logged in as dora."""
    client.force_login(dora)
    return client


@pytest.fixture
def east(db):
    return Team.objects.create(name="East")


@pytest.fixture
def version(django_user_model):
    """Return a function that returns the version of a user that a form would contain now."""
    return lambda user: members.find_version(django_user_model.objects.get(pk=user.pk))
