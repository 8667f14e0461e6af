"""Writes that must not be lost, through a database that is away for a moment; and many of them at once."""

from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from psycopg import Cursor
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

PAUSE = 0.25
"""Seconds between two tries."""


def store(write, seconds):
    """Do `write`, which must be one statement or one transaction, and again while the database is away. Gives what it
    gives; raises the database's error after so many seconds. A restart, a deadlock or a lock held for long is over by
    then.
    """
    tries = Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        wait=wait_fixed(PAUSE),
        stop=stop_after_delay(seconds),
        before_sleep=drop_connection,
        reraise=True,
    )
    return tries(write)


def drop_connection(_):
    """The next try makes a new one. In a transaction of the caller's there is nothing to be saved any more."""
    if not connection.in_atomic_block:
        connection.close()


def write_each(statement, rows):
    """Run a statement once with each of the rows (name → value), in one transaction. Gives how many rows of the table
    each has changed.

    On PostgreSQL it is prepared, its values are not copied into its text, and one transaction costs one wait for the
    server and one for its disk, however many rows there are.
    """
    if connection.vendor == "postgresql":
        return write_piped(statement, rows)
    with transaction.atomic(), connection.cursor() as cursor:
        return [cursor.execute(statement, adapt(row)).rowcount for row in rows]


def adapt(row):
    """Times as Django's own columns keep them."""
    adapt_time = connection.ops.adapt_datetimefield_value
    return {name: adapt_time(value) if isinstance(value, datetime) else value for name, value in row.items()}


def write_piped(statement, rows):
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if len(rows) == 1:
            return [Cursor(connection.connection).execute(statement, rows[0], prepare=True).rowcount]
        cursors = [Cursor(connection.connection) for _ in rows]
        with connection.connection.pipeline():
            for cursor, row in zip(cursors, rows, strict=True):
                cursor.execute(statement, row, prepare=True)
        return [cursor.rowcount for cursor in cursors]
