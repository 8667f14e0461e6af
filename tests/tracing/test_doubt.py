"""After a restored backup or a long outage, no person is paid for again until a user decides."""

import json
from collections import Counter
from datetime import timedelta

import pytest
import responses
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from batches import jobs, lease
from batches.models import Batch, Correction, Item, Lease, SendingBlock, Upload
from batches.statuses import BATCH_OPEN, BatchStatus, CorrectionStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, doubt, filing, lifecycle, packing, pausing, spending
from batches.tracing.lifecycle import transition_batch
from batches.vendor import protocol
from tests.factories import answer_for, person

pytestmark = pytest.mark.django_db
BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
LIST_SIZE = 16
"""People in each list."""
OFFSETS = [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=2), timedelta(days=1), timedelta(days=9)]
"""When the clock and the workers run, after the beginning of a test."""


@pytest.fixture(autouse=True)
def bought(settings):
    """Return how often the vendor has accepted each person, by the keys of the items."""
    settings.REALESTATEAPI_URL = "https://vendor.example"
    bought = Counter()

    def accept(request):
        skips = json.loads(request.body)["skips"]
        bought.update(skip["key"] for skip in skips)
        ids = [{"key": skip["key"], "batchRequestId": f"r{skip['key']}"} for skip in skips]
        return 200, {}, json.dumps({"batchId": "vendor-batch", "receiveCount": len(skips), "batchRequestIds": ids})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", BATCH_URL, accept)
        yield bought


@pytest.fixture
def start_list(start_upload):
    """Return a function that starts a list. Lists with different numbers have no people in common."""

    def start(list_number):
        return start_upload(make_people(list_number))

    return start


def make_people(list_number):
    return [person(1000 * list_number + position) for position in range(LIST_SIZE)]


def file_answer(batch, item):
    body = answer_for(item)
    return filing.file_answer(batch.token, protocol.decode_answer(body), body.decode())


@pytest.fixture
def lists_in_progress(start_list, make_upload, alice):
    """Return a list for each open status of a batch, by that status, and the lists "paused" and "unplanned"."""
    lists = {name: start_list(number) for number, name in enumerate([*BATCH_OPEN, "paused"])}
    batches = {name: upload.batches.get() for name, upload in lists.items()}
    for status in (BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.REFUSED):
        transition_batch(batches[status].pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batches[BatchStatus.UNCONFIRMED].pk, BatchStatus.UNCONFIRMED)
    transition_batch(batches[BatchStatus.REFUSED].pk, BatchStatus.REFUSED)
    acknowledged = batches[BatchStatus.ACKNOWLEDGED]
    dispatch.submit_batch(acknowledged.pk)
    for item in acknowledged.items.all()[:5]:
        file_answer(acknowledged, item)
    filing.record_completion(acknowledged.token, protocol.decode_completion("{}"), "{}")
    pausing.pause_upload(lists["paused"], alice)
    lists["unplanned"] = make_upload(make_people(90))
    spending.start(lists["unplanned"], alice)
    return {name: Upload.objects.get(pk=upload.pk) for name, upload in lists.items()}


def run_for_nine_days(time_machine):
    """Run everything that the clock and the workers do automatically within nine days."""
    begin = timezone.now()
    for offset in OFFSETS:
        time_machine.move_to(begin + offset, tick=False)
        for _ in range(3):
            jobs.sweep()
            for upload_id in packing.list_unplanned_uploads():
                jobs.plan(upload_id)
            for batch_id in dispatch.choose_batches(timezone.now()):
                dispatch.submit_batch(batch_id)
            jobs.tick()


@pytest.fixture
def restored(lists_in_progress, bought, time_machine, settings):
    """Restore a backup that is nine days old. Return its lists."""
    settings.MISSING_RETRIES = 1
    time_machine.move_to(timezone.now() + OFFSETS[-1], tick=False)
    call_command("restored")
    bought.clear()
    return {name: Upload.objects.get(pk=upload.pk) for name, upload in lists_in_progress.items()}


def unblock_sending(user):
    for block in SendingBlock.objects.in_force(timezone.now()):
        decisions.unblock(block, user)


def test_without_the_command_people_are_paid_for_again(lists_in_progress, bought, time_machine, settings):
    settings.MISSING_SHARE = 100
    run_for_nine_days(time_machine)
    assert bought.total() > 4 * LIST_SIZE


def test_restoring_a_nine_day_old_backup_costs_nothing(lists_in_progress, bought, time_machine, settings, capsys):
    settings.MISSING_RETRIES = 1
    backup = transaction.savepoint()
    run_for_nine_days(time_machine)
    assert Item.objects.filter(outcome=Outcome.MISSING).exists()
    transaction.savepoint_rollback(backup)
    bought.clear()
    call_command("restored")
    assert f"Batches newly in doubt: {len(lists_in_progress)}." in capsys.readouterr().out
    run_for_nine_days(time_machine)
    assert bought.total() == 0


@pytest.mark.parametrize("policy", ["ask", "resend"])
@pytest.mark.parametrize("is_unblocked", [False, True])
def test_no_person_is_paid_for_until_a_user_decides(
    restored, bought, time_machine, settings, alice, policy, is_unblocked
):
    settings.UNCONFIRMED_POLICY = policy
    if is_unblocked:
        unblock_sending(alice)
    pausing.resume_upload(restored["paused"], alice)
    run_for_nine_days(time_machine)
    assert bought.total() == 0
    assert {batch.is_in_doubt for batch in Batch.objects.all()} == {True}
    assert Batch.objects.count() == len(restored)
    assert not Item.objects.filter(outcome=Outcome.MISSING).exists()


@pytest.mark.parametrize("policy", ["ask", "resend"])
def test_resent_batches_are_paid_for_once_and_others_not_at_all(
    restored, bought, time_machine, settings, charlie, policy
):
    settings.UNCONFIRMED_POLICY = policy
    unblock_sending(charlie)
    chosen = Batch.objects.exclude(upload=restored["paused"])
    unanswered = set(Item.objects.filter(batch__in=chosen, outcome=Outcome.PENDING).values_list("pk", flat=True))
    for batch in chosen:
        assert decisions.resend(batch, charlie)
    run_for_nine_days(time_machine)
    assert bought == dict.fromkeys(unanswered, 1)
    assert Batch.objects.in_doubt().get().upload == restored["paused"]
    assert Upload.objects.filter(status=UploadStatus.COMPLETE).count() == len(restored) - 1


def test_people_in_closed_batches_are_missing_and_cost_nothing(restored, bought, time_machine, charlie):
    unblock_sending(charlie)
    for batch in Batch.objects.in_doubt():
        assert closing.close_manually(batch, charlie)
    run_for_nine_days(time_machine)
    assert bought.total() == 0
    outcomes = Counter(Item.objects.values_list("outcome", flat=True))
    assert outcomes == {Outcome.MATCHED: 5, Outcome.MISSING: LIST_SIZE * len(restored) - 5}


def test_a_late_answer_is_filed_and_adopts_the_batch(restored, bought, time_machine, alice):
    """The other people of the batch become missing when it closes, and are not planned again automatically."""
    unblock_sending(alice)
    batches = {name: upload.batches.get() for name, upload in restored.items() if name != "unplanned"}
    for batch in batches.values():
        assert file_answer(batch, batch.items.filter(outcome=Outcome.PENDING).first()) is filing.Filing.FILED
    jobs.tick()
    for batch in batches.values():
        batch.refresh_from_db()
        assert batch.status in {BatchStatus.ACKNOWLEDGED, BatchStatus.CLOSED}
    run_for_nine_days(time_machine)
    for name, batch in batches.items():
        batch.refresh_from_db()
        # Five people of the acknowledged batch had an answer before.
        answered = 6 if name == BatchStatus.ACKNOWLEDGED else 1
        assert batch.status == BatchStatus.CLOSED, name
        assert (batch.matched, batch.missing) == (answered, LIST_SIZE - answered), name
    assert bought.total() == 0


def test_a_fully_answered_batch_closes_automatically(restored):
    batch = restored[BatchStatus.ACKNOWLEDGED].batches.get()
    for item in batch.items.filter(outcome=Outcome.PENDING):
        file_answer(batch, item)
    jobs.tick()
    jobs.tick()
    batch.refresh_from_db()
    assert (batch.status, batch.matched) == (BatchStatus.CLOSED, LIST_SIZE)


def test_people_missing_after_a_restore_can_be_re_run(restored, bought, time_machine, settings, charlie):
    settings.MISSING_SHARE = 100
    unblock_sending(charlie)
    batch = restored[BatchStatus.ACKNOWLEDGED].batches.get()
    assert closing.close_manually(batch, charlie)
    assert decisions.rerun(batch.items.filter(outcome=Outcome.MISSING), charlie) == {batch.upload_id: LIST_SIZE - 5}
    run_for_nine_days(time_machine)
    # Everyone is bought once because of the user, and once more because of MISSING_RETRIES, as usual.
    assert set(bought.values()) == {2}
    assert len(bought) == LIST_SIZE - 5


def test_a_second_run_of_the_command_changes_nothing_and_reports_what_is_in_doubt(restored, capsys):
    before = list(Batch.objects.order_by("pk").values())
    call_command("restored")
    assert list(Batch.objects.order_by("pk").values()) == before
    assert SendingBlock.objects.get().reason == SendingBlock.RESTORED
    output = capsys.readouterr().out
    lists, people = len(restored), LIST_SIZE * len(restored) - 5
    assert "Sending is blocked" in output
    assert "Batches newly in doubt: 0." in output
    assert f"Total: {lists} batches in doubt, {people} people without an answer, up to {people} credits" in output
    assert "/batches/in-doubt/" in output


def test_the_earlier_status_of_a_batch_is_recorded(restored):
    for status in BATCH_OPEN:
        batch = restored[status].batches.get()
        assert batch.problem.startswith(f"It was “{status.label}” when the database was last in use.")
        assert batch.events.get(what="in doubt").detail == batch.problem


def test_complete_and_cancelled_lists_are_not_put_in_doubt(start_list, finish_upload, alice):
    finish_upload(12)
    cancelled = start_list(1)
    transition_batch(cancelled.batches.get().pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(cancelled.batches.get().pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
    pausing.cancel_upload(cancelled, alice)
    assert not doubt.is_anything_open()
    assert jobs.put_open_work_in_doubt(SendingBlock.RESTORED) == 0
    assert cancelled.batches.get().status == BatchStatus.ACKNOWLEDGED


def test_a_delayed_sender_cannot_plan_a_batch_in_doubt(start_list):
    batch = start_list(1).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    batch.refresh_from_db()
    doubt.mark_in_doubt()
    assert not transition_batch(batch.pk, BatchStatus.PLANNED, only_if={"attempts": batch.attempts})
    assert Batch.objects.get().is_in_doubt


def test_a_decision_from_before_the_restore_has_no_effect(start_list, alice):
    batch = start_list(1).batches.get()
    Batch.objects.update(status=BatchStatus.UNCONFIRMED, attempts=1)
    batch.refresh_from_db()
    doubt.mark_in_doubt()
    assert not decisions.resend(batch, alice)
    assert not closing.close_manually(batch, alice)


def test_batches_in_doubt_do_not_delay_others(restored):
    assert not Batch.objects.in_progress(timezone.now()).exists()
    assert Item.objects.in_flight(timezone.now()).count() == 0


@pytest.mark.parametrize("status", BatchStatus)
def test_only_open_batches_are_put_in_doubt_and_only_once(start_list, status):
    start_list(1)
    Batch.objects.update(status=status)
    is_open = status in BATCH_OPEN
    assert lifecycle.transition_to_doubt(Batch.objects.all()) == (1 if is_open else 0)
    assert Batch.objects.get().status == (BatchStatus.UNCONFIRMED if is_open else status)
    assert lifecycle.transition_to_doubt(Batch.objects.all()) == 0


def test_doubt_adds_no_transitions_from_or_to_unconfirmed():
    assert lifecycle.BATCH_COMES_FROM[BatchStatus.UNCONFIRMED] == [BatchStatus.SUBMITTING]
    next_statuses = [status for status in BatchStatus if BatchStatus.UNCONFIRMED in lifecycle.BATCH_COMES_FROM[status]]
    assert next_statuses == [
        BatchStatus.PLANNED,
        BatchStatus.ACKNOWLEDGED,
        BatchStatus.REFUSED,
        BatchStatus.CLOSED,
    ]


def test_people_who_waited_for_another_list_are_in_doubt_too(start_list, bought, time_machine, charlie):
    first, second = start_list(70), start_list(70)
    for upload in (first, second):
        dispatch.submit_batch(upload.batches.get().pk)
    assert Item.objects.waiting().filter(upload=second).count() == LIST_SIZE
    call_command("restored")
    assert {batch.upload_id for batch in Batch.objects.in_doubt()} == {first.pk, second.pk}
    bought.clear()
    unblock_sending(charlie)
    for batch in Batch.objects.in_doubt():
        closing.close_manually(batch, charlie)
    run_for_nine_days(time_machine)
    assert bought.total() == 0


def test_a_corrected_file_that_was_being_checked_is_not_applied(start_list, alice):
    upload = start_list(71)
    correction = Correction.objects.create(
        upload=upload, filename="fixed.csv", file_format={}, columns=[], created_by=alice
    )
    call_command("restored")
    correction.refresh_from_db()
    assert correction.status == CorrectionStatus.FAILED
    assert "Decide about the batches in doubt first" in correction.problem


@pytest.mark.parametrize(
    "lease_before",
    [
        {"until": Now() - lease.ABANDONED_AFTER - timedelta(seconds=1)},
        {"holder": lease.NOBODY, "stop_mark": "the mark of the last stop"},
    ],
    ids=["after an outage", "after an orderly stop"],
)
def test_a_job_sends_nothing_until_the_clock_has_reclaimed_its_lease(start_list, bought, lease_before):
    batch = start_list(72).batches.get()
    lease.acquire(lease.CLOCK, "a clock")
    Lease.objects.update(**lease_before)
    dispatch.submit_batch(batch.pk)
    assert bought.total() == 0
    lease.reclaim(lease.CLOCK)
    dispatch.submit_batch(batch.pk)
    assert bought.total() == LIST_SIZE
