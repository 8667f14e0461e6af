"""Count what a receiver accepts and refuses, for /metrics.

Each process counts in memory. A thread writes the counts to a file every second, so that no delivery waits for a disk.
If the disk is full or the directory is missing, the file is out of date and nothing else happens.
"""

import contextlib
import os
import threading
import time
from http import HTTPStatus
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

INTERVAL = 1
"""Seconds between two writes."""
SUFFIX = ".prom"
REGISTRY = CollectorRegistry()
disable_created_metrics()
DELIVERIES = Counter("skipportal_deliveries", "Deliveries that were stored, by fate.", ["fate"], registry=REGISTRY)
REFUSED = Counter(
    "skipportal_deliveries_refused", "Calls that were not accepted, by reason.", ["reason"], registry=REGISTRY
)
SECONDS = Histogram(
    "skipportal_delivery_seconds",
    "Time from the complete body of a call until it was filed, or failed to be.",
    buckets=[0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registry=REGISTRY,
)
REFUSAL_REASONS = {
    401: "wrong key",
    405: "not POST",
    408: "body too slow",
    413: "body too large",
    503: "not stored",
}
"""Status of a response → why the call was refused."""


def count_delivery(fate: str | None, seconds: float) -> None:
    """Count a delivery by its fate, which is None if it was not stored, and record how long filing took."""
    if fate:
        DELIVERIES.labels(fate).inc()
    SECONDS.observe(seconds)


def count_response(status: int) -> None:
    """Count a call that was refused, by the reason."""
    if status != HTTPStatus.OK:
        REFUSED.labels(REFUSAL_REASONS[status]).inc()


def start_publishing(directory: Path) -> None:
    """Write this process's metrics to a file in `directory` every second until the process ends."""
    path = directory / f"{os.getpid()}-{time.time_ns()}{SUFFIX}"

    def keep_publishing() -> None:
        while True:
            publish(path)
            time.sleep(INTERVAL)

    threading.Thread(target=keep_publishing, name="metrics", daemon=True).start()


def publish(path: Path) -> None:
    """Replace the file with the current metrics. If it cannot be written, the next call tries again."""
    unfinished = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(generate_latest(REGISTRY))
        unfinished.replace(path)
