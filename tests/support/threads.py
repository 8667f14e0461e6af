"""Run calls in several threads at the same moment, as workers do."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.support.services import MAX_WAIT

Result = TypeVar("Result")


def run_at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Run each call with a connection of its own. Return their results in order, or raise the first error."""
    all_are_connected = threading.Barrier(len(calls), timeout=MAX_WAIT)

    def run(call: Callable[[], Result]) -> Result:
        try:
            connection.ensure_connection()
            all_are_connected.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
