"""The time of the database, and connection pools that break prepared statements."""

import shutil
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.utils import timezone

from batches import database
from tests.support.services import PgBouncer


@pytest.fixture(autouse=True)
def _no_cached_check():
    """Clear what other tests have found out about prepared statements."""
    # A test may replace the function, so this one is kept.
    supports_prepared_statements = database.supports_prepared_statements
    supports_prepared_statements.cache_clear()
    yield
    supports_prepared_statements.cache_clear()


@pytest.mark.django_db
def test_the_time_of_the_database_is_read():
    assert abs(database.read_now() - timezone.now()) < timedelta(seconds=5)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [200, -200])
def test_a_wrong_system_time_is_noticed(monkeypatch, seconds):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=seconds))
    assert database.read_skew().total_seconds() == pytest.approx(seconds, abs=2)


class Session:
    """A database session whose statements raise these errors one after the other. None stands for success."""

    def __init__(self, *errors):
        self.errors = list(errors)

    def execute(self, _):
        if self.errors and (error := self.errors.pop(0)):
            raise error


@pytest.mark.parametrize(
    ("errors", "is_isolated"),
    [
        ([], True),
        ([psycopg.errors.DuplicatePreparedStatement()], False),
        ([None, None, psycopg.errors.InvalidSqlStatementName()], False),
    ],
)
def test_sessions_that_share_prepared_statements_are_detected(errors, is_isolated):
    assert database.have_own_statements(Session(), Session(*errors)) is is_isolated


@pytest.mark.django_db
def test_a_direct_connection_supports_prepared_statements():
    assert database.supports_prepared_statements()
    database.refuse_broken_pool()


@pytest.mark.django_db
def test_a_pool_that_breaks_prepared_statements_prevents_the_start(monkeypatch):
    monkeypatch.setattr(database, "supports_prepared_statements", lambda: False)
    with pytest.raises(ImproperlyConfigured, match="PgBouncer in transaction mode"):
        database.refuse_broken_pool()
    with pytest.raises(CommandError, match="PgBouncer in transaction mode"):
        call_command("prepare")


def test_an_unavailable_database_does_not_prevent_the_start(monkeypatch):
    def fail():
        raise OperationalError

    monkeypatch.setattr(database, "supports_prepared_statements", fail)
    database.refuse_broken_pool()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mode", "pool_size", "is_accepted"),
    [("session", 10, True), ("transaction", 1, False), ("transaction", 10, False), ("statement", 10, False)],
)
def test_pgbouncer_is_accepted_only_in_session_mode(short_directory, monkeypatch, mode, pool_size, is_accepted):
    if connection.vendor != "postgresql" or not shutil.which("pgbouncer"):
        pytest.skip("Needs PostgreSQL and PgBouncer.")
    server = connection.get_connection_params()
    bouncer = PgBouncer(short_directory, server["host"], server.get("port") or 5432, mode, pool_size)
    bouncer.start()
    params = server | {"host": "127.0.0.1", "port": bouncer.port}
    monkeypatch.setattr(connection, "get_connection_params", lambda: params)
    try:
        assert database.supports_prepared_statements() is is_accepted
    finally:
        bouncer.stop()


@pytest.mark.django_db
def test_postgresql_is_told_to_notice_within_ten_seconds_that_a_host_has_vanished():
    if connection.vendor != "postgresql":
        pytest.skip("Needs PostgreSQL.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name LIKE 'tcp%'")
        settings = dict(cursor.fetchall())
    probes = settings["tcp_keepalives_interval"] * settings["tcp_keepalives_count"]
    assert 0 < settings["tcp_keepalives_idle"] + probes < 10
    assert 0 < settings["tcp_user_timeout"] < 10_000


def test_a_database_error_is_logged_with_its_code_but_not_its_message():
    class DiskFullError(Exception):
        sqlstate = "53100"

    error = OperationalError("a row")
    assert database.name_error(error) == "OperationalError"
    error.__cause__ = DiskFullError()
    assert database.name_error(error) == "OperationalError (SQLSTATE 53100)"


@pytest.mark.django_db(transaction=True)
def test_queries_are_planned_for_their_first_rows_only_inside_the_block():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such settings")

    def read_settings():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('enable_hashjoin'), current_setting('enable_mergejoin')")
            return cursor.fetchone()

    before = read_settings()
    with database.plan_for_first_rows():
        assert read_settings() == ("off", "off")
    assert read_settings() == before


@pytest.mark.django_db
@pytest.mark.parametrize(("is_usable", "writes"), [(False, 2), (True, 1)])
def test_a_write_is_repeated_only_if_the_connection_that_was_kept_has_broken(monkeypatch, is_usable, writes):
    calls = []

    def write():
        calls.append(1)
        raise OperationalError

    monkeypatch.setattr(connections["default"], "is_usable", lambda: is_usable)
    with pytest.raises(OperationalError):
        database.use_kept_connection(write, lock_wait=1)
    assert len(calls) == writes
