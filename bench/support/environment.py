"""Run all of skipportal for a measurement, with a sandbox vendor that answers at a given pace."""

import csv
import shutil
import time
from contextlib import ExitStack, contextmanager

from tests.support.portal import Portal, Vendor, make_database
from tests.support.services import Postgres, Redis, free_port, make_directory


@contextmanager
def run_system(database, per_second, vendor_options=(), **environment):
    """Run everything that a portal needs. Yield the portal and the vendor."""
    directory = make_directory()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        redis = Redis(directory)
        stack.callback(redis.stop)
        redis.start()
        database_url = None
        if database == "postgresql":
            postgres = Postgres(directory, is_durable=True)
            stack.callback(postgres.stop)
            postgres.start()
            database_url = make_database(postgres.address)
        environment |= {
            "REDIS_URL": redis.address,
            "REALESTATEAPI_KEY": "a-key",
            "REALESTATEAPI_URL": f"http://127.0.0.1:{free_port()}",
        }
        # The name is short, because the paths of sockets below it must be.
        portal = Portal(directory / "v", database_url, **environment)
        stack.callback(portal.stop)
        portal.start()
        vendor = Vendor(portal, "--qps", str(per_second), *vendor_options)
        stack.callback(vendor.stop)
        yield portal, vendor


def trace(portal, name, people):
    """Start a list of `people` people. Return the start time."""
    path = write_list(portal, name, people)
    begin = time.time()
    portal.trace(path, "--name", name)
    return begin


def write_list(portal, name, people):
    """Write a list of `people` people. Return its path."""
    path = portal.directory / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
        writer.writerows(["Ada", "Abbott", f"{n} {name} St", "Herndon", "VA", "20170"] for n in range(people))
    return path


def wait_until_complete(portal, seconds):
    """Wait until all lists are complete. Return the seconds that each took, by name."""
    deadline = time.monotonic() + seconds
    while portal.ask("Upload.objects.exclude(status='complete').count()"):
        assert time.monotonic() < deadline, "The lists take twice as long as they should."
        time.sleep(5)
    return portal.ask("{u.name: (u.completed_at - u.started_at).total_seconds() for u in Upload.objects.all()}")
