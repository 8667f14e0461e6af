import logging
import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import Error as StorageError
from django.db import close_old_connections

from batches import jobs

logger = logging.getLogger(__name__)

TICK = 1
SWEEP = 60
"""Seconds."""


class Command(BaseCommand):
    help = "What is due at once, every second; what may have been left lying, every minute."

    def handle(self, **_):
        ending = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.set())
        swept = None
        while not ending.is_set():
            is_sweep = swept is None or time.monotonic() - swept >= SWEEP
            if is_sweep:
                swept = time.monotonic()
            self.act(jobs.sweep if is_sweep else jobs.tick)
            ending.wait(TICK)

    def act(self, what):
        """Do it; a database that is away is waited for, and nothing is lost by it."""
        try:
            close_old_connections()
            what()
        except StorageError as error:
            logger.error("The database does not answer: %s", type(error).__name__)
