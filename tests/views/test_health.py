import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError


def test_healthz_asks_nothing_of_anything(client):
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_is_ready_with_everything_there(client):
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready\n")


def fail_storage(*_):
    raise OperationalError


def fail_redis(*_):
    raise RedisConnectionError


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("target", "failure", "reason"),
    [
        ("connection.ensure_connection", fail_storage, "database"),
        ("MigrationExecutor", fail_storage, "migrations"),
        ("jobs.django_rq.get_connection", fail_redis, "redis"),
    ],
)
def test_readyz_says_what_is_missing(client, monkeypatch, target, failure, reason):
    monkeypatch.setattr(f"batches.views.health.{target}", failure)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert reason in response.content.decode()
