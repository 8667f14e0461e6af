"""Trace lists while an earlier commit's processes run on a database that this checkout has migrated.

This is what happens in the middle of a rolling upgrade: the schema is new, and old and new receivers, workers and
clocks do the same work. Reports how many deliveries were refused, lost or paid for twice, and fails if there were any.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

from tests.faults.environment import use_database_of
from tests.support.portal import ROOT, Portal, Vendor
from tests.support.services import Postgres, Redis, free_port, make_directory

DELIVERIES_PER_SECOND = 50
TIMEOUT = "300"


def main():
    parser = argparse.ArgumentParser(prog="script/compatibility", description=__doc__)
    parser.add_argument("commit", nargs="?", default="HEAD~1", help="The earlier commit. Default: the previous one.")
    parser.add_argument("--people", type=int, default=600, help="The length of each of the two lists.")
    options = parser.parse_args()
    with make_system(options.commit) as (old, new, vendor):
        lists = [make_list(old.directory / f"{name}.csv", name, options.people) for name in ("Old", "New")]
        report("The earlier commit traces a list on the new schema.")
        alone = finish(old, lists[0])
        report("Both commits trace a list together.")
        new.start()
        together = finish(new, lists[1])
        faults = find_faults(vendor, new, [alone, together])
    report(*faults or ["0 refused, 0 lost, 0 paid for twice."])
    sys.exit(bool(faults))


@contextmanager
def make_system(commit):
    """Migrate a database with this checkout, and start the earlier commit's processes on it."""
    directory = make_directory()
    checkout = directory / "checkout"
    subprocess.run(["git", "worktree", "add", "-q", "--detach", checkout, commit], cwd=ROOT, check=True)
    redis, postgres = Redis(directory), Postgres(directory)
    environment = {
        "REDIS_URL": redis.address,
        "REALESTATEAPI_KEY": "a-key",
        "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}",
        "SECRET_KEY": "the-same-on-both-hosts-and-long-enough",
    }
    old, new = (Portal(directory / name, postgres.address, **environment) for name in ("old", "new"))
    old.root = checkout
    # Uploaded files are shared, as on several hosts.
    (directory / "files").mkdir()
    for portal in (old, new):
        portal.directory.mkdir()
        (portal.directory / "files").symlink_to(directory / "files")
    stopping = [postgres, redis]
    try:
        for service in (redis, postgres):
            service.start()
        migrated = new.manage("prepare")
        assert migrated.returncode == 0, migrated.stderr
        stopping = [new, old, *stopping]
        vendor = Vendor(new, "--qps", DELIVERIES_PER_SECOND, "--store", directory / "vendor.sqlite3")
        stopping.append(vendor)
        old.start()
        yield old, new, vendor
    finally:
        for each in stopping:
            each.stop()
        subprocess.run(["git", "worktree", "remove", "--force", checkout], cwd=ROOT, check=True)
        shutil.rmtree(directory, ignore_errors=True)


def make_list(path, name, length):
    """Write a list of invented people who are in no other list."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
        writer.writerows(["Ada", "Abbott", f"{number} {name} St", "Herndon", "VA", "20170"] for number in range(length))
    return path


def finish(portal, path):
    """Start a list in a portal's own code and wait until it is complete. Return its number."""
    began = time.monotonic()
    summary = portal.trace(path, "--wait", "--timeout", TIMEOUT)
    report(f"List {summary['upload']}: {summary['status']} after {time.monotonic() - began:.0f} s.")
    return summary["upload"]


def find_faults(vendor, portal, lists):
    """Return a sentence for each fault, from the vendor's records and the database."""
    use_database_of(portal)
    from batches.models import Upload  # noqa: PLC0415 - needs Django
    from tests.faults.checks import Audit  # noqa: PLC0415 - needs Django

    items = vendor.books("items")
    refused = sum(record["status"] != 200 for record in items)
    audit = Audit(Upload.objects.filter(pk__in=lists), vendor, 0)
    faults = list(audit.faults)
    if refused:
        faults.append(f"{refused} of {len(items)} deliveries were refused.")
    report(f"{len(items)} people were sent, {refused} deliveries refused, {audit.missing} answers missing.")
    return faults


def report(*lines):
    for line in lines:
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
