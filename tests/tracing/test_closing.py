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
    ("count", "size", "share", "may"),
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
def test_only_a_few_people_of_a_batch_may_be_replanned_without_a_decision(count, size, share, may):
    assert closing.may_retry(count, size, share) is may


@pytest.fixture
def sent(start_upload):
    """Make a batch of this size that is with the vendor."""

    def send(count=40):
        batch = start_upload(count).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        return Batch.objects.get(pk=batch.pk)

    return send


def answer(batch, items):
    for item in items:
        body = answer_for(item)
        filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def receive_unmatched(batch, item, **fields):
    body = answer_for(item)
    return UnmatchedDelivery.objects.create(
        kind="item", token=batch.token, body=body, reason="?", item_id=item.pk, **fields
    )


@pytest.mark.django_db
def test_a_few_people_without_an_answer_are_replanned(sent):
    batch = sent()
    answer(batch, batch.items.all()[2:])
    assert closing.close_batch(batch.pk) == batch.upload_id
    batch.refresh_from_db()
    assert (batch.moved, batch.missing, batch.lost_many) == (2, 0, False)


@pytest.mark.django_db
def test_many_people_without_an_answer_need_a_decision(sent, alice):
    batch = sent()
    answer(batch, batch.items.all()[3:])
    assert closing.close_batch(batch.pk) is None
    batch.refresh_from_db()
    assert (batch.moved, batch.missing, batch.lost_many) == (0, 3, True)
    assert Event.objects.get(what="many missing").detail.startswith("3 of 40 people got no answer")
    assert decisions.rerun(batch.items.filter(outcome=Outcome.MISSING), alice) == {batch.upload_id: 3}


@pytest.mark.django_db
def test_the_lists_page_offers_to_re_run_missing_people(sent, browser):
    batch = sent()
    answer(batch, batch.items.all()[3:])
    closing.close_batch(batch.pk)
    page = browser.get(batch.upload.get_absolute_url()).content.decode()
    assert "3 people have no answer." in page
    assert "Re-run 3 missing" in page


@pytest.mark.django_db
def test_people_with_an_unmatched_delivery_are_not_replanned(sent):
    batch = sent()
    first, second, *others = batch.items.all()
    answer(batch, others)
    receive_unmatched(batch, first)
    assert closing.close_batch(batch.pk) == batch.upload_id
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.outcome, second.batch, second.retries) == (Outcome.MISSING, None, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"status": UnmatchedDelivery.Status.ASIDE}, {"token": "of-another"}])
def test_unmatched_deliveries_set_aside_or_for_others_have_no_effect(sent, fields):
    batch = sent()
    first, *others = batch.items.all()
    answer(batch, others)
    receive_unmatched(batch, first)
    UnmatchedDelivery.objects.update(**fields)
    closing.close_batch(batch.pk)
    first.refresh_from_db()
    assert (first.batch, first.retries) == (None, 1)


@pytest.mark.django_db
def test_people_with_an_unmatched_delivery_are_planned_only_by_a_re_run(sent, alice):
    batch = sent()
    first, *others = batch.items.all()
    answer(batch, others)
    closing.close_batch(batch.pk)
    waiting = receive_unmatched(batch, first)
    assert packing.plan_upload(batch.upload_id) == 0
    Item.objects.filter(pk=first.pk).update(outcome=Outcome.MISSING, batch=batch)
    decisions.rerun(Item.objects.filter(pk=first.pk), alice)
    assert packing.plan_upload(batch.upload_id) == 1
    assert UnmatchedDelivery.objects.get() == waiting


@pytest.mark.django_db
def test_people_with_an_unmatched_delivery_are_not_replanned_if_not_accepted(sent):
    batch = sent()
    Batch.objects.update(status=BatchStatus.SUBMITTING, acknowledged_at=None)
    first, second, *others = batch.items.all()
    receive_unmatched(batch, first)
    taken = protocol.Acknowledgement("vendor-batch", len(others), {item.pk: "r" for item in others})
    dispatch.acknowledge(batch, [first, second, *others], taken)
    assert list(batch.upload.items.unplanned()) == [second]


@pytest.mark.django_db
def test_a_batch_with_an_unmatched_delivery_is_adopted(sent):
    batch = sent()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, acknowledged_at=None)
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    receive_unmatched(batch, batch.items.first())
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED


@pytest.mark.django_db
def test_a_batch_whose_deliveries_cannot_be_read_is_adopted(sent):
    batch = sent()
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
def test_a_host_with_a_fast_clock_closes_nothing_early(sent, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    batch = sent()
    filing.record_completion(batch.token, protocol.Completion("vendor-batch", 40, 40, 0), "{}")
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=200))
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED


@pytest.mark.django_db
def test_times_from_a_wrong_clock_end_no_grace_period(sent, monkeypatch):
    """Its own time does not influence when a batch ends."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    now = timezone.now
    batch = sent()
    monkeypatch.setattr(timezone, "now", lambda: now() - timedelta(seconds=200))
    filing.record_completion(batch.token, protocol.Completion("vendor-batch", 40, 40, 0), "{}")
    monkeypatch.undo()
    jobs.tick()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.ACKNOWLEDGED
    assert abs(batch.completed_at - now()) < timedelta(seconds=30)


@pytest.mark.django_db
def test_an_answer_received_by_a_slow_clock_is_a_sign_of_life(sent, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own.")
    batch = sent()
    long_ago = timezone.now() - timedelta(seconds=200)
    Batch.objects.update(acknowledged_at=long_ago, completed_at=long_ago)
    monkeypatch.setattr(timezone, "now", lambda: long_ago)
    item = batch.items.first()
    body = answer_for(item)
    assert filing.file_answer(batch.token, protocol.decode_answer(body), body.decode()) is filing.Filing.FILED
    monkeypatch.undo()
    jobs.tick()
    assert Batch.objects.get().status == BatchStatus.ACKNOWLEDGED
