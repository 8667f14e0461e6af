"""Fixtures for the tests of the API: Alice's token, and a caller that sends it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api.models import ApiToken
from tests.factories import people, to_csv


@pytest.fixture
def token(alice):
    """Return a token that belongs to Alice, and its secret."""
    return ApiToken.objects.create_with_secret(alice, "Nightly run")


class Caller(Client):
    def __init__(self, secret, **options):
        super().__init__(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"}, **options)

    def api_get(self, address, **query):
        return super().get(f"/api/v1{address}", query)

    def api_post(self, address, body=None, **options):
        """Send a POST, with JSON if there is a body."""
        return super().post(f"/api/v1{address}", body or "", content_type="application/json", **options)

    def send(self, rows=None, key=None, filename="people.csv", **fields):
        """Send a new list, from rows or from the bytes of a file."""
        rows = people(12) if rows is None else rows
        content = rows if isinstance(rows, bytes) else to_csv(rows)
        headers = {"Idempotency-Key": key} if key else {}
        return super().post(
            "/api/v1/uploads", fields | {"file": SimpleUploadedFile(filename, content)}, headers=headers
        )


@pytest.fixture
def caller(token):
    return Caller(token[1])
