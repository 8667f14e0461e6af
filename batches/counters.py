"""Count calls to the vendor and database errors for /metrics, and publish the counts of this process.

Each process counts in memory. A thread writes the counts to a file from time to time, so that nothing waits for a disk.
If the disk is full or the directory is missing, the file is out of date and nothing else happens.
A process that shares its directory with no receiver, such as one in a pod of its own, serves its counts itself.
"""

import contextlib
import logging
import os
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.db.utils import DatabaseErrorWrapper
from django.utils.crypto import constant_time_compare
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

logger = logging.getLogger(__name__)

INTERVAL = 5
"""Seconds between two writes. Files older than `skipportal.process.DEAD_AFTER` count as those of a dead process."""
SUFFIX = ".prom"
REGISTRY = CollectorRegistry()
disable_created_metrics()
VENDOR_CALL_SECONDS = Histogram(
    "skipportal_vendor_call_seconds",
    "Time that the vendor took to answer a call, by result.",
    ["result"],
    buckets=[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120],
    registry=REGISTRY,
)
VENDOR_CALLS = Counter(
    "skipportal_vendor_calls",
    "Calls to the vendor, by vendor account and result.",
    ["account", "result"],
    registry=REGISTRY,
)
DATABASE_ERRORS = Counter(
    "skipportal_database_errors",
    "Errors of the database, by PostgreSQL's code or, without one, by class.",
    ["sqlstate"],
    registry=REGISTRY,
)
DEFAULT_ACCOUNT = "default"
"""How metrics call the account whose key is REALESTATEAPI_KEY."""
publishing_in: set[int] = set()
"""Ids of processes that publish already: this one, and perhaps the one that it was forked from."""


class CountedErrors(DatabaseErrorWrapper):
    """What Django wraps each use of a connection in to convert errors. This one also counts them."""

    wrapper: Any
    """The connection. Django sets it."""

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None and issubclass(kind, self.wrapper.Database.Error):
            DATABASE_ERRORS.labels(getattr(error, "sqlstate", None) or kind.__name__).inc()
        super().__exit__(kind, error, traceback)


def count_errors(*, connection: Any, **_: Any) -> None:
    """Count the errors of a connection from now on, also after it was opened anew."""
    connection.wrap_database_errors = CountedErrors(connection)


def start_publishing(directory: Path, interval: float = INTERVAL) -> None:
    """Write this process's counts to a file in `directory` every few seconds until the process ends."""
    if os.getpid() in publishing_in:
        return
    publishing_in.add(os.getpid())
    path = directory / f"{os.getpid()}-{time.time_ns()}{SUFFIX}"

    def keep_publishing() -> None:
        while True:
            publish(path)
            time.sleep(interval)

    threading.Thread(target=keep_publishing, name="metrics", daemon=True).start()


def publish(path: Path) -> None:
    """Replace the file with the current counts. If it cannot be written, the next call tries again."""
    unfinished = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(generate_latest(REGISTRY))
        unfinished.replace(path)


def carries_token(authorization: str, token: str) -> bool:
    """Return whether the Authorization header of a call carries a token."""
    return constant_time_compare(authorization, f"Bearer {token}")


def start_serving(host: str, port: int, token: str) -> Any:
    """Serve this process's counts at /metrics until it ends, to callers with the token. Return the server, if any.

    Without a port, do nothing. A port that is taken is logged, and the process works without.
    """
    if not port:
        return None
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415 - most processes need none

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            status, body = HTTPStatus.OK, b""
            if self.path.partition("?")[0] != "/metrics":
                status = HTTPStatus.NOT_FOUND
            elif not token or not carries_token(self.headers.get("authorization", ""), token):
                status = HTTPStatus.FORBIDDEN
            else:
                body = generate_latest(REGISTRY)
            self.send_response(status)
            self.send_header("content-type", CONTENT_TYPE_LATEST)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        logger.error("The counts of this process are not served at METRICS_PORT: %s", type(error).__name__)
        return None
    threading.Thread(target=server.serve_forever, name="metrics port", daemon=True).start()
    return server
