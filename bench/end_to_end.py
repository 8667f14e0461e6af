"""Measure how long a list takes from start to completion, over HTTP, at the vendor's pace. See docs/performance.md."""

import argparse
import json

from bench.support.environment import run_system, trace, wait_until_complete


def main():
    parser = argparse.ArgumentParser(prog="script/bench end_to_end", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--per-second", type=int, default=50, help="Answers per second from the vendor.")
    parser.add_argument("--in-flight", type=int, help="ITEMS_IN_FLIGHT, if not the default.")
    options = parser.parse_args()
    environment = {"ITEMS_IN_FLIGHT": str(options.in_flight)} if options.in_flight else {}
    with run_system(options.database, options.per_second, **environment) as (portal, vendor):
        trace(portal, "list", options.people)
        shortest = options.people / options.per_second
        elapsed = wait_until_complete(portal, 2 * shortest + 120)["list"]
        answered = portal.ask("Item.objects.aggregate(first=models.Min('answered_at'), last=models.Max('answered_at'))")
        portal.do("upload = Upload.objects.get(); batches = upload.batches.all()")
        to_vendor = "(batches.aggregate(at=models.Min('submitted_at'))['at'] - upload.started_at).total_seconds()"
        to_end = "(upload.completed_at - upload.items.aggregate(at=models.Max('answered_at'))['at']).total_seconds()"
        report = {
            "database": options.database,
            "people": options.people,
            "answers per second of the vendor": options.per_second,
            "people / answers per second": shortest,
            "seconds from start to complete": round(elapsed, 1),
            "ratio": round(elapsed / shortest, 3),
            "seconds from start to the first batch": round(portal.ask(to_vendor), 2),
            "seconds from the last answer to complete": round(portal.ask(to_end), 2),
            "first and last answer": answered,
            "vendor idle between first and last batch, seconds": round(vendor.books("state")["idle"], 2),
            "outcomes": portal.ask("dict(Item.objects.values_list('outcome').annotate(models.Count('id')).order_by())"),
            "unmatched": portal.ask("__import__('webhooks.models').models.UnmatchedDelivery.objects.count()"),
        }
        print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
