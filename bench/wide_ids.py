"""Widen the ids of a large PostgreSQL database while others write to it. See docs/upgrading.md."""

import argparse
import statistics
import threading
import time
from contextlib import closing
from itertools import count

import psycopg

from bench.support.database import fill_database, run, run_postgres
from bench.support.load import FIRST_KEY

WAITING = 20_000
"""People without an answer, to whom others write in the meantime."""
WRITES_PER_SECOND = 50
CHILDREN = """
INSERT INTO batches_digest (item_id, words, found, answered_at, match, phones, mobiles, usable_mobiles, do_not_call,
    emails, cached)
SELECT id, lower(last_name || ' ' || address), left(answer, 300), answered_at, 'sure', 1, 1, 1, 0, 1, false
FROM batches_item WHERE answer <> '';
INSERT INTO batches_earlieranswer (item_id, outcome, message, request_id, answer, answered_at)
SELECT id, 'error', '', 'r' || id, '', now() FROM batches_item WHERE id % 20 = 0;
INSERT INTO batches_personnote (item_id, text, at) SELECT id, 'Rang twice.', now() FROM batches_item WHERE id % 50 = 0
"""


class Writer(threading.Thread):
    """Write to people at a steady pace: an answer, and a note. Remember how long each transaction took."""

    def __init__(self, address):
        super().__init__()
        self.address, self.seconds, self.is_over = address, [], threading.Event()

    def run(self):
        with closing(psycopg.connect(self.address, autocommit=True)) as session:
            started_at = time.monotonic()
            for number in count():
                if self.is_over.wait(max(0, started_at + number / WRITES_PER_SECOND - time.monotonic())):
                    return
                began_at = time.monotonic()
                with session.transaction():
                    key = [FIRST_KEY + number % WAITING]
                    session.execute("UPDATE batches_item SET outcome = 'matched', message = 'x' WHERE id = %s", key)
                    session.execute(
                        "INSERT INTO batches_personnote (item_id, text, at) VALUES (%s, 'Rang.', now())", key
                    )
                self.seconds.append(time.monotonic() - began_at)


def shorten():
    """Make the columns those of an older database, while they are empty."""
    from django.apps import apps  # noqa: PLC0415 - once Django is set up

    item = apps.get_model("batches", "Item")
    run("ALTER TABLE batches_item ALTER id TYPE integer, ALTER same_as_id TYPE integer")
    for each in item._meta.related_objects:
        run(f"ALTER TABLE {each.related_model._meta.db_table} ALTER {each.field.column} TYPE integer")


def measure_size():
    [[size]] = run("SELECT pg_database_size(current_database()) / 1e9")
    return f"{size:.2f} GB"


def main():
    parser = argparse.ArgumentParser(prog="script/bench wide_ids", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000, help="People with an answer. A multiple of 20,000.")
    options = parser.parse_args()
    with run_postgres() as (_, postgres):
        from batches import wide_ids  # noqa: PLC0415 - once Django is set up

        shorten()
        fill_database(WAITING, answered=options.people)
        run(CHILDREN)
        run("VACUUM ANALYZE")
        before = measure_size()
        writer = Writer(postgres.address)
        writer.start()
        started_at = time.monotonic()
        try:
            wide_ids.widen(lambda line: print(f"{time.monotonic() - started_at:6.0f} s  {line}", flush=True))
        finally:
            seconds = time.monotonic() - started_at
            writer.is_over.set()
            writer.join()
        assert not wide_ids.find_short()
        print(f"{options.people:,} people: {seconds:.0f} s, from {before} to {measure_size()}.")
        quantiles = statistics.quantiles(writer.seconds, n=1000)
        print(
            f"{len(writer.seconds):,} transactions of others: median {1000 * quantiles[499]:.1f} ms, "
            f"99.9th percentile {1000 * quantiles[998]:.0f} ms, longest {1000 * max(writer.seconds):.0f} ms."
        )


if __name__ == "__main__":
    main()
