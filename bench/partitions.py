"""Compare how fast results are filed in databases with and without partitions. See docs/performance.md."""

import argparse
import statistics
import sys

from bench.growth import measure_speed, use_database
from bench.support.database import fill_database, run, run_postgres
from bench.support.load import FIRST_KEY, Calls
from bench.webhooks import OURS, verify


def partition_database(count):
    """Give the tables of people `count` partitions of the usual size, without the rest.

    As in real use, the people who wait for an answer are in one of them.
    """
    from batches import partitions  # noqa: PLC0415 - once Django is set up

    run(f"SELECT setval(pg_get_serial_sequence('batches_item', 'id'), {FIRST_KEY - 1})")
    partitions.partition()
    for table in partitions.TABLES:
        bounds = partitions.read_bounds(table)
        _, end = max(bounds)
        for number in range(count - len(bounds)):
            begin = end + number * partitions.PEOPLE
            partitions.add_partition(table, (begin, begin + partitions.PEOPLE))


def main():
    parser = argparse.ArgumentParser(prog="script/bench partitions", description=__doc__)
    parser.add_argument("--results", type=int, default=20_000, help="Results in each run, each for a different person.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partitions", type=int, nargs="+", default=[3, 100], help="At least 2.")
    options = parser.parse_args()
    calls = Calls(options.results, options.results)
    counts = {"whole": 0} | {f"of_{count}": count for count in options.partitions}
    speeds = {name: [] for name in counts}
    with run_postgres():
        use_database("template1")
        for name in counts:
            run(f"CREATE DATABASE {name} TEMPLATE postgres")
        for name, count in counts.items():
            if count:
                use_database(name)
                partition_database(count)
        for number in range(options.rounds):
            for name, measured in speeds.items():
                use_database(name)
                fill_database(len(calls))
                measured.append(measure_speed(calls, range(len(calls))))
                verify(OURS, calls, len(calls))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    print("| partitions | results per second: median (each) | ratio to the whole table: median (each) |\n|--:|--:|--:|")
    for name, measured in speeds.items():
        ratios = [speed / whole for whole, speed in zip(speeds["whole"], measured, strict=True)]
        print(
            f"| {counts[name] or 'none'} | {statistics.median(measured):.0f} "
            f"({', '.join(f'{speed:.0f}' for speed in measured)}) | {statistics.median(ratios):.2f} "
            f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}) |"
        )


if __name__ == "__main__":
    main()
