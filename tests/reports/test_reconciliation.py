"""Books as summed by the database: the vendor's totals compared with our records."""

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


def send(batch):
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
    return Batch.objects.get(pk=batch.pk)


@pytest.fixture
def sent(start_upload):
    """Make a batch that is with the vendor."""
    first = iter(range(0, 10_000, 100))

    def make(count=20):
        begin = next(first)
        return send(start_upload([person(begin + n) for n in range(1, count + 1)]).batches.get())

    return make


def deliver(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


def complete(batch, **totals):
    text = json.dumps({"batchId": "b", **totals})
    return filing.record_completion(batch.token, protocol.decode_completion(text), text)


def close(batch):
    closing.close_batch(batch.pk)
    receipts.count_changed(timezone.now())


def books(batch):
    return reconciliation.batch_books(batch)


def answer(batch, matched, others=0):
    items = list(batch.items.order_by("pk"))
    for place, item in enumerate(items[: matched + others]):
        deliver(batch, item, "matched" if place < matched else "no_match", credits=10 if place < matched else 0)


def test_answers_never_received_are_counted(sent, settings):
    settings.MISSING_RETRIES = 0
    batch = sent(20)
    answer(batch, matched=11, others=7)
    complete(batch, totalProcessed=20, totalMatched=12, totalErrors=0)
    close(batch)
    found = books(batch)
    assert (found.processed, found.held, found.lost_answers) == (20, 18, 2)
    assert (found.matched, found.held_matched, found.lost_matches) == (12, 11, 1)
    assert (found.credits, found.lacking) == (110, 1)
    assert found.remarks == ["2 answers never received", "1 match never received"]


def test_nothing_counts_as_lost_while_a_batch_is_open(sent):
    batch = sent(20)
    answer(batch, matched=5)
    complete(batch, totalProcessed=20, totalMatched=12)
    assert books(batch).lost_answers == 0
    assert books(batch).remarks == ["in progress"]


def test_a_late_answer_counts_as_received(sent, settings):
    settings.MISSING_RETRIES = 0
    batch = sent(20)
    answer(batch, matched=19)
    complete(batch, totalProcessed=20, totalMatched=20)
    close(batch)
    assert books(batch).lost_answers == 1
    assert deliver(batch, batch.items.get(outcome="missing")) is Filing.FILED
    assert books(batch).remarks == ["being counted"]
    receipts.count_changed(timezone.now())
    assert (books(batch).lost_answers, books(batch).remarks) == (0, [])


def test_an_answer_counts_for_the_address_it_came_to(sent, settings):
    """Twelve people without an answer are replanned into another batch. Then all answers arrive for the first batch."""
    settings.MISSING_SHARE = 100
    first = sent(12)
    complete(first, totalProcessed=12, totalMatched=12)
    items = list(first.items.order_by("pk"))
    close(first)
    assert books(first).lost_answers == 12
    packing.plan_upload(first.upload_id)
    second = send(first.upload.batches.exclude(pk=first.pk).get())
    for item in items:
        assert deliver(first, item) is Filing.FILED
    close(second)
    assert (books(first).held, books(first).lost_answers) == (12, 0)
    assert (books(second).held, Batch.objects.get(pk=second.pk).matched) == (0, 12)


def test_an_answer_for_a_person_without_a_batch_counts(sent):
    first = sent(12)
    complete(first, totalProcessed=12, totalMatched=12)
    items = list(first.items.order_by("pk"))
    close(first)
    for item in items:
        assert deliver(first, item) is Filing.FILED
    closing.complete_uploads(timezone.now())
    receipts.count_changed(timezone.now())
    assert (books(first).held, books(first).lost_answers) == (12, 0)


def test_a_replaced_answer_counts_as_received(sent, alice):
    batch = sent(12)
    items = list(batch.items.order_by("pk"))
    deliver(batch, items[0], "error", credits=3)
    for item in items[1:]:
        deliver(batch, item)
    complete(batch, totalProcessed=12, totalMatched=11, totalErrors=1)
    close(batch)
    assert (books(batch).received, books(batch).received_errors) == (12, 1)
    assert decisions.rerun(Item.objects.filter(pk=items[0].pk), alice)
    receipts.count_changed(timezone.now())
    found = books(batch)
    assert (found.received, found.second_answers, found.held, found.lost_answers) == (11, 1, 12, 0)
    assert found.second_credits == 3


def test_unmatched_answers_count_as_received(sent, settings):
    settings.MISSING_RETRIES = 0
    batch = sent(12)
    answer(batch, matched=10)
    complete(batch, totalProcessed=12, totalMatched=12)
    receipts.add_unmatched(batch.token, 2, 1, Decimal("10.50"))
    close(batch)
    found = books(batch)
    assert (found.held, found.lost_answers) == (12, 0)
    assert (found.held_matched, found.lost_matches) == (11, 1)
    assert found.unmatched_credits == Decimal("10.50")


def test_a_completion_call_without_totals_is_reported(sent):
    batch = sent(12)
    answer(batch, matched=12)
    complete(batch)
    close(batch)
    assert (books(batch).without_totals, books(batch).remarks) == (1, ["completion call without totals"])


def test_a_missing_completion_call_is_reported(sent):
    batch = sent(12)
    answer(batch, matched=12)
    close(batch)
    assert (books(batch).not_completed, books(batch).remarks) == (1, ["no completion call"])


def test_a_single_person_needs_no_completion_call(sent):
    batch = sent(12)
    answer(batch, matched=12)
    close(batch)
    Batch.objects.update(kind=BatchKind.SINGLE)
    assert books(batch).remarks == []


def test_a_batch_that_the_vendor_ran_twice_is_compared_with_both_totals(sent):
    batch = sent(12)
    complete(batch, totalProcessed=12, totalMatched=12)
    answer(batch, matched=12)
    for _ in range(2):
        text = json.dumps({"batchId": "another", "totalProcessed": 12, "totalMatched": 11})
        completion = protocol.decode_completion(text)
        assert filing.record_completion(batch.token, completion, text) is filing.Filing.DUPLICATE
    complete(batch, totalProcessed=12, totalMatched=12)
    close(batch)
    found = books(batch)
    assert (found.processed, found.matched, found.received, found.lost_answers) == (24, 23, 12, 12)


def test_a_call_for_a_single_person_without_reply_is_reported(sent):
    batch = sent(12)
    Batch.objects.update(kind=BatchKind.SINGLE)
    close(batch)
    found = books(batch)
    assert (found.unanswered_calls, found.not_completed) == (1, 0)
    assert found.remarks == ["no reply, perhaps charged"]


def test_a_completion_call_after_closing_counts(sent, settings):
    settings.MISSING_RETRIES = 0
    batch = sent(12)
    answer(batch, matched=10)
    close(batch)
    complete(batch, totalProcessed=12)
    receipts.count_changed(timezone.now())
    assert books(batch).lost_answers == 2


def test_a_surplus_hides_no_loss_in_another_batch(sent, settings):
    settings.MISSING_RETRIES = 0
    short, long = sent(12), sent(12)
    answer(short, matched=10)
    answer(long, matched=12)
    complete(short, totalProcessed=12)
    complete(long, totalProcessed=9)
    close(short)
    close(long)
    total = reconciliation.total_books(reconciliation.sent_batches())
    assert (total.processed, total.held, total.lost_answers, total.lacking) == (21, 22, 2, 1)


@pytest.mark.parametrize("status", [BatchStatus.DISSOLVED, BatchStatus.CANCELLED, BatchStatus.REFUSED])
def test_a_retired_batch_is_included_if_it_has_answers(sent, status):
    batch = sent(12)
    Batch.objects.update(status=status)
    assert not reconciliation.sent_batches().exists()
    complete(batch, totalProcessed=12)
    receipts.count_changed(timezone.now())
    assert reconciliation.sent_batches().get() == batch
    assert books(batch).lost_answers == (0 if status == BatchStatus.REFUSED else 12)


def test_batches_that_were_never_sent_are_not_included(start_upload):
    start_upload(12)
    assert not reconciliation.sent_batches().exists()


def test_lists_and_months_are_sums_of_their_batches(sent, settings):
    settings.MISSING_RETRIES = 0
    batches = [sent(12), sent(12), sent(12)]
    for batch in batches:
        answer(batch, matched=10, others=1)
        complete(batch, totalProcessed=12, totalMatched=11)
        close(batch)
    # The last second of November by UTC, and the first of December.
    december = datetime(2026, 12, 1, tzinfo=UTC)
    Batch.objects.update(submitted_at=december)
    Batch.objects.filter(pk=batches[0].pk).update(submitted_at=december - timedelta(seconds=1))
    months = list(reconciliation.by_month(reconciliation.sent_batches()))
    assert [(f"{row['month']:%Y-%m}", row["sum_batches"], row["sum_lost_answers"]) for row in months] == [
        ("2026-12", 2, 2),
        ("2026-11", 1, 1),
    ]
    lists = [reconciliation.as_books(row) for row in reconciliation.by_list(reconciliation.sent_batches())]
    assert [(row.batches, row.processed, row.held, row.lost_matches) for row in lists] == [(1, 12, 11, 1)] * 3
    rows = [reconciliation.as_books(row) for row in reconciliation.by_batch(reconciliation.sent_batches())]
    assert (
        sum(row.lost_answers for row in rows)
        == reconciliation.total_books(reconciliation.sent_batches()).lost_answers
        == 3
    )


def test_reconciliation_without_batches_is_zero():
    assert reconciliation.total_books(reconciliation.sent_batches()) == reconciliation.Books()
