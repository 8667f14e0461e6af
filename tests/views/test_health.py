"""The addresses by which monitoring learns whether the portal is alive and ready."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from batches.tracing import vendor_keys
from batches.views import health


def test_healthz_answers_without_a_database(client):
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_is_ready_if_everything_works(client):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready\n")


def fail_database(*_):
    raise OperationalError


def fail_redis(*_):
    raise RedisConnectionError


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("target", "failure", "reason"),
    [
        ("connection.ensure_connection", fail_database, "database"),
        ("MigrationExecutor", fail_database, "migrations"),
        ("jobs.django_rq.get_connection", fail_redis, "redis"),
    ],
)
def test_readyz_reports_what_does_not_work(client, monkeypatch, target, failure, reason):
    monkeypatch.setattr(f"batches.views.health.{target}", failure)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert reason in response.content.decode()


@pytest.mark.django_db
def test_a_host_with_another_key_is_not_ready(client, settings):
    settings.REALESTATEAPI_KEY = "shared-key"
    vendor_keys.expect_own_key()
    assert client.get("/readyz").status_code == 200
    settings.REALESTATEAPI_KEY = "another-key"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "This host's REALESTATEAPI_KEY differs from that of the other hosts." in response.content.decode()
    settings.REALESTATEAPI_KEYS_ACCEPTED = ["shared-key"]
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_a_host_whose_connection_pool_breaks_prepared_statements_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health, "supports_prepared_statements", lambda: False)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "PgBouncer in transaction mode" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "message"),
    [(4, ""), (200, "200 s ahead of the database's"), (-200, "200 s behind the database's"), (-4, "")],
)
def test_a_host_with_a_wrong_clock_is_ready_but_says_so(client, monkeypatch, seconds, message):
    monkeypatch.setattr(health, "read_skew", lambda: timedelta(seconds=seconds))
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.content.decode() == "ready\n" + (f"This host's clock is {message}.\n" if message else "")
