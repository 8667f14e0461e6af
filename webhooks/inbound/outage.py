"""Block all sending after results could not be stored: further answers would be paid for and lost.

While the database is unavailable, refusals are counted in memory. Sending is blocked once the database accepts writes
again.
"""

import time
from collections import deque
from datetime import datetime

from django.utils import timezone

from batches.models import SendingBlock
from batches.tracing.dispatch import block_sending

MAX_REFUSALS = 5
"""How many refusals within WINDOW block all sending."""
WINDOW = 60
"""Seconds."""
REASON = "Results could not be stored"
"""How the reason for the block begins."""


class Outage:
    """The refusals of one process. The event loop records them, and the heartbeat's thread blocks sending."""

    def __init__(self) -> None:
        self.refusals: deque[float] = deque(maxlen=MAX_REFUSALS)
        self.since: datetime | None = None
        """When there were too many refusals. None if there have not been since sending was last blocked."""

    def record_refusal(self) -> None:
        """Record that a delivery could not be stored."""
        self.refusals.append(time.monotonic())
        if len(self.refusals) == MAX_REFUSALS and self.refusals[-1] - self.refusals[0] <= WINDOW:
            self.since = self.since or timezone.now()

    def block_sending_if_needed(self) -> None:
        """Block all sending if there were too many refusals. Those who may unblock it get a notice, as for every block.

        Raise the database's error while it is still unavailable.
        """
        if self.since is None:
            return
        if not SendingBlock.objects.in_force(timezone.now()).filter(reason__startswith=REASON).exists():
            block_sending(f"{REASON} at {self.since:%-I:%M %p} UTC. Sending is blocked until a person unblocks it.")
        self.refusals.clear()
        self.since = None


OUTAGE = Outage()
"""The outage of this process."""
