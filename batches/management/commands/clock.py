import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from batches import jobs

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
            close_old_connections()
            jobs.sweep() if is_sweep else jobs.tick()
            ending.wait(TICK)
