"""Each process counts calls to the vendor and database errors, and publishes the counts."""

from functools import partial

import pytest
import requests
import responses
from django.conf import settings
from django.db import DatabaseError, connection

from batches import counters
from batches.vendor import client, protocol
from tests.support.services import MAX_WAIT, free_port

ACCEPTED = {"batchId": "vendor-batch", "received": 10}


def count_calls(result):
    return counters.REGISTRY.get_sample_value("skipportal_vendor_call_seconds_count", {"result": result}) or 0


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "accepted"), (401, "unauthorised"), (422, "refused"), (429, "busy"), (500, "silent"), (302, "unreachable")],
)
@responses.activate
def test_each_call_to_the_vendor_is_counted_by_its_result(status, result):
    responses.post(settings.REALESTATEAPI_URL + protocol.BATCH_PATH, json=ACCEPTED, status=status)
    before = count_calls(result)
    try:
        client.submit_batch(b"{}", "our-key")
    except client.VendorError:
        assert result != "accepted"
    assert count_calls(result) == before + 1


@responses.activate
def test_calls_are_counted_by_vendor_account():
    address = settings.REALESTATEAPI_URL
    responses.post(address + protocol.BATCH_PATH, json=ACCEPTED)
    responses.post(address + protocol.SINGLE_PATH, status=401)
    count = partial(counters.REGISTRY.get_sample_value, "skipportal_vendor_calls_total")
    accepted, refused = ({"account": "East", "result": result} for result in ("accepted", "unauthorised"))
    before = [count(labels) or 0 for labels in (accepted, refused)]
    client.submit_batch(b"{}", "our-key", "East")
    with pytest.raises(client.VendorUnauthorised):
        client.trace_person(b"{}", "our-key", "East")
    assert [count(labels) for labels in (accepted, refused)] == [value + 1 for value in before]


def test_every_error_of_a_call_has_a_name():
    assert set(client.CALL_RESULTS) == set(client.VendorError.__subclasses__())


def count_errors():
    samples = [sample for metric in counters.DATABASE_ERRORS.collect() for sample in metric.samples]
    return {sample.labels["sqlstate"]: sample.value for sample in samples}


@pytest.mark.django_db
def test_errors_of_the_database_are_counted_by_their_code():
    code = "42703" if connection.vendor == "postgresql" else "OperationalError"
    before = count_errors().get(code, 0)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")
    assert count_errors()[code] == before + 1


def fetch(port, path="/metrics", token=""):
    """Return the status and the text of a page."""
    reply = requests.get(
        f"http://127.0.0.1:{port}{path}", headers={"authorization": f"Bearer {token}"}, timeout=MAX_WAIT
    )
    return reply.status_code, reply.text


@pytest.fixture
def serve():
    servers = []

    def start(token):
        servers.append(counters.start_serving("127.0.0.1", free_port(), token))
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_process_serves_its_counts_to_callers_with_the_token(serve):
    port = serve("a-long-random-token")
    status, text = fetch(port, token="a-long-random-token")
    assert (status, "skipportal_vendor_call_seconds" in text) == (200, True)
    assert fetch(port, token="another") == (403, "")
    assert fetch(port, "/admin/", "a-long-random-token") == (404, "")


def test_without_a_token_nobody_gets_the_counts(serve):
    assert fetch(serve("")) == (403, "")


def test_a_process_works_without_a_port_and_with_one_that_is_taken(serve, caplog):
    assert counters.start_serving("127.0.0.1", 0, "") is None
    assert counters.start_serving("127.0.0.1", serve(""), "") is None
    assert "METRICS_PORT" in caplog.text
