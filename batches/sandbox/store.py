"""What the sandbox has taken and delivered, in a file of its own: like a vendor, it goes on after a restart of ours."""

import json
import sqlite3
import threading

SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, complete_url TEXT, received INTEGER, completed INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY, batch INTEGER, key TEXT, request_id TEXT, body TEXT,
    outcome TEXT, credits REAL DEFAULT 0, status INTEGER);
CREATE INDEX IF NOT EXISTS item_batch ON item (batch, status);
CREATE TABLE IF NOT EXISTS single_call (
    number INTEGER PRIMARY KEY, person TEXT, request_id TEXT, outcome TEXT, credits REAL);
"""


class Store:
    """`status` of an item: NULL while it waits, else what its delivery was answered with, 0 for nothing at all."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def run(self, statement, *values):
        with self.lock:
            return self.connection.execute(statement, values).fetchall()

    def commit(self):
        with self.lock:
            self.connection.commit()

    def take(self, batch_id, complete_url, items, request_ids):
        with self.lock, self.connection:
            insert = "INSERT INTO batch (id, complete_url, received) VALUES (?, ?, ?)"
            number = self.connection.execute(insert, (batch_id, complete_url, len(items))).lastrowid
            self.connection.executemany(
                "INSERT INTO item (batch, key, request_id, body) VALUES (?, ?, ?, ?)",
                [(number, str(i["key"]), r, json.dumps(i)) for i, r in zip(items, request_ids, strict=True)],
            )

    def take_single(self, person, request_id, outcome, credits):
        insert = "INSERT INTO single_call (person, request_id, outcome, credits) VALUES (?, ?, ?, ?)"
        self.run(insert, person, request_id, outcome, credits)
        self.commit()

    def next_batch(self):
        """Return the first batch that is not complete: (number, id, complete_url), or None."""
        rows = self.run("SELECT number, id, complete_url FROM batch WHERE completed = 0 ORDER BY number LIMIT 1")
        return rows[0] if rows else None

    def waiting(self, batch):
        """Return the items of a batch that were not delivered: (number, request_id, body)."""
        query = "SELECT number, request_id, body FROM item WHERE batch = ? AND status IS NULL ORDER BY number"
        return self.run(query, batch)

    def note(self, number, outcome, credits, status):
        self.run(
            "UPDATE item SET outcome = ?, credits = ?, status = ? WHERE number = ?", outcome, credits, status, number
        )

    def complete(self, batch):
        self.run("UPDATE batch SET completed = 1 WHERE number = ?", batch)
        self.commit()

    def totals(self, batch=None):
        """Per batch what the vendor's own books say; `delivered` counts the deliveries answered with 200."""
        query = """SELECT batch.id, received, count(outcome), sum(outcome = 'matched'), sum(outcome = 'no_match'),
            sum(outcome = 'error'), coalesce(sum(credits), 0), sum(coalesce(status, 0) = 200), completed
            FROM batch JOIN item ON item.batch = batch.number WHERE ?1 IS NULL OR batch.number = ?1
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
        ]
        return [dict(zip(names, row, strict=True)) for row in self.run(query, batch)]

    def keys(self, batch_id):
        """Which items a batch was taken with."""
        query = "SELECT key FROM item JOIN batch ON item.batch = batch.number WHERE batch.id = ?"
        return [key for (key,) in self.run(query, batch_id)]

    def items(self):
        """Everybody who was taken, in order, with what became of the delivery."""
        query = """SELECT batch.id, key, request_id, json_extract(body, '$.webhook_url'), outcome, credits, status
            FROM item JOIN batch ON batch = batch.number ORDER BY item.number"""
        names = ["batchId", "key", "requestId", "webhookUrl", "outcome", "credits", "status"]
        return [dict(zip(names, row, strict=True)) for row in self.run(query)]

    def singles(self):
        rows = self.run(
            "SELECT count(*), coalesce(sum(outcome = 'matched'), 0), coalesce(sum(credits), 0) FROM single_call"
        )
        return dict(zip(["calls", "matched", "credits"], rows[0], strict=True))

    def calls(self):
        """Each call to the single endpoint; `person` is the SHA-256 of what was asked."""
        names = ["person", "requestId", "outcome", "credits"]
        rows = self.run("SELECT person, request_id, outcome, credits FROM single_call ORDER BY number")
        return [dict(zip(names, row, strict=True)) for row in rows]
