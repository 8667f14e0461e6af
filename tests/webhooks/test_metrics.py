import pytest
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from batches import jobs
from batches.models import Batch
from batches.views import metrics
from skipportal import __version__

pytestmark = pytest.mark.django_db


def read(client, **headers):
    response = client.get("/metrics", headers=headers)
    return response.status_code, response.content.decode().splitlines()


def test_it_says_how_things_stand(client, batch):
    status, lines = read(client)
    assert status == 200
    assert f'skipportal_batches{{status="{batch.status}"}} 1.0' in lines
    assert 'skipportal_batches{status="refused"} 0.0' in lines
    assert 'skipportal_queue_jobs{queue="vendor"} 0.0' in lines
    assert "skipportal_held 0.0" in lines


def test_it_says_which_version_runs(client):
    status, lines = read(client)
    assert status == 200
    assert f'skipportal_info{{version="{__version__}"}} 1.0' in lines


def test_it_takes_as_many_queries_for_many_batches(client, batch, django_assert_num_queries):
    for number in range(2, 5):
        Batch.objects.create(upload=batch.upload, number=number, size=10)
    with django_assert_num_queries(2):
        read(client)


def test_without_redis_the_rest_is_there(client, monkeypatch):
    def fail(*_):
        raise RedisConnectionError

    monkeypatch.setattr(jobs.django_rq, "get_queue", fail)
    status, lines = read(client)
    assert status == 200
    assert "skipportal_held 0.0" in lines
    assert not any(line.startswith("skipportal_queue_jobs{") for line in lines)


def test_without_the_database_what_was_counted_is_there(client, monkeypatch):
    def fail(*_):
        raise OperationalError

    monkeypatch.setattr(metrics.Batch.objects, "order_by", fail)
    status, lines = read(client)
    assert status == 200
    assert not any(line.startswith("skipportal_held") for line in lines)


def test_only_this_computer_sees_it_without_a_token(client, settings):
    settings.HOST = "0.0.0.0"  # noqa: S104 - as somebody may set it
    assert read(client)[0] == 403


def test_where_others_are_served_a_token_is_asked_for(client, settings):
    settings.IS_LOCAL = False
    assert read(client)[0] == 403
    settings.METRICS_TOKEN = "a-token"
    assert read(client)[0] == 403
    assert read(client, authorization="Bearer another")[0] == 403
    assert read(client, authorization="Bearer a-token")[0] == 200
