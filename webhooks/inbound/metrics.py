"""What the receivers count, for /metrics. Each process of the web server counts in files of its own."""

from http import HTTPStatus

from prometheus_client import Counter, Histogram

DELIVERIES = Counter("skipportal_deliveries", "Deliveries that were stored, by what became of them.", ["fate"])
REFUSED = Counter("skipportal_deliveries_refused", "Calls that were not taken, by reason.", ["reason"])
SECONDS = Histogram(
    "skipportal_delivery_seconds",
    "From when a call was there whole until it was filed, or could not be.",
    buckets=[0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
)
REASONS = {
    401: "wrong key",
    405: "not POST",
    408: "body too slow",
    413: "body too large",
    503: "not stored",
}


def note_fate(fate, seconds):
    if fate:
        DELIVERIES.labels(fate).inc()
    SECONDS.observe(seconds)


def note_status(status):
    if status != HTTPStatus.OK:
        REFUSED.labels(REASONS[status]).inc()
