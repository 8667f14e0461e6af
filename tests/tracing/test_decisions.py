"""People are re-run, batches are sent again and sending is unblocked by a person's decision."""

from datetime import timedelta

import pytest
from django.utils import timezone

from batches import jobs, retention
from batches.models import Batch, EarlierAnswer, Event, Item, SendingBlock, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, filing, packing
from batches.tracing.counts import count_batches, count_uploads
from batches.tracing.filing import Filing
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from tests.factories import answer_for

pytestmark = pytest.mark.django_db


def file_answer(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


@pytest.fixture
def complete_list(start_upload, settings):
    """Return a complete list of twelve people: eight matched, one error and three missing."""
    settings.MISSING_RETRIES = 0
    upload = start_upload(12)
    batch = upload.batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    first, *others = batch.items.all()[:9]
    file_answer(batch, first, "error", credits=2)
    for item in others:
        file_answer(batch, item)
    closing.close_batch(batch.pk)
    jobs.tick()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.COMPLETE
    return upload


def count(upload):
    """Count a list's people as they are in the database now."""
    return count_uploads([Upload.objects.get(pk=upload.pk)])[upload.pk]


def test_missing_people_are_re_run(complete_list, alice):
    assert decisions.rerun(complete_list.items.filter(outcome=Outcome.MISSING), alice) == {complete_list.pk: 3}
    complete_list.refresh_from_db()
    assert (complete_list.status, complete_list.completed_at) == (UploadStatus.RUNNING, None)
    counts = count(complete_list)
    assert (counts.matched, counts.error, counts.missing, counts.pending) == (8, 1, 0, 3)
    batch = complete_list.batches.get()
    assert (batch.missing, batch.moved, count_batches([batch])[batch.pk].total) == (0, 3, 9)
    assert packing.plan_upload(complete_list.pk) == 3
    event = Event.objects.get(what="re-run")
    assert (event.user, event.detail) == (alice, "3 people, may be charged again")


def test_a_re_run_error_becomes_an_earlier_answer(complete_list, alice):
    item = complete_list.items.get(outcome=Outcome.ERROR)
    answer = item.answer
    decisions.rerun(complete_list.items.filter(outcome=Outcome.ERROR), alice)
    item.refresh_from_db()
    assert (item.outcome, item.answer, item.batch) == (Outcome.PENDING, "", None)
    earlier = EarlierAnswer.objects.get()
    assert (earlier.item, earlier.batch, earlier.answer) == (item, complete_list.batches.get(), answer)


def test_the_cost_of_an_error_stays_counted_after_a_re_run(complete_list, alice):
    item = complete_list.items.get(outcome=Outcome.ERROR)
    credits_before = count(complete_list).credits
    decisions.rerun(complete_list.items.filter(outcome=Outcome.ERROR), alice)
    assert count(complete_list).credits == credits_before
    batch = complete_list.batches.get()
    assert file_answer(batch, item, batchRequestId="another", credits=1) == Filing.FILED
    assert count(complete_list).credits == credits_before + 1
    assert count_batches(complete_list.batches.all())[batch.pk].credits == credits_before


def test_a_repeated_error_does_not_answer_the_re_run(complete_list, alice):
    item, batch = complete_list.items.get(outcome=Outcome.ERROR), complete_list.batches.get()
    decisions.rerun(complete_list.items.filter(outcome=Outcome.ERROR), alice)
    assert file_answer(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.PENDING
    assert file_answer(batch, item, batchRequestId="another") == Filing.FILED
    assert file_answer(batch, item, "error", credits=2) == Filing.DUPLICATE


def test_only_missing_people_and_errors_are_re_run_and_only_once(complete_list, alice):
    assert decisions.rerun(complete_list.items.filter(outcome=Outcome.MATCHED), alice) == {}
    assert decisions.rerun(complete_list.items.all(), alice) == {complete_list.pk: 4}
    assert decisions.rerun(complete_list.items.all(), alice) == {}


def test_people_of_a_cancelled_list_are_not_re_run(complete_list, alice):
    Upload.objects.update(status=UploadStatus.CANCELLED)
    assert decisions.rerun(complete_list.items.all(), alice) == {}


def test_an_error_without_a_batch_is_re_run(complete_list, alice):
    complete_list.items.filter(outcome=Outcome.ERROR).update(batch=None)
    assert decisions.rerun(complete_list.items.filter(outcome=Outcome.ERROR), alice) == {complete_list.pk: 1}


def test_a_late_answer_after_a_re_run_is_filed(complete_list, alice):
    item, batch = complete_list.items.filter(outcome=Outcome.MISSING).first(), complete_list.batches.get()
    decisions.rerun(complete_list.items.filter(outcome=Outcome.MISSING), alice)
    assert file_answer(batch, item) == Filing.FILED


def test_a_list_is_not_complete_during_a_re_run(complete_list, alice):
    decisions.rerun(complete_list.items.filter(outcome=Outcome.MISSING), alice)
    assert closing.completable_uploads().count() == 0
    closing.complete_upload(complete_list.pk, timezone.now())
    assert Upload.objects.get().status == UploadStatus.RUNNING


def test_a_second_decision_about_the_same_attempt_changes_nothing(start_upload, alice):
    batch = start_upload(12).batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1)
    batch_on_page = Batch.objects.get()
    assert decisions.resend(batch_on_page, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=2)
    assert not decisions.resend(batch_on_page, alice)
    assert batch.events.filter(what=Event.RESEND_REQUESTED).count() == 1


def test_unblocking_ends_all_blocks_with_that_reason(charlie):
    first, _ = [SendingBlock.objects.create(reason="The key") for _ in range(2)]
    SendingBlock.objects.create(reason="The limit")
    decisions.unblock(first, charlie)
    assert [block.reason for block in SendingBlock.objects.in_force(timezone.now())] == ["The limit"]


def test_the_history_is_in_chronological_order(complete_list):
    events = list(complete_list.batches.get().events.values_list("what", flat=True))
    assert events == ["planned", "first result", "last result", "closed"]
    times = list(complete_list.events.values_list("at", flat=True))
    assert times == sorted(times)


def test_the_first_result_of_an_open_batch_is_recorded_once(start_upload):
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    file_answer(batch, batch.items.first())
    closing.record_first_results(timezone.now())
    closing.record_first_results(timezone.now())
    event = batch.events.get(what="first result")
    assert event.at == batch.items.first().answered_at == Batch.objects.get().first_result_at


def test_earlier_answers_are_purged_too(complete_list, alice, settings):
    decisions.rerun(complete_list.items.filter(outcome=Outcome.ERROR), alice)
    settings.RESULT_RETENTION_DAYS = 30
    EarlierAnswer.objects.update(answered_at=timezone.now() - timedelta(days=31))
    retention.purge_expired(timezone.now(), 60)
    assert EarlierAnswer.objects.get().answer == ""


def test_no_earlier_error_answers_a_later_re_run(complete_list, alice):
    item, batch = complete_list.items.get(outcome=Outcome.ERROR), complete_list.batches.get()
    for request_id in ("second", "third"):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        assert file_answer(batch, item, "error", batchRequestId=request_id) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    for request_id in (f"request-{item.pk}", "second", "third"):
        assert file_answer(batch, item, "error", batchRequestId=request_id) == Filing.DUPLICATE
    assert file_answer(batch, item, batchRequestId="fourth") == Filing.FILED


def test_a_match_with_the_request_id_of_an_error_is_kept(complete_list, alice):
    item, batch = complete_list.items.get(outcome=Outcome.ERROR), complete_list.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file_answer(batch, item) == Filing.FILED


def test_errors_without_a_request_id_are_told_apart_by_their_text(complete_list, alice):
    item, batch = complete_list.items.get(outcome=Outcome.ERROR), complete_list.batches.get()
    no_request_id = {"batchRequestId": None, "requestId": None}
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file_answer(batch, item, "error", **no_request_id) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file_answer(batch, item, "error", **no_request_id) == Filing.DUPLICATE
    assert file_answer(batch, item, "error", **no_request_id, message="Another error") == Filing.FILED


def test_an_answer_overtaken_by_a_re_run_is_filed(complete_list, alice, monkeypatch):
    """The receiver reads that the item is missing. The re-run makes it pending before the answer is filed."""
    item, batch = complete_list.items.filter(outcome=Outcome.MISSING).first(), complete_list.batches.get()

    def rerun_first(*_):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        return False

    monkeypatch.setattr(filing, "replace_outcome", rerun_first)
    assert file_answer(batch, item) == Filing.FILED


def test_a_list_without_people_to_re_run_stays_complete(complete_list, alice):
    ids = list(complete_list.items.filter(outcome=Outcome.MATCHED).values_list("pk", flat=True))
    assert decisions.rerun_batch(complete_list.pk, complete_list.batches.get().pk, ids, alice) == 0
    assert Upload.objects.get().status == UploadStatus.COMPLETE


def test_an_earlier_error_does_not_answer_a_re_run_person_who_is_missing_again(complete_list, alice):
    item, batch = complete_list.items.get(outcome=Outcome.ERROR), complete_list.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING)
    assert file_answer(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.MISSING
