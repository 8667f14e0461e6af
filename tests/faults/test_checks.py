"""The audit finds mistakes that are planted in a clean run."""

import json
from collections import Counter

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Event, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions
from batches.tracing.lifecycle import transition_batch
from tests.factories import answer_for
from tests.faults.books import Books, LostSinceBackup
from tests.faults.checks import Audit, fingerprint
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db


class Vendor:
    """A vendor that accepted everyone in the batch once, and delivered every answer."""

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
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    for item in batch.items.all():
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item)))
    jobs.tick()
    return Batch.objects.get()


@pytest.fixture
def vendor(batch):
    return Vendor(batch)


def audit(vendor):
    return Audit(list(Upload.objects.all()), vendor, unmatched_from=0)


def test_people_bought_for_two_lists_are_found(vendor, batch, start_upload):
    other = start_upload(12, settings={"look_back": 0}).batches.get()
    transition_batch(other.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(other.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="another")
    for item in other.items.all():
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, other.token, answer_for(item)))
    jobs.tick()
    vendor.items += [vendor.line(other, item) for item in other.items.all()]
    assert audit(vendor).bought_twice == 12


def test_a_clean_run_has_no_faults(vendor):
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
def test_an_unmatched_delivery_is_not_lost_if_its_item_has_another_answer(vendor, batch, outcome, lost):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(request_id="another", outcome=outcome)
    UnmatchedDelivery.objects.create(
        kind="item", reason="", body=json.dumps({"requestId": f"request-{item.pk}"}).encode()
    )
    assert audit(vendor).lost == lost


def test_a_lost_reply_of_the_single_endpoint_is_found(vendor, batch):
    call = {"person": fingerprint(batch.items.first()), "requestId": "alone", "outcome": "matched", "credits": 1}
    vendor.calls.append(call)
    assert audit(vendor).lost == 1
    assert Audit(list(Upload.objects.all()), vendor, unmatched_from=0, are_replies_sure=False).lost == 0


def test_people_accepted_twice_without_a_decision_are_found(vendor, batch, alice):
    vendor.items += vendor.items[:3]
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (3, 0)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    Upload.objects.update(status=UploadStatus.RUNNING)
    decisions.send_again(Batch.objects.get(), alice)
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 3)
    vendor.items += vendor.items[:3]
    assert audit(vendor).bought_twice == 3


def test_people_accepted_again_in_another_batch_are_found(vendor, batch):
    other = Batch.objects.create(upload=batch.upload, number=2, size=12, status=BatchStatus.CANCELLED)
    item = batch.items.first()
    vendor.items.append(vendor.line(other, item))
    for field in ("retries", "reruns"):
        Item.objects.update(retries=0, reruns=0)
        assert audit(vendor).bought_twice == 1
        Item.objects.filter(pk=item.pk).update(**{field: 1})
        assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 1)


def test_people_accepted_in_a_batch_and_alone_are_found(vendor, batch):
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
def test_stuck_and_wrongly_counted_records_are_found(vendor, model, change, words):
    model.objects.update(**change)
    assert any(words in fault for fault in audit(vendor).faults)


@pytest.mark.parametrize(("status", "is_right"), [(200, True), (503, True), (0, True), (401, False), (500, False)])
def test_a_delivery_with_a_wrong_response_is_found(vendor, status, is_right):
    vendor.items[0]["status"] = status
    assert audit(vendor).faults == ([] if is_right else [f"1 deliveries were answered {status}"])


def make_lost(answers=(), purchases=(), decisions=()):
    """Return what a restored backup has lost, from the vendor's lines and from decisions by item."""
    request_ids = [{line["requestId"] for line in lines} for lines in (answers, purchases)]
    return LostSinceBackup(*request_ids, Counter(decisions))


def audit_restored(vendor, since_backup):
    return Audit(list(Upload.objects.all()), vendor, unmatched_from=0, since_backup=since_backup)


def test_an_answer_received_between_a_backup_and_its_restore_is_not_lost(vendor, batch):
    Item.objects.filter(pk__in=[item.pk for item in batch.items.all()[:2]]).update(request_id="")
    assert audit_restored(vendor, make_lost(answers=vendor.items[:1])).lost == 1


def test_an_unmatched_delivery_of_a_batch_newer_than_the_backup_is_not_lost(vendor, batch):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(request_id="", outcome=Outcome.MISSING)
    UnmatchedDelivery.objects.create(
        kind="item", reason="", body=json.dumps({"requestId": f"request-{item.pk}"}).encode()
    )
    [line] = [line for line in vendor.items if line["key"] == str(item.pk)]
    since_backup = make_lost(purchases=[line])
    assert audit_restored(vendor, since_backup).lost == 1
    line["webhookUrl"] = "https://portal.example.com/webhooks/item/of-a-batch-that-is-gone/"
    assert audit_restored(vendor, since_backup).lost == 0
    assert audit(vendor).lost == 1


def test_a_decision_undone_by_a_restore_covers_a_purchase(vendor, batch):
    item = batch.items.first()
    before = Books.read(vendor)
    vendor.items = [*vendor.items, vendor.line(batch, item) | {"requestId": "second"}]
    Item.objects.filter(pk=item.pk).update(reruns=1)
    since_backup = LostSinceBackup.since(before, Books.read(vendor), list(Upload.objects.all()))
    assert (since_backup.answers, since_backup.purchases, since_backup.decisions[item.pk]) == (
        {"second"},
        {"second"},
        1,
    )
    Item.objects.filter(pk=item.pk).update(reruns=0)
    since_backup.remove_known_decisions(Books.read(vendor), list(Upload.objects.all()))
    found = audit_restored(vendor, since_backup)
    assert (found.bought_twice, found.by_decision, found.faults) == (0, 1, [])
    assert audit(vendor).bought_twice == 1


def test_people_not_accepted_when_their_batch_was_sent_again_after_a_restore_are_covered(vendor, batch, alice):
    item = batch.items.first()
    before = vendor.line(batch, item) | {"webhookUrl": "https://portal.example.com/webhooks/item/gone/"}
    vendor.items = [*vendor.items, before | {"requestId": "lost"}]
    since_backup = make_lost(purchases=[vendor.items[-1]])
    assert audit_restored(vendor, since_backup).bought_twice == 1
    Event.objects.create(upload=batch.upload, batch=batch, what=Event.RESEND_REQUESTED, user=alice)
    vendor.items[0]["webhookUrl"] = vendor.items[-1]["webhookUrl"]
    assert audit_restored(vendor, since_backup).bought_twice == 1
    Batch.objects.update(moved=1)
    assert audit_restored(vendor, since_backup).bought_twice == 0


def test_a_decision_that_the_backup_holds_is_not_counted_twice(vendor, batch):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(reruns=1)
    since_backup = LostSinceBackup.since(Books.read(vendor), Books.read(vendor), list(Upload.objects.all()))
    since_backup.remove_known_decisions(Books.read(vendor), list(Upload.objects.all()))
    vendor.items = [*vendor.items, vendor.line(batch, item), vendor.line(batch, item)]
    assert audit_restored(vendor, since_backup).bought_twice == 1


def test_a_late_answer_is_counted(vendor, batch):
    Item.objects.update(outcome=Outcome.MISSING, request_id="", answer="", credits=None, answered_at=None)
    Batch.objects.update(matched=0, missing=12, credits=0)
    for item in batch.items.all():
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item)))
    assert audit(vendor).faults == []
    assert closing.list_closable(timezone.now()) == []
