"""Where deliveries wait to be filed: while one transaction runs, what comes meanwhile is gathered for the next."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from webhooks.inbound.filing import STORE_WAIT, take_all

logger = logging.getLogger(__name__)
PATIENCE = STORE_WAIT + 3
"""Seconds in which a delivery must be filed. Beyond, the clerk is stuck, and the vendor is told so."""
TOGETHER = 32
"""Most deliveries in one transaction: more of them make nothing faster (docs/performance.md)."""


class Desk:
    """Files deliveries in a thread, the clerk. Belongs to one event loop, which alone touches `waiting` and `work`.

    One clerk for each process of the web server: a second one makes the transactions smaller and nothing faster.
    """

    def __init__(self, thread=None):
        self.thread = thread or ThreadPoolExecutor(1, thread_name_prefix="clerk")
        self.waiting, self.work = [], None

    async def take(self, delivery):
        """Return what became of a delivery, as take_all() says it; None if that took longer than PATIENCE.

        It may be filed later all the same, which does no harm.
        """
        fate = asyncio.get_running_loop().create_future()
        self.waiting.append((delivery, fate))
        if self.work is None:
            self.work = asyncio.create_task(self.empty())
        try:
            async with asyncio.timeout(PATIENCE):
                return await fate
        except TimeoutError:
            self.waiting = [waiting for waiting in self.waiting if waiting[1] is not fate]
            return None

    async def empty(self):
        try:
            while self.waiting:
                taken, self.waiting = self.waiting[:TOGETHER], self.waiting[TOGETHER:]
                fates = await self.file([delivery for delivery, _ in taken])
                for (_, fate), what in zip(taken, fates, strict=True):
                    # Whoever waited for it may have gone.
                    if not fate.done():
                        fate.set_result(what)
        finally:
            self.work = None

    async def file(self, deliveries):
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, take_all, deliveries)
        except Exception as error:
            # The class only: the text of an error can hold the row. What nobody answers would wait for ever.
            logger.error("Deliveries could not be filed: %s", type(error).__name__)
            return [None] * len(deliveries)
