"""Record in the database that a receiver is alive. Batches are sent only while at least one receiver is alive.

The heartbeat has a thread and a connection of its own, so that no delivery waits for it.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import Any

from django.db import Error as StorageError

from batches.database import drop_connection, name_error, use_kept_connection
from batches.tracing.receivers import record_heartbeat, record_shutdown
from batches.tracing.vendor_keys import load_account_keys
from webhooks.inbound.outage import OUTAGE

logger = logging.getLogger(__name__)

INTERVAL = 4
"""Seconds between two heartbeats. A receiver counts as dead once about three heartbeats have failed."""
LOCK_WAIT = 2
"""Seconds to wait for a locked row."""
LOADS_KEYS_EVERY = 5
"""The number of heartbeats from one that loads the keys of vendor accounts to the next. A delivery with an unknown key
loads them at once."""


class Heartbeat:
    """The heartbeat of one process, which continues as long as its event loop runs."""

    def __init__(self) -> None:
        self.host = socket.gethostname()
        self.name = f"{self.host}:{os.getpid()}"
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.Lock()
        self.has_ended = False
        self.beats = 0

    def start(self) -> None:
        """Start the heartbeat's thread, and end it when the process ends."""
        threading.Thread(target=self.run, name="heartbeat", daemon=True).start()
        # On a stop signal, the web server's processes run finalizers but not `atexit` handlers.
        Finalize(None, self.end, exitpriority=0)

    def watch(self, application: Any) -> Any:
        """Wrap an ASGI application, to learn its event loop from the first call."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            self.loop = asyncio.get_running_loop()
            await application(scope, receive, send)

        return watched

    def run(self) -> None:
        """Beat every few seconds, in a thread of its own."""
        while not self.has_ended:
            if self.is_loop_running():
                self.beat()
            time.sleep(INTERVAL)

    def is_loop_running(self) -> bool:
        """Return whether the event loop still runs callbacks. A loop that is stuck accepts no call."""
        if self.loop is None:
            return True
        has_run = threading.Event()
        try:
            self.loop.call_soon_threadsafe(has_run.set)
        except RuntimeError:
            # The loop is closed.
            return False
        return has_run.wait(INTERVAL)

    def beat(self) -> None:
        """Record that this process is alive."""
        with self.lock:
            if not self.has_ended:
                self.write(self.record)

    def record(self) -> None:
        # First, so that a receiver knows the keys before batches are sent because of it.
        if self.beats % LOADS_KEYS_EVERY == 0:
            load_account_keys()
        record_heartbeat(self.name, self.host)
        self.beats += 1

    def end(self) -> None:
        """Record that this process accepts no more calls. Otherwise, it would count as alive for some more seconds."""
        with self.lock:
            self.has_ended = True
            self.write(lambda: record_shutdown(self.name))
            drop_connection()

    def write(self, record: Callable[[], None]) -> None:
        """Write to the database. If there was an outage, block sending before this process counts as alive again."""

        def write() -> None:
            OUTAGE.block_sending_if_needed()
            record()

        try:
            use_kept_connection(write, LOCK_WAIT)
        except StorageError as error:
            logger.warning("Could not write the heartbeat: %s", name_error(error))
            drop_connection()
