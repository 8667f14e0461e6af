"""File deliveries together: those that arrive during one transaction are filed in the next."""

import asyncio
import logging
import time
from concurrent.futures import Executor, ThreadPoolExecutor

from batches.database import ensure_connection, name_error
from batches.tracing.vendor_keys import load_account_keys
from webhooks.inbound.filing import LOCK_WAIT, STORE_WAIT, Delivery, Fate, file_deliveries
from webhooks.inbound.outage import OUTAGE

logger = logging.getLogger(__name__)

FILING_TIMEOUT = STORE_WAIT + 3
"""Seconds within which a delivery must be filed. Otherwise, the writer thread is stuck, and the vendor gets a 503."""
BATCH_SIZE = 32
"""Maximum number of deliveries in one transaction. Larger transactions are no faster (docs/performance.md)."""

LOAD_PAUSE = 0.25
"""Seconds between two loads of the keys of vendor accounts."""

Waiting = tuple[Delivery, "asyncio.Future[Fate | None]"]
"""A delivery, and the future that the vendor's call waits for."""


def load_account_keys_now() -> None:
    ensure_connection(LOCK_WAIT)
    load_account_keys()


class DeliveryBatcher:
    """The deliveries of one process, and the writer thread that files them.

    Only the event loop touches `waiting` and `writing`. There is one writer thread per process: a second one would only
    make the transactions smaller.
    """

    def __init__(self, writer: Executor | None = None) -> None:
        self.writer = writer or ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.waiting: list[Waiting] = []
        self.writing: asyncio.Task[None] | None = None
        self.loading: asyncio.Task[bool] | None = None
        self.next_load_at = 0.0
        """In seconds of `time.monotonic`."""

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

    async def load_keys(self) -> bool:
        """Load the keys of all vendor accounts. Return False if the database is unavailable.

        However many calls carry unknown keys, keys are loaded only every LOAD_PAUSE seconds. Each call waits for a load
        that begins after it, because the key that it carries may have been added just before.
        """
        if self.loading is None:
            self.loading = asyncio.create_task(self.load_after_pause())
        return await asyncio.shield(self.loading)

    async def load_after_pause(self) -> bool:
        await asyncio.sleep(self.next_load_at - time.monotonic())
        self.loading, self.next_load_at = None, time.monotonic() + LOAD_PAUSE
        try:
            await asyncio.get_running_loop().run_in_executor(self.writer, load_account_keys_now)
        except Exception as error:
            logger.warning("Could not load the keys of vendor accounts: %s", name_error(error))
            return False
        return True

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
