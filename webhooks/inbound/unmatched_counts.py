"""Count the unmatched answers of each batch and their credits, because the vendor has processed them too.

The clock counts them. If the receivers did, a delivery could be lost while it waits for the batch's row.
"""

from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from batches.statuses import Outcome
from batches.tracing.receipts import add_unmatched
from batches.vendor import protocol
from webhooks.models import DeliveryKind, UnmatchedDelivery

CHUNK_SIZE = 200
"""Deliveries that are counted in one transaction."""
MAX_CHUNKS = 25
"""Maximum number of chunks in one sweep. The next sweep continues."""
BODIES_IN_MEMORY = 10
"""Bodies that are read at once; each can be 1 MiB."""

Counted = tuple[int, int, Decimal]
"""Answers, matches and credits."""


def count_unmatched(_: datetime) -> None:
    """Add unmatched deliveries to the counts of their batches, and subtract those that have been filed since.

    A delivery that was filed counts as an answer of its person instead.
    """
    for _chunk in range(MAX_CHUNKS):
        if count_chunk() < CHUNK_SIZE:
            return


@transaction.atomic
def count_chunk() -> int:
    """Count some deliveries, each once: their rows are locked. Return how many there were."""
    changed = UnmatchedDelivery.objects.to_be_counted().order_by("pk").select_for_update()
    ids = list(changed.values_list("pk", flat=True)[:CHUNK_SIZE])
    sums: defaultdict[str, Counted] = defaultdict(lambda: (0, 0, Decimal(0)))
    chunk = UnmatchedDelivery.objects.filter(pk__in=ids)
    for unmatched in chunk.filter(kind=DeliveryKind.ITEM).iterator(chunk_size=BODIES_IN_MEMORY):
        sign = -1 if unmatched.status == UnmatchedDelivery.Status.FILED else 1
        answers, matched, credits = sums[unmatched.token]
        more_answers, more_matched, more_credits = read_counts(unmatched)
        sums[unmatched.token] = (
            answers + sign * more_answers,
            matched + sign * more_matched,
            credits + sign * more_credits,
        )
    # Always in the same order, so that two transactions cannot deadlock on the batches' rows.
    for token in sorted(sums):
        add_unmatched(token, *sums[token])
    chunk.filter(status=UnmatchedDelivery.Status.FILED).update(is_counted=False)
    chunk.exclude(status=UnmatchedDelivery.Status.FILED).update(is_counted=True)
    return len(ids)


def read_counts(unmatched: UnmatchedDelivery) -> Counted:
    """Return what a delivery adds to its batch: one answer, one match if it is one, and the credits it names."""
    with suppress(protocol.Malformed):
        answer = protocol.decode_answer(protocol.read_text(bytes(unmatched.body)))
        return 1, int(answer.outcome == Outcome.MATCHED), answer.credits or Decimal(0)
    return 1, 0, Decimal(0)
