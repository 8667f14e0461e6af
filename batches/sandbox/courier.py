"""Deliver answers for accepted batches, first in, first out, with at most `qps` webhook calls per second."""

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from batches.sandbox.faults import Faults
from batches.sandbox.keyring import Keyring
from batches.sandbox.people import find_outcome, make_answer
from batches.sandbox.store import Store

WORKERS = 8
"""Simultaneous deliveries, so that one slow response does not delay the others."""
DELIVERY_TIMEOUT = 30
COMMIT_SECONDS = 0.25
"""Seconds between two commits while a batch is delivered."""
RETRY_PAUSE = 1
"""Seconds between two attempts to deliver a batch if the first one failed for a fault of ours."""
MAX_CATCH_UP = 0.1
"""Seconds of delay that are made up for by calls in quick succession."""
Item = tuple[Any, ...]
"""An undelivered item of a batch as (number, request_id, body)."""


class Courier(threading.Thread):
    """The thread that delivers the answers of an account in order, at the set pace.

    WORKERS other threads make the calls and wait for the responses.
    """

    def __init__(self, store: Store, faults: Faults, keyring: Keyring, qps: float, account: int = 0) -> None:
        super().__init__(daemon=True)
        self.store, self.faults, self.keyring, self.qps, self.account = store, faults, keyring, qps, account
        self.rng = random.Random()
        self.thread_local = threading.local()
        self.open_connections: list[http.client.HTTPConnection] = []
        self.ending = threading.Event()
        self.turn = threading.Lock()
        """Held by the thread that takes the next item."""
        self.next_call_at = 0.0
        self.committed_at = 0.0
        self.idle = 0.0
        """Seconds without anything to deliver, between the first batch and the last."""
        self.idle_since: float | None = None

    def run(self) -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            while not self.ending.is_set():
                try:
                    self.deliver_next(pool)
                except Exception as error:
                    # The class only: a message could contain a row.
                    sys.stderr.write(f"The sandbox could not deliver: {type(error).__name__}\n")
                    self.ending.wait(RETRY_PAUSE)
        self.store.commit()
        for connection in self.open_connections:
            connection.close()

    def deliver_next(self, pool: ThreadPoolExecutor) -> None:
        """Deliver the next batch, or wait a little if there is none."""
        if batch := self.store.next_batch(self.account):
            if self.idle_since is not None:
                self.idle += time.monotonic() - self.idle_since
            self.deliver_batch(pool, *batch)
            self.idle_since = time.monotonic()
        else:
            self.ending.wait(0.02)

    def end(self) -> None:
        """Stop after the deliveries in progress. The others follow after the next start."""
        self.ending.set()
        self.join()

    def deliver_batch(self, pool: ThreadPoolExecutor, batch: int, batch_id: str, complete_url: str) -> None:
        if self.faults.completion == "early":
            self.post(complete_url, self.make_completion(batch, batch_id))
        items = self.store.list_undelivered(batch)
        if self.faults.shuffle:
            self.rng.shuffle(items)
        undelivered = iter(items)
        # Each of them takes the next item itself: handing over items one by one takes a fifth of the processor time.
        for delivery in [pool.submit(self.deliver_items, batch_id, undelivered) for _ in range(WORKERS)]:
            delivery.result()
        self.store.commit()
        if not self.ending.is_set():
            self.complete(batch, batch_id, complete_url)

    def deliver_items(self, batch_id: str, undelivered: Iterator[Item]) -> None:
        """Deliver items in turns with other threads until none are left, or the courier has been told to end."""
        while item := self.take_next(undelivered):
            number, request_id, body = item
            self.deliver_item(batch_id, number, request_id, json.loads(body))

    def take_next(self, undelivered: Iterator[Item]) -> Item | None:
        """Return the next item once the pace allows it, or None if there is none or the courier is to end."""
        with self.turn:
            item = next(undelivered, None)
            if item is None or not self.wait_for_turn():
                return None
            if time.monotonic() - self.committed_at > COMMIT_SECONDS:
                self.store.commit()
                self.committed_at = time.monotonic()
            return item

    def complete(self, batch: int, batch_id: str, complete_url: str) -> None:
        for _ in range({"once": 1, "twice": 2}.get(self.faults.completion, 0)):
            self.post(complete_url, self.make_completion(batch, batch_id))
        self.store.complete(batch)

    def make_completion(self, batch: int, batch_id: str) -> dict[str, Any]:
        totals = self.store.totals(batch)[0]
        return {
            "batchId": batch_id,
            "totalProcessed": totals["processed"],
            "totalMatched": totals["matched"],
            "totalErrors": totals["errors"],
            "completedAt": now(),
        }

    def wait_for_turn(self) -> bool:
        """Wait as long as the pace requires. Return False if the courier has been told to end."""
        pause = self.next_call_at - time.monotonic()
        if pause > 0 and self.ending.wait(pause):
            return False
        self.next_call_at = max(self.next_call_at, time.monotonic() - MAX_CATCH_UP) + 1 / self.qps
        return not self.ending.is_set()

    def deliver_item(self, batch_id: str, number: int, request_id: str, item: dict[str, Any]) -> None:
        answer = make_answer(item, now())
        answer |= {"batchId": batch_id, "batchRequestId": request_id, "requestId": request_id}
        status = 0
        if self.rng.random() >= self.faults.drop:
            status = self.post(item["webhook_url"], answer)
            if self.rng.random() < self.faults.duplicate:
                self.post(item["webhook_url"], answer)
        self.store.record_delivery(number, find_outcome(answer), answer["credits"], status)

    def post(self, url: str, body: dict[str, Any]) -> int:
        """Make a webhook call. Return the status of the response, or 0 if there is none. Failed calls stay failed."""
        parts = urlsplit(url)
        headers = {"content-type": "application/json", "x-api-key": self.keyring.choose()}
        payload = json.dumps(body, ensure_ascii=False).encode()
        for attempt in (1, 2):
            connection, is_new = self.connect(parts)
            try:
                connection.request("POST", parts.path, payload, headers)
                response = connection.getresponse()
                response.read()
                return response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                self.thread_local.connections.pop(parts.netloc)
                self.open_connections.remove(connection)
                # The server may have closed a kept connection. That is not a failed delivery, so try a new one.
                if is_new or attempt == 2:
                    return 0
        return 0

    def connect(self, parts: SplitResult) -> tuple[http.client.HTTPConnection, bool]:
        """Return this thread's connection to a server, and whether it is new."""
        connections = self.thread_local.__dict__.setdefault("connections", {})
        if parts.netloc in connections:
            return connections[parts.netloc], False
        connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connection_class(parts.netloc, timeout=DELIVERY_TIMEOUT)
        connections[parts.netloc] = connection
        self.open_connections.append(connection)
        return connection, True


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
