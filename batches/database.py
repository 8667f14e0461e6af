"""Write to the database, through short outages and in bulk, read its clock, and ask several questions at once."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as StorageError
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet, Value
from django.utils import timezone
from psycopg import Cursor
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

RETRY_PAUSE = 0.25
"""Seconds between attempts."""
PREPARE_ROUNDS = 5
"""How many times prepared statements are tried, because a pool does not change a session's connection every time."""
DEAD_CLIENT = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "9000",
}
"""With these settings, PostgreSQL ends a session whose host has vanished, and releases its locks, within nine seconds
instead of two hours. A proxy gives its deliveries to another host after 15 s, which needs the same locks."""
BROKEN_POOL = (
    "DATABASE_URL goes through a connection pool that breaks prepared statements (PgBouncer in transaction mode). "
    "Connect to PostgreSQL directly, or use session mode."
)
UNREACHABLE = "The database cannot be reached, or refuses the login. Check DATABASE_URL and that it runs."


Result = TypeVar("Result")


def retry_write(write: Callable[[], Result], seconds: float) -> Result:
    """Run `write`, one statement or one transaction, and retry it while the database is unavailable.

    Return its result. Raise the database's error after `seconds`; by then a restart, a deadlock or a long lock is over.
    """
    tries = Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        wait=wait_fixed(RETRY_PAUSE),
        stop=stop_after_delay(seconds),
        before_sleep=lambda _: drop_connection(),
        reraise=True,
    )
    return tries(write)


def drop_connection() -> None:
    """Close the connection, so that the next attempt opens a new one, unless it is in the caller's transaction."""
    if not connection.in_atomic_block:
        connection.close()


def name_error(error: BaseException) -> str:
    """Return the class of a database error for the log, with PostgreSQL's code (SQLSTATE) if there is one.

    The code says whether the disk is full, the login refused or a table locked. The message may contain a row.
    """
    state = getattr(error.__cause__, "sqlstate", None)
    return f"{type(error).__name__} (SQLSTATE {state})" if state else type(error).__name__


def find_filled(**querysets: QuerySet[Any]) -> set[str]:
    """Return the names of those querysets that have rows, with one query."""
    first, *others = (rows.order_by().values_list(Value(name), flat=True) for name, rows in querysets.items())
    return set(first.union(*others))


def ensure_connection(lock_wait: float) -> None:
    """Give a thread that handles no requests a working connection. Replace a broken or old one.

    On PostgreSQL, statements wait for locked rows for `lock_wait` seconds; on SQLite for as long as the settings say.
    """
    if connection.in_atomic_block:
        return
    connection.close_if_unusable_or_obsolete()
    if connection.connection is None and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{lock_wait}s"])


def use_kept_connection(write: Callable[[], object], lock_wait: float) -> None:
    """Run `write` like after `ensure_connection`, without a query that asks whether the connection still works.

    If it turns out that it does not, run `write` again on a new one.
    """
    ensure_connection(lock_wait)
    # Django's name, which its type stubs lack.
    cast(Any, connection).health_check_done = True
    try:
        write()
    except StorageError:
        if connection.is_usable():
            raise
        drop_connection()
        ensure_connection(lock_wait)
        write()


def notice_dead_client(connection: Any, **_: object) -> None:
    """Tell PostgreSQL to notice soon if this host vanishes. Called for each new connection."""
    if connection.vendor == "postgresql":
        settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in DEAD_CLIENT.items())
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {settings}")


def write_each(writes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[int]:
    """Run statements, each with its parameters, in one transaction. Return how many rows each changed.

    On PostgreSQL the statements are prepared, the server binds their parameters, and the transaction waits once for the
    server and once for its disk, however many statements there are.
    """
    if connection.vendor == "postgresql":
        return write_pipelined(writes)
    with transaction.atomic(), connection.cursor() as cursor:
        return [cursor.execute(statement, adapt_times(values)).rowcount for statement, values in writes]


def adapt_times(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert times to the form that Django stores."""
    adapt_time = connection.ops.adapt_datetimefield_value
    return {name: adapt_time(value) if isinstance(value, datetime) else value for name, value in values.items()}


def write_pipelined(writes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[int]:
    connection.ensure_connection()
    # Django turns prepared statements off.
    connection.connection.prepare_threshold = 0
    try:
        with connection.wrap_database_errors:
            if len(writes) == 1:
                return [Cursor(connection.connection).execute(*writes[0], prepare=True).rowcount]
            cursors = [Cursor(connection.connection) for _ in writes]
            with connection.connection.pipeline():
                for cursor, write in zip(cursors, writes, strict=True):
                    cursor.execute(*write, prepare=True)
            return [cursor.rowcount for cursor in cursors]
    finally:
        # Otherwise psycopg would prepare Django's own statements too, and keep deliveries that are part of their text.
        connection.connection.prepare_threshold = None


def bulk_insert(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], only_if: Callable[[], object]
) -> bool:
    """Insert rows, given as tuples of the values of `columns`, if `only_if` agrees in the same transaction.

    Return whether `only_if` returned something true; otherwise nothing is stored. Raise IntegrityError if a row exists
    already.

    PostgreSQL receives the rows by COPY while they are generated. On SQLite they are generated before its only
    write lock is acquired.
    """
    is_postgres = connection.vendor == "postgresql"
    store_rows = copy_rows if is_postgres else insert_rows
    rows = rows if is_postgres else list(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        store_rows(cursor, table, columns, rows)
        is_wanted = bool(only_if())
        if not is_wanted:
            transaction.set_rollback(True)
    return is_wanted


def copy_rows(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def insert_rows(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    placeholders = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({placeholders})"  # noqa: S608 - constant names
    cursor.executemany(statement, rows)


def run_sql(statement: str, values: Mapping[str, Any]) -> int:
    """Run a statement. Return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


FIRST_ROWS = "SET LOCAL jit = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


@contextmanager
def plan_for_first_rows() -> Iterator[None]:
    """Have PostgreSQL plan the queries of this block for their first rows: row by row, along indexes.

    It takes a condition that reads JSON to cost a thousand times as much as it does. So for one page, it would read
    whole tables into hashes, and compile the query.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(FIRST_ROWS)
        yield


# The clock


def read_now() -> datetime:
    """Return the time by the database's clock, the same for all hosts. With SQLite, it is this computer's clock."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def read_skew() -> timedelta:
    """Return how far this computer's clock is ahead of the database's."""
    asked = timezone.now()
    now = read_now()
    answered = timezone.now()
    return asked + (answered - asked) / 2 - now


# Connection pools


@cache
def supports_prepared_statements() -> bool:
    """Return whether a statement prepared in one transaction can be used in another. The result is cached.

    Raise the database's error while the database is unavailable.
    """
    if connection.vendor != "postgresql":
        return True
    options = connection.get_connection_params() | {"autocommit": True}
    with (
        connection.wrap_database_errors,
        closing(psycopg.connect(**options)) as first,
        closing(psycopg.connect(**options)) as second,
    ):
        return have_own_statements(first, second)


def have_own_statements(first: psycopg.Connection, second: psycopg.Connection) -> bool:
    """Return whether two sessions can each use their own prepared statement with the same name."""
    name = f"skipportal_{secrets.token_hex(8)}"
    try:
        for session in (first, second):
            session.execute(f"PREPARE {name} AS SELECT 1")
        for session in (first, second) * PREPARE_ROUNDS:
            session.execute(f"EXECUTE {name}")
    except (psycopg.errors.DuplicatePreparedStatement, psycopg.errors.InvalidSqlStatementName):
        return False
    return True


def is_reachable() -> bool:
    """Return whether the database accepts a connection and answers."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except StorageError:
        return False
    return True


def refuse_broken_pool() -> None:
    """Raise ImproperlyConfigured if a pool breaks prepared statements. Do nothing while the database is unavailable."""
    try:
        is_supported = supports_prepared_statements()
    except StorageError:
        return
    if not is_supported:
        raise ImproperlyConfigured(BROKEN_POOL)
