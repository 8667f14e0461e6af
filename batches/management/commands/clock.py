import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error as StorageError
from django.db import close_old_connections

from batches import jobs, lease
from batches.counters import start_publishing, start_serving
from batches.database import name_error, refuse_broken_pool
from batches.models import SendingBlock
from batches.tracing import closing, doubt

logger = logging.getLogger(__name__)
TICK_SECONDS = 1
"""The time between two ticks while a list is in progress."""
REST_SECONDS = 60
"""The same otherwise, unless the clock is woken. It is the longest that anything waits whose wake was lost."""
RENEWAL_SECONDS = 4
"""How often a resting clock renews its lease, and looks whether a list is in progress after all."""
LOOK_SECONDS = 0.1
"""How often the clock looks for batches with all answers in between. Receivers do not wake it: they stay fast, and
independent of Redis."""
SHORTEST_PAUSE = 0.05
"""The least time between two ticks, however often the clock is woken."""


class Command(BaseCommand):
    help = (
        "Start what is due, every second while a list is in progress, and more thoroughly every minute. "
        "Of several clocks, only one is active."
    )

    def handle(self, **_: Any) -> None:
        refuse_broken_pool()
        start_publishing(settings.METRICS_DIR)
        start_serving(settings.HOST, settings.METRICS_PORT, settings.METRICS_TOKEN)
        stopping, woken = threading.Event(), threading.Event()

        def request_stop(*_: object) -> None:
            stopping.set()
            woken.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, request_stop)
        threading.Thread(target=jobs.listen_for_wakes, args=[woken.set], daemon=True).start()
        clock_name = f"{socket.gethostname()[:60]}:{os.getpid()}:{time.time_ns()}"
        swept_at = None
        while True:
            # A wake or a signal from now on ends the next pause.
            woken.clear()
            if stopping.is_set():
                break
            close_old_connections()
            is_acting = is_active(clock_name)
            if not is_acting:
                swept_at = None
            elif swept_at is None or time.monotonic() - swept_at >= settings.SWEEP_INTERVAL:
                swept_at = time.monotonic()
                jobs.sweep()
            else:
                jobs.tick()
            stopping.wait(SHORTEST_PAUSE)
            if swept_at is not None:
                wait_until_due(
                    woken, swept_at + settings.SWEEP_INTERVAL, partial(lease.acquire, lease.CLOCK, clock_name)
                )
            else:
                stopping.wait(TICK_SECONDS)
        with contextlib.suppress(StorageError):
            stop(clock_name)


def wait_until_due(woken: threading.Event, sweep_at: float, renew: Callable[[], bool]) -> None:
    """Wait until the next tick or sweep is due, the clock is woken or loses its lease, or a batch has all its answers.

    `renew` renews the lease, and returns False if it is lost.
    """
    try:
        if closing.is_anything_in_progress():
            wait_for_answers(woken)
        else:
            rest(woken, min(time.monotonic() + REST_SECONDS, sweep_at), renew)
    except StorageError:
        woken.wait(TICK_SECONDS)


def wait_for_answers(woken: threading.Event) -> None:
    """Wait until the next tick is due, the clock is woken, or a batch has all its answers."""
    end = time.monotonic() + TICK_SECONDS
    while (left := end - time.monotonic()) > 0 and not woken.wait(min(left, LOOK_SECONDS)):
        if closing.is_any_batch_answered():
            return


def rest(woken: threading.Event, end: float, renew: Callable[[], bool]) -> None:
    """Wait until `end`, in monotonic time, the clock is woken or loses its lease, or a list is in progress."""
    while (left := end - time.monotonic()) > 0 and not woken.wait(min(left, RENEWAL_SECONDS)):
        if not renew() or closing.is_anything_in_progress():
            return


def stop(clock_name: str) -> None:
    """Release the lease, and leave a mark in Redis that no earlier backup of the database matches."""
    if lease.is_held_by(lease.CLOCK, clock_name):
        lease.release(lease.CLOCK, clock_name, jobs.leave_stop_mark())


def check_for_restore() -> None:
    """Block sending after a restore or a long outage, because people may have been sent without a record of it.

    Reclaim the lease last: if this clock stops before that, the next one blocks sending again. Only then remove the
    mark, because another clock may be comparing it.
    """
    reason = None
    if lease.is_abandoned(lease.CLOCK):
        reason = SendingBlock.STOOD_STILL
    elif (mark := jobs.read_stop_mark()) is None:
        logger.error("The clock is waiting for Redis.")
        return
    elif not lease.is_stop_known(lease.CLOCK, mark):
        reason = SendingBlock.OTHER_DATABASE
    if reason and doubt.is_anything_open():
        marked = jobs.put_open_work_in_doubt(reason)
        logger.warning("This may be a restored database. Sending is blocked, and %s batches need a decision.", marked)
    lease.reclaim(lease.CLOCK)
    jobs.remove_stop_mark()


def is_active(clock_name: str) -> bool:
    """Return whether this clock is the active one. While the database is down, no clock is."""
    try:
        if lease.acquire(lease.CLOCK, clock_name):
            return True
        if not lease.is_suspect(lease.CLOCK):
            return False
        check_for_restore()
        return lease.acquire(lease.CLOCK, clock_name)
    except StorageError as error:
        logger.error("The clock is waiting for the database: %s", name_error(error))
        return False
