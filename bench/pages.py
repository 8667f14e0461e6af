"""Measure how the cost of pages grows with the number of closed batches, and what open dashboards cost the receivers.

The measurements use PostgreSQL. See docs/performance.md.
"""

import argparse
import statistics
import sys
import time

from bench.support.database import add_items, run, run_postgres
from bench.support.load import FIRST_KEY, PER_BATCH, percentile
from bench.support.watched import measure_watched

SIZES = [10, 1_000, 10_000]
"""Numbers of closed batches."""
RUNNING_BATCHES = 20
WAITING_BATCHES = 1_000
"""Batches of a waiting list. Half of its people are planned."""
UNPLAN_HALF = """
    UPDATE batches_item SET batch_id = NULL
    FROM batches_upload u WHERE u.id = upload_id AND u.name = 'l0' AND row_number % 2 = 0
"""
PEOPLE_PER_LIST = 10 * PER_BATCH
EMPTY_PAGE = "notices, none of them"
"""The page that the others are compared with: it needs a login and has nothing to show."""
LIVE_PART_HEADERS = {"HX-Request": "true"}
ANSWERED = {"outcome": "(ARRAY['matched', 'matched', 'matched', 'no_match', 'error'])[1 + i % 5]"}
ANSWERED |= {"answered_at": "now() - interval '1 day'", "credits": "1", "request_id": "'request-' || i"}
"""Column → SQL for the value of item number `i`, if all items have an answer."""
HALF_ANSWERED = {
    "outcome": f"CASE WHEN i % 2 = 0 THEN {ANSWERED['outcome']} ELSE 'pending' END",
    "answered_at": "CASE WHEN i % 2 = 0 THEN now() - (i % 240) * interval '1 second' END",
    "credits": "CASE WHEN i % 2 = 0 THEN 1 END",
    "request_id": "''",
}
"""The same if every second item has an answer."""
STORE_COUNTS = """
    UPDATE batches_batch SET matched = 600, no_match = 200, error = 200, credits = 1000, digested_at = now()
    WHERE status = 'closed'
"""
CLOSE_AT_THE_VENDORS_PACE = """
    UPDATE batches_batch SET closed_at = moment, completed_at = moment
    FROM (SELECT id AS key, now() - rank() OVER (ORDER BY id DESC) * interval '20 seconds' AS moment
          FROM batches_batch WHERE status = 'closed') AS lately WHERE key = id
"""
"""A batch was closed every twenty seconds, the last one just now: 50 people per second (docs/vendor.md)."""
COMPLETE_LISTS = """
    UPDATE batches_upload SET digested_at = now(), started_at = now() - interval '40 days',
        completed_at = (SELECT max(closed_at) FROM batches_batch WHERE upload_id = batches_upload.id)
    WHERE status = 'complete'
"""
ANSWER_JUST_NOW = """
    UPDATE batches_item SET answered_at = now() - (id % 240) * interval '1 second'
    WHERE answered_at IS NOT NULL AND batch_id IN (SELECT id FROM batches_batch WHERE status = 'acknowledged')
"""
ADD_EVENTS = """
    INSERT INTO batches_event (upload_id, batch_id, at, what, detail)
    SELECT upload_id, id, now() - (b.id * 6 + n) * interval '1 millisecond', 'a line', ''
    FROM batches_batch b, generate_series(1, 6) AS n
    WHERE NOT EXISTS (SELECT FROM batches_event e WHERE e.batch_id = b.id)
"""
ADD_DIGESTS = """
    INSERT INTO batches_digest (item_id, words, found, answered_at, match, phones, mobiles, usable_mobiles, do_not_call,
        emails, cached)
    SELECT id, '', '', answered_at, 'same', 3, 2, 1, 1, 1, false FROM batches_item i
    WHERE outcome = 'matched' AND batch_id > {last_batch} AND batch_id < 1000000 ORDER BY id
"""


def grow(closed, added, mark):
    """Add closed batches, ten to a list, with events and digests, to the `added` ones until there are `closed`.

    `mark` begins the names of their lists.
    """
    from batches.models import Batch, Minute  # noqa: PLC0415 - once Django is set up, as below
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    closed_batches = Batch.objects.filter(status=BatchStatus.CLOSED).order_by("-pk")
    last_batch = closed_batches.values_list("pk", flat=True).first() or 0
    first_key, count = FIRST_KEY + added * PER_BATCH, (closed - added) * PER_BATCH
    add_items(first_key, count, UploadStatus.COMPLETE, BatchStatus.CLOSED, mark, dict(ANSWERED), PEOPLE_PER_LIST)
    run(STORE_COUNTS)
    run(CLOSE_AT_THE_VENDORS_PACE)
    run(COMPLETE_LISTS)
    run(ADD_EVENTS)
    run(ADD_DIGESTS.format(last_batch=last_batch))
    run(ANSWER_JUST_NOW)
    Minute.objects.all().delete()


def create_running():
    """Create a waiting list, and twenty running batches with half of the people answered, some of them just now.

    Their ids are higher than those of all closed batches. Also create lists that were cancelled before their start, so
    that the first page of lists is full at every size.
    """
    from batches.models import Upload  # noqa: PLC0415
    from batches.statuses import BatchStatus, UploadStatus  # noqa: PLC0415

    for table in ("upload", "batch"):
        run(f"ALTER SEQUENCE batches_{table}_id_seq RESTART WITH 1000000")
    Upload.objects.bulk_create(Upload(name=f"c{n}", status=UploadStatus.CANCELLED, row_count=1_000) for n in range(50))
    running, waiting = RUNNING_BATCHES * PER_BATCH, WAITING_BATCHES * PER_BATCH
    add_items(running + 1, waiting, UploadStatus.RUNNING, BatchStatus.PLANNED, "l", {}, per_upload=waiting)
    run(UNPLAN_HALF)
    add_items(
        1, running, UploadStatus.RUNNING, BatchStatus.ACKNOWLEDGED, "r", dict(HALF_ANSWERED), per_upload=5 * PER_BATCH
    )
    for table in ("upload", "batch"):
        run(f"ALTER SEQUENCE batches_{table}_id_seq RESTART WITH 1")


def keep_alive():
    """Make a clock and a receiver count as alive, as in a running system."""
    from datetime import timedelta  # noqa: PLC0415

    from django.utils import timezone  # noqa: PLC0415

    from batches.lease import CLOCK  # noqa: PLC0415
    from batches.models import Lease, Receiver  # noqa: PLC0415

    tomorrow = timezone.now() + timedelta(days=1)
    Lease.objects.update_or_create(name=CLOCK, defaults={"holder": "bench", "until": tomorrow})
    Receiver.objects.update_or_create(name="bench", defaults={"host": "bench", "until": tomorrow})


def list_pages():
    """Return the pages to measure: name → address and headers."""
    from batches.models import Upload  # noqa: PLC0415

    running, done = (Upload.objects.filter(status=status).last() for status in ("running", "complete"))
    live = {"dashboard": "/", "running list": f"/uploads/{running.pk}/", "lists": "/uploads/", "batches": "/batches/"}
    pages = {EMPTY_PAGE: ("/notices/", {})}
    pages |= {name: (address, {}) for name, address in live.items()}
    pages |= {f"{name}, live part": (address, LIVE_PART_HEADERS) for name, address in live.items()}
    pages |= {
        "people, table alone": ("/items/", LIVE_PART_HEADERS),
        "complete list": (f"/uploads/{done.pk}/", {}),
        "batches by when they closed": ("/batches/?sort=-closed_at", {}),
        "spend": ("/spend/", {}),
        "people": ("/items/", {}),
        "people with errors": ("/items/?outcome=error", {}),
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
    user, _ = get_user_model().objects.get_or_create(username="bench", defaults={"is_superuser": True})
    client.force_login(user)
    results = {}
    for name, (address, headers) in list_pages().items():
        tally_minutes(timezone.now())  # The clock does this in a running system.
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, headers=headers).status_code == 200
        results[name] = len(queries), [measure_time(client, address, headers) for _ in range(looks)]
    return results


def measure_time(client, address, headers):
    """Return the milliseconds of a request."""
    begin = time.perf_counter()
    client.get(address, headers=headers)
    return 1000 * (time.perf_counter() - begin)


def show_growth(by_size):
    """Print the table. `by_size` maps numbers of closed batches to the results of `measure`."""
    sizes = list(by_size)
    titles = [f"{size:,} closed: p50, p95 ms" for size in sizes]
    print(f"| page | queries | {' | '.join(titles)} | p95, last ÷ first | p50, last ÷ {EMPTY_PAGE} |")
    print(f"|---|--:|{'--:|' * len(sizes)}--:|--:|")
    empty_time = statistics.median(by_size[sizes[-1]][EMPTY_PAGE][1])
    for name in by_size[sizes[0]]:
        query_counts, times_by_size = zip(*(by_size[size][name] for size in sizes), strict=True)
        queries = "/".join(map(str, dict.fromkeys(query_counts)))
        slow_times = [percentile(times, 0.95) for times in times_by_size]
        cells = [
            f"{statistics.median(times):.1f}, {slow:.1f}" for times, slow in zip(times_by_size, slow_times, strict=True)
        ]
        growth, comparison = slow_times[-1] / slow_times[0], statistics.median(times_by_size[-1]) / empty_time
        print(f"| {name} | {queries} | {' | '.join(cells)} | {growth:.2f} | {comparison:.2f} |", flush=True)


def measure_growth(sizes, looks):
    from django.core.management import call_command  # noqa: PLC0415

    from batches.views import live  # noqa: PLC0415

    call_command("collectstatic", verbosity=0, interactive=False)
    live.FRESH_SECONDS = -1  # Live parts are rendered again for each request.
    create_running()
    keep_alive()
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
