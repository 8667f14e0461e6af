"""Batches close, and people without an answer are planned again only if that is safe."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from batches import jobs
from batches.models import Batch, Event, Item
from batches.statuses import BatchStatus, Outcome
from batches.tracing import closing, decisions, dispatch, filing, packing
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from tests.factories import answer_for
from webhooks.models import UnmatchedDelivery


@pytest.mark.parametrize(
    ("count", "size", "share", "is_allowed"),
    [
        (0, 1000, 5, True),
        (50, 1000, 5, True),
        (51, 1000, 5, False),
        (1, 10, 5, True),
        (2, 10, 5, False),
        (1, 10, 0, False),
        (1000, 1000, 100, True),
    ],
)
def test_only_a_few_people_of_a_batch_may_be_replanned_without_a_decision(count, size, share, is_allowed):
    assert closing.may_retry(count, size, share) is is_allowed


@pytest.fixture
def send_batch(start_upload):
    """Return a function that makes a batch that the vendor has acknowledged."""

    def send(count=40):
        batch = start_upload(count).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        return Batch.objects.get(pk=batch.pk)

    return send


def file_answers(batch, items):
    for item in items:
        body = answer_for(item)
        filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def store_unmatched_delivery(batch, item):
    body = answer_for(item)
    return UnmatchedDelivery.objects.create(
        kind="item", token=batch.token, body=body, reason="Not now.", item_id=item.pk
    )


@pytest.mark.django_db
def test_a_few_people_without_an_answer_are_replanned(send_batch):
    batch = send_batch()
    file_answers(batch, batch.items.all()[2:])
    assert closing.close_batch(batch.pk) == batch.upload_id
    batch.refresh_from_db()
    assert (batch.moved, batch.missing, batch.lost_many) == (2, 0, False)


@pytest.mark.django_db
def test_many_people_without_an_answer_need_a_decision(send_batch, alice):
    batch = send_batch()
    file_answers(batch, batch.items.all()[3:])
    assert closing.close_batch(batch.pk) is None
    batch.refresh_from_db()
    assert (batch.moved, batch.missing, batch.lost_many) == (0, 3, True)
    assert Event.objects.get(what="many missing").detail.startswith("3 of 40 people got no answer")
    assert decisions.rerun(batch.items.filter(outcome=Outcome.MISSING), alice) == {batch.upload_id: 3}


@pytest.mark.django_db
def test_the_page_of_a_list_offers_to_re_run_missing_people(send_batch, browser):
    batch = send_batch()
    file_answers(batch, batch.items.all()[3:])
    closing.close_batch(batch.pk)
    page = browser.get(batch.upload.get_absolute_url()).content.decode()
    assert "and 3 without an answer" in page
    assert "Re-run 3" in page


@pytest.mark.django_db
def test_people_with_an_unmatched_delivery_are_not_replanned(send_batch):
    batch = send_batch()
    first, second, *others = batch.items.all()
    file_answers(batch, others)
    store_unmatched_delivery(batch, first)
    assert closing.close_batch(batch.pk) == batch.upload_id
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.outcome, second.batch, second.retries) == (Outcome.MISSING, None, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"status": UnmatchedDelivery.Status.ASIDE}, {"token": "of-another"}])
def test_people_are_replanned_despite_unmatched_deliveries_set_aside_or_of_other_batches(send_batch, fields):
    batch = send_batch()
    first, *others = batch.items.all()
    file_answers(batch, others)
    store_unmatched_delivery(batch, first)
    UnmatchedDelivery.objects.update(**fields)
    closing.close_batch(batch.pk)
    first.refresh_from_db()
    assert (first.batch, first.retries) == (None, 1)


@pytest.mark.django_db
def test_people_with_an_unmatched_delivery_are_planned_only_by_a_re_run(send_batch, alice):
    batch = send_batch()
    first, *others = batch.items.all()
    file_answers(batch, others)
    closing.close_batch(batch.pk)
    delivery = store_unmatched_delivery(batch, first)
    assert packing.plan_upload(batch.upload_id) == 0
    Item.objects.filter(pk=first.pk).update(outcome=Outcome.MISSING, batch=batch)
    decisions.rerun(Item.objects.filter(pk=first.pk), alice)
    assert packing.plan_upload(batch.upload_id) == 1
    assert UnmatchedDelivery.objects.get() == delivery


@pytest.mark.django_db
def test_people_who_were_not_accepted_but_have_an_unmatched_delivery_are_not_replanned(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.SUBMITTING, acknowledged_at=None)
    first, second, *others = batch.items.all()
    store_unmatched_delivery(batch, first)
    acknowledgement = protocol.Acknowledgement("vendor-batch", len(others), {item.pk: "r" for item in others})
    dispatch.acknowledge(batch, [first, second, *others], acknowledgement)
    assert list(batch.upload.items.unplanned()) == [second]


@pytest.mark.django_db
def test_an_unmatched_delivery_adopts_its_unconfirmed_batch(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, acknowledged_at=None)
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    store_unmatched_delivery(batch, batch.items.first())
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED


@pytest.mark.django_db
def test_an_unreadable_delivery_adopts_its_batch_unless_it_came_before_the_doubt(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, acknowledged_at=None)
    UnmatchedDelivery.objects.create(kind="item", token="another", reason="Broken.", body=b"{")
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    delivery = UnmatchedDelivery.objects.create(kind="item", token=batch.token, reason="Broken.", body=b"{")
    Batch.objects.update(doubted_at=delivery.received_at + timedelta(seconds=1))
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    Batch.objects.update(doubted_at=delivery.received_at)
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED


@pytest.mark.django_db
def test_a_host_with_a_fast_clock_closes_nothing_early(send_batch, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    batch = send_batch()
    filing.record_completion(batch.token, protocol.Completion("vendor-batch", 40, 40, 0), "{}")
    real_now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real_now() + timedelta(seconds=200))
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED


@pytest.mark.django_db
def test_a_receiver_with_a_slow_clock_does_not_shorten_the_grace_period(send_batch, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    real_now = timezone.now
    batch = send_batch()
    monkeypatch.setattr(timezone, "now", lambda: real_now() - timedelta(seconds=200))
    filing.record_completion(batch.token, protocol.Completion("vendor-batch", 40, 40, 0), "{}")
    monkeypatch.undo()
    jobs.tick()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.ACKNOWLEDGED
    assert abs(batch.completed_at - real_now()) < timedelta(seconds=30)


@pytest.mark.django_db
def test_an_answer_received_by_a_host_with_a_slow_clock_keeps_the_batch_open(send_batch, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    batch = send_batch()
    long_ago = timezone.now() - timedelta(seconds=200)
    Batch.objects.update(acknowledged_at=long_ago, completed_at=long_ago)
    monkeypatch.setattr(timezone, "now", lambda: long_ago)
    item = batch.items.first()
    body = answer_for(item)
    assert filing.file_answer(batch.token, protocol.decode_answer(body), body.decode()) is filing.Filing.FILED
    monkeypatch.undo()
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED
