"""Compare how fast results are filed in databases of ten million and of ten thousand items. See docs/performance.md."""

import argparse
import os
import statistics
import sys

from bench.support.database import fill_database, run, run_postgres
from bench.support.load import Calls, drive
from bench.webhooks import OURS, WARM_UP, running, verify


def use_database(name):
    """Switch to another database of the server, for Django in this process and for new processes."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    connection.close()
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name


def measure_speed(calls, positions):
    """Return the results per second at saturation. Check that none was refused."""
    with running(OURS) as (port, _):
        drive(port, calls, range(positions.start, positions.start + WARM_UP))
        outcome = drive(port, calls, range(positions.start + WARM_UP, positions.stop))
    assert set(outcome.statuses[positions.start + WARM_UP : positions.stop]) == {200}
    return outcome.per_second


def main():
    parser = argparse.ArgumentParser(prog="script/bench growth", description=__doc__)
    parser.add_argument("--small", type=int, default=10_000, help="Items in the small database.")
    parser.add_argument(
        "--large", type=int, default=10_000_000, help="Answered items that the large database contains from the start."
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    small_calls = Calls(options.small, options.small)
    large_calls = Calls(options.small * options.rounds, options.small)
    with run_postgres():
        use_database("template1")
        run("CREATE DATABASE small TEMPLATE postgres")
        use_database("postgres")
        fill_database(len(large_calls), answered=options.large)
        [[size]] = run("SELECT pg_size_pretty(pg_database_size('postgres'))")
        print(f"The large database takes {size}.", file=sys.stderr, flush=True)
        speeds = {"small": [], "large": []}
        for number in range(options.rounds):
            use_database("small")
            fill_database(len(small_calls))
            speeds["small"].append(measure_speed(small_calls, range(len(small_calls))))
            use_database("postgres")
            run("CHECKPOINT")
            positions = range(number * options.small, (number + 1) * options.small)
            speeds["large"].append(measure_speed(large_calls, positions))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        verify(OURS, large_calls, len(large_calls))
    ratios = [large / small for small, large in zip(speeds["small"], speeds["large"], strict=True)]
    print("| items stored | results per second: median (each) |\n|--:|--:|")
    for count, name in ((options.small, "small"), (options.large, "large")):
        rounds = ", ".join(f"{speed:.0f}" for speed in speeds[name])
        print(f"| {count:,} | {statistics.median(speeds[name]):.0f} ({rounds}) |")
    print(f"| ratio | {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)}) |")


if __name__ == "__main__":
    main()
