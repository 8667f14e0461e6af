"""Count the unmatched answers of each batch and their credits, because the vendor has processed them too.

The clock does this. In a receiver, a delivery could be lost while it waits for the batch's row.
"""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from batches.statuses import Outcome
from batches.tracing.receipts import add_unmatched
from batches.vendor import protocol
from webhooks.models import DeliveryKind, UnmatchedDelivery

CHUNK_SIZE = 200
"""How many deliveries are counted in one transaction."""
MAX_CHUNKS = 25
"""Maximum number of chunks in one sweep. The next sweep continues."""
BODIES_IN_MEMORY = 10
"""How many bodies are read at once. Each can be 1 MiB."""


class AnswerCounts(NamedTuple):
    """What one or more unmatched answers add to their batch."""

    answers: int = 0
    matches: int = 0
    credits: Decimal = Decimal(0)

    def plus(self, other: "AnswerCounts") -> "AnswerCounts":
        return AnswerCounts(self.answers + other.answers, self.matches + other.matches, self.credits + other.credits)

    def negated(self) -> "AnswerCounts":
        return AnswerCounts(-self.answers, -self.matches, -self.credits)


def count_unmatched(_now: datetime) -> None:
    """Add unmatched deliveries to the counts of their batches, and subtract those that have been filed since.

    A delivery that has been filed counts as its person's answer instead.
    """
    for _attempt in range(MAX_CHUNKS):
        if count_chunk() < CHUNK_SIZE:
            return


@transaction.atomic
def count_chunk() -> int:
    """Count the deliveries of one chunk. Their rows are locked, so each counts once. Return how many there were."""
    changed = UnmatchedDelivery.objects.to_be_counted().order_by("pk").select_for_update()
    ids = list(changed.values_list("pk", flat=True)[:CHUNK_SIZE])
    sums: defaultdict[str, AnswerCounts] = defaultdict(AnswerCounts)
    chunk = UnmatchedDelivery.objects.filter(pk__in=ids)
    for unmatched in chunk.filter(kind=DeliveryKind.ITEM).iterator(chunk_size=BODIES_IN_MEMORY):
        counts = read_counts(unmatched)
        if unmatched.status == UnmatchedDelivery.Status.FILED:
            counts = counts.negated()
        sums[unmatched.token] = sums[unmatched.token].plus(counts)
    # Update batches always in the same order, so that two transactions cannot deadlock on their rows.
    for token in sorted(sums):
        add_unmatched(token, *sums[token])
    chunk.filter(status=UnmatchedDelivery.Status.FILED).update(is_counted=False)
    chunk.exclude(status=UnmatchedDelivery.Status.FILED).update(is_counted=True)
    return len(ids)


def read_counts(unmatched: UnmatchedDelivery) -> AnswerCounts:
    """Return what a delivery adds to its batch. A malformed body counts as an answer without a match or credits."""
    try:
        answer = protocol.decode_answer(protocol.read_text(bytes(unmatched.body)))
    except protocol.Malformed:
        return AnswerCounts(answers=1)
    return AnswerCounts(1, int(answer.outcome == Outcome.MATCHED), answer.credits or Decimal(0))
