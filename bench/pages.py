"""Measure how the cost of pages grows with closed batches, and what open dashboards cost the receivers. On PostgreSQL.

See docs/performance.md.
"""

import argparse
import statistics
import sys
import time

from bench.support.database import add_items, run, run_postgres
from bench.support.load import FIRST_KEY, PER_BATCH, percentile
from bench.support.watched import measure_watched

SIZES = [10, 1_000, 10_000]
RUNNING = 20
LONG = 1_000
"""Batches of a waiting list, half of whose people are planned."""
UNPLANNED = """
    UPDATE batches_item SET batch_id = NULL
    FROM batches_upload u WHERE u.id = upload_id AND u.name = 'l0' AND row_number % 2 = 0
"""
PER_LIST = 10 * PER_BATCH
LIVE_PART = {"HX-Request": "true"}
ANSWERED = {"outcome": "(ARRAY['matched', 'matched', 'matched', 'no_match', 'error'])[1 + i % 5]"}
ANSWERED |= {"answered_at": "now() - interval '1 day'", "credits": "1", "request_id": "'request-' || i"}
RUN = {name: f"CASE WHEN i % 2 = 0 THEN {value} END" for name, value in ANSWERED.items()}
RUN |= {"outcome": f"CASE WHEN i % 2 = 0 THEN {ANSWERED['outcome']} ELSE 'pending' END", "request_id": "''"}
RUN |= {"answered_at": "CASE WHEN i % 2 = 0 THEN now() - (i % 240) * interval '1 second' END"}
FROZEN = """
    UPDATE batches_batch SET matched = 600, no_match = 200, error = 200, credits = 1000, digested_at = now()
    WHERE status = 'closed'
"""
AT_THE_VENDORS_PACE = """
    UPDATE batches_batch SET closed_at = moment, completed_at = moment
    FROM (SELECT id AS key, now() - rank() OVER (ORDER BY id DESC) * interval '20 seconds' AS moment
          FROM batches_batch WHERE status = 'closed') AS lately WHERE key = id
"""
"""Close a batch every twenty seconds, the last one just now: 50 people per second (docs/vendor.md)."""
COMPLETED = """
    UPDATE batches_upload SET digested_at = now(), started_at = now() - interval '40 days',
        completed_at = (SELECT max(closed_at) FROM batches_batch WHERE upload_id = batches_upload.id)
    WHERE status = 'complete'
"""
JUST_NOW = """
    UPDATE batches_item SET answered_at = now() - (id % 240) * interval '1 second'
    WHERE answered_at IS NOT NULL AND batch_id IN (SELECT id FROM batches_batch WHERE status = 'acknowledged')
"""
HISTORY = """
    INSERT INTO batches_event (upload_id, batch_id, at, what, detail)
    SELECT upload_id, id, now() - (b.id * 6 + n) * interval '1 millisecond', 'a line', ''
    FROM batches_batch b, generate_series(1, 6) AS n
    WHERE NOT EXISTS (SELECT FROM batches_event e WHERE e.batch_id = b.id)
"""
DIGESTS = """
    INSERT INTO batches_digest (item_id, words, found, answered_at, match, phones, mobiles, usable_mobiles, do_not_call,
        emails, cached)
    SELECT id, '', '', answered_at, 'same', 3, 2, 1, 1, 1, false FROM batches_item i
    WHERE outcome = 'matched' AND batch_id > {first} AND batch_id < 1000000 ORDER BY id
"""


def grow(closed, added, mark):
    """Add closed batches, with events and digests, to the `added` ones until there are `closed`. A list has ten."""
    from batches.models import Batch, Minute  # noqa: PLC0415 - once Django is set up, as below
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    closed_ones = Batch.objects.filter(status=BatchStatus.CLOSED).order_by("-pk")
    first = closed_ones.values_list("pk", flat=True).first() or 0
    key, count = FIRST_KEY + added * PER_BATCH, (closed - added) * PER_BATCH
    add_items(key, count, UploadStatus.COMPLETE, BatchStatus.CLOSED, mark, dict(ANSWERED), PER_LIST)
    for statement in (FROZEN, AT_THE_VENDORS_PACE, COMPLETED, HISTORY, DIGESTS.format(first=first), JUST_NOW):
        run(statement)
    Minute.objects.all().delete()


def create_running():
    """Create twenty running batches with half of the people answered, some of them just now.

    Their ids are higher than those of all other batches. Also create lists that were cancelled before they
    started, so that the first page of lists is full at every size.
    """
    from batches.models import Upload  # noqa: PLC0415
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    for table in ("upload", "batch"):
        run(f"ALTER SEQUENCE batches_{table}_id_seq RESTART WITH 1000000")
    Upload.objects.bulk_create(Upload(name=f"c{n}", status=UploadStatus.CANCELLED, row_count=1_000) for n in range(50))
    long = LONG * PER_BATCH
    add_items(RUNNING * PER_BATCH + 1, long, UploadStatus.RUNNING, BatchStatus.PLANNED, "l", {}, long)
    run(UNPLANNED)
    add_items(1, RUNNING * PER_BATCH, UploadStatus.RUNNING, BatchStatus.ACKNOWLEDGED, "r", dict(RUN), 5 * PER_BATCH)
    for table in ("upload", "batch"):
        run(f"ALTER SEQUENCE batches_{table}_id_seq RESTART WITH 1")


def list_pages():
    """Return the pages to measure: name → address and headers."""
    from batches.models import Upload  # noqa: PLC0415

    runs, done = (Upload.objects.filter(status=status).last() for status in ("running", "complete"))
    parts = {"dashboard": "/", "running list": f"/uploads/{runs.pk}/", "lists": "/uploads/", "batches": "/batches/"}
    pages = {name: (address, {}) for name, address in parts.items()}
    pages |= {f"{name}, live part": (address, LIVE_PART) for name, address in parts.items()}
    pages |= {
        "completed list": (f"/uploads/{done.pk}/", {}),
        "batches by when they closed": ("/batches/?sort=-closed_at", {}),
        "people": ("/items/", {}),
        "people who are errors": ("/items/?outcome=error", {}),
        "people of a list": (f"/items/?upload={done.pk}", {}),
        "matched people of a list": (f"/items/?upload={done.pk}&outcome=matched&sort=person", {}),
    }
    return pages


def measure(looks):
    """Return the number of queries of each page, and the milliseconds of each request."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from batches.reports.pace import tally_minutes  # noqa: PLC0415

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(get_user_model().objects.get_or_create(username="bench")[0])
    found = {}
    for name, (address, headers) in list_pages().items():
        tally_minutes(timezone.now())  # as the clock does
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, headers=headers).status_code == 200
        found[name] = len(queries), [measure_time(client, address, headers) for _ in range(looks)]
    return found


def measure_time(client, address, headers):
    begin = time.perf_counter()
    client.get(address, headers=headers)
    return 1000 * (time.perf_counter() - begin)


def show_growth(by_size):
    sizes = list(by_size)
    print(f"| page | queries | {' | '.join(f'{size:,} closed: p50, p95 ms' for size in sizes)} | p95, last ÷ first |")
    print(f"|---|--:|{'--:|' * len(sizes)}--:|")
    for name in by_size[sizes[0]]:
        rows = [by_size[size][name] for size in sizes]
        queries = "/".join(map(str, dict.fromkeys(count for count, _ in rows)))
        cells = [f"{statistics.median(times):.1f}, {percentile(times, 0.95):.1f}" for _, times in rows]
        ratio = percentile(rows[-1][1], 0.95) / percentile(rows[0][1], 0.95)
        print(f"| {name} | {queries} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


def measure_growth(sizes, looks):
    from django.core.management import call_command  # noqa: PLC0415

    from batches.views import live  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    live.FRESH_SECONDS = -1  # Render the page for each request.
    create_running()
    by_size, added = {}, 0
    for mark, size in zip("abcdefgh", sizes, strict=False):
        begin = time.monotonic()
        grow(size, added, mark)
        run("VACUUM ANALYZE")
        print(f"{size:,} closed batches after {time.monotonic() - begin:.0f} s.", file=sys.stderr, flush=True)
        by_size[size], added = measure(looks), size
    return by_size


def main():
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="Numbers of closed batches, of 1,000 people each."
    )
    parser.add_argument("--looks", type=int, default=60, help="Requests for each page.")
    parser.add_argument("--watched", action="store_true", help="Measure only what open dashboards cost the receivers.")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with run_postgres():
        if not options.watched:
            show_growth(measure_growth(options.sizes, options.looks))
        measure_watched(options.rounds)


if __name__ == "__main__":
    main()
