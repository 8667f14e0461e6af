"""Stop sending before an upgrade, and find out when nobody is with the vendor anymore."""

import time
from dataclasses import dataclass

from django.utils import timezone

from batches.database import read_now
from batches.models import Batch, Item, SendingBlock
from batches.nouns import noun_for
from batches.tracing import decisions
from batches.tracing.counts import format_people
from batches.tracing.dispatch import block_sending

POLL_SECONDS = 1
EMPTY_CHECKS = 2
"""How often in a row nobody must be with the vendor: a worker may have been about to send when sending was blocked."""


@dataclass(frozen=True)
class AtVendor:
    """The batches that the vendor is working on, and the people in them without an answer."""

    batches: int
    people: int

    def __str__(self) -> str:
        return f"{format_people(self.people)} in {self.batches:,} {noun_for(self.batches, 'batch,batches')}"


def block_for_upgrade() -> None:
    """Block sending until `release`. Results are still received and filed."""
    block_sending(SendingBlock.UPGRADE)


def find_at_vendor() -> AtVendor:
    now = read_now()
    return AtVendor(Batch.objects.in_progress(now).count(), Item.objects.in_flight(now).count())


def wait_until_drained(seconds: float) -> AtVendor:
    """Wait until the vendor works on nothing, at most so many seconds. Return what it is still working on."""
    end, times_empty = time.monotonic() + seconds, 0
    while True:
        at_vendor = find_at_vendor()
        times_empty = 0 if at_vendor.batches else times_empty + 1
        if times_empty == EMPTY_CHECKS or time.monotonic() >= end:
            return at_vendor
        time.sleep(POLL_SECONDS)


def release() -> bool:
    """End the block. Return whether that allows sending again: other blocks stay in force."""
    for block in SendingBlock.objects.in_force(timezone.now()).filter(reason=SendingBlock.UPGRADE):
        decisions.unblock(block, None, "The upgrade is done.")
    return not SendingBlock.objects.in_force(timezone.now()).of_everything().exists()
