"""Writes that must not be lost, through a database that is away for a moment."""

from django.db import InterfaceError, OperationalError, connection
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
