"""Delivers what the sandbox has taken: first in, first out, at most `qps` webhook calls a second."""

import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

from batches.sandbox.people import make_answer, name_outcome

HANDS = 8
"""Deliveries under way at once, so that one slow answer does not hold up the others."""
TIMEOUT = 30
COMMIT_EVERY = 0.25


class Courier(threading.Thread):
    """One thread keeps the order and the pace; `HANDS` others wait for the answers."""

    def __init__(self, store, faults, key, qps):
        super().__init__(daemon=True)
        self.store, self.faults, self.key, self.qps = store, faults, key, qps
        self.luck = random.Random()
        self.kept, self.opened = threading.local(), []
        self.ending = threading.Event()
        self.next_slot = 0.0
        self.idle = 0.0
        """Seconds without anything to deliver, between the first batch and the last one."""

    def run(self):
        with ThreadPoolExecutor(HANDS) as hands:
            emptied = None
            while not self.ending.is_set():
                if batch := self.store.next_batch():
                    self.idle += time.monotonic() - emptied if emptied else 0
                    self.deliver_batch(hands, *batch)
                    emptied = time.monotonic()
                else:
                    self.ending.wait(0.02)
        self.store.commit()
        for connection in self.opened:
            connection.close()

    def end(self):
        """Stop after what is under way; the rest is delivered after the next start."""
        self.ending.set()
        self.join()

    def deliver_batch(self, hands, batch, batch_id, complete_url):
        if self.faults.completion == "early":
            self.post(complete_url, self.make_completion(batch, batch_id))
        items = self.store.waiting(batch)
        if self.faults.shuffle:
            self.luck.shuffle(items)
        under_way, committed = [], time.monotonic()
        for number, request_id, body in items:
            if not self.wait_for_slot():
                break
            under_way.append(hands.submit(self.deliver_item, batch_id, number, request_id, json.loads(body)))
            if time.monotonic() - committed > COMMIT_EVERY:
                self.store.commit()
                committed = time.monotonic()
        for delivery in under_way:
            delivery.result()
        if not self.ending.is_set():
            self.complete(batch, batch_id, complete_url)

    def complete(self, batch, batch_id, complete_url):
        for _ in range({"once": 1, "twice": 2}.get(self.faults.completion, 0)):
            self.post(complete_url, self.make_completion(batch, batch_id))
        self.store.complete(batch)

    def make_completion(self, batch, batch_id):
        totals = self.store.totals(batch)[0]
        return {
            "batchId": batch_id,
            "totalProcessed": totals["processed"],
            "totalMatched": totals["matched"],
            "totalErrors": totals["errors"],
            "completedAt": now(),
        }

    def wait_for_slot(self):
        """Keep to the pace. False when the courier is to end."""
        pause = self.next_slot - time.monotonic()
        if pause > 0 and self.ending.wait(pause):
            return False
        self.next_slot = max(self.next_slot, time.monotonic() - 0.1) + 1 / self.qps
        return not self.ending.is_set()

    def deliver_item(self, batch_id, number, request_id, item):
        answer = make_answer(item, now())
        answer |= {"batchId": batch_id, "batchRequestId": request_id, "requestId": request_id}
        status = 0
        if self.luck.random() >= self.faults.drop:
            status = self.post(item["webhook_url"], answer)
            if self.luck.random() < self.faults.duplicate:
                self.post(item["webhook_url"], answer)
        self.store.note(number, name_outcome(answer), answer["credits"], status)

    def post(self, url, body):
        """Return the status that a call was answered with, 0 for none. There is no redelivery."""
        parts = urlsplit(url)
        headers = {"content-type": "application/json", "x-api-key": self.key}
        payload = json.dumps(body, ensure_ascii=False).encode()
        for attempt in (1, 2):
            connection, is_new = self.connect(parts)
            try:
                connection.request("POST", parts.path, payload, headers)
                reply = connection.getresponse()
                reply.read()
                return reply.status
            except (OSError, http.client.HTTPException):
                connection.close()
                self.kept.connections.pop(parts.netloc)
                self.opened.remove(connection)
                # A kept connection that the server has closed meanwhile is no failed delivery.
                if is_new or attempt == 2:
                    return 0
        return 0

    def connect(self, parts):
        connections = self.kept.__dict__.setdefault("connections", {})
        if parts.netloc in connections:
            return connections[parts.netloc], False
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connections[parts.netloc] = kind(parts.netloc, timeout=TIMEOUT)
        self.opened.append(connections[parts.netloc])
        return connections[parts.netloc], True


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
