import pytest
from django.db import OperationalError, connection
from redis.exceptions import ConnectionError as RedisConnectionError

from batches import jobs
from batches.models import Batch
from batches.tracing import receivers
from batches.views import metrics
from skipportal import __version__

pytestmark = pytest.mark.django_db


def read_metrics(client, **headers):
    """Return the status and the lines."""
    response = client.get("/metrics", headers=headers)
    return response.status_code, response.content.decode().splitlines()


def test_metrics_have_batches_queues_and_sending_blocks(client, batch):
    status, lines = read_metrics(client)
    assert status == 200
    assert f'skipportal_batches{{status="{batch.status}"}} 1.0' in lines
    assert 'skipportal_batches{status="refused"} 0.0' in lines
    assert 'skipportal_queue_jobs{queue="vendor"} 0.0' in lines
    assert "skipportal_sending_blocked 0.0" in lines


def test_metrics_have_the_number_of_receivers_and_the_clock_skew(client):
    receivers.record_heartbeat("web:1", "web")
    _, lines = read_metrics(client)
    assert "skipportal_receivers 1.0" in lines
    [skew] = [float(line.split()[1]) for line in lines if line.startswith("skipportal_clock_skew_seconds ")]
    assert abs(skew) < 1


def test_metrics_have_the_running_version(client):
    status, lines = read_metrics(client)
    assert status == 200
    assert f'skipportal_info{{version="{__version__}"}} 1.0' in lines


def test_metrics_take_the_same_number_of_queries_for_many_batches(client, batch, django_assert_num_queries):
    for number in range(2, 5):
        Batch.objects.create(upload=batch.upload, number=number, size=10)
    # One each for batches, blocks, receivers and reconciliation, and one for PostgreSQL's clock.
    with django_assert_num_queries(5 if connection.vendor == "postgresql" else 4):
        read_metrics(client)


def test_without_redis_the_other_metrics_are_shown(client, monkeypatch):
    def fail(*_):
        raise RedisConnectionError

    monkeypatch.setattr(jobs.django_rq, "get_queue", fail)
    status, lines = read_metrics(client)
    assert status == 200
    assert "skipportal_sending_blocked 0.0" in lines
    assert not any(line.startswith("skipportal_queue_jobs{") for line in lines)


def test_without_the_database_the_other_metrics_are_shown(client, monkeypatch):
    def fail(*_):
        raise OperationalError

    monkeypatch.setattr(metrics.Batch.objects, "order_by", fail)
    status, lines = read_metrics(client)
    assert status == 200
    assert not any(line.startswith("skipportal_sending_blocked") for line in lines)


def test_without_a_token_only_this_computer_can_read_metrics(client, settings):
    settings.HOST = "0.0.0.0"  # noqa: S104 - as somebody may set it
    assert read_metrics(client)[0] == 403


def test_a_token_is_required_if_other_computers_are_served(client, settings):
    settings.IS_LOCAL = False
    assert read_metrics(client)[0] == 403
    settings.METRICS_TOKEN = "a-token"
    assert read_metrics(client)[0] == 403
    assert read_metrics(client, authorization="Bearer another")[0] == 403
    assert read_metrics(client, authorization="Bearer a-token")[0] == 200
