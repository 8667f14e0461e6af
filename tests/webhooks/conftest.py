"""Fixtures for the receivers and for unmatched deliveries."""

import pytest
from django.utils import timezone

from batches.models import Batch
from batches.statuses import BatchStatus
from batches.tracing.lifecycle import transition_batch
from webhooks.inbound.outage import OUTAGE


@pytest.fixture(autouse=True)
def _no_outage():
    """Clear the refusals that earlier tests have recorded."""
    OUTAGE.__init__()


@pytest.fixture
def batch(start_upload):
    """Return a batch of twelve people that the vendor has acknowledged."""
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    return Batch.objects.get(pk=batch.pk)
