"""From a file to its results through the real processes: supervisor, web, Redis, workers, clock, vendor."""

import csv
import multiprocessing
import os
import signal
import time

import pytest
import requests

from batches.exports.layouts import WIDE
from bench import siege
from tests.support.portal import Portal, Vendor, make_database
from tests.support.services import free_port, wait_until

pytestmark = pytest.mark.whole_way


@pytest.fixture
def run(tmp_path):
    running = []

    def run(**environment):
        portal = Portal(tmp_path / "v", make_database(os.environ["DATABASE_URL"]), **environment)
        running.append(portal)
        return portal.start()

    yield run
    for portal in running:
        portal.stop()


@pytest.fixture
def run_with_vendor(run):
    """A portal pointed at a vendor of its own, as in production but for the addresses."""
    vendors = []

    def start(*options, **environment):
        address = f"http://127.0.0.1:{free_port()}"
        portal = run(REALESTATEAPI_KEY="a-key", REALESTATEAPI_URL=address, **environment)
        vendors.append(Vendor(portal, *options))
        return portal, vendors[-1]

    yield start
    for vendor in vendors:
        vendor.stop()


def make_list(portal, path, rows):
    assert portal.manage("sample", "--rows", rows, "--out", path, "--seed", rows).returncode == 0
    return read_csv(path)


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def check_export(given, exported):
    """Every row comes back, in order, under its own columns, with one outcome."""
    header, *rows = exported
    width = len(given[0])
    assert header == given[0] + [name for name, _ in WIDE.columns]
    assert [row[:width] for row in rows] == given[1:]
    return [row[width] for row in rows]


def compare_books(portal, vendor):
    """Our closed batches and the vendor's own totals, batch by batch."""
    names = ["vendor_id", "size", "matched", "no_match", "error", "credits", "vendor_processed", "vendor_matched"]
    ours = {row[0]: row for row in portal.ask(f"list(Batch.objects.values_list(*{names}))")}
    theirs = vendor.books()
    assert len(ours) == len(theirs)
    for book in theirs:
        _, size, matched, no_match, error, credits, processed, vendor_matched = ours[book["batchId"]]
        assert (size, matched, no_match, error) == (book["received"], book["matched"], book["no_match"], book["errors"])
        assert float(credits) == book["credits"]
        assert (processed, vendor_matched, book["delivered"]) == (size, matched, size)


def test_a_list_of_2345_is_traced_to_the_end(run_with_vendor, tmp_path):
    portal, vendor = run_with_vendor("--qps", "400")
    given = make_list(portal, tmp_path / "people.csv", 2345)
    out = tmp_path / "out.csv"
    summary = portal.trace(tmp_path / "people.csv", "--wait", "--timeout", "120", "--export", out)
    assert summary["status"] == "complete"
    assert summary["rows"] == 2345
    assert summary["invalid"] > 20
    assert summary["duplicate"] > 20
    outcomes = check_export(given, read_csv(out))
    assert outcomes.count("pending") == 0
    for outcome in ("matched", "no_match", "error", "missing", "invalid", "duplicate"):
        assert outcomes.count(outcome) == summary[outcome]
    assert summary["matched"] + summary["no_match"] + summary["error"] == summary["items"]
    compare_books(portal, vendor)


def test_fewer_than_ten_go_one_by_one(run_with_vendor, tmp_path):
    portal, vendor = run_with_vendor()
    given = make_list(portal, tmp_path / "few.csv", 8)
    summary = portal.trace(tmp_path / "few.csv", "--wait", "--timeout", "60", "--export", tmp_path / "out.csv")
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
def test_the_vendor_breaks_its_promises_and_nothing_is_lost(run_with_vendor, tmp_path, faults):
    options = [word for fault in faults for word in ("--fault", fault)]
    portal, vendor = run_with_vendor("--qps", "400", *options, COMPLETION_GRACE="1", SILENCE_LIMIT="5")
    given = make_list(portal, tmp_path / "people.csv", 300)
    summary = portal.trace(tmp_path / "people.csv", "--wait", "--timeout", "150", "--export", tmp_path / "out.csv")
    assert summary["status"] == "complete", portal.log.read_text()
    assert check_export(given, read_csv(tmp_path / "out.csv")).count("pending") == 0
    delivered = sum(book["delivered"] for book in vendor.books()) + vendor.books("singles")["calls"]
    answered = summary["matched"] + summary["no_match"] + summary["error"]
    assert answered + summary["missing"] == summary["items"]
    assert answered == delivered


def test_ctrl_c_half_way_and_a_new_start_go_on_to_the_end(run, tmp_path):
    portal = run()
    given = make_list(portal, tmp_path / "people.csv", 600)
    upload = portal.trace(tmp_path / "people.csv")
    portal.wait_for_outcomes(60)
    portal.stop(signal.SIGINT)
    assert portal.processes() == {}
    answered = portal.ask("Item.objects.filter(answered_at__isnull=False).count()")
    assert 60 <= answered < upload["items"]
    portal.start()
    complete = f"Upload.objects.get(pk={upload['upload']}).status"
    wait_until(lambda: portal.ask(complete) == "complete", "the list", 90)
    out = tmp_path / "out.csv"
    assert portal.manage("export", upload["upload"], "--out", out).returncode == 0
    outcomes = check_export(given, read_csv(out))
    assert outcomes.count("pending") == outcomes.count("missing") == 0


def test_children_are_started_again_and_end_with_a_supervisor_that_is_killed(run):
    portal = run()
    children = set(portal.processes()) - {portal.process.pid}
    assert len(children) >= 7
    for child in children:
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: requests_ok(f"{portal.address}/readyz"), "the new children", 30)
    wait_until(lambda: len(portal.processes()) == len(children) + 1, "all children", 30)
    portal.stop(signal.SIGKILL)
    end = time.monotonic() + 30
    while left := portal.processes():
        assert time.monotonic() < end, left
        time.sleep(0.1)
    portal.start()
    assert requests_ok(f"{portal.address}/readyz")


def test_a_second_supervisor_on_the_same_var_says_so(run):
    portal = run()
    second = Portal(portal.directory, portal.environment.get("DATABASE_URL"))
    with pytest.raises(AssertionError, match="runs already"):
        second.start()


def test_webhooks_over_the_real_server(run_with_vendor):
    portal, _ = run_with_vendor()
    address, headers = f"{portal.address}/webhooks/item/nobody/", {"x-api-key": "a-key"}
    assert requests.post(address, data=b"{}", timeout=5).status_code == 401
    assert requests.get(address, headers=headers, timeout=5).status_code == 405
    assert requests.post(address, data=b" " * (1024 * 1024 + 1), headers=headers, timeout=5).status_code == 413
    assert requests.post(address, data=b"", headers=headers, timeout=5).status_code == 200
    assert requests.post(address, data=iter([b'{"chunked"', b": true}"]), headers=headers, timeout=5).status_code == 200
    bodies = portal.ask("[s.text for s in __import__('webhooks.models').models.Stray.objects.order_by('pk')]")
    assert bodies == ["", '{"chunked": true}']
    counted = requests.get(f"{portal.address}/metrics", timeout=5).text.splitlines()
    assert 'skipportal_deliveries_total{fate="stray"} 2.0' in counted
    assert 'skipportal_deliveries_refused_total{reason="wrong key"} 1.0' in counted
    assert "skipportal_delivery_seconds_count 2.0" in counted


def test_results_are_filed_whatever_comes_beside_them(run_with_vendor, tmp_path):
    """The form of script/bench siege that takes seconds."""
    portal, vendor = run_with_vendor("--qps", "200")
    make_list(portal, tmp_path / "people.csv", 1000)
    processes = multiprocessing.get_context("spawn")
    attacks = [siege.come_slowly, siege.be_cut_short, siege.open_and_leave, siege.have_wrong_keys]
    attackers = [processes.Process(target=attack, args=(portal.port,)) for attack in attacks]
    for attacker in attackers:
        attacker.start()
    try:
        summary = portal.trace(tmp_path / "people.csv", "--wait", "--timeout", 120)
        assert all(attacker.is_alive() for attacker in attackers)
    finally:
        for attacker in attackers:
            attacker.kill()
    assert (summary["status"], summary["missing"]) == ("complete", 0)
    compare_books(portal, vendor)
    assert portal.ask("__import__('webhooks.models').models.Stray.objects.exclude(token='b000000000').count()") == 0


def requests_ok(address):
    try:
        return requests.get(address, timeout=2).ok
    except requests.RequestException:
        time.sleep(0.1)
        return False


READ_BIG_LIST = """
from pathlib import Path
from django.core.files import File
from batches import intake, receiving
with Path({path!r}).open("rb") as file:
    upload = receiving.receive(File(file, name="big.csv"), None)
receiving.accept_mapping(upload, upload.mapping, {{}}, [], None)
intake.check_rows(upload.pk)
"""


def test_a_download_that_is_broken_off_ends_and_is_said(run, tmp_path):
    """The list is longer than what buffers between the server and somebody who reads nothing take."""
    portal, path = run(), tmp_path / "big.csv"
    with path.open("w", newline="") as file:
        rows = (["Ada", "Abbott", f"{n} Oak St", "Herndon", "VA", "20170", "x" * 5_000] for n in range(8_000))
        csv.writer(file).writerows([["First Name", "Last Name", "Address", "City", "State", "Zip", "Note"], *rows])
    assert portal.manage("shell", "-v0", "-c", READ_BIG_LIST.format(path=str(path))).returncode == 0
    session, address = log_in(portal), f"{portal.address}/uploads/1/export/"
    with session.get(address, stream=True) as response:
        # Held: an iterator that is forgotten closes the connection.
        pieces = response.iter_content(1_000)
        assert next(pieces)
        time.sleep(1)
        assert portal.ask("Export.objects.get().ended_at") is None
    ended = "Export.objects.filter(ended_at__isnull=False).values_list('is_complete', flat=True).first()"
    wait_until(lambda: portal.ask(ended) is not None, "the end of the export", 20)
    assert portal.ask(ended) is False
    assert len(session.get(address).content.splitlines()) == 8_001


def log_in(portal):
    session, (name, password) = requests.Session(), portal.login()
    session.get(f"{portal.address}/login/")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    assert session.post(f"{portal.address}/login/", form, headers={"Referer": portal.address}).ok
    return session
