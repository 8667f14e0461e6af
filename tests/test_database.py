import shutil
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from batches import database
from tests.support.services import PgBouncer


@pytest.fixture(autouse=True)
def _empty_cache():
    is_kept = database.supports_prepared_statements
    is_kept.cache_clear()
    yield
    is_kept.cache_clear()


@pytest.mark.django_db
def test_the_clock_of_the_database_is_read():
    assert abs(database.read_now() - timezone.now()) < timedelta(seconds=5)


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [200, -200])
def test_a_wrong_clock_is_noticed(monkeypatch, seconds):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=seconds))
    assert database.read_skew().total_seconds() == pytest.approx(seconds, abs=2)


class Session:
    """A session whose statements fail as configured."""

    def __init__(self, *errors):
        self.errors = list(errors)

    def execute(self, _):
        if self.errors and (error := self.errors.pop(0)):
            raise error


@pytest.mark.parametrize(
    ("errors", "is_kept"),
    [
        ([], True),
        ([psycopg.errors.DuplicatePreparedStatement()], False),
        ([None, None, psycopg.errors.InvalidSqlStatementName()], False),
    ],
)
def test_a_changing_session_is_detected(errors, is_kept):
    assert database.can_isolate(Session(), Session(*errors)) is is_kept


@pytest.mark.django_db
def test_a_direct_connection_keeps_prepared_statements():
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
    ("mode", "pool_size", "is_kept"),
    [("session", 10, True), ("transaction", 1, False), ("transaction", 10, False), ("statement", 10, False)],
)
def test_pgbouncer_is_accepted_only_in_session_mode(short_directory, monkeypatch, mode, pool_size, is_kept):
    if connection.vendor != "postgresql" or not shutil.which("pgbouncer"):
        pytest.skip("Needs PostgreSQL and PgBouncer.")
    server = connection.get_connection_params()
    bouncer = PgBouncer(short_directory, server["host"], server.get("port") or 5432, mode, pool_size)
    bouncer.start()
    params = server | {"host": "127.0.0.1", "port": bouncer.port}
    monkeypatch.setattr(connection, "get_connection_params", lambda: params)
    try:
        assert database.supports_prepared_statements() is is_kept
    finally:
        bouncer.stop()
