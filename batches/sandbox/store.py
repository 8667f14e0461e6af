"""Store what the sandbox has accepted and delivered in a file, so that a restart loses nothing."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, complete_url TEXT, received INTEGER, completed INTEGER DEFAULT 0,
    account INTEGER DEFAULT 0, awaited INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY, batch INTEGER, key TEXT, request_id TEXT, body TEXT,
    outcome TEXT, credits REAL DEFAULT 0, status INTEGER);
CREATE INDEX IF NOT EXISTS item_batch ON item (batch, status);
CREATE TABLE IF NOT EXISTS single_call (
    number INTEGER PRIMARY KEY, person TEXT, request_id TEXT, outcome TEXT, credits REAL);
"""


class Store:
    """A SQLite file of batches, their items, and single calls. Accounts are counted from 0.

    The `status` of an item is NULL until its delivery, then the HTTP status of the response, or 0 if there was none.
    """

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        # A file that was made before there were these columns.
        for name in {"account", "awaited"} - {name for _, name, *_ in self.run("PRAGMA table_info(batch)")}:
            self.run(f"ALTER TABLE batch ADD COLUMN {name} INTEGER DEFAULT 0")

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.lock:
            return self.connection.execute(statement, values).fetchall()

    def commit(self) -> None:
        with self.lock:
            self.connection.commit()

    def record_batch(
        self, batch_id: str, complete_url: str, items: list[dict[str, Any]], request_ids: list[str], account: int = 0
    ) -> None:
        with self.lock, self.connection:
            undelivered = """SELECT count(*) FROM item WHERE status IS NULL AND batch IN (
                SELECT number FROM batch WHERE completed = 0 AND account = ?)"""
            [awaited] = self.connection.execute(undelivered, (account,)).fetchone()
            insert = "INSERT INTO batch (id, complete_url, received, account, awaited) VALUES (?, ?, ?, ?, ?)"
            values = (batch_id, complete_url, len(items), account, awaited)
            number = self.connection.execute(insert, values).lastrowid
            self.connection.executemany(
                "INSERT INTO item (batch, key, request_id, body) VALUES (?, ?, ?, ?)",
                [
                    (number, str(item["key"]), request_id, json.dumps(item))
                    for item, request_id in zip(items, request_ids, strict=True)
                ],
            )

    def record_single(self, person: str, request_id: str, outcome: str, credits: float) -> None:
        insert = "INSERT INTO single_call (person, request_id, outcome, credits) VALUES (?, ?, ?, ?)"
        self.run(insert, person, request_id, outcome, credits)
        self.commit()

    def next_batch(self, account: int = 0) -> tuple[Any, ...] | None:
        """Return the first incomplete batch of an account as (number, id, complete_url), or None."""
        query = "SELECT number, id, complete_url FROM batch WHERE completed = 0 AND account = ? ORDER BY number LIMIT 1"
        rows = self.run(query, account)
        return rows[0] if rows else None

    def list_undelivered(self, batch: int) -> list[tuple[Any, ...]]:
        """Return the undelivered items of a batch as (number, request_id, body)."""
        query = "SELECT number, request_id, body FROM item WHERE batch = ? AND status IS NULL ORDER BY number"
        return self.run(query, batch)

    def record_delivery(self, number: int, outcome: str, credits: float, status: int) -> None:
        self.run(
            "UPDATE item SET outcome = ?, credits = ?, status = ? WHERE number = ?", outcome, credits, status, number
        )

    def complete(self, batch: int) -> None:
        self.run("UPDATE batch SET completed = 1 WHERE number = ?", batch)
        self.commit()

    def totals(self, batch: int | None = None) -> list[dict[str, Any]]:
        """Return the vendor's totals of each batch.

        `delivered` counts deliveries with status 200, and `awaitedBefore` the undelivered people of the account when it
        was accepted.
        """
        query = """SELECT batch.id, received, count(outcome), sum(outcome = 'matched'), sum(outcome = 'no_match'),
            sum(outcome = 'error'), coalesce(sum(credits), 0), sum(coalesce(status, 0) = 200), completed,
            account, awaited FROM batch JOIN item ON item.batch = batch.number WHERE ?1 IS NULL OR batch.number = ?1
            GROUP BY batch.number ORDER BY batch.number"""
        names = [
            "batchId",
            "received",
            "processed",
            "matched",
            "no_match",
            "errors",
            "credits",
            "delivered",
            "completed",
            "account",
            "awaitedBefore",
        ]
        return [dict(zip(names, row, strict=True)) for row in self.run(query, batch)]

    def keys(self, batch_id: str) -> list[str]:
        """Return the keys of a batch's items."""
        query = "SELECT key FROM item JOIN batch ON item.batch = batch.number WHERE batch.id = ?"
        return [key for (key,) in self.run(query, batch_id)]

    def items(self) -> list[dict[str, Any]]:
        """Return all accepted items in order, with the results of their deliveries."""
        query = """SELECT batch.id, key, request_id, json_extract(body, '$.webhook_url'), outcome, credits, status
            FROM item JOIN batch ON batch = batch.number ORDER BY item.number"""
        names = ["batchId", "key", "requestId", "webhookUrl", "outcome", "credits", "status"]
        return [dict(zip(names, row, strict=True)) for row in self.run(query)]

    def singles(self) -> dict[str, Any]:
        """Return the totals of calls to the single endpoint."""
        rows = self.run(
            "SELECT count(*), coalesce(sum(outcome = 'matched'), 0), coalesce(sum(credits), 0) FROM single_call"
        )
        return dict(zip(["calls", "matched", "credits"], rows[0], strict=True))

    def calls(self) -> list[dict[str, Any]]:
        """Return all calls to the single endpoint in order. `person` is the SHA-256 of the request."""
        names = ["person", "requestId", "outcome", "credits"]
        rows = self.run("SELECT person, request_id, outcome, credits FROM single_call ORDER BY number")
        return [dict(zip(names, row, strict=True)) for row in rows]
