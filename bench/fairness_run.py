"""A list of 60 started behind a list of 20,000, at the vendor's 50 answers a second. See docs/reliability.md."""

import argparse
import contextlib
import csv
import json
import shutil
import time

from tests.portal import Portal, Vendor, make_database
from tests.services import Postgres, Redis, free_port, make_directory

PER_SECOND = 50


def main():
    parser = argparse.ArgumentParser(prog="bench/fairness", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--long", type=int, default=20_000, help="People in the long list.")
    parser.add_argument("--short", type=int, default=60, help="People in the short list.")
    parser.add_argument("--after", type=float, default=60, help="Seconds until the short list is started.")
    options = parser.parse_args()
    directory = make_directory()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        services = [Redis(directory), *([Postgres(directory)] if options.database == "postgresql" else [])]
        for service in services:
            stack.callback(service.stop)
            service.start()
        environment = {
            "REDIS_URL": services[0].address,
            "REALESTATEAPI_KEY": "a-key",
            "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}",
        }
        url = make_database(services[1].address) if len(services) > 1 else None
        portal = Portal(directory / "v", url, **environment)
        stack.callback(portal.stop)
        portal.start()
        vendor = Vendor(portal, "--qps", str(PER_SECOND))
        stack.callback(vendor.stop)
        print(json.dumps(measure(portal, vendor, directory, options), indent=2))


def measure(portal, vendor, directory, options):
    started = trace(portal, directory, "long", options.long)
    time.sleep(max(options.after - (time.time() - started), 0))
    waiting = trace(portal, directory, "short", options.short)
    limit = time.monotonic() + 2 * (options.long + options.short) / PER_SECOND + 60
    while portal.ask("Upload.objects.exclude(status='complete').count()"):
        assert time.monotonic() < limit, "The lists take twice as long as they should."
        time.sleep(5)
    elapsed = portal.ask("{u.name: (u.completed_at - u.started_at).total_seconds() for u in Upload.objects.all()}")
    return {
        "database": options.database,
        "short list: people": options.short,
        "short list: seconds from start to complete": round(elapsed["short"], 1),
        "first in, first out it would have taken": round(
            (options.long + options.short) / PER_SECOND - (waiting - started), 1
        ),
        "long list: people": options.long,
        "both lists: seconds": round(elapsed["long"], 1),
        "both lists: people / answers a second": round((options.long + options.short) / PER_SECOND, 1),
        "vendor idle between first and last batch, seconds": round(vendor.books("state")["idle"], 2),
    }


def trace(portal, directory, name, people):
    """Start a list. Gives when it was started."""
    path = directory / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
        writer.writerows(["Ada", "Abbott", f"{n} {name} St", "Herndon", "VA", "20170"] for n in range(people))
    begin = time.time()
    portal.trace(path, "--name", name)
    return begin


if __name__ == "__main__":
    main()
