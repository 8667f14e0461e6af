"""Trace lists from file to results with the real processes: supervisor, web, Redis, workers, clock, vendor."""

import csv
import multiprocessing
import time

import pytest
import requests

from batches.exports.layouts import WIDE
from bench import siege
from tests.support.portal import Vendor, run_portal
from tests.support.services import free_port

SHORT_LIMITS = {"COMPLETION_GRACE": "2", "SILENCE_LIMIT": "8"}
"""Seconds. They are short, so that lists without answers end soon."""


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """A portal that uses a vendor started by a test. Apart from the addresses, it runs as in production."""
    address = f"http://127.0.0.1:{free_port()}"
    directory = tmp_path_factory.mktemp("p") / "v"
    with run_portal(directory, REALESTATEAPI_KEY="a-key", REALESTATEAPI_URL=address, **SHORT_LIMITS) as portal:
        yield portal


@pytest.fixture
def start_vendor(portal, tmp_path):
    """Start a vendor with an empty database."""
    vendors = []

    def start(*options):
        vendors.append(Vendor(portal, "--store", tmp_path / "vendor.sqlite3", *options))
        return vendors[-1]

    yield start
    for vendor in vendors:
        vendor.stop()


def make_list(portal, path, rows):
    portal.command("sample", "--rows", rows, "--out", path, "--seed", rows)
    return read_csv(path)


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def check_export(given, exported):
    """Check that every row is exported, in order and under its own columns. Return the outcomes."""
    header, *rows = exported
    width = len(given[0])
    assert header == given[0] + [name for name, _ in WIDE.columns]
    assert [row[:width] for row in rows] == given[1:]
    return [row[width] for row in rows]


def trace(portal, path, out):
    """Trace a list until it is complete, without reusing earlier answers. Return the summary."""
    return portal.trace(path, "--look-back", "0", "--wait", "--timeout", "150", "--export", out)


def compare_books(portal, upload, vendor):
    """Compare a list's closed batches with the vendor's own totals, batch by batch."""
    names = ["vendor_id", "size", "matched", "no_match", "error", "credits", "vendor_processed", "vendor_matched"]
    ours = {row[0]: row for row in portal.ask(f"list(Batch.objects.filter(upload={upload}).values_list(*{names}))")}
    theirs = vendor.books()
    assert len(ours) == len(theirs)
    for book in theirs:
        _, size, matched, no_match, error, credits, processed, vendor_matched = ours[book["batchId"]]
        assert (size, matched, no_match, error) == (book["received"], book["matched"], book["no_match"], book["errors"])
        assert float(credits) == book["credits"]
        assert (processed, vendor_matched, book["delivered"]) == (size, matched, size)


def test_a_list_of_2345_people_is_traced_completely(portal, start_vendor, tmp_path):
    vendor = start_vendor("--qps", "400")
    given = make_list(portal, tmp_path / "people.csv", 2345)
    out = tmp_path / "out.csv"
    summary = trace(portal, tmp_path / "people.csv", out)
    assert summary["status"] == "complete"
    assert summary["rows"] == 2345
    assert summary["invalid"] > 20
    assert summary["duplicate"] > 20
    outcomes = check_export(given, read_csv(out))
    assert outcomes.count("pending") == 0
    for outcome in ("matched", "no_match", "error", "missing", "invalid", "duplicate"):
        assert outcomes.count(outcome) == summary[outcome]
    assert summary["matched"] + summary["no_match"] + summary["error"] == summary["items"]
    compare_books(portal, summary["upload"], vendor)


def test_fewer_than_ten_people_are_sent_one_by_one(portal, start_vendor, tmp_path):
    vendor = start_vendor()
    given = make_list(portal, tmp_path / "few.csv", 8)
    summary = trace(portal, tmp_path / "few.csv", tmp_path / "out.csv")
    assert summary["status"] == "complete"
    check_export(given, read_csv(tmp_path / "out.csv"))
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
    vendor = start_vendor("--qps", "400", *(word for fault in faults for word in ("--fault", fault)))
    given = make_list(portal, tmp_path / "people.csv", 300)
    summary = trace(portal, tmp_path / "people.csv", tmp_path / "out.csv")
    assert summary["status"] == "complete", portal.log.read_text()
    assert check_export(given, read_csv(tmp_path / "out.csv")).count("pending") == 0
    delivered = sum(book["delivered"] for book in vendor.books()) + vendor.books("singles")["calls"]
    answered = summary["matched"] + summary["no_match"] + summary["error"]
    assert answered + summary["missing"] == summary["items"]
    assert answered == delivered


def test_the_real_server_accepts_and_refuses_deliveries(portal):
    address, headers = f"{portal.address}/webhooks/item/nobody/", {"x-api-key": "a-key"}
    # The receivers write what they have counted once a second.
    time.sleep(1.5)
    before = read_metrics(portal)
    assert requests.post(address, data=b"{}", timeout=5).status_code == 401
    assert requests.get(address, headers=headers, timeout=5).status_code == 405
    assert requests.post(address, data=b" " * (1024 * 1024 + 1), headers=headers, timeout=5).status_code == 413
    assert requests.post(address, data=b"", headers=headers, timeout=5).status_code == 200
    assert requests.post(address, data=iter([b'{"chunked"', b": true}"]), headers=headers, timeout=5).status_code == 200
    bodies = portal.ask("[s.text for s in UnmatchedDelivery.objects.filter(token='nobody').order_by('pk')]")
    assert bodies == ["", '{"chunked": true}']
    time.sleep(1.5)
    counted = {name: value - before.get(name, 0) for name, value in read_metrics(portal).items()}
    assert counted['skipportal_deliveries_total{fate="unmatched"}'] == 2
    assert counted['skipportal_deliveries_refused_total{reason="wrong key"}'] == 1
    assert counted["skipportal_delivery_seconds_count"] == 2


def read_metrics(portal):
    """Return what the receivers have counted so far, by name."""
    lines = requests.get(f"{portal.address}/metrics", timeout=5).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("skipportal_deliver"))
    return {name: float(value) for name, value in pairs}


def test_results_are_filed_during_attacks(portal, start_vendor, tmp_path):
    """Run a short form of `script/bench siege`, with as many connections as 1,024 open files allow."""
    vendor = start_vendor("--qps", "200")
    make_list(portal, tmp_path / "people.csv", 1000)
    unmatched_before = portal.ask("UnmatchedDelivery.objects.aggregate(last=models.Max('pk'))['last'] or 0")
    attacks = [(siege.send_slowly,), (siege.send_partial_bodies,), (siege.send_wrong_keys, 0.01)]
    attacks += [(siege.open_connections, 500)] * 2
    attackers = [start_attack(attack, portal.port, *options) for attack, *options in attacks]
    try:
        summary = trace(portal, tmp_path / "people.csv", tmp_path / "out.csv")
        assert all(attacker.is_alive() for attacker in attackers)
    finally:
        for attacker in attackers:
            attacker.kill()
    assert (summary["status"], summary["missing"]) == ("complete", 0)
    compare_books(portal, summary["upload"], vendor)
    ours = "exclude(token='b000000000')"
    assert portal.ask(f"UnmatchedDelivery.objects.filter(pk__gt={unmatched_before}).{ours}.count()") == 0


def start_attack(attack, *arguments):
    attacker = multiprocessing.get_context("spawn").Process(target=attack, args=arguments)
    attacker.start()
    return attacker
