import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from batches import jobs, retention
from batches.models import Batch, Event, Item, Upload
from batches.reports.charts import draw_bar
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, filing
from batches.tracing.counts import count_batches, count_uploads
from batches.tracing.filing import Filing
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from tests.factories import answer_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(start_upload):
    """Make a batch of twelve people that is with the vendor."""

    def send(count=12):
        batch = start_upload(count).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
        return Batch.objects.get(pk=batch.pk)

    return send


def file(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def complete(batch, **totals):
    body = json.dumps({"batchId": "vendor-batch", **totals})
    return filing.record_completion(batch.token, protocol.decode_completion(body), body)


def refresh(record):
    return type(record).objects.get(pk=record.pk)


def answer_all(batch, outcome="matched"):
    for item in batch.items.all():
        assert file(batch, item, outcome) == Filing.FILED


def test_an_answer_is_filed_unchanged(sent):
    batch = sent()
    item = batch.items.first()
    assert file(batch, item) == Filing.FILED
    item.refresh_from_db()
    assert (item.outcome, item.credits, item.request_id) == (Outcome.MATCHED, 1, f"request-{item.pk}")
    assert item.answer == answer_for(item).decode()
    assert item.answered_at is not None


def test_filing_takes_one_statement_and_its_savepoint(sent, django_assert_max_num_queries):
    batch = sent()
    item = batch.items.first()
    with django_assert_max_num_queries(3):
        file(batch, item)


@pytest.mark.parametrize("status", [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.PLANNED])
def test_an_answer_may_come_before_the_acknowledgement(sent, status):
    batch = sent()
    Batch.objects.update(status=status)
    assert file(batch, batch.items.first()) == Filing.FILED


def test_a_second_delivery_changes_nothing(sent):
    batch = sent()
    item = batch.items.first()
    file(batch, item)
    before = refresh(item)
    assert file(batch, item) == Filing.DUPLICATE
    assert file(batch, item, requestDate="later") == Filing.DUPLICATE
    assert (refresh(item).answer, refresh(item).answered_at) == (before.answer, before.answered_at)
    assert refresh(batch).duplicates == 2


def test_an_answer_after_an_error_is_kept(sent):
    batch = sent()
    item = batch.items.first()
    file(batch, item, "error")
    assert file(batch, item) == Filing.ONE_TOO_MANY


def test_another_answer_for_an_answered_item_is_unmatched(sent):
    batch = sent()
    item = batch.items.first()
    file(batch, item)
    assert file(batch, item, batchRequestId="another") == Filing.ONE_TOO_MANY


def test_an_answer_cannot_be_filed_in_another_upload(sent):
    first, second = sent(), sent(13)
    assert file(first, second.items.first()) == Filing.UNKNOWN_ITEM
    assert not Item.objects.exclude(outcome=Outcome.PENDING).exists()


def test_answers_without_a_key_or_a_batch_are_distinguished(sent):
    batch = sent()
    assert filing.file_answer(batch.token, protocol.decode_answer(b"{}"), "{}") == Filing.NO_KEY
    assert (
        filing.file_answer("nobody", protocol.decode_answer(answer_for(batch.items.first())), "")
        == Filing.UNKNOWN_BATCH
    )


def test_an_answer_for_a_row_that_was_never_sent_is_unmatched(sent):
    batch = sent()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.INVALID)
    assert file(batch, item) == Filing.NOT_SENT


def test_an_answer_counts_although_its_item_was_replanned(sent):
    batch = sent()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(batch=None)
    assert file(batch, item) == Filing.FILED
    assert count_uploads([batch.upload])[batch.upload_id].matched == 1


def test_a_completion_call_alone_closes_nothing(sent):
    batch = sent()
    assert complete(batch, totalProcessed=12, totalMatched=9, totalErrors=1) == Filing.FILED
    batch = refresh(batch)
    assert (batch.vendor_processed, batch.vendor_matched, batch.vendor_errors) == (12, 9, 1)
    assert closing.list_closable(timezone.now()) == []


def test_a_second_completion_is_a_duplicate(sent):
    batch = sent()
    complete(batch, totalProcessed=12)
    assert complete(batch, totalProcessed=99) == Filing.DUPLICATE
    assert refresh(batch).vendor_processed == 12


def test_a_completion_without_totals_counts_and_is_recorded(sent):
    complete(sent())
    assert Event.objects.last().detail == "without totals"


def test_a_completion_call_for_no_batch_is_unmatched(sent):
    sent()
    assert filing.record_completion("nobody", protocol.decode_completion(b"{}"), "{}") == Filing.UNKNOWN_BATCH


def test_a_batch_closes_when_every_item_has_an_answer(sent):
    batch = sent()
    answer_all(batch)
    jobs.tick()
    batch = refresh(batch)
    assert (batch.status, batch.matched, batch.credits) == (BatchStatus.CLOSED, 12, 12)
    assert refresh(batch.upload).status == UploadStatus.COMPLETE


@pytest.mark.parametrize(
    ("is_complete", "seconds", "closes"),
    [(True, 119, False), (True, 121, True), (False, 3599, False), (False, 3601, True)],
)
def test_a_batch_closes_after_grace_or_silence(sent, is_complete, seconds, closes):
    batch = sent()
    file(batch, batch.items.first())
    if is_complete:
        complete(batch)
    later = timezone.now() + timedelta(seconds=seconds)
    assert closing.list_closable(later) == ([batch.pk] if closes else [])


def test_grace_counts_from_the_last_answer_if_the_completion_came_before(sent):
    batch = sent()
    complete(batch)
    file(batch, batch.items.first())
    last = timezone.now()
    Batch.objects.filter(pk=batch.pk).update(completed_at=last - timedelta(seconds=500))
    assert closing.list_closable(last + timedelta(seconds=100)) == []
    assert closing.list_closable(last + timedelta(seconds=130)) == [batch.pk]


def test_an_answer_for_a_reused_person_is_stored_once_and_paid_for(sent):
    batch = sent()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.REUSED, batch=None)
    assert file(batch, item) == Filing.FILED
    assert file(batch, item) == Filing.DUPLICATE
    assert item.earlier_answers.count() == 1
    assert refresh(batch).earlier_credits == 1


def test_unanswered_people_are_replanned_once_and_then_missing(sent, settings):
    settings.MISSING_RETRIES, settings.MISSING_SHARE = 1, 100
    batch = sent(30)
    for item in batch.items.all()[:15]:
        file(batch, item)
    assert closing.close_batch(batch.pk) == batch.upload_id
    batch = refresh(batch)
    assert (batch.matched, batch.missing, batch.moved) == (15, 0, 15)
    assert batch.upload.items.unplanned().count() == 15
    again = Batch.objects.create(upload=batch.upload, number=2, size=15, status=BatchStatus.ACKNOWLEDGED)
    batch.upload.items.unplanned().update(batch=again)
    assert closing.close_batch(again.pk) is None
    assert (refresh(again).missing, refresh(again).moved) == (15, 0)


def test_closing_twice_closes_once(sent):
    batch = sent()
    answer_all(batch)
    closing.close_batch(batch.pk)
    closing.close_batch(batch.pk)
    assert Event.objects.filter(what="closed").count() == 1


def test_a_late_answer_is_filed_and_counted(sent, settings):
    settings.MISSING_RETRIES = 0
    batch = sent()
    first, *others = batch.items.all()
    for item in others:
        file(batch, item, "no_match")
    closing.close_batch(batch.pk)
    assert refresh(batch).missing == 1
    assert file(batch, first) == Filing.FILED
    batch = refresh(batch)
    assert (batch.matched, batch.no_match, batch.missing) == (1, 11, 0)


@pytest.mark.parametrize("status", [BatchStatus.UNCONFIRMED, BatchStatus.PLANNED])
def test_a_lost_batch_is_adopted_by_its_first_answer(sent, status):
    batch = sent()
    Batch.objects.update(status=status, vendor_id="")
    file(batch, batch.items.first())
    closing.adopt_answered(timezone.now())
    batch = refresh(batch)
    assert (batch.status, batch.vendor_id) == (BatchStatus.ACKNOWLEDGED, "2067cf32-0000-4000-8000-000000000001")


def test_a_batch_is_not_adopted_by_an_answer_to_an_earlier_one(sent):
    """The people were in a batch that was closed by hand, and its answers arrive late."""
    earlier = sent()
    later = Batch.objects.create(upload=earlier.upload, number=2, size=12, status=BatchStatus.PLANNED, attempts=1)
    earlier.items.update(batch=later)
    for item in later.items.all()[:3]:
        assert file(earlier, item) == Filing.FILED
    closing.adopt_answered(timezone.now())
    assert refresh(later).status == BatchStatus.PLANNED
    assert file(later, later.items.filter(outcome=Outcome.PENDING).first()) == Filing.FILED
    closing.adopt_answered(timezone.now())
    assert refresh(later).status == BatchStatus.ACKNOWLEDGED


def test_a_batch_is_adopted_without_the_vendors_id(sent):
    batch = sent()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    file(batch, batch.items.first(), batchId=None)
    closing.adopt_answered(timezone.now())
    assert (refresh(batch).status, refresh(batch).vendor_id) == (BatchStatus.ACKNOWLEDGED, "")


def test_an_unconfirmed_batch_without_pending_people_needs_no_decision(sent):
    batch = sent()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    Item.objects.update(outcome=Outcome.MATCHED, answered_at=timezone.now())
    jobs.tick()
    assert refresh(batch).status == BatchStatus.CLOSED


def test_a_completion_call_adopts_a_batch_too(sent):
    batch = sent()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    complete(batch)
    closing.adopt_answered(timezone.now())
    assert refresh(batch).vendor_id == "vendor-batch"


def test_counts_of_running_and_closed_batches_are_the_same(sent):
    batch = sent()
    for item, outcome in zip(batch.items.all(), ["matched"] * 6 + ["no_match"] * 4 + ["error"] * 2, strict=True):
        file(batch, item, outcome)
    live, of_upload = count_batches([refresh(batch)])[batch.pk], count_uploads([batch.upload])[batch.upload_id]
    closing.close_batch(batch.pk)
    assert count_batches([refresh(batch)])[batch.pk] == live
    assert count_uploads([batch.upload])[batch.upload_id] == live == of_upload
    assert (live.matched, live.no_match, live.error, live.pending, live.percent, live.match_rate) == (
        6,
        4,
        2,
        0,
        100,
        50,
    )


def test_the_bar_is_full_only_when_all_are_done(sent):
    batch = sent()
    _, *others = batch.items.all()
    for item in others:
        file(batch, item)
    counts = count_batches([batch])[batch.pk]
    assert counts.percent == 91
    bar = draw_bar(counts)
    assert 'fill-matched" x="0.00" y="0" width="91.67"' in bar
    assert re.findall(r'width="([^"]*)"', bar) == ["91.67", "0.00", "0.00", "0.00"]


def test_contact_details_are_purged_after_the_retention_time(sent, settings):
    batch = sent()
    file(batch, batch.items.first())
    Item.objects.filter(outcome=Outcome.MATCHED).update(answered_at=timezone.now() - timedelta(days=31))
    retention.purge_expired(timezone.now(), 60)
    assert batch.items.first().answer
    settings.RESULT_RETENTION_DAYS = 30
    retention.purge_expired(timezone.now(), 60)
    item = batch.items.first()
    assert (item.answer, item.outcome) == ("", Outcome.MATCHED)


def test_answers_in_a_dissolved_batch_are_counted(sent):
    batch = sent()
    for item in batch.items.all()[:5]:
        file(batch, item)
    Batch.objects.update(status=BatchStatus.CANCELLED)
    assert count_uploads([batch.upload])[batch.upload_id].matched == 5
    assert count_batches([refresh(batch)])[batch.pk].matched == 5


def test_a_failing_step_does_not_stop_others(sent, monkeypatch):
    batch = sent()
    answer_all(batch)

    def fail(now):
        raise ValueError

    fail.__name__ = "adopt_answered"
    monkeypatch.setattr(closing, "adopt_answered", fail)
    jobs.tick()
    assert refresh(batch).status == BatchStatus.CLOSED


def test_a_purged_answer_adopts_its_batch(sent):
    batch = sent()
    file(batch, batch.items.first())
    Item.objects.update(answer="")
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    closing.adopt_answered(timezone.now())
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED


def test_an_adopted_batch_is_not_closed_by_hand(sent, alice):
    Batch.objects.filter(pk=sent().pk).update(status=BatchStatus.UNCONFIRMED)
    shown = Batch.objects.get()
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    assert not closing.close_manually(shown, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=7)
    assert not closing.close_manually(shown, alice)
    assert Batch.objects.get().missing == 0


def test_a_silent_batch_does_not_delay_others(sent, settings):
    batch = sent()
    now = timezone.now()
    later = now + timedelta(seconds=settings.UNCONFIRMED_WAIT + 1)
    assert Item.objects.in_flight(now).count() == 12
    assert Item.objects.in_flight(later).count() == 0
    Item.objects.filter(pk=batch.items.first().pk).update(outcome=Outcome.MATCHED, answered_at=later)
    assert Item.objects.in_flight(later).count() == 11


def test_a_completed_batch_without_new_answers_does_not_delay_others(sent):
    batch, now = sent(), timezone.now()
    complete(batch)
    file(batch, batch.items.first())
    assert Item.objects.in_flight(now + timedelta(seconds=14)).count() == 11
    assert Item.objects.in_flight(now + timedelta(seconds=17)).count() == 0


def test_closing_by_hand_leaves_everyone_missing(sent, alice):
    batch = sent()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    assert closing.close_manually(Batch.objects.get(), alice)
    assert refresh(batch).missing == 12
    assert Event.objects.last().user == alice
    assert Upload.objects.get().items.unplanned().count() == 0
