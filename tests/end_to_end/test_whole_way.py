"""Lists are traced from file to results by the real processes: supervisor, web, Redis, workers, clock and vendor."""

import csv
import multiprocessing

import pytest
import requests

from batches.exports.layouts import WIDE
from bench import siege
from bench.support.load import make_token
from tests.support.portal import Vendor, run_portal
from tests.support.services import free_port, wait_until

ATTACK_TOKEN = make_token(0)
"""The token in the address that attacks post to."""
SHORT_LIMITS = {"COMPLETION_GRACE": "4", "SILENCE_LIMIT": "15"}
"""Seconds. They are short so that batches without answers close soon, but longer than a busy machine stands still."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """Return a portal whose vendor each test starts. Apart from addresses and waits, it runs as in production."""
    address = f"http://127.0.0.1:{free_port()}"
    directory = tmp_path_factory.mktemp("p") / "v"
    with run_portal(directory, REALESTATEAPI_KEY="a-key", REALESTATEAPI_URL=address, **SHORT_LIMITS) as portal:
        yield portal


@pytest.fixture
def start_vendor(portal, tmp_path):
    """Return a function that starts a vendor with an empty database."""
    vendors = []

    def start(*options):
        vendors.append(Vendor(portal, "--store", tmp_path / "vendor.sqlite3", *options))
        return vendors[-1]

    yield start
    for vendor in vendors:
        vendor.stop()


def make_list(portal, path, row_count):
    """Write an invented list to a file. Return its rows."""
    portal.call_command("sample", "--rows", row_count, "--out", path, "--seed", row_count)
    return read_csv(path)


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def check_export(original, exported):
    """Check that every row of a list is exported unchanged and in order. Return the outcomes."""
    original_header, *original_rows = original
    header, *rows = exported
    width = len(original_header)
    assert header == original_header + [name for name, _ in WIDE.columns]
    assert [row[:width] for row in rows] == original_rows
    # The outcome is the first column after the original ones.
    return [row[width] for row in rows]


def trace(portal, path, out):
    """Trace a list until it is complete, without reusing earlier answers. Return the summary."""
    return portal.trace(path, "--look-back", "0", "--wait", "--timeout", "150", "--export", out)


def check_books(portal, upload, vendor):
    """Check that a list's closed batches agree with the vendor's own totals, batch by batch."""
    batches = portal.ask(f"list(Batch.objects.filter(upload={upload}).values())")
    ours = {batch["vendor_id"]: batch for batch in batches}
    theirs = vendor.books()
    assert len(ours) == len(theirs)
    for totals in theirs:
        batch = ours[totals["batchId"]]
        assert batch["size"] == totals["received"] == totals["delivered"]
        assert batch["matched"] == totals["matched"]
        assert batch["no_match"] == totals["no_match"]
        assert batch["error"] == totals["errors"]
        assert float(batch["credits"]) == totals["credits"]
        # The totals that the vendor sent with its completion call.
        assert batch["vendor_processed"] == batch["size"]
        assert batch["vendor_matched"] == batch["matched"]


def test_a_list_of_2345_people_is_traced_completely(portal, start_vendor, tmp_path):
    vendor = start_vendor("--qps", "400")
    original = make_list(portal, tmp_path / "people.csv", 2345)
    out = tmp_path / "out.csv"
    summary = trace(portal, tmp_path / "people.csv", out)
    assert summary["status"] == "complete"
    assert summary["rows"] == 2345
    assert summary["invalid"] > 20
    assert summary["duplicate"] > 20
    outcomes = check_export(original, read_csv(out))
    assert outcomes.count("pending") == 0
    for outcome in ("matched", "no_match", "error", "missing", "invalid", "duplicate"):
        assert outcomes.count(outcome) == summary[outcome]
    assert summary["matched"] + summary["no_match"] + summary["error"] == summary["items"]
    check_books(portal, summary["upload"], vendor)


def test_fewer_than_ten_people_are_sent_one_by_one(portal, start_vendor, tmp_path):
    vendor = start_vendor()
    original = make_list(portal, tmp_path / "few.csv", 8)
    summary = trace(portal, tmp_path / "few.csv", tmp_path / "out.csv")
    assert summary["status"] == "complete"
    check_export(original, read_csv(tmp_path / "out.csv"))
    assert vendor.books() == []
    assert vendor.books("singles")["calls"] == summary["items"]


@pytest.mark.parametrize(
    "faults",
    [
        ["before_ack=1", "duplicate=0.2", "shuffle=1", "completion=twice"],
        ["http_429=1", "http_503=1", "completion=early"],
        ["lost_ack=1", "completion=never"],
        ["short=7"],
        ["drop=0.05"],
    ],
    ids=lambda faults: "+".join(faults),
)
def test_nothing_is_lost_if_the_vendor_misbehaves(portal, start_vendor, tmp_path, faults):
    options = [word for fault in faults for word in ("--fault", fault)]
    vendor = start_vendor("--qps", "400", *options)
    original = make_list(portal, tmp_path / "people.csv", 300)
    summary = trace(portal, tmp_path / "people.csv", tmp_path / "out.csv")
    assert summary["status"] == "complete", portal.log.read_text()
    assert check_export(original, read_csv(tmp_path / "out.csv")).count("pending") == 0
    delivered = sum(batch["delivered"] for batch in vendor.books()) + vendor.books("singles")["calls"]
    answered = summary["matched"] + summary["no_match"] + summary["error"]
    assert answered + summary["missing"] == summary["items"]
    assert answered == delivered


def test_the_real_server_accepts_refuses_and_counts_deliveries(portal):
    address = f"{portal.address}/webhooks/item/nobody/"
    headers = {"x-api-key": "a-key"}
    wait_for_metrics(portal)
    before = read_metrics(portal)
    assert requests.post(address, data=b"{}", timeout=60).status_code == 401
    assert requests.get(address, headers=headers, timeout=60).status_code == 405
    too_large = b" " * (1024 * 1024 + 1)
    assert requests.post(address, data=too_large, headers=headers, timeout=60).status_code == 413
    assert requests.post(address, data=b"", headers=headers, timeout=60).status_code == 200
    chunks = iter([b'{"chunked"', b": true}"])
    assert requests.post(address, data=chunks, headers=headers, timeout=60).status_code == 200
    stored = "UnmatchedDelivery.objects.filter(token='nobody').order_by('pk')"
    bodies = portal.ask(f"[delivery.text for delivery in {stored}]")
    assert bodies == ["", '{"chunked": true}']
    expected = {
        'skipportal_deliveries_total{fate="unmatched"}': 2,
        'skipportal_deliveries_refused_total{reason="wrong key"}': 1,
        "skipportal_delivery_seconds_count": 2,
    }

    def are_counted():
        metrics = read_metrics(portal)
        return all(metrics.get(name, 0) - before.get(name, 0) == count for name, count in expected.items())

    wait_until(are_counted, "the receivers' metrics")


def wait_for_metrics(portal):
    """Wait until each receiver has written whatever it has counted so far."""
    # What is written next may have been counted a moment ago.
    for _ in range(2):
        written = find_written_metrics(portal)
        wait_until(
            lambda earlier=written: earlier.items().isdisjoint(find_written_metrics(portal).items()), "the metrics"
        )


def find_written_metrics(portal):
    """Return when each receiver has written its metrics, by file."""
    files = (portal.directory / "metrics").glob("*.prom")
    of_receivers = [path for path in files if "skipportal_delivery_seconds_count" in path.read_text()]
    return {path: path.stat().st_mtime_ns for path in of_receivers}


def read_metrics(portal):
    """Return the receivers' metrics of deliveries, by name."""
    metrics = {}
    for line in requests.get(f"{portal.address}/metrics", timeout=60).text.splitlines():
        if line.startswith("skipportal_deliver"):
            name, value = line.rsplit(" ", 1)
            metrics[name] = float(value)
    return metrics


def test_all_results_are_filed_during_attacks(portal, start_vendor, tmp_path):
    """Run a short form of `script/bench siege`, with as many connections as a limit of 1,024 open files allows."""
    vendor = start_vendor("--qps", "200")
    make_list(portal, tmp_path / "people.csv", 1000)
    last_unmatched = portal.ask("UnmatchedDelivery.objects.aggregate(last=models.Max('pk'))['last'] or 0")
    attackers = [
        start_attack(siege.send_slowly, portal.port),
        start_attack(siege.send_partial_bodies, portal.port),
        start_attack(siege.send_wrong_keys, portal.port, 0.01),
        start_attack(siege.open_connections, portal.port, 500),
        start_attack(siege.open_connections, portal.port, 500),
    ]
    try:
        summary = trace(portal, tmp_path / "people.csv", tmp_path / "out.csv")
        assert all(attacker.is_alive() for attacker in attackers)
    finally:
        for attacker in attackers:
            attacker.kill()
    assert (summary["status"], summary["missing"]) == ("complete", 0)
    check_books(portal, summary["upload"], vendor)
    unmatched = f"UnmatchedDelivery.objects.filter(pk__gt={last_unmatched}).exclude(token='{ATTACK_TOKEN}')"
    assert portal.ask(f"{unmatched}.count()") == 0


def start_attack(attack, *arguments):
    """Start an attack in a process of its own, and return the process."""
    attacker = multiprocessing.get_context("spawn").Process(target=attack, args=arguments)
    attacker.start()
    return attacker
