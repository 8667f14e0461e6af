"""What both the receivers' and the strays' tests begin with."""

import pytest
from django.utils import timezone

from batches.models import Batch
from batches.statuses import BatchStatus
from batches.tracing.lifecycle import move_batch


@pytest.fixture
def batch(start_upload):
    """Twelve people with the vendor."""
    batch = start_upload(12).batches.get()
    move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    return Batch.objects.get(pk=batch.pk)
