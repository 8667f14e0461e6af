"""Processes refuse to start if results would be lost."""

import os
import re
import shutil
import subprocess

import pytest

from tests.faults.operating import find_receiver_command
from tests.support.portal import ROOT, Portal, make_portal
from tests.support.services import PgBouncer, free_port

POOL_BREAKS = (
    "DATABASE_URL goes through a connection pool that breaks prepared statements (PgBouncer in transaction mode)"
)


@pytest.fixture
def pooled_portal(short_directory):
    """A portal whose database is behind a pool that gives each transaction another connection."""
    if not os.environ["DATABASE_URL"].startswith("postgres") or not shutil.which("pgbouncer"):
        pytest.skip("Needs PostgreSQL and PgBouncer.")
    direct = make_portal(short_directory / "v", REALESTATEAPI_KEY="a-key")
    host, port = re.search(r"@([^:/]+):(\d+)/", direct.environment["DATABASE_URL"]).groups()
    bouncer = PgBouncer(short_directory, host, port, "transaction", pool_size=10)
    bouncer.start()
    url = direct.environment["DATABASE_URL"].replace(f":{port}/", f":{bouncer.port}/")
    yield Portal(direct.directory, url, REALESTATEAPI_KEY="a-key")
    bouncer.stop()


def test_no_process_starts_behind_a_pool_that_breaks_statements(pooled_portal):
    with pytest.raises(AssertionError, match=re.escape(POOL_BREAKS)):
        pooled_portal.start()
    assert pooled_portal.processes() == {}


def test_a_separate_receiver_does_not_start_behind_such_a_pool(pooled_portal):
    options = {"cwd": ROOT, "env": pooled_portal.environment, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run(find_receiver_command(pooled_portal, free_port()), **options)
    assert done.returncode != 0
    assert POOL_BREAKS in done.stdout + done.stderr
