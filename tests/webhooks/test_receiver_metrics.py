"""Metrics must never affect a delivery: a full disk or a missing directory changes only /metrics."""

from prometheus_client import generate_latest

from batches import counters
from webhooks.inbound import metrics


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
