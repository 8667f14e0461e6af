"""Put batches in doubt that were open when the database was last in use: at its backup, or before a long outage.

They may have been sent and paid for since, which this database cannot know. So they are not sent automatically, but
remain in doubt until a user decides about each of them, or about all at once (decision 54).
"""

from django.db.models import Exists, OuterRef

from batches.models import IS_IN_DOUBT, Batch, BatchQuerySet, Item
from batches.statuses import BATCH_OPEN, UPLOAD_STARTED, Outcome
from batches.tracing import packing
from batches.tracing.lifecycle import transition_to_doubt


def is_anything_open() -> bool:
    """Return whether there are open batches that are not in doubt yet, or unplanned people in started lists."""
    return open_batches().exists() or bool(packing.list_unplanned_uploads(UPLOAD_STARTED))


def mark_in_doubt() -> int:
    """Put the open batches in doubt. Return how many were not in doubt before."""
    return transition_to_doubt(open_batches())


def open_batches() -> BatchQuerySet:
    """Return the open batches of started lists that have pending people and are not in doubt yet.

    Batches without pending people cost nothing more, and are closed without a decision.
    """
    pending = Item.objects.filter(batch=OuterRef("pk"), outcome=Outcome.PENDING)
    return Batch.objects.filter(~IS_IN_DOUBT, Exists(pending), status__in=BATCH_OPEN, upload__status__in=UPLOAD_STARTED)
