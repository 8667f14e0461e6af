"""The sandbox works over real HTTP, with a receiver that belongs to the test."""

import json
import sqlite3
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import requests

from batches.sandbox import server
from batches.sandbox.faults import Faults
from batches.sandbox.server import Sandbox
from batches.vendor.protocol import SINGLE_CALLS_PER_SECOND
from tests.support.services import MAX_WAIT, wait_until

KEY = "key"


@pytest.fixture
def receiver():
    """Run a receiver that records its calls as (path, body, x-api-key) in `calls`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.server.calls.append((self.path, body, self.headers["x-api-key"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.calls = []
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path):
    """Return a function that starts a sandbox with faults. The next one uses the same file, as after a restart."""
    running = []

    def run(*faults, qps=2000, keys=(KEY,)):
        sandbox = Sandbox(0, tmp_path / "sandbox.sqlite3", list(keys), Faults.parse(faults), qps)
        threading.Thread(target=sandbox.serve_forever, args=[0.02], daemon=True).start()
        running.append(sandbox)
        return sandbox

    yield run
    for sandbox in running:
        if not sandbox.accounts[0].courier.ending.is_set():
            sandbox.end()


BATCH_PATH, SINGLE_PATH = "/v1/SkipTraceBatch", "/v1/SkipTrace"


def submit(sandbox, receiver, count=20, key=KEY, path=BATCH_PATH, timeout=60):
    """Send this many people as a batch, or one over the single endpoint. Return the reply."""
    receiver_url = f"http://127.0.0.1:{receiver.server_port}"
    people = [
        {"first_name": "Ada", "last_name": "Abbott", "address": f"{n} Oak St", "city": "Herndon", "state": "VA"}
        for n in range(count)
    ]
    skips = [{"key": n, "webhook_url": f"{receiver_url}/item"} | person for n, person in enumerate(people, start=1)]
    batch = {"webcomplete_url": f"{receiver_url}/complete", "skips": skips}
    body = batch if path == BATCH_PATH else people[0]
    return requests.post(find_address(sandbox, path), json=body, headers={"x-api-key": key}, timeout=timeout)


def find_address(sandbox, path):
    return f"http://127.0.0.1:{sandbox.server_address[1]}{path}"


def read_report(sandbox, name):
    """Return one of the reports that the sandbox offers about itself."""
    return requests.get(find_address(sandbox, f"/sandbox/{name}"), timeout=60).json()


def wait_for_calls(receiver, count, path="/complete"):
    end = time.monotonic() + MAX_WAIT
    while sum(call[0] == path for call in receiver.calls) < count:
        assert time.monotonic() < end, Counter(call[0] for call in receiver.calls)
        time.sleep(0.01)


def test_a_fault_of_its_own_does_not_end_the_deliveries(run, receiver, monkeypatch, capfd):
    sandbox = run()
    record = sandbox.store.record_delivery
    faults = iter([sqlite3.OperationalError("disk I/O error")])

    def fail_once(*values):
        for fault in faults:
            raise fault
        record(*values)

    monkeypatch.setattr(sandbox.store, "record_delivery", fail_once)
    submit(sandbox, receiver)
    wait_until(lambda: sandbox.store.totals()[0]["completed"], "the completion")
    assert sandbox.store.totals()[0]["delivered"] == 20
    assert "could not deliver: OperationalError\n" in capfd.readouterr().err


def test_every_item_is_answered_once_and_then_the_batch_is_complete(run, receiver):
    sandbox = run()
    acknowledgement = submit(sandbox, receiver).json()
    assert (acknowledgement["receiveCount"], len(acknowledgement["batchRequestIds"])) == (20, 20)
    wait_for_calls(receiver, 1)
    items = [body for path, body, _ in receiver.calls if path == "/item"]
    assert Counter(body["input"]["key"] for body in items) == Counter(range(1, 21))
    assert {key for _, _, key in receiver.calls} == {KEY}
    assert receiver.calls[-1][0] == "/complete"
    totals = receiver.calls[-1][1]
    assert (totals["totalProcessed"], totals["totalMatched"]) == (20, sum(body["match"] for body in items))
    assert read_report(sandbox, "batches")[0]["delivered"] == 20


def test_the_same_person_gets_the_same_answer(run, receiver):
    sandbox = run()
    first, second = (submit(sandbox, receiver, path=SINGLE_PATH).json() for _ in range(2))
    for answer in (first, second):
        del answer["requestDate"], answer["requestId"]
    assert first == second


def test_no_more_answers_are_sent_per_second_than_configured(run, receiver):
    sandbox = run(qps=50)
    start = time.monotonic()
    submit(sandbox, receiver, count=25)
    wait_for_calls(receiver, 1)
    assert time.monotonic() - start > 0.35


def test_a_wrong_key_and_a_wrong_body_are_refused(run, receiver):
    sandbox = run()
    assert submit(sandbox, receiver, key="wrong").status_code == 401
    refused = submit(sandbox, receiver, count=9)
    assert (refused.status_code, refused.json()["error"]) == (400, "Bad Request")
    assert read_report(sandbox, "batches") == []


def test_during_a_key_rotation_webhooks_have_the_old_or_the_new_key(run, receiver):
    sandbox = run(keys=[KEY, "new"])
    submit(sandbox, receiver)
    wait_for_calls(receiver, 1)
    assert {key for _, _, key in receiver.calls} == {KEY}
    assert submit(sandbox, receiver, key="new").status_code == 200
    wait_for_calls(receiver, 2)
    assert {key for _, _, key in receiver.calls[21:]} == {KEY, "new"}


def test_too_many_calls_per_second_are_refused(run, receiver, monkeypatch):
    sandbox, clock = run(), SimpleNamespace(monotonic=lambda: clock.now, now=1_000.0)
    # A busy machine makes fewer calls per second than are allowed.
    monkeypatch.setattr(server, "time", clock)

    def call():
        return submit(sandbox, receiver, path=SINGLE_PATH).status_code

    assert [call() for _ in range(SINGLE_CALLS_PER_SECOND + 2)] == [200] * SINGLE_CALLS_PER_SECOND + [429, 429]
    clock.now += 1
    assert call() == 200


def test_the_sandbox_continues_after_a_restart(run, receiver):
    # At this pace, the rest takes longer than a busy machine needs to notice the first calls.
    first = run(qps=5)
    submit(first, receiver, count=200)
    wait_for_calls(receiver, 3, "/item")
    first.end()
    assert len(receiver.calls) < 200
    run()
    wait_for_calls(receiver, 1)
    keys = Counter(body["input"]["key"] for path, body, _ in receiver.calls if path == "/item")
    assert keys == Counter(range(1, 201))


@pytest.mark.parametrize(
    ("fault", "items", "completions"),
    [
        ("drop=1", 0, 1),
        ("duplicate=1", 40, 1),
        ("completion=twice", 20, 2),
        ("completion=early", 20, 1),
        ("completion=never", 20, 0),
    ],
)
def test_deliveries_can_be_lost_repeated_or_early(run, receiver, fault, items, completions):
    sandbox = run(fault)
    submit(sandbox, receiver)
    wait_for_calls(receiver, items, "/item")
    wait_for_calls(receiver, completions)
    time.sleep(0.1)
    assert Counter(path for path, _, _ in receiver.calls) == Counter({"/item": items, "/complete": completions})
    if fault == "completion=early":
        assert receiver.calls[0][0] == "/complete"


def test_answers_can_be_sent_in_shuffled_order(run, receiver):
    submit(run("shuffle=1"), receiver, count=100)
    wait_for_calls(receiver, 1)
    assert [body["input"]["key"] for path, body, _ in receiver.calls if path == "/item"] != list(range(1, 101))


def test_webhooks_can_arrive_before_the_acknowledgement(run, receiver):
    sandbox = run("before_ack=3600")
    threading.Thread(target=submit, args=[sandbox, receiver], kwargs={"timeout": None}, daemon=True).start()
    wait_for_calls(receiver, 1)
    assert len(receiver.calls) == 21
    assert read_report(sandbox, "state")["acknowledging"] == 1


def test_a_batch_with_a_lost_acknowledgement_is_delivered(run, receiver):
    sandbox = run("lost_ack=1")
    with pytest.raises(requests.ConnectionError):
        submit(sandbox, receiver)
    wait_for_calls(receiver, 1)
    assert submit(sandbox, receiver).status_code == 200


def test_an_acknowledgement_can_count_too_few_people(run, receiver):
    acknowledgement = submit(run("short=3"), receiver).json()
    assert (acknowledgement["receiveCount"], len(acknowledgement["batchRequestIds"])) == (17, 17)


def test_the_first_calls_can_fail(run, receiver):
    sandbox = run("http_429=1", "http_500=1", "http_503=1")
    assert [submit(sandbox, receiver).status_code for _ in range(4)] == [429, 500, 503, 200]
    assert len(read_report(sandbox, "batches")) == 1


@pytest.mark.parametrize("setting", ["nothing=1", "completion=maybe", "drop=x"])
def test_an_invalid_fault_is_refused_with_a_reason(setting):
    with pytest.raises(ValueError, match=r"Available: |completion must be|could not convert"):
        Faults.parse([setting])


@pytest.mark.parametrize(
    ("fault", "status", "words"), [("http_401=1", 401, "Invalid"), ("daily=1", 429, "daily credit")]
)
def test_a_call_fails_with_the_vendors_message(run, receiver, fault, status, words):
    sandbox = run(fault)
    reply = submit(sandbox, receiver)
    assert reply.status_code == status
    assert words in reply.text
    assert submit(sandbox, receiver).status_code == 200


@pytest.mark.parametrize(("value", "words"), [("named", '"[0].last_name"'), ("unnamed", "Invalid request payload")])
def test_a_refusal_can_name_the_person_at_fault_or_not(run, receiver, value, words, monkeypatch):
    monkeypatch.setattr("batches.sandbox.faults.REFUSED_NAME", "Abbott")
    reply = submit(run(f"refuse={value}"), receiver)
    assert reply.status_code == 400
    assert words in reply.json()["message"]


def test_a_call_that_was_abandoned_is_not_accepted(run, receiver, monkeypatch):
    sandbox, has_gone = run("before_take=1"), threading.Event()
    # The delay lasts until the caller has gone, however long a busy machine needs for that.
    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: has_gone.wait(MAX_WAIT))
    monkeypatch.setattr(server, "time", waiting)
    is_checked, has_caller_gone = threading.Event(), server.Handler.has_caller_gone

    def check(handler):
        is_checked.set()
        return has_caller_gone(handler)

    monkeypatch.setattr(server.Handler, "has_caller_gone", check)
    with pytest.raises(requests.Timeout):
        submit(sandbox, receiver, timeout=0.1)
    has_gone.set()
    assert is_checked.wait(MAX_WAIT)
    assert submit(sandbox, receiver).status_code == 200
    assert len(read_report(sandbox, "batches")) == 1


def test_the_reports_list_everyone_who_was_accepted(run, receiver):
    sandbox = run()
    submit(sandbox, receiver)
    wait_for_calls(receiver, 1)
    items = read_report(sandbox, "items")
    assert [item["key"] for item in items] == [str(n) for n in range(1, 21)]
    assert {item["status"] for item in items} == {200}
    assert read_report(sandbox, "state") == {"taking": 0, "acknowledging": 0, "idle": 0}


def test_the_sandbox_says_what_its_keys_may_be_used_for_and_does_not_count_them_as_used(run):
    sandbox = run(keys=["old", "new"])
    address = find_address(sandbox, "/v2/key/info")
    reply = requests.get(address, headers={"x-api-key": "new"}, timeout=60)
    assert reply.json()["keyType"] == "test"
    assert "SkipTraceBatch" in reply.json()["scopes"]
    assert requests.get(address, headers={"x-api-key": "wrong"}, timeout=60).status_code == 401
    assert sandbox.accounts[0].keyring.used == []
