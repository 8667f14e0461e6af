"""Answers and completion calls are filed and counted, and close or adopt their batches."""

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
VENDOR_ID_OF_ANSWERS = "2067cf32-0000-4000-8000-000000000001"
"""The vendor's id of the batch in the answers that `answer_for` makes."""


@pytest.fixture
def send_batch(start_upload):
    """Return a function that makes a batch that the vendor has acknowledged."""

    def send(count=12):
        batch = start_upload(count).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
        return Batch.objects.get(pk=batch.pk)

    return send


def file_answer(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def record_completion(batch, **totals):
    body = json.dumps({"batchId": "vendor-batch", **totals})
    return filing.record_completion(batch.token, protocol.decode_completion(body), body)


def refresh(record):
    return type(record).objects.get(pk=record.pk)


def answer_all(batch, outcome="matched"):
    for item in batch.items.all():
        assert file_answer(batch, item, outcome) == Filing.FILED


def test_an_answer_is_filed_unchanged(send_batch):
    batch = send_batch()
    item = batch.items.first()
    assert file_answer(batch, item) == Filing.FILED
    item.refresh_from_db()
    assert (item.outcome, item.credits, item.request_id) == (Outcome.MATCHED, 1, f"request-{item.pk}")
    assert item.answer == answer_for(item).decode()
    assert item.answered_at is not None


def test_filing_takes_one_statement_and_its_savepoint(send_batch, django_assert_max_num_queries):
    batch = send_batch()
    first, item = batch.items.all()[:2]
    # The first answer of a batch takes another query, for the batch's base.
    file_answer(batch, first)
    # A savepoint takes two statements.
    with django_assert_max_num_queries(3):
        file_answer(batch, item)


@pytest.mark.parametrize("status", [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.PLANNED])
def test_an_answer_before_the_acknowledgement_is_filed(send_batch, status):
    batch = send_batch()
    Batch.objects.update(status=status)
    assert file_answer(batch, batch.items.first()) == Filing.FILED


def test_a_second_delivery_of_an_answer_is_only_counted(send_batch):
    batch = send_batch()
    item = batch.items.first()
    file_answer(batch, item)
    before = refresh(item)
    assert file_answer(batch, item) == Filing.DUPLICATE
    assert file_answer(batch, item, requestDate="later") == Filing.DUPLICATE
    assert (refresh(item).answer, refresh(item).answered_at) == (before.answer, before.answered_at)
    assert refresh(batch).duplicates == 2


def test_an_answer_after_an_error_is_not_filed_over_it(send_batch):
    batch = send_batch()
    item = batch.items.first()
    file_answer(batch, item, "error")
    assert file_answer(batch, item) == Filing.ONE_TOO_MANY


def test_another_answer_for_a_matched_item_is_not_filed_over_it(send_batch):
    batch = send_batch()
    item = batch.items.first()
    file_answer(batch, item)
    assert file_answer(batch, item, batchRequestId="another") == Filing.ONE_TOO_MANY


def test_an_answer_is_not_filed_in_another_list(send_batch):
    first, second = send_batch(), send_batch(13)
    assert file_answer(first, second.items.first()) == Filing.UNKNOWN_ITEM
    assert not Item.objects.exclude(outcome=Outcome.PENDING).exists()


def test_answers_without_a_key_are_told_apart_from_answers_for_an_unknown_batch(send_batch):
    batch = send_batch()
    without_key = protocol.decode_answer(b"{}")
    assert filing.file_answer(batch.token, without_key, "{}") == Filing.NO_KEY
    answer = protocol.decode_answer(answer_for(batch.items.first()))
    assert filing.file_answer("nobody", answer, "") == Filing.UNKNOWN_BATCH


def test_an_answer_for_a_row_that_was_never_sent_is_not_filed(send_batch):
    batch = send_batch()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.INVALID)
    assert file_answer(batch, item) == Filing.NOT_SENT


def test_an_answer_counts_even_if_its_item_was_replanned(send_batch):
    batch = send_batch()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(batch=None)
    assert file_answer(batch, item) == Filing.FILED
    assert count_uploads([batch.upload])[batch.upload_id].matched == 1


def test_a_completion_call_alone_closes_nothing(send_batch):
    batch = send_batch()
    assert record_completion(batch, totalProcessed=12, totalMatched=9, totalErrors=1) == Filing.FILED
    batch = refresh(batch)
    assert (batch.vendor_processed, batch.vendor_matched, batch.vendor_errors) == (12, 9, 1)
    assert closing.list_closable(timezone.now()) == []


def test_a_second_completion_call_is_a_duplicate(send_batch):
    batch = send_batch()
    record_completion(batch, totalProcessed=12)
    assert record_completion(batch, totalProcessed=99) == Filing.DUPLICATE
    assert refresh(batch).vendor_processed == 12


def test_a_completion_call_without_totals_is_recorded(send_batch):
    record_completion(send_batch())
    assert Event.objects.last().detail == "without totals"


def test_a_completion_call_for_an_unknown_batch_is_not_filed(send_batch):
    send_batch()
    assert filing.record_completion("nobody", protocol.decode_completion(b"{}"), "{}") == Filing.UNKNOWN_BATCH


def test_a_batch_closes_when_every_item_has_an_answer(send_batch):
    batch = send_batch()
    answer_all(batch)
    jobs.tick()
    batch = refresh(batch)
    assert (batch.status, batch.matched, batch.credits) == (BatchStatus.CLOSED, 12, 12)
    assert refresh(batch.upload).status == UploadStatus.COMPLETE


@pytest.mark.parametrize(
    ("is_completed", "seconds", "closes"),
    [(True, 119, False), (True, 121, True), (False, 3599, False), (False, 3601, True)],
)
def test_a_batch_closes_after_the_grace_period_or_after_a_long_silence(
    send_batch, stopped_time, is_completed, seconds, closes
):
    batch = send_batch()
    file_answer(batch, batch.items.first())
    if is_completed:
        record_completion(batch)
    later = stopped_time + timedelta(seconds=seconds)
    assert closing.list_closable(later) == ([batch.pk] if closes else [])


def test_the_grace_period_starts_at_the_last_answer_if_that_came_after_the_completion(send_batch):
    batch = send_batch()
    record_completion(batch)
    file_answer(batch, batch.items.first())
    answered_at = timezone.now()
    Batch.objects.filter(pk=batch.pk).update(completed_at=answered_at - timedelta(seconds=500))
    assert closing.list_closable(answered_at + timedelta(seconds=100)) == []
    assert closing.list_closable(answered_at + timedelta(seconds=130)) == [batch.pk]


def test_an_answer_for_a_reused_person_is_stored_once_and_its_cost_is_counted(send_batch):
    batch = send_batch()
    item = batch.items.first()
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.REUSED, batch=None)
    assert file_answer(batch, item) == Filing.FILED
    assert file_answer(batch, item) == Filing.DUPLICATE
    assert item.earlier_answers.count() == 1
    assert refresh(batch).earlier_credits == 1


def test_unanswered_people_are_replanned_once_and_then_missing(send_batch, settings):
    settings.MISSING_RETRIES, settings.MISSING_SHARE = 1, 100
    batch = send_batch(30)
    for item in batch.items.all()[:15]:
        file_answer(batch, item)
    assert closing.close_batch(batch.pk) == batch.upload_id
    batch = refresh(batch)
    assert (batch.matched, batch.missing, batch.moved) == (15, 0, 15)
    assert batch.upload.items.unplanned().count() == 15
    second_batch = Batch.objects.create(upload=batch.upload, number=2, size=15, status=BatchStatus.ACKNOWLEDGED)
    batch.upload.items.unplanned().update(batch=second_batch)
    assert closing.close_batch(second_batch.pk) is None
    assert (refresh(second_batch).missing, refresh(second_batch).moved) == (15, 0)


def test_closing_twice_closes_once(send_batch):
    batch = send_batch()
    answer_all(batch)
    closing.close_batch(batch.pk)
    closing.close_batch(batch.pk)
    assert Event.objects.filter(what="closed").count() == 1


def test_a_late_answer_is_filed_and_counted(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batch = send_batch()
    first, *others = batch.items.all()
    for item in others:
        file_answer(batch, item, "no_match")
    closing.close_batch(batch.pk)
    assert refresh(batch).missing == 1
    assert file_answer(batch, first) == Filing.FILED
    batch = refresh(batch)
    assert (batch.matched, batch.no_match, batch.missing) == (1, 11, 0)


@pytest.mark.parametrize("status", [BatchStatus.UNCONFIRMED, BatchStatus.PLANNED])
def test_the_first_answer_adopts_a_batch_that_seemed_not_to_be_sent(send_batch, status):
    batch = send_batch()
    Batch.objects.update(status=status, vendor_id="")
    file_answer(batch, batch.items.first())
    closing.adopt_answered(timezone.now())
    batch = refresh(batch)
    assert (batch.status, batch.vendor_id) == (BatchStatus.ACKNOWLEDGED, VENDOR_ID_OF_ANSWERS)


def test_answers_to_an_earlier_batch_of_the_same_people_do_not_adopt_their_batch(send_batch):
    earlier = send_batch()
    later = Batch.objects.create(upload=earlier.upload, number=2, size=12, status=BatchStatus.PLANNED, attempts=1)
    earlier.items.update(batch=later)
    for item in later.items.all()[:3]:
        assert file_answer(earlier, item) == Filing.FILED
    closing.adopt_answered(timezone.now())
    assert refresh(later).status == BatchStatus.PLANNED
    assert file_answer(later, later.items.filter(outcome=Outcome.PENDING).first()) == Filing.FILED
    closing.adopt_answered(timezone.now())
    assert refresh(later).status == BatchStatus.ACKNOWLEDGED


def test_an_answer_without_the_vendors_id_adopts_its_batch(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    file_answer(batch, batch.items.first(), batchId=None)
    closing.adopt_answered(timezone.now())
    assert (refresh(batch).status, refresh(batch).vendor_id) == (BatchStatus.ACKNOWLEDGED, "")


def test_an_unconfirmed_batch_without_pending_people_needs_no_decision(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    Item.objects.update(outcome=Outcome.MATCHED, answered_at=timezone.now())
    jobs.tick()
    assert refresh(batch).status == BatchStatus.CLOSED


def test_a_completion_call_adopts_a_batch_too(send_batch):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    record_completion(batch)
    closing.adopt_answered(timezone.now())
    assert refresh(batch).vendor_id == "vendor-batch"


def test_closing_a_batch_does_not_change_its_counts(send_batch):
    batch = send_batch()
    outcomes = ["matched"] * 6 + ["no_match"] * 4 + ["error"] * 2
    for item, outcome in zip(batch.items.all(), outcomes, strict=True):
        file_answer(batch, item, outcome)
    before = count_batches([refresh(batch)])[batch.pk]
    assert count_uploads([batch.upload])[batch.upload_id] == before
    closing.close_batch(batch.pk)
    assert count_batches([refresh(batch)])[batch.pk] == before
    assert count_uploads([batch.upload])[batch.upload_id] == before
    assert (before.matched, before.no_match, before.error, before.pending) == (6, 4, 2, 0)
    assert (before.percent, before.match_rate) == (100, 50)


def test_the_bar_is_full_only_when_everyone_has_an_answer(send_batch):
    batch = send_batch()
    _, *others = batch.items.all()
    for item in others:
        file_answer(batch, item)
    counts = count_batches([batch])[batch.pk]
    assert counts.percent == 91
    bar = draw_bar(counts)
    assert 'class="f-good" x="0.00" width="91.17"' in bar
    assert re.findall(r'width="([^"]*)"', bar) == ["91.17", "0.00", "0.00", "0.00"]


def test_contact_details_are_purged_after_the_retention_time(send_batch, settings):
    batch = send_batch()
    file_answer(batch, batch.items.first())
    Item.objects.filter(outcome=Outcome.MATCHED).update(answered_at=timezone.now() - timedelta(days=31))
    retention.purge_expired(timezone.now(), 60)
    assert batch.items.first().answer != ""
    settings.RESULT_RETENTION_DAYS = 30
    retention.purge_expired(timezone.now(), 60)
    item = batch.items.first()
    assert (item.answer, item.outcome) == ("", Outcome.MATCHED)


def test_answers_in_a_cancelled_batch_are_counted(send_batch):
    batch = send_batch()
    for item in batch.items.all()[:5]:
        file_answer(batch, item)
    Batch.objects.update(status=BatchStatus.CANCELLED)
    assert count_uploads([batch.upload])[batch.upload_id].matched == 5
    assert count_batches([refresh(batch)])[batch.pk].matched == 5


def test_the_tick_continues_after_a_step_that_fails(send_batch, monkeypatch):
    batch = send_batch()
    answer_all(batch)

    def fail(now):
        raise ValueError

    # The tick logs the names of its steps.
    fail.__name__ = "adopt_answered"
    monkeypatch.setattr(closing, "adopt_answered", fail)
    jobs.tick()
    assert refresh(batch).status == BatchStatus.CLOSED


def test_a_batch_is_adopted_even_if_its_answer_has_been_purged(send_batch):
    batch = send_batch()
    file_answer(batch, batch.items.first())
    Item.objects.update(answer="")
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, vendor_id="")
    closing.adopt_answered(timezone.now())
    assert refresh(batch).status == BatchStatus.ACKNOWLEDGED


def test_a_batch_that_has_changed_since_the_page_was_shown_is_not_closed_by_hand(send_batch, alice):
    send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    batch_on_page = Batch.objects.get()
    Batch.objects.update(status=BatchStatus.ACKNOWLEDGED)
    assert not closing.close_manually(batch_on_page, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=7)
    assert not closing.close_manually(batch_on_page, alice)
    assert Batch.objects.get().missing == 0


def test_people_without_an_answer_for_long_do_not_delay_others(send_batch, settings):
    batch = send_batch()
    now = timezone.now()
    later = now + timedelta(seconds=settings.UNCONFIRMED_WAIT + 1)
    assert Item.objects.in_flight(now).count() == 12
    assert Item.objects.in_flight(later).count() == 0
    # A recent answer shows that the vendor is still working on the batch.
    Item.objects.filter(pk=batch.items.first().pk).update(outcome=Outcome.MATCHED, answered_at=later)
    assert Item.objects.in_flight(later).count() == 11


def test_a_completed_batch_without_new_answers_soon_stops_delaying_others(send_batch, stopped_time):
    batch = send_batch()
    record_completion(batch)
    file_answer(batch, batch.items.first())
    assert Item.objects.in_flight(stopped_time + timedelta(seconds=14)).count() == 11
    assert Item.objects.in_flight(stopped_time + timedelta(seconds=16)).count() == 0


def test_people_in_a_batch_closed_by_hand_are_missing_and_not_replanned(send_batch, alice):
    batch = send_batch()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED)
    assert closing.close_manually(Batch.objects.get(), alice)
    assert refresh(batch).missing == 12
    assert Event.objects.last().user == alice
    assert Upload.objects.get().items.unplanned().count() == 0
