"""Measure how quickly results are filed while the contact details of a million people are purged."""

import argparse
import multiprocessing
import os
import time
from datetime import timedelta
from itertools import count

from bench.support.database import fill_database, run, run_postgres
from bench.support.load import Calls, drive, percentile
from bench.webhooks import OURS, running

RETENTION_DAYS = 30
PER_SECOND = 50
"""Results filed per second, the vendor's pace."""
STEP = 250
"""Number of results sent between two checks of whether all details are purged."""
BODIES = 2_000
"""Number of different answers."""
JOB_SECONDS = 20
"""Maximum number of seconds of one job, as in batches/jobs.py."""


def purge(moment):
    """Purge all answers that arrived before a moment, as the worker does. Run this in a new process."""
    import django  # noqa: PLC0415 - in a new process

    django.setup()
    from batches import jobs, retention  # noqa: F401, PLC0415 - jobs registers what is purged

    while not retention.purge_expired(moment + timedelta(days=RETENTION_DAYS), JOB_SECONDS):
        pass


def file_while(is_going, port, calls, positions):
    """File STEP results at a time, at the vendor's pace, while `is_going()` is true. Return the latencies."""
    latencies = []
    while is_going():
        start = next(positions)
        outcome = drive(port, calls, range(start, start + STEP), 32, PER_SECOND)
        assert set(outcome.statuses[start : start + STEP]) == {200}
        latencies += outcome.latencies
    return latencies


def count_down(steps):
    """Return a function that returns True this many times, then False."""
    return iter([True] * steps + [False]).__next__


def measure(people, calls):
    """Return the latencies without a purge, the latencies during one, and the seconds that the purge took."""
    from django.utils import timezone  # noqa: PLC0415 - once Django is set up

    fill_database(len(calls), answered=people)
    begin, positions = timezone.now(), count(0, STEP)
    with running(OURS) as (port, _):
        file_while(count_down(2), port, calls, positions)
        alone = file_while(count_down(6), port, calls, positions)
        worker = multiprocessing.Process(target=purge, args=(begin,))
        started = time.perf_counter()
        worker.start()
        during = file_while(worker.is_alive, port, calls, positions)
        seconds = time.perf_counter() - started
        worker.join()
    assert worker.exitcode == 0
    [[left]] = run(f"SELECT count(*) FROM batches_item WHERE answer <> '' AND answered_at < '{begin.isoformat()}'")
    assert left == 0, f"{left} answers are not purged."
    return alone, during, seconds


def main():
    parser = argparse.ArgumentParser(prog="script/bench retention", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000, help="People whose answers are deleted.")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    os.environ["RESULT_RETENTION_DAYS"] = str(RETENTION_DAYS)
    # Enough for a purge that is as slow as 500 people per second.
    calls = Calls(20_000 + options.people // 500 * PER_SECOND, BODIES)
    with run_postgres():
        alone, during, seconds = measure(options.people, calls)
    print(f"| {PER_SECOND} results per second | p50 ms | p99 ms | longest ms |\n|---|--:|--:|--:|")
    for name, latencies in (("without deletions", alone), (f"while {options.people:,} people were deleted", during)):
        cells = [f"{1000 * percentile(latencies, share):.1f}" for share in (0.5, 0.99, 1)]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n{options.people / seconds:,.0f} people per second were deleted.")


if __name__ == "__main__":
    main()
