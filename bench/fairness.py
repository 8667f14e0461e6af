"""Measure how long a short list takes if it is started while a long one runs. See docs/reliability.md."""

import argparse
import json
import time

from bench.support.environment import run_system, trace, wait_until_complete

PER_SECOND = 50
"""Answers per second from the vendor."""


def main():
    parser = argparse.ArgumentParser(prog="script/bench fairness", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--long", type=int, default=20_000, help="People in the long list.")
    parser.add_argument("--short", type=int, default=60, help="People in the short list.")
    parser.add_argument("--after", type=float, default=60, help="Seconds until the short list is started.")
    options = parser.parse_args()
    with run_system(options.database, PER_SECOND) as (portal, vendor):
        print(json.dumps(measure(portal, vendor, options), indent=2))


def measure(portal, vendor, options):
    total = options.long + options.short
    long_started_at = trace(portal, "long", options.long)
    time.sleep(max(options.after - (time.time() - long_started_at), 0))
    short_started_at = trace(portal, "short", options.short)
    elapsed = wait_until_complete(portal, 2 * total / PER_SECOND + 60)
    return {
        "database": options.database,
        "short list: people": options.short,
        "short list: seconds from start to complete": round(elapsed["short"], 1),
        "short list: seconds if lists were traced in turn": round(
            total / PER_SECOND - (short_started_at - long_started_at), 1
        ),
        "long list: people": options.long,
        "both lists: seconds": round(elapsed["long"], 1),
        "both lists: people / answers per second": round(total / PER_SECOND, 1),
        "vendor idle between first and last batch, seconds": round(vendor.books("state")["idle"], 2),
    }


if __name__ == "__main__":
    main()
