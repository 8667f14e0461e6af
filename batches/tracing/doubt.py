"""Put in doubt what was open when the database was last in use: at its backup, or before a long outage.

All of that may have been sent and paid for since, which this database cannot know. So nothing of it is sent
automatically: its batches are in doubt until a user decides about each, or about all at once (decision 54).
"""

from django.db.models import Exists, OuterRef

from batches.models import IS_IN_DOUBT, Batch, BatchQuerySet, Item
from batches.statuses import BATCH_OPEN, UPLOAD_STARTED, Outcome
from batches.tracing import packing
from batches.tracing.lifecycle import transition_to_doubt


def is_anything_open() -> bool:
    """Return whether anything is open that is not in doubt already."""
    return open_batches().exists() or bool(packing.list_unplanned_uploads(UPLOAD_STARTED))


def mark_in_doubt() -> int:
    """Put all open batches in doubt. Return how many were not in doubt before."""
    return transition_to_doubt(open_batches())


def open_batches() -> BatchQuerySet:
    """Return open batches of started lists with pending people. Others cost nothing, and close without a decision."""
    waiting = Item.objects.filter(batch=OuterRef("pk"), outcome=Outcome.PENDING)
    return Batch.objects.filter(~IS_IN_DOUBT, Exists(waiting), status__in=BATCH_OPEN, upload__status__in=UPLOAD_STARTED)
