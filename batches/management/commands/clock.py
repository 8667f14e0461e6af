import contextlib
import logging
import os
import signal
import socket
import threading
import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as StorageError
from django.db import close_old_connections

from batches import jobs, lease

logger = logging.getLogger(__name__)
TICK = 1
"""Seconds."""


class Command(BaseCommand):
    help = "What is due at once, every second; what may have been left lying, every minute. One clock of several acts."

    def handle(self, **_):
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
            ending.wait(TICK)
        with contextlib.suppress(StorageError):
            lease.release(lease.CLOCK, me)


def is_acting(me):
    """Whether this clock is the one that acts. None does while the database is away."""
    try:
        return lease.acquire(lease.CLOCK, me)
    except StorageError as error:
        logger.error("The clock waits for the database: %s", type(error).__name__)
        return False
