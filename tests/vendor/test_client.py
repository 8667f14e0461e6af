import socket
import threading
from datetime import UTC, datetime

import pytest
import responses

from batches.vendor import client

ACKNOWLEDGED = {"acknowledged": True, "batchId": "b-1", "receiveCount": 10, "batchRequestIds": []}


@pytest.fixture(autouse=True)
def _vendor_settings(settings):
    settings.REALESTATEAPI_URL = "https://vendor.example"
    settings.REALESTATEAPI_KEY = "our-key"


@pytest.fixture
def vendor():
    with responses.RequestsMock() as mock:
        yield mock


def reply(vendor, status, **body):
    """Make the vendor reply to a batch in this way."""
    vendor.post("https://vendor.example/v1/SkipTraceBatch", status=status, json=body)


def test_a_batch_is_sent_with_our_key(vendor):
    reply(vendor, 200, **ACKNOWLEDGED)
    assert client.submit_batch(b"{}", "our-key").batch_id == "b-1"
    headers = vendor.calls[0].request.headers
    assert headers["x-api-key"] == "our-key"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": '"[3].zip" must be digits'}, client.VendorRefused),
        (413, {}, client.VendorRefused),
        (401, {"error": "Invalid API key"}, client.VendorUnauthorised),
        (403, {}, client.VendorUnauthorised),
        (429, {"message": "Too many requests"}, client.VendorBusy),
        (503, {}, client.VendorBusy),
        (500, {}, client.VendorSilent),
        (502, {}, client.VendorSilent),
        (504, {}, client.VendorSilent),
        (408, {}, client.VendorSilent),
        (200, {"statusCode": 200}, client.VendorSilent),
        (202, {}, client.VendorSilent),
        (409, {}, client.VendorSilent),
        (404, {}, client.VendorUnreachable),
        (307, {}, client.VendorUnreachable),
    ],
)
def test_each_failure_raises_the_error_that_says_how_to_react(vendor, status, body, error):
    reply(vendor, status, **body)
    with pytest.raises(error):
        client.submit_batch(b"{}", "our-key")


def test_a_refusal_gives_the_position_and_the_field_at_fault(vendor):
    reply(vendor, 400, message='"[3].zip" must be digits')
    with pytest.raises(client.VendorRefused) as caught:
        client.submit_batch(b"{}", "our-key")
    assert (caught.value.refusal.index, caught.value.refusal.field) == (3, "zip")


def test_the_daily_limit_lasts_until_midnight_utc(vendor, time_machine):
    time_machine.move_to(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    reply(vendor, 429, message="You have reached your daily credit limit for this endpoint, please try again later.")
    with pytest.raises(client.VendorBusy) as caught:
        client.submit_batch(b"{}", "our-key")
    assert caught.value.until == datetime(2026, 11, 24, tzinfo=UTC)


def run_server(respond):
    """Run a server that accepts one connection, reads the request, and calls `respond` with the connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection, server:
            connection.recv(65536)
            respond(connection)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_nothing_is_sent_if_the_connection_is_refused(settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REALESTATEAPI_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(client.VendorUnreachable):
            client.submit_batch(b"{}", "our-key")


def test_nothing_is_sent_to_an_unknown_host(settings):
    settings.REALESTATEAPI_URL = "http://vendor.invalid"
    with pytest.raises(client.VendorUnreachable):
        client.submit_batch(b"{}", "our-key")


@pytest.mark.parametrize(("name", "value"), [("REALESTATEAPI_URL", "vendor.example"), ("REALESTATEAPI_KEY", "a\nb")])
def test_nothing_is_sent_if_a_setting_is_invalid(settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(client.VendorUnreachable):
        client.submit_batch(b"{}", "our-key")


def test_a_batch_may_be_accepted_although_the_connection_dropped(settings):
    settings.REALESTATEAPI_URL = run_server(lambda connection: None)
    with pytest.raises(client.VendorSilent):
        client.submit_batch(b"{}", "our-key")


def test_a_batch_may_be_accepted_although_the_reply_is_truncated(settings):
    settings.REALESTATEAPI_URL = run_server(
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")
    )
    with pytest.raises(client.VendorSilent):
        client.submit_batch(b"{}", "our-key")


def test_a_batch_may_be_accepted_although_the_call_timed_out(settings, monkeypatch):
    has_timed_out = threading.Event()
    settings.VENDOR_TIMEOUT = 0.1
    settings.REALESTATEAPI_URL = run_server(lambda connection: has_timed_out.wait(2))
    with pytest.raises(client.VendorSilent):
        client.submit_batch(b"{}", "our-key")
    has_timed_out.set()


def test_errors_do_not_quote_the_request(vendor):
    reply(vendor, 500, message="boom")
    with pytest.raises(client.VendorSilent) as caught:
        client.submit_batch(b'{"first_name": "Ada"}', "our-key")
    assert "Ada" not in str(caught.value)
