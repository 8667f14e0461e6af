"""Block all sending while results cannot be stored: the answers would be paid for and lost.

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
"""This many refusals within WINDOW block all sending."""
WINDOW = 60
"""Seconds."""
REASON = "Results could not be stored"


class Outage:
    """The refusals of one process. The event loop records them, and the heartbeat's thread reports them."""

    def __init__(self) -> None:
        self.refusals: deque[float] = deque(maxlen=MAX_REFUSALS)
        self.since: datetime | None = None
        """When there were too many refusals; None once sending is blocked."""

    def record_refusal(self) -> None:
        """Record that a delivery could not be stored."""
        self.refusals.append(time.monotonic())
        if len(self.refusals) == MAX_REFUSALS and self.refusals[-1] - self.refusals[0] <= WINDOW:
            self.since = self.since or timezone.now()

    def report(self) -> None:
        """Block all sending if there were too many refusals. Staff get a notice, as for every block."""
        if self.since is None:
            return
        if not SendingBlock.objects.in_force(timezone.now()).filter(reason__startswith=REASON).exists():
            block_sending(f"{REASON} at {self.since:%H:%M} UTC. Sending is blocked until a person unblocks it.")
        self.refusals.clear()
        self.since = None


OUTAGE = Outage()
"""The outage of this process."""
