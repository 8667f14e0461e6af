"""Writes that must not be lost, through a database that is away for a moment; and many of them at once."""

from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg import Cursor
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

PAUSE = 0.25
"""Seconds between two tries."""


def store(write, seconds):
    """Run `write`, one statement or one transaction, and retry it while the database is away.

    Returns what it returns, and raises the database's error after so many seconds. By then a restart, a deadlock or a
    long lock is over.
    """
    tries = Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        wait=wait_fixed(PAUSE),
        stop=stop_after_delay(seconds),
        before_sleep=lambda _: drop_connection(),
        reraise=True,
    )
    return tries(write)


def drop_connection():
    """Close the connection, so that the next try opens one. Inside the caller's transaction nothing can be saved."""
    if not connection.in_atomic_block:
        connection.close()


def connect(lock_wait):
    """Return a working connection, for threads that serve no request; a failed or old one is opened anew.

    On PostgreSQL, rows that are locked are waited for `lock_wait` seconds; on SQLite for as long as the settings say.
    """
    if connection.in_atomic_block:
        return
    connection.close_if_unusable_or_obsolete()
    if connection.connection is None and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{lock_wait}s"])


def write_each(writes):
    """Run statements, each with its values (name → value), in one transaction. Return how many rows each has changed.

    On PostgreSQL they are prepared, their values are not copied into their text, and the transaction costs one wait
    for the server and one for its disk, however many there are.
    """
    if connection.vendor == "postgresql":
        return write_piped(writes)
    with transaction.atomic(), connection.cursor() as cursor:
        return [cursor.execute(statement, adapt(values)).rowcount for statement, values in writes]


def adapt(values):
    """Convert times to the form that Django's own columns keep."""
    adapt_time = connection.ops.adapt_datetimefield_value
    return {name: adapt_time(value) if isinstance(value, datetime) else value for name, value in values.items()}


def write_piped(writes):
    connection.ensure_connection()
    # Django forbids preparing.
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
        # Else the connection would remember the last hundred of Django's own statements, strays and all.
        connection.connection.prepare_threshold = None


def insert(table, columns, rows, only_if):
    """Insert rows, tuples of what `columns` hold, and run `only_if` in the same transaction.

    If `only_if` returns False, nothing is stored. Returns what it returns. Raises IntegrityError if a row exists
    already.

    PostgreSQL takes the rows by COPY while they are made; on SQLite they are made before its only write lock is taken.
    """
    is_postgres = connection.vendor == "postgresql"
    rows = rows if is_postgres else list(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        (copy_rows if is_postgres else insert_rows)(cursor, table, columns, rows)
        is_wanted = bool(only_if())
        if not is_wanted:
            transaction.set_rollback(True)
    return is_wanted


def copy_rows(cursor, table, columns, rows):
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def insert_rows(cursor, table, columns, rows):
    places = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of ours
    cursor.executemany(statement, rows)


def run_sql(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
