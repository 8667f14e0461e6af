"""Processes refuse to start behind a connection pool that would lose results."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.portal import ROOT, Portal, make_portal
from tests.support.services import MAX_WAIT, PgBouncer, free_port

POOL_REFUSED_MESSAGE = (
    "DATABASE_URL goes through a connection pool that breaks prepared statements (PgBouncer in transaction mode)"
)


@pytest.fixture
def pooled_portal(short_directory):
    """Return a portal whose database is behind a pool that may use another connection for each transaction."""
    if not os.environ["DATABASE_URL"].startswith("postgres") or not shutil.which("pgbouncer"):
        pytest.skip("Needs PostgreSQL and PgBouncer.")
    direct_portal = make_portal(short_directory / "v", REALESTATEAPI_KEY="a-key")
    host, port = re.search(r"@([^:/]+):(\d+)/", direct_portal.environment["DATABASE_URL"]).groups()
    bouncer = PgBouncer(short_directory, host, port, "transaction", pool_size=10)
    bouncer.start()
    url = direct_portal.environment["DATABASE_URL"].replace(f":{port}/", f":{bouncer.port}/")
    yield Portal(direct_portal.directory, url, REALESTATEAPI_KEY="a-key")
    bouncer.stop()


def test_the_supervisor_does_not_start_behind_a_pool_that_breaks_prepared_statements(pooled_portal):
    with pytest.raises(AssertionError, match=re.escape(POOL_REFUSED_MESSAGE)):
        pooled_portal.start()
    assert pooled_portal.list_processes() == {}


def test_a_receiver_does_not_start_behind_a_pool_that_breaks_prepared_statements(pooled_portal):
    environment = pooled_portal.environment | {"PORT": str(free_port())}
    command = [sys.executable, "-m", "skipportal.process", "receiver"]
    options = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": MAX_WAIT}
    result = subprocess.run(command, **options)
    assert result.returncode != 0
    assert POOL_REFUSED_MESSAGE in result.stdout + result.stderr
