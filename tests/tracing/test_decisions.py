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


def file(batch, item, outcome="matched", **changes):
    body = answer_for(item, outcome, **changes)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


@pytest.fixture
def ended(start_upload, settings):
    """A complete list of twelve: eight matched, one error, three missing."""
    settings.MISSING_RETRIES = 0
    upload = start_upload(12)
    batch = upload.batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
    first, *others = batch.items.all()[:9]
    file(batch, first, "error", credits=2)
    for item in others:
        file(batch, item)
    closing.close_batch(batch.pk)
    jobs.tick()
    upload.refresh_from_db()
    assert upload.status == UploadStatus.COMPLETE
    return upload


def counts(upload):
    found = count_uploads([Upload.objects.get(pk=upload.pk)])[upload.pk]
    return found.matched, found.error, found.missing, found.pending


def test_missing_people_are_re_run(ended, alice):
    batch = ended.batches.get()
    assert decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice) == {ended.pk: 3}
    ended.refresh_from_db()
    assert (ended.status, ended.completed_at) == (UploadStatus.RUNNING, None)
    assert counts(ended) == (8, 1, 0, 3)
    batch = ended.batches.get()
    assert (batch.missing, batch.moved, count_batches([batch])[batch.pk].total) == (0, 3, 9)
    assert packing.plan_upload(ended.pk) == 3
    event = Event.objects.get(what="re-run")
    assert (event.user, event.detail) == (alice, "3 people, may be charged again")


def test_a_re_run_error_becomes_an_earlier_answer(ended, alice):
    item = ended.items.get(outcome=Outcome.ERROR)
    answer = item.answer
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    item.refresh_from_db()
    assert (item.outcome, item.answer, item.batch) == (Outcome.PENDING, "", None)
    earlier = EarlierAnswer.objects.get()
    assert (earlier.item, earlier.batch, earlier.answer) == (item, ended.batches.get(), answer)


def test_the_cost_of_an_error_stays_counted(ended, alice):
    item = ended.items.get(outcome=Outcome.ERROR)
    before = count_uploads([ended])[ended.pk].credits
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    assert count_uploads([Upload.objects.get()])[ended.pk].credits == before
    batch = ended.batches.get()
    assert file(batch, item, batchRequestId="another", credits=1) == Filing.FILED
    assert count_uploads([Upload.objects.get()])[ended.pk].credits == before + 1
    assert count_batches(ended.batches.all())[batch.pk].credits == before


def test_a_repeated_error_does_not_answer_the_re_run(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.PENDING
    assert file(batch, item, batchRequestId="another") == Filing.FILED
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE


def test_people_with_an_answer_are_not_re_run(ended, alice):
    assert decisions.rerun(ended.items.filter(outcome=Outcome.MATCHED), alice) == {}
    assert decisions.rerun(ended.items.all(), alice) == {ended.pk: 4}
    assert decisions.rerun(ended.items.all(), alice) == {}


def test_a_cancelled_list_stays_cancelled(ended, alice):
    Upload.objects.update(status=UploadStatus.CANCELLED)
    assert decisions.rerun(ended.items.all(), alice) == {}


def test_an_error_without_a_batch_is_re_run(ended, alice):
    ended.items.filter(outcome=Outcome.ERROR).update(batch=None)
    assert decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice) == {ended.pk: 1}


def test_a_late_answer_after_a_re_run_is_filed(ended, alice):
    item, batch = ended.items.filter(outcome=Outcome.MISSING).first(), ended.batches.get()
    decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice)
    assert file(batch, item) == Filing.FILED


def test_a_list_is_not_complete_during_a_re_run(ended, alice):
    decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice)
    assert closing.completable_uploads().count() == 0
    closing.complete_upload(ended.pk, timezone.now())
    assert Upload.objects.get().status == UploadStatus.RUNNING


def test_a_second_decision_about_the_same_attempt_changes_nothing(start_upload, alice):
    batch = start_upload(12).batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1)
    shown = Batch.objects.get()
    assert decisions.send_again(shown, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=2)
    assert not decisions.send_again(shown, alice)
    assert batch.events.filter(what=Event.RESEND_REQUESTED).count() == 1


def test_unblocking_ends_all_blocks_with_that_reason(charlie):
    blocks = [SendingBlock.objects.create(reason="The key") for _ in range(2)] + [
        SendingBlock.objects.create(reason="The limit")
    ]
    decisions.unblock(blocks[0], charlie)
    assert [block.reason for block in SendingBlock.objects.in_force(timezone.now())] == ["The limit"]


def test_the_history_is_in_chronological_order(ended):
    whats = list(ended.batches.get().events.values_list("what", flat=True))
    assert whats == ["planned", "first result", "last result", "closed"]
    times = list(ended.events.values_list("at", flat=True))
    assert times == sorted(times)


def test_the_first_result_is_recorded_while_the_batch_is_open(start_upload):
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    file(batch, batch.items.first())
    closing.record_first_results(timezone.now())
    closing.record_first_results(timezone.now())
    event = batch.events.get(what="first result")
    assert event.at == batch.items.first().answered_at == Batch.objects.get().first_result_at


def test_replaced_errors_are_purged_too(ended, alice, settings):
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    settings.RESULT_RETENTION_DAYS = 30
    EarlierAnswer.objects.update(answered_at=timezone.now() - timedelta(days=31))
    retention.purge_expired(timezone.now(), 60)
    assert EarlierAnswer.objects.get().answer == ""


def test_earlier_errors_do_not_answer_the_re_run(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    for request in ("second", "third"):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        assert file(batch, item, "error", batchRequestId=request) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    for request in (f"request-{item.pk}", "second", "third"):
        assert file(batch, item, "error", batchRequestId=request) == Filing.DUPLICATE
    assert file(batch, item, batchRequestId="fourth") == Filing.FILED


def test_a_match_with_the_request_id_of_an_error_is_kept(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item) == Filing.FILED


def test_errors_without_a_request_id_are_distinguished_by_their_text(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    nameless = {"batchRequestId": None, "requestId": None}
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item, "error", **nameless) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item, "error", **nameless) == Filing.DUPLICATE
    assert file(batch, item, "error", **nameless, message="Another one") == Filing.FILED


def test_an_answer_overtaken_by_a_re_run_is_filed(ended, alice, monkeypatch):
    """The webhook reads the item as missing. The re-run makes the item pending before the answer is filed."""
    item, batch = ended.items.filter(outcome=Outcome.MISSING).first(), ended.batches.get()

    def rerun_first(*_):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        return False

    monkeypatch.setattr(filing, "replace_outcome", rerun_first)
    assert file(batch, item) == Filing.FILED


def test_a_list_without_people_to_re_run_is_not_reopened(ended, alice):
    ids = list(ended.items.filter(outcome=Outcome.MATCHED).values_list("pk", flat=True))
    assert decisions.rerun_batch(ended.pk, ended.batches.get().pk, ids, alice) == 0
    assert Upload.objects.get().status == UploadStatus.COMPLETE


def test_an_earlier_error_is_not_filed_as_a_late_answer(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING)
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.MISSING
