"""Metrics must never affect a delivery: a full disk or a missing directory changes only /metrics."""

import re
import subprocess
import sys

from django.conf import settings
from prometheus_client import generate_latest

from batches import counters
from webhooks.inbound import metrics
from webhooks.inbound.filing import Fate


def test_counts_of_all_processes_are_added_up(client, settings, tmp_path, db):
    settings.METRICS_DIR = tmp_path
    for process in ("1-1", "2-2"):
        (tmp_path / f"{process}.prom").write_text(
            "# HELP skipportal_deliveries_total Deliveries.\n# TYPE skipportal_deliveries_total counter\n"
            'skipportal_deliveries_total{fate="filed"} 20.0\nskipportal_deliveries_total{fate="unmatched"} 1.0\n'
        )
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'skipportal_deliveries_total{fate="filed"} 40.0' in lines
    assert 'skipportal_deliveries_total{fate="unmatched"} 2.0' in lines


def test_published_metrics_can_be_read_back(client, settings, tmp_path, db):
    settings.METRICS_DIR = tmp_path
    counters.publish(tmp_path / "1.prom")
    counted = [line for line in generate_latest(counters.REGISTRY).decode().splitlines() if not line.startswith("#")]
    assert set(counted) <= set(client.get("/metrics").content.decode().splitlines())


def test_a_missing_directory_is_created(tmp_path):
    path = tmp_path / "metrics" / "1.prom"
    counters.publish(path)
    assert path.exists()


def test_a_full_disk_raises_no_error_and_keeps_the_last_counts(tmp_path, monkeypatch):
    path = tmp_path / "1.prom"
    counters.publish(path)
    before = path.read_bytes()
    metrics.count_delivery("filed", 0.01)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", refuse)
    counters.publish(path)
    assert path.read_bytes() == before


def test_metrics_are_served_without_a_directory(client, settings, tmp_path, db):
    settings.METRICS_DIR = tmp_path / "gone"
    assert client.get("/metrics").status_code == 200


def test_every_fate_and_reason_is_published_before_it_happens():
    """Prometheus sees no increase in a series that begins above 0."""
    code = "from prometheus_client import generate_latest; from webhooks.inbound import metrics; "
    code += "print(generate_latest(metrics.REGISTRY).decode())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    counts = re.findall(r'^skipportal_deliveries(?:_refused)?_total\{\w+="(.*)"\} 0\.0$', done.stdout, re.MULTILINE)
    assert sorted(counts) == sorted({*Fate, *metrics.REFUSAL_REASONS.values()} - {metrics.REFUSED_FATE})
