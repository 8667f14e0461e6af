"""Measure how many numbers per second are loaded from scrub files with one number per line, and with columns.

See docs/performance.md. Compare with the rows per second of `script/bench intake`.
"""

import argparse
import os
import sys
import time

from bench.intake import run_sqlite
from bench.support.database import run_postgres
from bench.support.processes import run_in_new_process


def write_flat(path, count):
    """Write a file like the national registry's: sorted, area code and number."""
    with path.open("w") as file:
        file.writelines(f"{200 + number // 1_000_000},{5_000_000 + number % 1_000_000}\n" for number in range(count))


def write_columns(path, count):
    """Write a list of litigators, with a phone among other columns."""
    with path.open("w") as file:
        file.write("Name,Phone,Case\n")
        file.writelines(
            f"Ada Abbott,(703) {500 + number // 10_000}-{number % 10_000:04},{number}\n" for number in range(count)
        )


def load(path):
    """Load a file. Return the seconds that it took."""
    from datetime import date  # noqa: PLC0415

    from django.core.files import File  # noqa: PLC0415 - once Django is set up, as below

    from batches.intake import scrub_files  # noqa: PLC0415
    from batches.numbers import scrubs  # noqa: PLC0415
    from batches.statuses import ScrubKind  # noqa: PLC0415

    with path.open("rb") as file:
        details = scrub_files.ScrubDetails(ScrubKind.REGISTRY, path.stem, date(2026, 11, 1))
        source = scrub_files.receive(File(file, path.name), details, None)
    begin = time.perf_counter()
    scrubs.work_on(source.pk)
    seconds = time.perf_counter() - begin
    source.refresh_from_db()
    assert source.status == "ready", source.problem
    return seconds


def measure(database, count):
    with run_sqlite() if database == "sqlite" else run_postgres() as location:
        directory = location if database == "sqlite" else location[0]
        for name, write in (("one number per line", write_flat), ("in columns", write_columns)):
            path = directory / f"{write.__name__}.txt"
            # The numbers of the litigators allow no longer file.
            size = count if write is write_flat else min(count, 1_000_000)
            write(path, size)
            seconds, memory = run_in_new_process(load, path)
            print(f"| {database} | {name} | {size:,} | {size / seconds:,.0f} | {memory / 2**20:,.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="script/bench scrubs", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--numbers", type=int, default=5_000_000)
    options = parser.parse_args()
    os.environ["MAX_UPLOAD_BYTES"] = str(10**9)
    print("| database | file | numbers | numbers per second | peak MiB |\n|---|---|--:|--:|--:|", file=sys.stdout)
    for database in options.database or ["postgresql", "sqlite"]:
        measure(database, options.numbers)


if __name__ == "__main__":
    main()
