"""The sandbox's HTTP side: the vendor's two endpoints, and its books under /sandbox/ for whoever wants to compare."""

import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
import uuid
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from batches.sandbox.courier import Courier, now
from batches.sandbox.people import make_answer, name_outcome
from batches.sandbox.rules import find_batch_fault, find_item_fault
from batches.sandbox.store import Store
from batches.vendor.protocol import BATCH_CALLS_PER_SECOND, BATCH_PATH, SINGLE_CALLS_PER_SECOND, SINGLE_PATH

BUSY = {"statusCode": 429, "error": "Too Many Requests", "message": "Too many requests, please try again later."}


class Sandbox(ThreadingHTTPServer):
    """A vendor on 127.0.0.1. serve_forever() runs it, end() stops it after the deliveries under way."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, store_path, key, faults, qps=50):
        super().__init__(("127.0.0.1", port), Handler)
        self.key, self.faults = key, faults
        self.store = Store(store_path)
        self.paces = {BATCH_PATH: Pace(BATCH_CALLS_PER_SECOND), SINGLE_PATH: Pace(SINGLE_CALLS_PER_SECOND)}
        self.fault_lock, self.held_up = threading.Lock(), {"taking": 0, "acknowledging": 0}
        self.courier = Courier(self.store, faults, key, qps)
        self.courier.start()

    def end(self):
        self.shutdown()
        self.courier.end()
        self.server_close()

    def take_failure(self):
        with self.fault_lock:
            return self.faults.take_failure()

    @contextlib.contextmanager
    def waiting(self, what):
        """Count the calls that are held up on the way, for whoever looks at /sandbox/state."""
        with self.fault_lock:
            self.held_up[what] += 1
        try:
            yield
        finally:
            with self.fault_lock:
                self.held_up[what] -= 1

    def state(self):
        return dict(self.held_up) | {"idle": self.courier.idle}

    def take_lost_ack(self):
        with self.fault_lock:
            lost = self.faults.lost_ack > 0
            self.faults.lost_ack -= lost
            return lost


class Pace:
    """At most so many calls in any second."""

    def __init__(self, calls):
        self.times, self.lock = deque(maxlen=calls), threading.Lock()

    def is_exceeded(self):
        with self.lock:
            if len(self.times) == self.times.maxlen and time.monotonic() - self.times[0] < 1:
                return True
            self.times.append(time.monotonic())
            return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Silent: addresses hold the callbacks' secrets, bodies hold people."""

    def do_GET(self):
        books = {
            "/sandbox/batches": self.server.store.totals,
            "/sandbox/items": self.server.store.items,
            "/sandbox/singles": self.server.store.singles,
            "/sandbox/calls": self.server.store.calls,
            "/sandbox/state": self.server.state,
        }
        if self.path in books:
            return self.reply(200, books[self.path]())
        if self.path.startswith("/sandbox/batches/"):
            return self.reply(200, self.server.store.keys(self.path.rsplit("/", 1)[1]))
        return self.reply(404, {"statusCode": 404, "error": "Not Found"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path not in self.server.paces:
            return self.reply(404, {"statusCode": 404, "error": "Not Found"})
        if not hmac.compare_digest((self.headers.get("x-api-key") or "").encode(), self.server.key.encode()):
            return self.reply(401, {"statusCode": 401, "statusMessage": "Unauthorized", "error": "Invalid API key"})
        if self.server.paces[self.path].is_exceeded():
            return self.reply(429, BUSY)
        if failure := self.server.take_failure():
            return self.reply(*failure)
        try:
            payload = json.loads(body)
        except ValueError:
            return self.refuse("The body is not JSON")
        return self.trace_batch(len(body), payload) if self.path == BATCH_PATH else self.trace_person(payload)

    def trace_batch(self, size, payload):
        fault = find_batch_fault(size, payload) or self.server.faults.find_refused(payload["skips"])
        if fault:
            return self.refuse(fault)
        with self.server.waiting("taking"):
            time.sleep(self.server.faults.before_take)
        if self.server.faults.before_take and self.has_gone():
            return self.hang_up()
        items = payload["skips"][: max(len(payload["skips"]) - self.server.faults.short, 1)]
        ids = [str(uuid.uuid4()) for _ in items]
        batch_id = str(uuid.uuid4())
        self.server.store.take(batch_id, payload["webcomplete_url"], items, ids)
        with self.server.waiting("acknowledging"):
            time.sleep(self.server.faults.before_ack)
        if self.server.take_lost_ack():
            return self.hang_up()
        acknowledgement = {
            "acknowledged": True,
            "statusCode": 200,
            "statusMessage": "Success",
            "batchId": batch_id,
            "batchRequestIds": [{"key": i["key"], "batchRequestId": r} for i, r in zip(items, ids, strict=True)],
            "receiveCount": len(items),
            "receiveTime": now(),
            "requestExecutionTimeMS": "0ms",
            "live": True,
        }
        return self.reply(200, acknowledgement)

    def trace_person(self, payload):
        fault = find_item_fault(payload) if isinstance(payload, dict) else ("", "must be of type object")
        if not fault and self.server.faults.find_refused([payload]):
            fault = ("last_name", "is not accepted")
        if fault:
            return self.refuse(f'"{fault[0]}" {fault[1]}')
        request_id = str(uuid.uuid4())
        answer = make_answer(payload, now()) | {"requestId": request_id}
        person = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        self.server.store.take_single(person, request_id, name_outcome(answer), answer["credits"])
        return self.reply(200, answer)

    def has_gone(self):
        """Whether the caller has closed the connection."""
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.setblocking(True)

    def hang_up(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def refuse(self, message):
        return self.reply(400, {"statusCode": 400, "error": "Bad Request", "message": message})

    def reply(self, status, body):
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        # The caller may have gone, which is its own affair.
        with contextlib.suppress(OSError):
            self.end_headers()
            self.wfile.write(payload)
