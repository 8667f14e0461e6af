"""Each receiver records in the database that it is alive. Nothing is sent unless one of them is.

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

from batches.database import drop_connection, ensure_connection
from batches.tracing.receivers import record_heartbeat, record_shutdown
from webhooks.inbound.outage import OUTAGE

logger = logging.getLogger(__name__)

INTERVAL = 4
"""Seconds between two heartbeats. Three may fail before a receiver counts as dead."""
LOCK_WAIT = 2
"""Seconds to wait for a locked row."""


class Heartbeat:
    """The heartbeat of one process. It beats as long as the event loop runs."""

    def __init__(self) -> None:
        self.host = socket.gethostname()
        self.name = f"{self.host}:{os.getpid()}"
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.Lock()
        self.has_ended = False

    def start(self) -> None:
        threading.Thread(target=self.run, name="heartbeat", daemon=True).start()
        # On a stop signal, the web server's processes run finalizers, but no `atexit` handlers.
        Finalize(None, self.end, exitpriority=0)

    def watch(self, application: Any) -> Any:
        """Wrap an ASGI application to learn its event loop, which is known from the first call on."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            self.loop = asyncio.get_running_loop()
            await application(scope, receive, send)

        return watched

    def run(self) -> None:
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
                self.write(lambda: record_heartbeat(self.name, self.host))

    def end(self) -> None:
        """Record that this process accepts no more calls, or batches would be sent as long as it counts as alive."""
        with self.lock:
            self.has_ended = True
            self.write(lambda: record_shutdown(self.name))
            drop_connection()

    def write(self, record: Callable[[], None]) -> None:
        """Report an outage, then write a record: nothing is sent between the two."""
        try:
            ensure_connection(LOCK_WAIT)
            OUTAGE.report()
            record()
        except StorageError as error:
            logger.warning("Could not write the heartbeat: %s", type(error).__name__)
            drop_connection()
