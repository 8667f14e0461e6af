"""Where deliveries wait to be filed: while one transaction runs, what comes meanwhile is gathered for the next."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from webhooks.filing import take_all

logger = logging.getLogger(__name__)
CLERKS = 2
"""Threads that file, each with a connection of its own."""
TOGETHER = 32
"""Most deliveries in one transaction: more of them make nothing faster (docs/performance.md)."""


class Desk:
    """Files deliveries in threads. Belongs to one event loop, which is the only one to touch `waiting` and `clerks`."""

    def __init__(self, threads=None):
        self.threads = threads or ThreadPoolExecutor(CLERKS, thread_name_prefix="clerk")
        self.waiting, self.clerks = [], set()

    async def take(self, delivery):
        """What became of a delivery, as take_all() says it."""
        fate = asyncio.get_running_loop().create_future()
        self.waiting.append((delivery, fate))
        if len(self.clerks) < CLERKS:
            clerk = asyncio.create_task(self.work())
            self.clerks.add(clerk)
            clerk.add_done_callback(self.clerks.discard)
        return await fate

    async def work(self):
        while self.waiting:
            taken, self.waiting = self.waiting[:TOGETHER], self.waiting[TOGETHER:]
            deliveries = [delivery for delivery, _ in taken]
            try:
                fates = await asyncio.get_running_loop().run_in_executor(self.threads, take_all, deliveries)
            except Exception as error:
                # The class only: the text of an error can hold the row. What nobody answers would wait for ever.
                logger.error("Deliveries could not be filed: %s", type(error).__name__)
                fates = [None] * len(deliveries)
            for (_, fate), what in zip(taken, fates, strict=True):
                # Whoever waited for it may have gone.
                if not fate.done():
                    fate.set_result(what)
