"""Trace lists from their upload to their last delivery, if OTEL_EXPORTER_OTLP_ENDPOINT is set.

All spans of a list belong to one trace. Its id is derived from the list's number, so nothing has to be stored, or
passed on from the upload to jobs, calls and deliveries. Spans carry ids and numbers, and nothing about a person. They
are sent by a thread, and dropped if the collector does not accept them.
"""

import hashlib
import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from multiprocessing.util import Finalize
from typing import Any, NamedTuple

import requests
from django.apps import apps
from django.conf import settings
from django.db import Error as StorageError
from django.db import close_old_connections

logger = logging.getLogger(__name__)

SEND_INTERVAL = 1
"""Seconds between two calls of the collector."""
SEND_TIMEOUT = 5
MAX_WAITING = 10_000
"""Spans, and as many deliveries, that wait to be sent. Older ones are dropped."""
BATCH_SIZE = 500
INTERNAL, SERVER, CLIENT = 1, 2, 3
"""Kinds of spans in OTLP."""
FAILED = 2
"""The status of a span in OTLP."""


class Span(NamedTuple):
    ids: tuple[str, str]
    """Of the trace and of the span itself, in hexadecimal."""
    parent_id: str
    name: str
    kind: int
    times: tuple[int, int]
    """Start and end, in nanoseconds since 1970."""
    attributes: Mapping[str, str | int]
    error: str = ""
    """Class of the exception that ended it."""


class DeliverySpan(NamedTuple):
    """A delivery whose list has not been looked up yet."""

    token: str
    kind: str
    fate: str
    times: tuple[int, int]


waiting: deque[Span] = deque(maxlen=MAX_WAITING)
deliveries: deque[DeliverySpan] = deque(maxlen=MAX_WAITING)
current: ContextVar[tuple[str, str] | None] = ContextVar("current_span", default=None)
"""Ids of the trace and of the span that this thread is in."""
known_batches: dict[str, tuple[int, int]] = {}
"""Token of a batch → its id and that of its list."""
sending_in: set[int] = set()
"""Ids of processes that send already: this one, and perhaps the one that it was forked from."""


def is_on() -> bool:
    return bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


def list_ids(upload_id: int) -> tuple[str, str]:
    """Return the ids of a list's trace and of its first span, the upload."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:trace:{upload_id}".encode()).hexdigest()
    return digest[:32], digest[32:48]


@contextmanager
def span(
    name: str, upload_id: int | None = None, attributes: Mapping[str, str | int] | None = None, kind: int = INTERNAL
) -> Iterator[None]:
    """Record how long the block takes: in the trace of a list, or within the current span."""
    if not is_on():
        yield
        return
    trace_id, parent_id = (list_ids(upload_id) if upload_id else current.get()) or (secrets.token_hex(16), "")
    ids = trace_id, secrets.token_hex(8)
    token, started, error = current.set(ids), time.time_ns(), ""
    try:
        yield
    except BaseException as problem:
        # Its message may contain a row.
        error = type(problem).__name__
        raise
    finally:
        current.reset(token)
        add(Span(ids, parent_id, name, kind, (started, time.time_ns()), attributes or {}, error))


def record_upload(upload_id: int, started: int) -> None:
    """Record the upload of a list, the first span of its trace."""
    if is_on():
        add(Span(list_ids(upload_id), "", "upload", SERVER, (started, time.time_ns()), {"upload_id": upload_id}))


def record_delivery(token: str, kind: str, fate: str, seconds: float) -> None:
    """Record a delivery that has just been answered. Its list is looked up later, by the thread that sends."""
    if is_on():
        ended = time.time_ns()
        deliveries.append(DeliverySpan(token, kind, fate, (ended - int(seconds * 1e9), ended)))
        start_sending()


def find_list(arguments: Mapping[str, Any]) -> int | None:
    """Return the id of the list that a job with these arguments is about, if spans are recorded and there is one."""
    if not is_on():
        return None
    if "batch_id" in arguments:
        with suppress(StorageError):
            batches = apps.get_model("batches", "Batch").objects.filter(pk=arguments["batch_id"])
            return batches.values_list("upload_id", flat=True).first()
    return arguments.get("upload_id")


# Sending


def add(new: Span) -> None:
    waiting.append(new)
    start_sending()


def start_sending() -> None:
    """Send what waits every second until this process ends, and once more then."""
    if os.getpid() in sending_in:
        return
    sending_in.add(os.getpid())

    def keep_sending() -> None:
        while True:
            time.sleep(SEND_INTERVAL)
            close_old_connections()
            send_waiting()

    threading.Thread(target=keep_sending, name="spans", daemon=True).start()
    # The web server's processes run finalizers but not `atexit` handlers.
    Finalize(None, send_waiting, exitpriority=0)


def send_waiting() -> None:
    """Send all spans that wait now. Drop them if that fails."""
    look_up_deliveries()
    while waiting:
        spans = [waiting.popleft() for _ in range(min(len(waiting), BATCH_SIZE))]
        try:
            reply = send(spans)
        except requests.RequestException as error:
            logger.warning("%s spans could not be sent: %s", len(spans), type(error).__name__)
            return
        if reply.status_code != 200:
            logger.warning("The collector of traces does not accept spans (%s).", reply.status_code)


def send(spans: list[Span]) -> requests.Response:
    """Send spans to the collector, or none to see whether it accepts them. Return its reply."""
    return requests.post(
        f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces",
        json=encode(spans),
        headers=settings.OTEL_EXPORTER_OTLP_HEADERS,
        timeout=SEND_TIMEOUT,
        allow_redirects=False,
    )


def look_up_deliveries() -> None:
    """Turn deliveries into spans of their lists. Leave out those that belong to no batch, or cannot be looked up."""
    new = [deliveries.popleft() for _ in range(len(deliveries))]
    unknown = {delivery.token for delivery in new} - known_batches.keys()
    if unknown:
        if len(known_batches) > MAX_WAITING:
            known_batches.clear()
        with suppress(StorageError):
            batches = apps.get_model("batches", "Batch").objects.filter(token__in=unknown).order_by()
            for token, batch_id, upload_id in batches.values_list("token", "pk", "upload_id"):
                known_batches[token] = batch_id, upload_id
    for delivery in new:
        if delivery.token in known_batches:
            batch_id, upload_id = known_batches[delivery.token]
            trace_id, parent_id = list_ids(upload_id)
            attributes: dict[str, str | int] = {"batch_id": batch_id, "kind": delivery.kind, "fate": delivery.fate}
            ids = trace_id, secrets.token_hex(8)
            waiting.append(Span(ids, parent_id, "delivery", SERVER, delivery.times, attributes))


def encode(spans: list[Span]) -> dict[str, Any]:
    """Return spans in OTLP's form for JSON (https://opentelemetry.io/docs/specs/otlp/)."""
    resource = {"service.name": "skipportal", "service.version": settings.VERSION}
    scope = {"scope": {"name": "skipportal"}, "spans": [encode_span(span) for span in spans]}
    return {"resourceSpans": [{"resource": {"attributes": encode_attributes(resource)}, "scopeSpans": [scope]}]}


def encode_span(span: Span) -> dict[str, Any]:
    trace_id, span_id = span.ids
    started, ended = span.times
    encoded: dict[str, Any] = {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(ended),
        "attributes": encode_attributes(span.attributes),
    }
    return encoded | ({"status": {"code": FAILED, "message": span.error}} if span.error else {})


def encode_attributes(attributes: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in attributes.items()
    ]
