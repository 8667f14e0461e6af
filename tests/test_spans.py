"""A list leaves one trace from its upload to its deliveries, which names nobody."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
import responses
from django.conf import settings as django_settings

from batches import jobs, spans
from batches.models import Upload
from batches.tracing import spending
from batches.vendor import protocol
from tests.factories import people
from tests.support.sinks import serve_sink
from webhooks.inbound.filing import Fate
from webhooks.inbound.receiver import ReceiverApp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch):
    """Send only when the test does, and forget what was not sent."""
    monkeypatch.setattr(spans, "start_sending", lambda: None)
    yield
    spans.waiting.clear()
    spans.deliveries.clear()
    spans.known_batches.clear()


@pytest.fixture
def collector(settings):
    """Return the bodies that a collector of traces has received, to which the settings lead."""
    with serve_sink() as (port, received):
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://127.0.0.1:{port}"
        yield received


def send_spans(collector):
    """Send what waits. Return the spans by name, and all that was sent as text."""
    spans.send_waiting()
    assert {path for path, _ in collector} == {"/v1/traces"}
    text = b"".join(body for _, body in collector).decode()
    requests = [json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"] for _, body in collector]
    return {span["name"]: span for request in requests for span in request}, text


class Accepting:
    """A batcher that files every delivery."""

    async def file(self, _delivery):
        return Fate.FILED


def deliver(batch, body):
    async def receive():
        return {"type": "http.request", "body": body}

    async def send(_message):
        pass

    path = f"/webhooks/item/{batch.token}/"
    headers = [(b"x-api-key", django_settings.REALESTATEAPI_KEY.encode())]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(ReceiverApp(None, Accepting())(scope, receive, send))


@responses.activate
def test_a_list_is_one_trace_from_upload_to_delivery(collector, make_upload, alice, monkeypatch):
    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)
    responses.add_passthru("http://127.0.0.1")
    upload = make_upload(people(12))
    assert spending.start(upload, alice)
    jobs.plan_upload(upload.pk)
    batch = Upload.objects.get(pk=upload.pk).batches.get()
    responses.post(
        django_settings.REALESTATEAPI_URL + protocol.BATCH_PATH, json={"batchId": "vendor-batch", "received": 12}
    )
    jobs.submit_batch(batch.pk)
    item = batch.items.first()
    deliver(batch, json.dumps({"input": {"key": item.pk}}).encode())

    by_name, text = send_spans(collector)
    assert set(by_name) == {"upload", "plan_upload", "submit_batch", "vendor call", "delivery"}
    assert len({span["traceId"] for span in by_name.values()}) == 1
    assert by_name["upload"]["parentSpanId"] == ""
    for name in ("plan_upload", "submit_batch", "delivery"):
        assert by_name[name]["parentSpanId"] == by_name["upload"]["spanId"], name
    assert by_name["vendor call"]["parentSpanId"] == by_name["submit_batch"]["spanId"]
    assert all(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) for span in by_name.values())
    for secret in (item.last_name, item.address, batch.token, upload.name):
        assert secret
        assert secret not in text


def test_a_span_that_fails_has_the_class_of_the_exception_only(collector):
    with pytest.raises(ValueError, match="Ada"), spans.span("check_rows", 7, {"upload_id": 7}):
        raise ValueError("Ada Abbott")
    by_name, text = send_spans(collector)
    assert by_name["check_rows"]["status"] == {"code": 2, "message": "ValueError"}
    assert by_name["check_rows"]["attributes"] == [{"key": "upload_id", "value": {"intValue": "7"}}]
    assert "Abbott" not in text


def test_without_a_setting_nothing_is_recorded():
    with spans.span("check_rows", 7):
        pass
    spans.record_upload(7, 0)
    spans.record_delivery("token", "item", "filed", 0.1)
    assert not spans.waiting
    assert not spans.deliveries


def test_deliveries_for_nobody_and_a_collector_that_is_down_do_no_harm(settings, caplog):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    spans.record_delivery("no-such-token", "item", "filed", 0.1)
    with spans.span("check_rows", 7):
        pass
    spans.send_waiting()
    assert "1 spans could not be sent: ConnectionError" in caplog.text
    assert not spans.waiting


def test_a_process_sends_its_last_spans_when_it_ends(tmp_path):
    code = "import django; django.setup()\nfrom batches import spans\nwith spans.span('last'): pass"
    with serve_sink() as (port, received):
        environment = {
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "skipportal.settings",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        }
        subprocess.run([sys.executable, "-c", code], env=environment, cwd=django_settings.BASE_DIR, check=True)
    assert [body for _, body in received if b'"last"' in body]
