from datetime import timedelta

import pytest
from django.utils import timezone

from batches import jobs
from batches.models import Batch, EarlierAnswer, Event, Hold, Item, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, filing, packing
from batches.tracing.counts import count_batches, count_uploads
from batches.tracing.filing import Filing
from batches.tracing.lifecycle import move_batch
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
    move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    move_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now(), vendor_id="vendor-batch")
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


def test_missing_people_are_asked_for_once_more(ended, alice):
    batch = ended.batches.get()
    assert decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice) == {ended.pk: 3}
    ended.refresh_from_db()
    assert (ended.status, ended.completed_at) == (UploadStatus.RUNNING, None)
    assert counts(ended) == (8, 1, 0, 3)
    batch = ended.batches.get()
    assert (batch.missing, batch.moved, count_batches([batch])[batch.pk].total) == (0, 3, 9)
    assert packing.plan_upload(ended.pk) == 3
    event = Event.objects.get(what="re-run")
    assert (event.user, event.detail) == (alice, "3 items, may be paid twice")


def test_an_error_that_is_asked_for_once_more_is_put_aside(ended, alice):
    item = ended.items.get(outcome=Outcome.ERROR)
    answer = item.answer
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    item.refresh_from_db()
    assert (item.outcome, item.answer, item.batch) == (Outcome.PENDING, "", None)
    earlier = EarlierAnswer.objects.get()
    assert (earlier.item, earlier.batch, earlier.answer) == (item, ended.batches.get(), answer)


def test_what_an_error_has_cost_stays_counted(ended, alice):
    item = ended.items.get(outcome=Outcome.ERROR)
    before = count_uploads([ended])[ended.pk].credits
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    assert count_uploads([Upload.objects.get()])[ended.pk].credits == before
    batch = ended.batches.get()
    assert file(batch, item, batchRequestId="another", credits=1) == Filing.FILED
    assert count_uploads([Upload.objects.get()])[ended.pk].credits == before + 1
    assert count_batches(ended.batches.all())[batch.pk].credits == before


def test_an_error_that_comes_again_is_not_the_answer_to_asking_once_more(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.PENDING
    assert file(batch, item, batchRequestId="another") == Filing.FILED
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE


def test_who_has_an_answer_is_not_asked_for_again(ended, alice):
    assert decisions.rerun(ended.items.filter(outcome=Outcome.MATCHED), alice) == {}
    assert decisions.rerun(ended.items.all(), alice) == {ended.pk: 4}
    assert decisions.rerun(ended.items.all(), alice) == {}


def test_a_cancelled_list_stays_cancelled(ended, alice):
    Upload.objects.update(status=UploadStatus.CANCELLED)
    assert decisions.rerun(ended.items.all(), alice) == {}


def test_an_error_that_no_batch_has_is_asked_for_once_more(ended, alice):
    ended.items.filter(outcome=Outcome.ERROR).update(batch=None)
    assert decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice) == {ended.pk: 1}


def test_a_late_answer_after_a_re_run_still_files(ended, alice):
    item, batch = ended.items.filter(outcome=Outcome.MISSING).first(), ended.batches.get()
    decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice)
    assert file(batch, item) == Filing.FILED


def test_a_list_is_not_complete_while_somebody_is_asked_for_once_more(ended, alice):
    decisions.rerun(ended.items.filter(outcome=Outcome.MISSING), alice)
    assert closing.waiting_for_nothing().count() == 0
    closing.complete_upload(ended.pk, timezone.now())
    assert Upload.objects.get().status == UploadStatus.RUNNING


def test_a_second_decision_about_the_same_try_changes_nothing(start_upload, alice):
    batch = start_upload(12).batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1)
    shown = Batch.objects.get()
    assert decisions.send_again(shown, alice)
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=2)
    assert not decisions.send_again(shown, alice)
    assert batch.events.filter(what=Event.SENT_AGAIN).count() == 1


def test_lifting_a_hold_lifts_those_for_the_same_reason(charlie):
    holds = [Hold.objects.create(reason="The key") for _ in range(2)] + [Hold.objects.create(reason="The limit")]
    decisions.lift(holds[0], charlie)
    assert [hold.reason for hold in Hold.objects.in_force(timezone.now())] == ["The limit"]


def test_the_history_is_in_order_from_the_plan_to_the_end(ended):
    whats = list(ended.batches.get().events.values_list("what", flat=True))
    assert whats == ["planned", "first result", "last result", "closed"]
    times = list(ended.events.values_list("at", flat=True))
    assert times == sorted(times)


def test_the_first_result_is_noted_while_the_batch_runs(start_upload):
    batch = start_upload(12).batches.get()
    move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    file(batch, batch.items.first())
    closing.note_first_results(timezone.now())
    closing.note_first_results(timezone.now())
    event = batch.events.get(what="first result")
    assert event.at == batch.items.first().answered_at == Batch.objects.get().first_result_at


def test_put_aside_errors_are_forgotten_too(ended, alice, settings):
    decisions.rerun(ended.items.filter(outcome=Outcome.ERROR), alice)
    settings.RESULT_RETENTION_DAYS = 30
    closing.purge_expired(timezone.now() + timedelta(days=31))
    assert EarlierAnswer.objects.get().answer == ""


def test_an_older_error_is_not_the_answer_either(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    for request in ("second", "third"):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        assert file(batch, item, "error", batchRequestId=request) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    for request in (f"request-{item.pk}", "second", "third"):
        assert file(batch, item, "error", batchRequestId=request) == Filing.DUPLICATE
    assert file(batch, item, batchRequestId="fourth") == Filing.FILED


def test_a_match_under_the_number_of_an_error_is_not_dropped(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item) == Filing.FILED


def test_errors_without_a_number_are_told_apart_by_their_words(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    nameless = {"batchRequestId": None, "requestId": None}
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item, "error", **nameless) == Filing.FILED
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    assert file(batch, item, "error", **nameless) == Filing.DUPLICATE
    assert file(batch, item, "error", **nameless, message="Another one") == Filing.FILED


def test_an_answer_that_a_re_run_overtook_is_filed(ended, alice, monkeypatch):
    """The webhook has read that the item is missing; before it can file, the re-run makes it pending."""
    item, batch = ended.items.filter(outcome=Outcome.MISSING).first(), ended.batches.get()

    def be_overtaken(*_):
        decisions.rerun(Item.objects.filter(pk=item.pk), alice)
        return False

    monkeypatch.setattr(filing, "file_over", be_overtaken)
    assert file(batch, item) == Filing.FILED


def test_a_list_is_not_opened_for_nobody(ended, alice):
    ids = list(ended.items.filter(outcome=Outcome.MATCHED).values_list("pk", flat=True))
    assert decisions.rerun_batch(ended.pk, ended.batches.get().pk, ids, alice) == 0
    assert Upload.objects.get().status == UploadStatus.COMPLETE


def test_an_older_error_is_no_late_answer_either(ended, alice):
    item, batch = ended.items.get(outcome=Outcome.ERROR), ended.batches.get()
    decisions.rerun(Item.objects.filter(pk=item.pk), alice)
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MISSING)
    assert file(batch, item, "error", credits=2) == Filing.DUPLICATE
    assert Item.objects.get(pk=item.pk).outcome == Outcome.MISSING
