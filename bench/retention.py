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

DAYS = 30
PER_SECOND = 50
STEP = 250
"""Results sent between two checks of whether all details are purged."""
BODIES = 2_000
"""Number of different answers."""
BUDGET = 20
"""Seconds per job, as in batches/jobs.py."""


def purge(begin):
    """Purge all answers from before `begin`, as the worker does. Run this in a new process."""
    import django  # noqa: PLC0415 - in a new process

    django.setup()
    from batches import jobs, retention  # noqa: F401, PLC0415 - jobs registers what is purged

    while not retention.purge_expired(begin + timedelta(days=DAYS), BUDGET):
        pass


def file_while(is_going, port, calls, positions):
    """File results at the vendor's pace, a step at a time. Return the latencies."""
    latencies = []
    while is_going():
        start = next(positions)
        outcome = drive(port, calls, range(start, start + STEP), 32, PER_SECOND)
        assert set(outcome.statuses[start : start + STEP]) == {200}
        latencies += outcome.latencies
    return latencies


def measure(people, calls):
    from django.utils import timezone  # noqa: PLC0415 - once Django is set up

    fill_database(len(calls), answered=people)
    begin, positions = timezone.now(), count(0, STEP)
    with running(OURS) as (port, _):
        file_while(iter([True] * 2 + [False]).__next__, port, calls, positions)
        alone = file_while(iter([True] * 6 + [False]).__next__, port, calls, positions)
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
    os.environ["RESULT_RETENTION_DAYS"] = str(DAYS)
    # As many as arrive while 500 people per second are purged.
    calls = Calls(20_000 + options.people // 500 * PER_SECOND, BODIES)
    with run_postgres():
        alone, during, seconds = measure(options.people, calls)
    print(f"| {PER_SECOND} results per second | p50 ms | p99 ms | longest ms |\n|---|--:|--:|--:|")
    for name, latencies in (("nothing else", alone), (f"{options.people:,} people purged meanwhile", during)):
        cells = [f"{1000 * percentile(latencies, share):.1f}" for share in (0.5, 0.99, 1)]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n{options.people / seconds:,.0f} people per second were purged.")


if __name__ == "__main__":
    main()
