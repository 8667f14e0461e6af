"""File deliveries together: those that arrive during one transaction are filed in the next."""

import asyncio
import logging
from concurrent.futures import Executor, ThreadPoolExecutor

from batches.database import name_error
from webhooks.inbound.filing import STORE_WAIT, Delivery, Fate, file_deliveries
from webhooks.inbound.outage import OUTAGE

logger = logging.getLogger(__name__)

FILING_TIMEOUT = STORE_WAIT + 3
"""Seconds within which a delivery must be filed. Otherwise, the writer thread is stuck, and the vendor gets a 503."""
BATCH_SIZE = 32
"""Maximum number of deliveries in one transaction. Larger transactions are no faster (docs/performance.md)."""

Waiting = tuple[Delivery, "asyncio.Future[Fate | None]"]
"""A delivery, and the future that the vendor's call waits for."""


class DeliveryBatcher:
    """The deliveries of one process, and the writer thread that files them.

    Only the event loop touches `waiting` and `writing`. There is one writer thread per process: a second one would only
    make the transactions smaller.
    """

    def __init__(self, writer: Executor | None = None) -> None:
        self.writer = writer or ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.waiting: list[Waiting] = []
        self.writing: asyncio.Task[None] | None = None

    async def file(self, delivery: Delivery) -> Fate | None:
        """Return the fate of a delivery, or None if it could not be stored within FILING_TIMEOUT.

        A delivery that timed out may still be filed later, which does no harm.
        """
        fate: asyncio.Future[Fate | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((delivery, fate))
        if self.writing is None:
            self.writing = asyncio.create_task(self.write_waiting())
        try:
            async with asyncio.timeout(FILING_TIMEOUT):
                result = await fate
        except TimeoutError:
            self.waiting = [(other, future) for other, future in self.waiting if future is not fate]
            result = None
        if result is None:
            OUTAGE.record_refusal()
        return result

    async def write_waiting(self) -> None:
        """File the waiting deliveries, at most BATCH_SIZE at a time, until none are left."""
        try:
            while self.waiting:
                batch, self.waiting = self.waiting[:BATCH_SIZE], self.waiting[BATCH_SIZE:]
                results = await self.write([delivery for delivery, _ in batch])
                for (_, fate), result in zip(batch, results, strict=True):
                    # The call may have timed out or been cancelled.
                    if not fate.done():
                        fate.set_result(result)
        finally:
            self.writing = None

    async def write(self, deliveries: list[Delivery]) -> list[Fate | None]:
        """File deliveries in the writer thread. Return their fates."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.writer, file_deliveries, deliveries)
        except Exception as error:
            # Log the class only: the message of an error can contain the row.
            logger.error("Could not file deliveries: %s", name_error(error))
            # Without results, the calls would wait until they time out.
            return [None] * len(deliveries)
