from datetime import timedelta

import django_rq
import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from redis.exceptions import ConnectionError as RedisConnectionError
from rq.queue import Queue

from batches import jobs, lease
from batches.models import Batch, Item, Lease
from batches.statuses import BatchStatus, Outcome
from batches.tracing import receivers
from batches.views import metrics
from skipportal import __version__
from webhooks.models import UnmatchedDelivery

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
    # One each for batches, blocks, receivers, the clock, people, the oldest wait, unfiled deliveries, accounts and
    # reconciliation, and one for PostgreSQL's clock.
    with django_assert_num_queries(10 if connection.vendor == "postgresql" else 9):
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


def find_value(lines, name):
    """Return the value of the only line that begins with this name and its labels."""
    [value] = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")]
    return value


def test_metrics_have_people_at_the_vendor_and_the_oldest_wait(client, batch):
    Batch.objects.filter(pk=batch.pk).update(submitted_at=Now() - timedelta(minutes=10))
    Item.objects.filter(pk=batch.items.first().pk).update(outcome=Outcome.MATCHED)
    _, lines = read_metrics(client)
    assert find_value(lines, "skipportal_people_at_vendor") == batch.items.count() - 1
    assert 600 <= find_value(lines, "skipportal_oldest_wait_seconds") < 900
    Batch.objects.filter(pk=batch.pk).update(status=BatchStatus.CLOSED)
    _, lines = read_metrics(client)
    assert "skipportal_people_at_vendor 0.0" in lines
    assert "skipportal_oldest_wait_seconds 0.0" in lines


def test_metrics_have_deliveries_that_could_not_be_filed(client):
    UnmatchedDelivery.objects.create(kind="item", body=b"{}", reason="It is for nobody.")
    UnmatchedDelivery.objects.create(kind="item", body=b"{}", reason="It is for nobody.", status="aside")
    assert "skipportal_unfiled_deliveries 1.0" in read_metrics(client)[1]


def test_metrics_have_the_host_and_the_last_tick_of_the_clock(client):
    assert not [line for line in read_metrics(client)[1] if line.startswith("skipportal_clock_tick")]
    assert lease.acquire(lease.CLOCK, "host-a:17:123")
    name = 'skipportal_clock_tick_age_seconds{host="host-a"}'
    assert find_value(read_metrics(client)[1], name) < 60
    Lease.objects.update(until=Now() - timedelta(minutes=5))
    assert 300 <= find_value(read_metrics(client)[1], name) < 400


def test_metrics_have_workers_and_the_oldest_job(client):
    worker = jobs.Worker(["vendor"], connection=django_rq.get_connection("vendor"))
    worker.register_birth()
    worker.set_state("busy")
    queue = Queue("vendor", connection=worker.connection)
    job = queue.enqueue(jobs.submit_batch, 1)
    job.enqueued_at -= timedelta(minutes=10)
    job.save()
    lines = read_metrics(client)[1]
    assert find_value(lines, 'skipportal_workers{queue="vendor",state="busy"}') == 1
    assert find_value(lines, 'skipportal_workers{queue="intake",state="busy"}') == 0
    assert find_value(lines, 'skipportal_queue_jobs{queue="vendor"}') == 1
    assert 600 <= find_value(lines, 'skipportal_queue_oldest_seconds{queue="vendor"}') < 900
    assert find_value(lines, 'skipportal_queue_oldest_seconds{queue="intake"}') == 0


def test_metrics_have_the_free_disk(client):
    lines = read_metrics(client)[1]
    free, total = (find_value(lines, f'skipportal_disk_bytes{{space="{space}"}}') for space in ("free", "total"))
    assert 0 < free < total
