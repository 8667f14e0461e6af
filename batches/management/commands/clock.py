import contextlib
import logging
import os
import signal
import socket
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as StorageError
from django.db import close_old_connections

from batches import jobs, lease
from batches.models import SendingBlock
from batches.tracing import doubt

logger = logging.getLogger(__name__)
TICK_SECONDS = 1


class Command(BaseCommand):
    help = "Start what is due, every second and more thoroughly every minute. One of several clocks is active."

    def handle(self, **_: Any) -> None:
        ending = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.set())
        me = f"{socket.gethostname()[:60]}:{os.getpid()}:{time.time_ns()}"
        swept = None
        while not ending.is_set():
            close_old_connections()
            if not is_acting(me):
                swept = None
            elif swept is None or time.monotonic() - swept >= settings.SWEEP_INTERVAL:
                swept = time.monotonic()
                jobs.sweep()
            else:
                jobs.tick()
            ending.wait(TICK_SECONDS)
        with contextlib.suppress(StorageError):
            lease.release(lease.CLOCK, me)


def block_after_outage() -> None:
    """Block sending after a restore or a long outage, because people may have been sent meanwhile.

    The lease is reclaimed only afterwards, so that the next clock does this again if this one stops meanwhile.
    """
    if doubt.is_anything_open():
        marked = jobs.doubt_open_work(SendingBlock.STOOD_STILL)
        logger.warning("Nothing ran for a long time. Sending is blocked, and %s batches need a decision.", marked)
    lease.reclaim(lease.CLOCK)


def is_acting(me: str) -> bool:
    """Return whether this clock is the active one. None is while the database is down."""
    try:
        if lease.acquire(lease.CLOCK, me):
            return True
        if not lease.is_abandoned(lease.CLOCK):
            return False
        block_after_outage()
        return lease.acquire(lease.CLOCK, me)
    except StorageError as error:
        logger.error("The clock is waiting for the database: %s", type(error).__name__)
        return False
