"""Unmatched answers are counted as received."""

from decimal import Decimal

import pytest
from django.utils import timezone

from batches.models import Batch, Item
from batches.tracing import decisions
from tests.factories import answer_for
from webhooks.inbound import filing, unmatched_counts
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db


def store_unmatched(batch, body, kind=DeliveryKind.ITEM):
    return UnmatchedDelivery.objects.create(
        kind=kind, token=batch.token, reason="This person already has another answer.", body=body
    )


def count_unmatched(batch):
    """Return how many answers and matches of a batch are unmatched, and how many credits they cost."""
    unmatched_counts.count_unmatched(timezone.now())
    batch = Batch.objects.get(pk=batch.pk)
    return batch.unmatched_answers, batch.unmatched_matches, batch.unmatched_credits


def test_each_answer_counts_once_with_its_credits(batch):
    first, second = batch.items.order_by("pk")[:2]
    store_unmatched(batch, answer_for(first, credits=10))
    store_unmatched(batch, answer_for(second, "no_match", credits=0))
    store_unmatched(batch, b"no json")
    assert count_unmatched(batch) == (3, 1, Decimal(10))
    assert count_unmatched(batch) == (3, 1, Decimal(10))
    store_unmatched(batch, answer_for(first, credits=-5))
    assert count_unmatched(batch) == (4, 2, Decimal(10))


def test_completion_calls_and_answers_without_a_batch_are_not_counted(batch):
    store_unmatched(batch, b"no json", DeliveryKind.COMPLETION)
    UnmatchedDelivery.objects.create(
        kind=DeliveryKind.ITEM, token="nobody", reason="No batch has this callback address.", body=b"{}"
    )
    assert count_unmatched(batch) == (0, 0, 0)
    assert not UnmatchedDelivery.objects.to_be_counted().exists()


def test_an_answer_that_is_filed_later_counts_with_its_person(batch, alice):
    item = batch.items.first()
    filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item, "error")))
    filing.file_delivery(
        filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item, batchRequestId="other", credits=10))
    )
    assert count_unmatched(batch) == (1, 1, Decimal(10))
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert filing.retry(UnmatchedDelivery.objects.get(), alice)
    assert count_unmatched(batch) == (0, 0, 0)
    assert count_unmatched(batch) == (0, 0, 0)


def test_an_answer_that_is_filed_before_it_was_counted_never_counts(batch, alice):
    item = batch.items.first()
    UnmatchedDelivery.objects.create(kind=DeliveryKind.ITEM, token=batch.token, reason="?", body=answer_for(item))
    assert filing.retry(UnmatchedDelivery.objects.get(), alice)
    assert count_unmatched(batch) == (0, 0, 0)


def test_an_answer_that_is_set_aside_still_counts(batch, alice):
    store_unmatched(batch, answer_for(batch.items.first(), credits=10))
    filing.record_decision(UnmatchedDelivery.objects.all(), UnmatchedDelivery.Status.ASIDE, alice)
    assert count_unmatched(batch) == (1, 1, Decimal(10))


def test_many_answers_are_counted_in_chunks(batch, monkeypatch):
    monkeypatch.setattr(unmatched_counts, "CHUNK_SIZE", 2)
    item = batch.items.first()
    for number in range(5):
        store_unmatched(batch, answer_for(item, batchRequestId=f"request-{number}", credits=1))
    assert count_unmatched(batch) == (5, 5, Decimal(5))
