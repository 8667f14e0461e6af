"""Reconciliation as the database sums it up: the vendor's totals compared with our records."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from batches.models import Batch, Item
from batches.reports import reconciliation
from batches.statuses import BatchKind, BatchStatus
from batches.tracing import closing, decisions, filing, packing, receipts
from batches.tracing.filing import Filing
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from tests.factories import answer_for, person

pytestmark = pytest.mark.django_db


def acknowledge(batch):
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
    return Batch.objects.get(pk=batch.pk)


@pytest.fixture
def send_batch(start_upload):
    """Return a function that makes a batch of people who are in no other batch, and acknowledges it."""
    first_numbers = itertools.count(1, 100)

    def send_batch(count=20):
        first = next(first_numbers)
        return acknowledge(start_upload([person(first + n) for n in range(count)]).batches.get())

    return send_batch


def deliver(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def complete(batch, **totals):
    text = json.dumps({"batchId": "b", **totals})
    return filing.record_completion(batch.token, protocol.decode_completion(text), text)


def close(batch):
    closing.close_batch(batch.pk)
    receipts.count_changed(timezone.now())


def load_books(batch):
    return reconciliation.batch_books(batch)


def answer(batch, matched, others=0):
    """Deliver answers for some people of a batch: first matches, which cost 10 credits each, then others."""
    items = iter(batch.items.order_by("pk"))
    for item in itertools.islice(items, matched):
        deliver(batch, item, credits=10)
    for item in itertools.islice(items, others):
        deliver(batch, item, "no_match", credits=0)


def test_answers_never_received_are_counted(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batch = send_batch(20)
    answer(batch, matched=11, others=7)
    complete(batch, totalProcessed=20, totalMatched=12, totalErrors=0)
    close(batch)
    found = load_books(batch)
    assert (found.processed, found.held, found.lost_answers) == (20, 18, 2)
    assert (found.matched, found.held_matched, found.lost_matches) == (12, 11, 1)
    assert (found.credits, found.lacking) == (110, 1)
    assert found.remarks == ["2 answers never received", "1 match never received"]


def test_nothing_counts_as_lost_while_a_batch_is_open(send_batch):
    batch = send_batch(20)
    answer(batch, matched=5)
    complete(batch, totalProcessed=20, totalMatched=12)
    assert load_books(batch).lost_answers == 0
    assert load_books(batch).remarks == ["in progress"]


def test_a_late_answer_counts_as_received(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batch = send_batch(20)
    answer(batch, matched=19)
    complete(batch, totalProcessed=20, totalMatched=20)
    close(batch)
    assert load_books(batch).lost_answers == 1
    assert deliver(batch, batch.items.get(outcome="missing")) is Filing.FILED
    assert load_books(batch).remarks == ["being counted"]
    receipts.count_changed(timezone.now())
    assert (load_books(batch).lost_answers, load_books(batch).remarks) == (0, [])


def test_an_answer_counts_for_the_batch_whose_address_it_came_to(send_batch, settings):
    """Twelve people without an answer are planned into another batch. Then all answers arrive for the first batch."""
    settings.MISSING_SHARE = 100
    first = send_batch(12)
    complete(first, totalProcessed=12, totalMatched=12)
    items = list(first.items.order_by("pk"))
    close(first)
    assert load_books(first).lost_answers == 12
    packing.plan_upload(first.upload_id)
    second = acknowledge(first.upload.batches.exclude(pk=first.pk).get())
    for item in items:
        assert deliver(first, item) is Filing.FILED
    close(second)
    assert (load_books(first).held, load_books(first).lost_answers) == (12, 0)
    assert (load_books(second).held, Batch.objects.get(pk=second.pk).matched) == (0, 12)


def test_an_answer_for_a_person_without_a_batch_counts_as_received(send_batch):
    first = send_batch(12)
    complete(first, totalProcessed=12, totalMatched=12)
    items = list(first.items.order_by("pk"))
    close(first)
    for item in items:
        assert deliver(first, item) is Filing.FILED
    closing.complete_uploads(timezone.now())
    receipts.count_changed(timezone.now())
    assert (load_books(first).held, load_books(first).lost_answers) == (12, 0)


def test_a_replaced_answer_counts_as_received(send_batch, alice):
    batch = send_batch(12)
    items = list(batch.items.order_by("pk"))
    deliver(batch, items[0], "error", credits=3)
    for item in items[1:]:
        deliver(batch, item)
    complete(batch, totalProcessed=12, totalMatched=11, totalErrors=1)
    close(batch)
    assert (load_books(batch).received, load_books(batch).received_errors) == (12, 1)
    assert decisions.rerun(Item.objects.filter(pk=items[0].pk), alice)
    receipts.count_changed(timezone.now())
    found = load_books(batch)
    assert (found.received, found.second_answers, found.held, found.lost_answers) == (11, 1, 12, 0)
    assert found.second_credits == 3


def test_unmatched_answers_count_as_received(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batch = send_batch(12)
    answer(batch, matched=10)
    complete(batch, totalProcessed=12, totalMatched=12)
    receipts.add_unmatched(batch.token, answers=2, matched=1, credits=Decimal("10.50"))
    close(batch)
    found = load_books(batch)
    assert (found.held, found.lost_answers) == (12, 0)
    assert (found.held_matched, found.lost_matches) == (11, 1)
    assert found.unmatched_credits == Decimal("10.50")


def test_a_completion_call_without_totals_is_reported(send_batch):
    batch = send_batch(12)
    answer(batch, matched=12)
    complete(batch)
    close(batch)
    assert (load_books(batch).without_totals, load_books(batch).remarks) == (1, ["completion call without totals"])


def test_a_missing_completion_call_is_reported(send_batch):
    batch = send_batch(12)
    answer(batch, matched=12)
    close(batch)
    assert (load_books(batch).not_completed, load_books(batch).remarks) == (1, ["no completion call"])


def test_a_single_person_needs_no_completion_call(send_batch):
    batch = send_batch(12)
    answer(batch, matched=12)
    close(batch)
    Batch.objects.update(kind=BatchKind.SINGLE)
    assert load_books(batch).remarks == []


def test_a_batch_that_the_vendor_ran_twice_is_compared_with_both_totals(send_batch):
    batch = send_batch(12)
    complete(batch, totalProcessed=12, totalMatched=12)
    answer(batch, matched=12)
    for _ in range(2):
        text = json.dumps({"batchId": "another", "totalProcessed": 12, "totalMatched": 11})
        completion = protocol.decode_completion(text)
        assert filing.record_completion(batch.token, completion, text) is Filing.DUPLICATE
    complete(batch, totalProcessed=12, totalMatched=12)
    close(batch)
    found = load_books(batch)
    assert (found.processed, found.matched, found.received, found.lost_answers) == (24, 23, 12, 12)


def test_a_call_for_a_single_person_that_got_no_reply_is_reported(send_batch):
    batch = send_batch(12)
    Batch.objects.update(kind=BatchKind.SINGLE)
    close(batch)
    found = load_books(batch)
    assert (found.unanswered_calls, found.not_completed) == (1, 0)
    assert found.remarks == ["no reply, perhaps charged"]


def test_a_completion_call_that_arrives_after_closing_counts(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batch = send_batch(12)
    answer(batch, matched=10)
    close(batch)
    complete(batch, totalProcessed=12)
    receipts.count_changed(timezone.now())
    assert load_books(batch).lost_answers == 2


def test_extra_answers_in_one_batch_do_not_hide_a_loss_in_another(send_batch, settings):
    settings.MISSING_RETRIES = 0
    with_loss, with_extra = send_batch(12), send_batch(12)
    answer(with_loss, matched=10)
    answer(with_extra, matched=12)
    complete(with_loss, totalProcessed=12)
    complete(with_extra, totalProcessed=9)
    close(with_loss)
    close(with_extra)
    total = reconciliation.total_books(reconciliation.sent_batches())
    assert (total.processed, total.held, total.lost_answers, total.lacking) == (21, 22, 2, 1)


@pytest.mark.parametrize("status", [BatchStatus.DISSOLVED, BatchStatus.CANCELLED, BatchStatus.REFUSED])
def test_a_retired_batch_is_included_once_the_vendor_reports_about_it(send_batch, status):
    batch = send_batch(12)
    Batch.objects.update(status=status)
    assert not reconciliation.sent_batches().exists()
    complete(batch, totalProcessed=12)
    receipts.count_changed(timezone.now())
    assert reconciliation.sent_batches().get() == batch
    assert load_books(batch).lost_answers == (0 if status == BatchStatus.REFUSED else 12)


def test_batches_that_were_never_sent_are_not_included(start_upload):
    start_upload(12)
    assert not reconciliation.sent_batches().exists()


def test_lists_and_months_are_sums_of_their_batches(send_batch, settings):
    settings.MISSING_RETRIES = 0
    batches = [send_batch(12), send_batch(12), send_batch(12)]
    for batch in batches:
        answer(batch, matched=10, others=1)
        complete(batch, totalProcessed=12, totalMatched=11)
        close(batch)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    last_second_of_november = december - timedelta(seconds=1)
    Batch.objects.update(submitted_at=december)
    Batch.objects.filter(pk=batches[0].pk).update(submitted_at=last_second_of_november)
    months = list(reconciliation.by_month(reconciliation.sent_batches()))
    assert [(f"{row['month']:%Y-%m}", row["sum_batches"], row["sum_lost_answers"]) for row in months] == [
        ("2026-12", 2, 2),
        ("2026-11", 1, 1),
    ]
    lists = [reconciliation.as_books(row) for row in reconciliation.by_list(reconciliation.sent_batches())]
    assert [(row.batches, row.processed, row.held, row.lost_matches) for row in lists] == [(1, 12, 11, 1)] * 3
    rows = [reconciliation.as_books(row) for row in reconciliation.by_batch(reconciliation.sent_batches())]
    assert sum(row.lost_answers for row in rows) == 3
    assert reconciliation.total_books(reconciliation.sent_batches()).lost_answers == 3


def test_without_batches_all_sums_are_zero():
    assert reconciliation.total_books(reconciliation.sent_batches()) == reconciliation.Books()
