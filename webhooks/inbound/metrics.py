"""Count what a receiver accepts and refuses, for /metrics. `batches/counters.py` publishes the counts."""

from functools import cache
from http import HTTPStatus

from prometheus_client import Counter, Histogram

from batches.counters import REGISTRY

INTERVAL = 1
"""Seconds between two writes of the counts."""
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

STORED_FATES = ("filed", "duplicate", "unmatched")
# Prometheus sees no increase in a series that begins above 0, so that the first refusal would raise no alert.
for known_fate in STORED_FATES:
    DELIVERIES.labels(known_fate)
for known_reason in REFUSAL_REASONS.values():
    REFUSED.labels(known_reason)

# Looking up labels takes longer than counting.
delivery_counter = cache(DELIVERIES.labels)

REFUSED_FATE = "refused"
"""The fate of a delivery with the key of another account. It is counted by its response."""


def count_delivery(fate: str | None, seconds: float) -> None:
    """Count a delivery by its fate, which is None if it was not stored, and record how long filing took."""
    if fate and fate != REFUSED_FATE:
        delivery_counter(fate).inc()
    SECONDS.observe(seconds)


def count_response(status: int) -> None:
    """Count a call that was refused, by the reason."""
    if status != HTTPStatus.OK:
        REFUSED.labels(REFUSAL_REASONS[status]).inc()
