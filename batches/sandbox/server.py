"""The sandbox's HTTP server: the vendor's two endpoints, and reports for tests at /sandbox/…."""

import contextlib
import hashlib
import json
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from batches.sandbox.courier import Courier, now
from batches.sandbox.faults import Faults
from batches.sandbox.keyring import Keyring
from batches.sandbox.people import find_outcome, make_answer
from batches.sandbox.rules import find_batch_error, find_item_error
from batches.sandbox.store import Store
from batches.vendor.protocol import (
    BATCH_CALLS_PER_SECOND,
    BATCH_PATH,
    KEY_INFO_PATH,
    SINGLE_CALLS_PER_SECOND,
    SINGLE_PATH,
)

SLOWNESS = 4
"""How many times as long a slow account takes to answer."""
PATHS = {BATCH_PATH, SINGLE_PATH}
BUSY_REPLY = {"statusCode": 429, "error": "Too Many Requests", "message": "Too many requests, please try again later."}


class Sandbox(ThreadingHTTPServer):
    """A vendor on 127.0.0.1. `serve_forever()` runs it; `end()` stops it after the deliveries in progress."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        store_path: Path | str,
        keys: list[str],
        faults: Faults,
        qps: float = 50,
        other_accounts: Sequence[list[str]] = (),
    ) -> None:
        """Serve one account with these keys, and one for each list of keys in `other_accounts`."""
        super().__init__(("127.0.0.1", port), Handler)
        self.faults, self.store = faults, Store(store_path)
        self.accounts = [
            Account(self.store, faults, account_keys, qps / SLOWNESS if number == faults.slow != 0 else qps, number)
            for number, account_keys in enumerate([keys, *other_accounts])
        ]
        self.fault_lock = threading.Lock()
        self.delayed_calls = {"taking": 0, "acknowledging": 0}
        for account in self.accounts:
            account.courier.start()

    def end(self) -> None:
        self.shutdown()
        for account in self.accounts:
            account.courier.end()
        self.server_close()

    def find_account(self, key: str) -> "Account | None":
        """Return the account that a key belongs to, if any."""
        return next((account for account in self.accounts if account.keyring.knows(key)), None)

    def next_failure(self) -> tuple[int, dict[str, Any]] | None:
        with self.fault_lock:
            return self.faults.next_failure()

    @contextlib.contextmanager
    def counting_as_delayed(self, step: str) -> Iterator[None]:
        """Count a call as delayed in a step, for /sandbox/state."""
        with self.fault_lock:
            self.delayed_calls[step] += 1
        try:
            yield
        finally:
            with self.fault_lock:
                self.delayed_calls[step] -= 1

    def state(self) -> dict[str, Any]:
        return dict(self.delayed_calls) | {"idle": max(account.courier.idle for account in self.accounts)}

    def lose_acknowledgement(self) -> bool:
        """Return whether the next acknowledgement is to be lost. If it is, count it off."""
        with self.fault_lock:
            if self.faults.lost_ack <= 0:
                return False
            self.faults.lost_ack -= 1
            return True


class RateLimit:
    """A limit on the number of calls in any second."""

    def __init__(self, calls: int) -> None:
        self.times: deque[float] = deque(maxlen=calls)
        self.lock = threading.Lock()

    def is_exceeded(self) -> bool:
        """Return whether another call would exceed the limit. If it would not, count it."""
        with self.lock:
            if len(self.times) == self.times.maxlen and time.monotonic() - self.times[0] < 1:
                return True
            self.times.append(time.monotonic())
            return False


class Account:
    """A customer's account: its keys, the limits on its calls, and the queue of its batches."""

    def __init__(self, store: Store, faults: Faults, keys: list[str], qps: float, number: int) -> None:
        self.number, self.keyring = number, Keyring(keys)
        self.rate_limits = {
            BATCH_PATH: RateLimit(BATCH_CALLS_PER_SECOND),
            SINGLE_PATH: RateLimit(SINGLE_CALLS_PER_SECOND),
        }
        self.courier = Courier(store, faults, self.keyring, qps, number)


class Handler(BaseHTTPRequestHandler):
    """A handler for the vendor's two endpoints, and for reports about what the sandbox has done."""

    server: Sandbox
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Log nothing, because URLs contain secrets and bodies contain personal data."""

    def do_GET(self) -> None:
        reports: dict[str, Callable[[], Any]] = {
            "/sandbox/batches": self.server.store.totals,
            "/sandbox/items": self.server.store.items,
            "/sandbox/singles": self.server.store.singles,
            "/sandbox/calls": self.server.store.calls,
            "/sandbox/state": self.server.state,
        }
        if self.path == KEY_INFO_PATH:
            return self.describe_key()
        if self.path in reports:
            return self.reply(200, reports[self.path]())
        if self.path.startswith("/sandbox/batches/"):
            return self.reply(200, self.server.store.keys(self.path.rsplit("/", 1)[1]))
        return self.reply(404, {"statusCode": 404, "error": "Not Found"})

    def describe_key(self) -> None:
        if self.server.find_account(self.headers.get("x-api-key") or "") is None:
            return self.reply(401, {"statusCode": 401, "statusMessage": "Unauthorized", "error": "Invalid API key"})
        limits = {"SkipTraceBatch": BATCH_CALLS_PER_SECOND, "SkipTrace": SINGLE_CALLS_PER_SECOND}
        return self.reply(200, {"keyType": "test", "scopes": list(limits), "rateLimits": limits})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path not in PATHS:
            return self.reply(404, {"statusCode": 404, "error": "Not Found"})
        key = self.headers.get("x-api-key") or ""
        account = self.server.find_account(key)
        if account is None:
            return self.reply(401, {"statusCode": 401, "statusMessage": "Unauthorized", "error": "Invalid API key"})
        account.keyring.accept(key)
        if account.rate_limits[self.path].is_exceeded():
            return self.reply(429, BUSY_REPLY)
        if failure := self.server.next_failure():
            return self.reply(*failure)
        try:
            payload = json.loads(body)
        except ValueError:
            return self.refuse("The body is not JSON")
        if self.path == BATCH_PATH:
            return self.trace_batch(account, len(body), payload)
        return self.trace_person(payload)

    def trace_batch(self, account: Account, size: int, payload: Any) -> None:
        error = find_batch_error(size, payload) or self.server.faults.find_refused(payload["skips"])
        if error:
            return self.refuse(error)
        with self.server.counting_as_delayed("taking"):
            time.sleep(self.server.faults.before_take)
        if self.server.faults.before_take and self.has_caller_gone():
            return self.hang_up()
        items = payload["skips"][: max(len(payload["skips"]) - self.server.faults.short, 1)]
        request_ids = [str(uuid.uuid4()) for _ in items]
        batch_id = str(uuid.uuid4())
        self.server.store.record_batch(batch_id, payload["webcomplete_url"], items, request_ids, account.number)
        with self.server.counting_as_delayed("acknowledging"):
            time.sleep(self.server.faults.before_ack)
        if self.server.lose_acknowledgement():
            return self.hang_up()
        acknowledgement = {
            "acknowledged": True,
            "statusCode": 200,
            "statusMessage": "Success",
            "batchId": batch_id,
            "batchRequestIds": [
                {"key": item["key"], "batchRequestId": request_id}
                for item, request_id in zip(items, request_ids, strict=True)
            ],
            "receiveCount": len(items),
            "receiveTime": now(),
            "requestExecutionTimeMS": "0ms",
            "live": True,
        }
        return self.reply(200, acknowledgement)

    def trace_person(self, payload: Any) -> None:
        error = find_item_error(payload) if isinstance(payload, dict) else ("", "must be of type object")
        if not error and self.server.faults.find_refused([payload]):
            error = ("last_name", "is not accepted")
        if error:
            field, problem = error
            return self.refuse(f'"{field}" {problem}')
        request_id = str(uuid.uuid4())
        answer = make_answer(payload, now()) | {"requestId": request_id}
        person = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        self.server.store.record_single(person, request_id, find_outcome(answer), answer["credits"])
        return self.reply(200, answer)

    def has_caller_gone(self) -> bool:
        """Return whether the caller has closed the connection."""
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.setblocking(True)

    def hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, message: str) -> None:
        return self.reply(400, {"statusCode": 400, "error": "Bad Request", "message": message})

    def reply(self, status: int, body: Any) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        # The caller may have closed the connection.
        with contextlib.suppress(OSError):
            self.end_headers()
            self.wfile.write(payload)
