"""A list of 60 started behind a list of 20,000, at the vendor's 50 answers a second. See docs/reliability.md."""

import argparse
import json
import time

from bench.support.environment import stage, trace, wait_for_the_end

PER_SECOND = 50


def main():
    parser = argparse.ArgumentParser(prog="script/bench fairness", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--long", type=int, default=20_000, help="People in the long list.")
    parser.add_argument("--short", type=int, default=60, help="People in the short list.")
    parser.add_argument("--after", type=float, default=60, help="Seconds until the short list is started.")
    options = parser.parse_args()
    with stage(options.database, PER_SECOND) as (portal, vendor):
        print(json.dumps(measure(portal, vendor, options), indent=2))


def measure(portal, vendor, options):
    everybody = options.long + options.short
    started = trace(portal, "long", options.long)
    time.sleep(max(options.after - (time.time() - started), 0))
    waiting = trace(portal, "short", options.short)
    elapsed = wait_for_the_end(portal, 2 * everybody / PER_SECOND + 60)
    return {
        "database": options.database,
        "short list: people": options.short,
        "short list: seconds from start to complete": round(elapsed["short"], 1),
        "first in, first out it would have taken": round(everybody / PER_SECOND - (waiting - started), 1),
        "long list: people": options.long,
        "both lists: seconds": round(elapsed["long"], 1),
        "both lists: people / answers a second": round(everybody / PER_SECOND, 1),
        "vendor idle between first and last batch, seconds": round(vendor.books("state")["idle"], 2),
    }


if __name__ == "__main__":
    main()
