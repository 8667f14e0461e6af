"""Measure how soon small lists reach the vendor after Start, and are complete after their last answer."""

import argparse
import json
import random
import sqlite3
import statistics
import time
from contextlib import closing

import psycopg
import requests

from bench.support.environment import run_system, trace, write_list

PER_SECOND = 50
"""Answers per second from the vendor."""
MAX_SECONDS = 300
"""Seconds within which a small list must be complete."""
LONGEST_PAUSE = 2.0
"""Seconds between two lists, at most, so that they meet the clock at any point of its second."""
SETUP = """
from django.core.files import File
from django.test import Client
from batches.intake import row_import, uploads
from batches.intake.trace_settings import TraceSettings
def make_ready(path, name):
    with open(path, "rb") as file:
        upload = uploads.receive(File(file, name="people.csv"), None, name)
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), None)
    row_import.check_rows(upload.pk)
    return upload.pk
def log_in():
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(get_user_model().objects.create_superuser("bench"))
    return client.cookies["sessionid"].value
"""
"""Functions for the portal's shell."""
CSRF_TOKEN = "a" * 32
FIRST_ACKNOWLEDGED = "Batch.objects.filter(upload={0}).aggregate(at=models.Min('acknowledged_at'))['at'].timestamp()"
LAST_ANSWERED = "Item.objects.filter(upload={0}).aggregate(at=models.Max('answered_at'))['at'].timestamp()"


def main():
    parser = argparse.ArgumentParser(prog="script/bench reaction", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--lists", type=int, default=20, help="Small lists, one after the other.")
    parser.add_argument("--people", type=int, default=20, help="People in each of them.")
    parser.add_argument("--beside", type=int, default=0, help="People in a long list that runs at the same time.")
    options = parser.parse_args()
    with run_system(options.database, PER_SECOND) as (portal, _):
        print(json.dumps(measure(portal, options), indent=2))


def measure(portal, options):
    portal.do(SETUP)
    session_key = portal.ask("log_in()")
    headers = {"x-csrftoken": CSRF_TOKEN, "cookie": f"sessionid={session_key}; csrftoken={CSRF_TOKEN}"}
    names = [f"small {number}" for number in range(options.lists)]
    lists = [portal.ask(f"make_ready({str(write_list(portal, name, options.people))!r}, {name!r})") for name in names]
    if options.beside:
        trace(portal, "long", options.beside)
    rng, to_vendor, to_end = random.Random(1), [], []
    with closing(connect(portal)) as database:
        for upload_id in lists:
            time.sleep(rng.uniform(0, LONGEST_PAUSE))
            started_at = time.time()
            reply = requests.post(
                f"{portal.address}/uploads/{upload_id}/start/", headers=headers, allow_redirects=False, timeout=60
            )
            assert reply.status_code == requests.codes.found, reply.status_code
            completed_at = wait_until_complete(database, upload_id)
            to_vendor.append(portal.ask(FIRST_ACKNOWLEDGED.format(upload_id)) - started_at)
            to_end.append(completed_at - portal.ask(LAST_ANSWERED.format(upload_id)))
    return {
        "database": options.database,
        "people in each list": options.people,
        "people in the list beside them": options.beside,
        "seconds from the call that starts a list until the vendor has acknowledged its first batch": show(to_vendor),
        'seconds from the last answer until the database shows "complete"': show(to_end),
    }


def connect(portal):
    """Return a connection of our own to the portal's database, so that asking costs the portal next to nothing."""
    if address := portal.environment.get("DATABASE_URL"):
        return psycopg.connect(address, autocommit=True)
    return sqlite3.connect(portal.directory / "skipportal.sqlite3", isolation_level=None)


def wait_until_complete(database, upload_id):
    """Return the time when a list was first seen to be complete."""
    query = f"SELECT status FROM batches_upload WHERE id = {upload_id:d}"
    deadline = time.monotonic() + MAX_SECONDS
    while database.execute(query).fetchone() != ("complete",):
        assert time.monotonic() < deadline, "A small list is not complete."
        time.sleep(0.01)
    return time.time()


def show(seconds):
    return {
        "median": round(statistics.median(seconds), 2),
        "worst": round(max(seconds), 2),
        "each": [round(each, 2) for each in seconds],
    }


if __name__ == "__main__":
    main()
