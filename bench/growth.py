"""How fast results are filed behind ten million stored ones, beside ten thousand. See docs/performance.md."""

import argparse
import os
import statistics
import sys

from bench.support.database import ground, lay_out, run
from bench.support.load import Calls, drive
from bench.webhooks import OURS, WARM_UP, running, verify


def use(name):
    """Another database of the same server, for Django here and for what is started."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    connection.close()
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name


def race(calls, positions):
    with running(OURS) as (port, _):
        drive(port, calls, range(positions.start, positions.start + WARM_UP))
        outcome = drive(port, calls, range(positions.start + WARM_UP, positions.stop))
    assert set(outcome.statuses[positions.start + WARM_UP : positions.stop]) == {200}
    return outcome.per_second


def main():
    parser = argparse.ArgumentParser(prog="script/bench growth", description=__doc__)
    parser.add_argument("--small", type=int, default=10_000, help="Items in the small database.")
    parser.add_argument("--large", type=int, default=10_000_000, help="Items in the large one, answered but for these.")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    few, many = Calls(options.small, options.small), Calls(options.small * options.rounds, options.small)
    with ground():
        use("template1")
        run("CREATE DATABASE small TEMPLATE postgres")
        use("postgres")
        lay_out(len(many), answered=options.large)
        [[size]] = run("SELECT pg_size_pretty(pg_database_size('postgres'))")
        print(f"The large database has {size}.", file=sys.stderr, flush=True)
        speeds = {"small": [], "large": []}
        for number in range(options.rounds):
            use("small")
            lay_out(len(few))
            speeds["small"].append(race(few, range(len(few))))
            use("postgres")
            run("CHECKPOINT")
            speeds["large"].append(race(many, range(number * len(few), (number + 1) * len(few))))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        verify(OURS, many, len(many))
    ratios = [large / small for small, large in zip(speeds["small"], speeds["large"], strict=True)]
    print("| items stored | results a second: median (each) |\n|--:|--:|")
    for count, name in ((options.small, "small"), (options.large, "large")):
        each = ", ".join(f"{speed:.0f}" for speed in speeds[name])
        print(f"| {count:,} | {statistics.median(speeds[name]):.0f} ({each}) |")
    print(f"| ratio | {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)}) |")


if __name__ == "__main__":
    main()
