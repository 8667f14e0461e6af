"""Fixtures for the tests of the API: alice's token, and a client that sends it."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.rights import MEMBER_RIGHTS
from api import auth
from api.models import ApiToken
from tests.factories import people, to_csv


@pytest.fixture(autouse=True)
def _no_calls_yet():
    auth.calls.clear()
    auth.wrong_tokens.clear()


def give(user, *rights):
    """Give a user rights as permissions of Django."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=[right.partition(".")[2] for right in rights]))


@pytest.fixture
def alice(alice):
    """Return a user with the rights of a member, given one by one and not by a role."""
    alice.groups.clear()
    give(alice, *MEMBER_RIGHTS)
    return alice


@pytest.fixture
def token(alice):
    """Return a token that belongs to alice, and its secret."""
    return ApiToken.objects.create_with_secret(alice, "Nightly run")


class Caller(Client):
    """A test client that authenticates with the secret of a token."""

    def __init__(self, secret, **options):
        super().__init__(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"}, **options)

    def api_get(self, address, **query):
        return super().get(f"/api/v1{address}", query)

    def api_post(self, address, body=None, **options):
        """Send a POST, with JSON if there is a body."""
        return super().post(f"/api/v1{address}", body or "", content_type="application/json", **options)

    def api_patch(self, address, body=None):
        return super().patch(f"/api/v1{address}", body or {}, content_type="application/json")

    def send(self, rows=None, key=None, filename="people.csv", **fields):
        """Send a new list, given as rows or as the bytes of a file, under an idempotency key if there is one."""
        rows = people(12) if rows is None else rows
        content = rows if isinstance(rows, bytes) else to_csv(rows)
        headers = {"Idempotency-Key": key} if key else {}
        return super().post(
            "/api/v1/uploads", fields | {"file": SimpleUploadedFile(filename, content)}, headers=headers
        )


@pytest.fixture
def caller(token):
    _, secret = token
    return Caller(secret)
