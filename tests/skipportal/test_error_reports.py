"""Errors are reported to Sentry if that is configured, and nothing about a person leaves this computer."""

import gzip
import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.support.sinks import serve_sink

FAILURES = """
import logging, sys
import django
django.setup()
import sentry_sdk
from batches.log_context import in_log_context

person, phone = "Ada Abbott", "202-555-0148"
sentry_sdk.set_user({"username": person})
sentry_sdk.set_context("row", {"name": person})
sentry_sdk.set_tag("name", person)
sentry_sdk.add_breadcrumb(message=person)

class FullDiskError(Exception):
    sqlstate = "53100"

def read_row(name, cells):
    number = cells[0]
    raise FullDiskError(f"insert into people values ({name}, {number})")

def fail():
    try:
        read_row(person, [phone])
    except FullDiskError as error:
        raise ValueError(f"{person} has {phone}") from error

# On a busy machine, the last report may take longer than two seconds.
sentry_sdk.get_client().options["shutdown_timeout"] = 120
logger = logging.getLogger("batches.jobs")
try:
    fail()
except ValueError:
    with in_log_context(batch_id=17):
        logger.exception("Row %s failed.", person, extra={"row": person})
logging.getLogger("django.request").error("Failed: %s", f"/find/?q={person}", extra={"request": phone})
logging.getLogger("asyncio").error(f"Task exception was never retrieved: ValueError({person!r})")
sentry_sdk.flush(120)
fail()
"""


def run(code, tmp_path, **environment):
    environment = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "skipportal.settings",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True
    )


def read_events(bodies):
    """Return the reports in the envelopes that were received."""
    lines = [line for body in bodies for line in gzip.decompress(body).splitlines()]
    records = [json.loads(line) for line in lines if line.startswith(b"{")]
    return [record for record in records if "event_id" in record and "level" in record]


def test_a_report_says_what_failed_but_nothing_about_a_person(tmp_path):
    with serve_sink() as (port, received):
        process = run(FAILURES, tmp_path, SENTRY_DSN=f"http://key@127.0.0.1:{port}/1")
    assert process.stderr.endswith("ValueError: Ada Abbott has 202-555-0148\n")
    bodies = [body for _, body in received]
    sent = b"".join(gzip.decompress(body) for body in bodies)
    # Shorter digits are in some of the random ids.
    for secret in (b"Abbott", b"Ada", b"555-", b"insert into"):
        assert secret not in sent
    row, page, library, crash = read_events(bodies)
    assert row["logentry"] == {"message": "Row %s failed."}
    assert row["tags"] == {"batch_id": "17", "sqlstate": "53100"}
    assert {error["type"] for error in row["exception"]["values"]} == {"FullDiskError", "ValueError"}
    functions = [frame["function"] for error in row["exception"]["values"] for frame in error["stacktrace"]["frames"]]
    assert "read_row" in functions
    assert page["logentry"] == {"message": "Failed: %s"}
    assert library["logger"] == "asyncio"
    assert crash["exception"]["values"][-1]["type"] == "ValueError"


def test_without_a_setting_the_library_is_not_imported(tmp_path):
    code = "import sys, django; django.setup(); print('sentry_sdk' in sys.modules)"
    assert run(code, tmp_path).stdout == "False\n"


@pytest.mark.parametrize("dsn", ["http://key@sentry.example.com/1", "https://sentry.example.com/1", "key"])
def test_an_address_that_cannot_be_right_is_refused_without_repeating_it(tmp_path, dsn):
    process = run("from skipportal import settings", tmp_path, SENTRY_DSN=dsn)
    assert "SENTRY_DSN must look like" in process.stderr
    assert dsn not in process.stderr
