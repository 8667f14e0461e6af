"""The audit finds what it is there to find: mistakes planted into a run that was clean."""

import json

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions
from batches.tracing.lifecycle import move_batch
from tests.factories import answer_for
from tests.faults.checks import Audit, fingerprint
from webhooks.inbound import filing
from webhooks.models import Stray

pytestmark = pytest.mark.django_db


class Books:
    """What the vendor says: everybody of the batch taken once, and delivered."""

    def __init__(self, batch):
        self.items = [self.line(batch, item) for item in batch.items.all()]
        self.calls = []

    def line(self, batch, item):
        address = f"https://portal.example.com/webhooks/item/{batch.token}/"
        return {"key": str(item.pk), "requestId": f"request-{item.pk}", "webhookUrl": address} | {
            "status": 200,
            "outcome": "matched",
            "credits": 1,
        }

    def books(self, what):
        return getattr(self, what)


@pytest.fixture
def batch(start_upload):
    batch = start_upload(12).batches.get()
    move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    for item in batch.items.all():
        filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, answer_for(item)))
    jobs.tick()
    return Batch.objects.get()


@pytest.fixture
def vendor(batch):
    return Books(batch)


def audit(vendor):
    return Audit(list(Upload.objects.all()), vendor, stray_from=0)


def test_a_clean_run_is_clean(vendor):
    found = audit(vendor)
    assert (found.lost, found.bought_twice, found.by_decision, found.faults) == (0, 0, 0, [])


def test_a_lost_answer_is_found(vendor, batch):
    Item.objects.filter(pk=batch.items.first().pk).update(request_id="")
    assert audit(vendor).lost == 1


@pytest.mark.parametrize("change", [{"answer": "{}"}, {"outcome": Outcome.NO_MATCH}, {"credits": 0}])
def test_an_answer_that_is_not_stored_as_it_was_is_found(vendor, batch, change):
    Item.objects.filter(pk=batch.items.first().pk).update(**change)
    assert audit(vendor).lost == 1


@pytest.mark.parametrize(("outcome", "lost"), [(Outcome.NO_MATCH, 0), (Outcome.MISSING, 1), (Outcome.PENDING, 1)])
def test_a_stray_is_not_lost_where_its_item_has_another_answer(vendor, batch, outcome, lost):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(request_id="another", outcome=outcome)
    Stray.objects.create(kind="item", reason="", body=json.dumps({"requestId": f"request-{item.pk}"}).encode())
    assert audit(vendor).lost == lost


def test_a_lost_reply_of_the_single_endpoint_is_found(vendor, batch):
    call = {"person": fingerprint(batch.items.first()), "requestId": "alone", "outcome": "matched", "credits": 1}
    vendor.calls.append(call)
    assert audit(vendor).lost == 1
    assert Audit(list(Upload.objects.all()), vendor, stray_from=0, are_replies_sure=False).lost == 0


def test_who_was_taken_twice_without_a_decision_is_found(vendor, batch, alice):
    vendor.items += vendor.items[:3]
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (3, 0)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    Upload.objects.update(status=UploadStatus.RUNNING)
    decisions.send_again(Batch.objects.get(), alice)
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 3)
    vendor.items += vendor.items[:3]
    assert audit(vendor).bought_twice == 3


def test_who_was_taken_twice_in_another_batch_is_found(vendor, batch):
    other = Batch.objects.create(upload=batch.upload, number=2, size=12, status=BatchStatus.CANCELLED)
    item = batch.items.first()
    vendor.items.append(vendor.line(other, item))
    for field in ("retries", "reruns"):
        Item.objects.update(retries=0, reruns=0)
        assert audit(vendor).bought_twice == 1
        Item.objects.filter(pk=item.pk).update(**{field: 1})
        assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 1)


def test_who_was_taken_in_a_batch_and_alone_is_found(vendor, batch):
    call = {"person": fingerprint(batch.items.first()), "requestId": "alone", "outcome": "matched", "credits": 1}
    vendor.calls.append(call)
    assert audit(vendor).bought_twice == 1


@pytest.mark.parametrize(
    ("model", "change", "words"),
    [
        (Item, {"outcome": Outcome.PENDING}, "12 items are pending"),
        (Batch, {"status": BatchStatus.UNCONFIRMED}, "1 are still unconfirmed"),
        (Upload, {"status": UploadStatus.RUNNING}, "1 are still running"),
        (Batch, {"matched": 11}, "and has"),
        (Batch, {"moved": 1}, "of 11"),
    ],
)
def test_what_is_stuck_or_counted_wrongly_is_found(vendor, model, change, words):
    model.objects.update(**change)
    assert any(words in fault for fault in audit(vendor).faults)


def test_a_late_answer_is_counted(vendor, batch):
    Item.objects.update(outcome=Outcome.MISSING, request_id="", answer="", credits=None, answered_at=None)
    Batch.objects.update(matched=0, missing=12, credits=0)
    for item in batch.items.all():
        filing.take(filing.Delivery(Stray.Kind.ITEM, batch.token, answer_for(item)))
    assert audit(vendor).faults == []
    assert closing.list_closable(timezone.now()) == []
