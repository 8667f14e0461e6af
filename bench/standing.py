"""Measure how quickly a million numbers, and a single one, are compared with scrub files of five million lines."""

import argparse
import time
from statistics import median

from bench.support.database import run, run_postgres

FIRST = 2_000_000_000
"""The first number. The others follow at intervals, so that both tables spread over the same range."""
FILES = 5
ROUNDS = 200
FILL = """
INSERT INTO batches_scrubline (number, source_id)
SELECT {first} + n::bigint * 37, {source} + n % {files} FROM generate_series(1, {lines}) n;
INSERT INTO batches_phonenumber (digits, last_seen, people, people_count, listed, listed_by, listed_reason, scrubs,
  has_calls, calls, found_at)
SELECT {first} + n::bigint * 111, '', '', 1, '', '', '', '', false, '[]', now() FROM generate_series(1, {numbers}) n;
ANALYZE;
"""


def measure(numbers, lines):
    """Return the seconds for all numbers, how many numbers changed, and the median of the seconds for one number."""
    from django.utils import timezone  # noqa: PLC0415 - once Django is set up, as below

    from batches.models import ScrubSource  # noqa: PLC0415
    from batches.numbers.refresh import refresh, refresh_scrubs  # noqa: PLC0415

    sources = [
        ScrubSource.objects.create(kind="registry", name=f"File {n}", as_of=timezone.localdate(), status="ready")
        for n in range(FILES)
    ]
    fill = FILL.format(first=FIRST, files=FILES, source=sources[0].pk, numbers=numbers, lines=lines)
    for statement in fill.strip().split(";\n"):
        run(statement)
    begun = time.perf_counter()
    changed = refresh_scrubs()
    seconds = time.perf_counter() - begun
    each = []
    for n in range(1, ROUNDS + 1):
        begun = time.perf_counter()
        refresh([FIRST + n * 111 * 37])
        each.append(time.perf_counter() - begun)
    return seconds, changed, median(each)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=5_000_000)
    options = parser.parse_args()
    with run_postgres():
        seconds, changed, one = measure(options.numbers, options.lines)
        print(f"{options.numbers:,} numbers against {options.lines:,} lines: {seconds:.1f} s, {changed:,} changed")
        print(f"one number: {1000 * one:.2f} ms (median of {ROUNDS})")
