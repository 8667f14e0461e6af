"""The audit finds faults that are planted in a run without faults."""

import json

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Event, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions
from batches.tracing.lifecycle import transition_batch
from tests.factories import answer_for
from tests.faults.books import Books, LostSinceBackup
from tests.faults.checks import Audit, hash_person
from webhooks.inbound import filing
from webhooks.models import DeliveryKind, UnmatchedDelivery

pytestmark = pytest.mark.django_db


class Vendor:
    """A vendor that accepted everyone in the batch once, and delivered every answer."""

    def __init__(self, batch):
        self.items = [self.make_record(batch, item) for item in batch.items.all()]
        self.calls = []
        self.batches = [{"batchId": "vendor-batch", "account": 0, "received": batch.size, "awaitedBefore": 0}]

    def make_record(self, batch, item):
        return {
            "key": str(item.pk),
            "batchId": "vendor-batch",
            "requestId": f"request-{item.pk}",
            "webhookUrl": f"https://portal.example.com/webhooks/item/{batch.token}/",
            "status": 200,
            "outcome": "matched",
            "credits": 1,
        }

    def books(self, what):
        return getattr(self, what)


@pytest.fixture
def batch(start_upload):
    """Return a closed batch in which everyone is matched."""
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


def audit(vendor, **options):
    return Audit(list(Upload.objects.all()), vendor, unmatched_after=0, **options)


def test_people_bought_for_two_lists_are_found(vendor, batch, start_upload):
    other = start_upload(12, settings={"look_back": 0}).batches.get()
    transition_batch(other.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(other.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="another")
    for item in other.items.all():
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, other.token, answer_for(item)))
    jobs.tick()
    vendor.items += [vendor.make_record(other, item) for item in other.items.all()]
    assert audit(vendor).bought_twice == 12


def test_nothing_is_found_in_a_run_without_faults(vendor):
    result = audit(vendor)
    assert (result.lost, result.bought_twice, result.by_decision, result.faults) == (0, 0, 0, [])


def test_a_lost_answer_is_found(vendor, batch):
    Item.objects.filter(pk=batch.items.first().pk).update(request_id="")
    assert audit(vendor).lost == 1


@pytest.mark.parametrize("change", [{"answer": "{}"}, {"outcome": Outcome.NO_MATCH}, {"credits": 0}])
def test_an_answer_stored_with_changes_is_found(vendor, batch, change):
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


def test_a_lost_reply_of_the_single_endpoint_is_found_if_replies_are_checked(vendor, batch):
    call = {"person": hash_person(batch.items.first()), "requestId": "single-call", "outcome": "matched", "credits": 1}
    vendor.calls.append(call)
    assert audit(vendor).lost == 1
    assert audit(vendor, are_single_replies_checked=False).lost == 0


def test_people_accepted_twice_without_a_decision_are_found(vendor, batch, alice):
    vendor.items += vendor.items[:3]
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (3, 0)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    Upload.objects.update(status=UploadStatus.RUNNING)
    decisions.resend(Batch.objects.get(), alice)
    assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 3)
    vendor.items += vendor.items[:3]
    assert audit(vendor).bought_twice == 3


def test_people_accepted_again_in_another_batch_are_found(vendor, batch):
    other = Batch.objects.create(upload=batch.upload, number=2, size=12, status=BatchStatus.CANCELLED)
    item = batch.items.first()
    vendor.items.append(vendor.make_record(other, item))
    for field in ("retries", "reruns"):
        Item.objects.update(retries=0, reruns=0)
        assert audit(vendor).bought_twice == 1
        Item.objects.filter(pk=item.pk).update(**{field: 1})
        assert (audit(vendor).bought_twice, audit(vendor).by_decision) == (0, 1)


def test_people_accepted_in_a_batch_and_by_the_single_endpoint_are_found(vendor, batch):
    call = {"person": hash_person(batch.items.first()), "requestId": "single-call", "outcome": "matched", "credits": 1}
    vendor.calls.append(call)
    assert audit(vendor).bought_twice == 1


@pytest.mark.parametrize(
    ("model", "change", "expected_words"),
    [
        (Item, {"outcome": Outcome.PENDING}, "12 items are pending"),
        (Batch, {"status": BatchStatus.UNCONFIRMED}, "1 are still unconfirmed"),
        (Upload, {"status": UploadStatus.RUNNING}, "1 are still running"),
        (Batch, {"matched": 11}, "but its items have"),
        (Batch, {"moved": 1}, "of 11 has the counts"),
    ],
)
def test_stuck_and_wrongly_counted_records_are_found(vendor, model, change, expected_words):
    model.objects.update(**change)
    assert any(expected_words in fault for fault in audit(vendor).faults)


@pytest.mark.parametrize(("status", "is_allowed"), [(200, True), (503, True), (0, True), (401, False), (500, False)])
def test_a_delivery_with_a_wrong_response_is_found(vendor, status, is_allowed):
    vendor.items[0]["status"] = status
    assert audit(vendor).faults == ([] if is_allowed else [f"1 deliveries got the status {status}"])


def test_a_batch_sent_over_another_account_is_found(vendor, batch, make_account):
    account = make_account("West")
    vendor.batches[0]["account"] = 2
    assert audit(vendor).faults == [f"batch {batch} was sent over another account than its own"]
    Batch.objects.update(account=account)
    assert audit(vendor).faults == []
    vendor.batches[0]["account"] = 1
    assert audit(vendor).faults
    Batch.objects.update(doubted_at=timezone.now())
    assert audit(vendor).faults == []


@pytest.mark.parametrize(
    ("account", "before", "is_allowed"), [(1, 88, True), (1, 89, False), (2, 89, True), (1, 0, True)]
)
def test_an_account_with_too_many_people_at_once_is_found(vendor, settings, account, before, is_allowed):
    settings.ITEMS_IN_FLIGHT = 150
    vendor.batches[0] |= {"account": account, "awaitedBefore": before}
    assert (list(audit(vendor).find_crowded()) == []) == is_allowed


def read_request_ids(records):
    return {record["requestId"] for record in records}


def test_an_answer_received_between_a_backup_and_its_restore_is_not_counted_as_lost(vendor, batch):
    first_two = [item.pk for item in batch.items.all()[:2]]
    Item.objects.filter(pk__in=first_two).update(request_id="")
    since_backup = LostSinceBackup(answers=read_request_ids(vendor.items[:1]))
    assert audit(vendor, since_backup=since_backup).lost == 1


def test_an_unmatched_delivery_of_a_batch_newer_than_the_backup_is_not_counted_as_lost(vendor, batch):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(request_id="", outcome=Outcome.MISSING)
    UnmatchedDelivery.objects.create(
        kind="item", reason="", body=json.dumps({"requestId": f"request-{item.pk}"}).encode()
    )
    [record] = [record for record in vendor.items if record["key"] == str(item.pk)]
    since_backup = LostSinceBackup(purchases={record["requestId"]})
    assert audit(vendor, since_backup=since_backup).lost == 1
    record["webhookUrl"] = "https://portal.example.com/webhooks/item/of-a-batch-that-is-gone/"
    assert audit(vendor, since_backup=since_backup).lost == 0
    assert audit(vendor).lost == 1


def test_a_decision_undone_by_a_restore_covers_a_purchase(vendor, batch):
    item = batch.items.first()
    at_backup = Books.read(vendor)
    vendor.items = [*vendor.items, vendor.make_record(batch, item) | {"requestId": "second"}]
    Item.objects.filter(pk=item.pk).update(reruns=1)
    since_backup = LostSinceBackup.compare(at_backup, Books.read(vendor), list(Upload.objects.all()))
    assert since_backup.answers == since_backup.purchases == {"second"}
    assert since_backup.decisions[item.pk] == 1
    Item.objects.filter(pk=item.pk).update(reruns=0)
    since_backup.remove_known_decisions(Books.read(vendor), list(Upload.objects.all()))
    result = audit(vendor, since_backup=since_backup)
    assert (result.bought_twice, result.by_decision, result.faults) == (0, 1, [])
    assert audit(vendor).bought_twice == 1


def test_a_resend_after_a_restore_covers_people_who_were_not_accepted(vendor, batch, alice):
    item = batch.items.first()
    lost = vendor.make_record(batch, item) | {
        "requestId": "lost",
        "webhookUrl": "https://portal.example.com/webhooks/item/of-a-batch-that-is-gone/",
    }
    vendor.items = [*vendor.items, lost]
    since_backup = LostSinceBackup(purchases={"lost"})
    assert audit(vendor, since_backup=since_backup).bought_twice == 1
    Event.objects.create(upload=batch.upload, batch=batch, what=Event.RESEND_REQUESTED, user=alice)
    vendor.items[0]["webhookUrl"] = lost["webhookUrl"]
    assert audit(vendor, since_backup=since_backup).bought_twice == 1
    Batch.objects.update(moved=1)
    assert audit(vendor, since_backup=since_backup).bought_twice == 0


def test_a_decision_in_the_backup_is_not_counted_twice(vendor, batch):
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(reruns=1)
    since_backup = LostSinceBackup.compare(Books.read(vendor), Books.read(vendor), list(Upload.objects.all()))
    since_backup.remove_known_decisions(Books.read(vendor), list(Upload.objects.all()))
    vendor.items = [*vendor.items, vendor.make_record(batch, item), vendor.make_record(batch, item)]
    assert audit(vendor, since_backup=since_backup).bought_twice == 1


def test_a_late_answer_is_counted_correctly(vendor, batch):
    Item.objects.update(outcome=Outcome.MISSING, request_id="", answer="", credits=None, answered_at=None)
    Batch.objects.update(matched=0, missing=12, credits=0)
    for item in batch.items.all():
        filing.file_delivery(filing.Delivery(DeliveryKind.ITEM, batch.token, answer_for(item)))
    assert audit(vendor).faults == []
    assert closing.list_closable(timezone.now()) == []
