"""Measure how long a list takes from start to completion, over HTTP, at the vendor's pace. See docs/performance.md."""

import argparse
import json
import os
from statistics import median

from bench.support.environment import run_system, trace, wait_until_complete, write_list
from bench.support.processes import read_processor_seconds
from tests.support.vendor_accounts import add_accounts, make_keys, start_list, vendor_options

FIRST_SENT = "min(batch.acknowledged_at for batch in upload.batches.all())"
LAST_ANSWER = "upload.items.aggregate(at=models.Max('answered_at'))['at']"


def main():
    parser = argparse.ArgumentParser(prog="script/bench end_to_end", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--per-second", type=int, default=50, help="Answers per second and account.")
    parser.add_argument("--lists", type=int, default=1, help="Lists of this size, one after the other.")
    parser.add_argument("--accounts", type=int, default=0, help="Vendor accounts, each of which answers at that pace.")
    parser.add_argument("--in-flight", type=int, help="ITEMS_IN_FLIGHT, if not the default.")
    options = parser.parse_args()
    environment = {"ITEMS_IN_FLIGHT": str(options.in_flight)} if options.in_flight else {}
    keys = make_keys(options.accounts)
    load_before = round(os.getloadavg()[0], 1)
    with run_system(options.database, options.per_second, vendor_options(keys), **environment) as (portal, vendor):
        per_second = options.per_second * max(options.accounts, 1)
        shortest, elapsed, waits = options.people / per_second, [], []
        add_accounts(portal, keys, find_team=lambda _: "All")
        used_before = read_processor_seconds()
        for number in range(options.lists):
            if keys:
                path = write_list(portal, f"list {number}", options.people)
                start_list(portal, path, f"list {number}", team="All")
            else:
                trace(portal, f"list {number}", options.people)
            elapsed.append(wait_until_complete(portal, 2 * shortest + 120)[f"list {number}"])
            portal.do(f"upload = Upload.objects.get(name='list {number}')")
            to_vendor, to_end = f"{FIRST_SENT} - upload.started_at", f"upload.completed_at - {LAST_ANSWER}"
            waits.append([round(portal.ask(f"({wait}).total_seconds()"), 2) for wait in (to_vendor, to_end)])
        used = read_processor_seconds() - used_before
        answered = portal.ask("Item.objects.aggregate(first=models.Min('answered_at'), last=models.Max('answered_at'))")
        report = {
            "database": options.database,
            "people": options.people,
            "vendor accounts": options.accounts or 1,
            "answers per second of the vendor": per_second,
            "people / answers per second": shortest,
            "seconds from start to complete": [round(each, 1) for each in elapsed],
            "results per second": round(options.people / median(elapsed)),
            "processor ms per result": {
                kind: round(1_000 * seconds / options.people / options.lists, 3)
                for kind, seconds in used.most_common()
                if seconds
            },
            "load of the computer before and after": [load_before, round(os.getloadavg()[0], 1)],
            "ratio": round(median(elapsed) / shortest, 3),
            "seconds from start until the vendor has the first batch": [wait[0] for wait in waits],
            "seconds from the last answer to complete": [wait[1] for wait in waits],
            "first and last answer": answered,
            "vendor idle between first and last batch, seconds": round(vendor.books("state")["idle"], 2),
            "outcomes": portal.ask("dict(Item.objects.values_list('outcome').annotate(models.Count('id')).order_by())"),
            "unmatched": portal.ask("__import__('webhooks.models').models.UnmatchedDelivery.objects.count()"),
        }
        print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
