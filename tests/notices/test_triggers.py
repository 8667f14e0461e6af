"""Notices are created once, for the right users, and never for old events."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from batches import jobs
from batches.intake import uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, SendingBlock, Upload
from batches.statuses import BatchStatus
from batches.tracing import closing, decisions, pausing, spending
from batches.tracing.lifecycle import transition_batch
from notices import triggers
from notices.models import Kind, Notice
from tests.factories import people
from tests.notices.conftest import list_notified, notify
from tests.support.services import MAX_WAIT
from tests.support.threads import run_at_once

pytestmark = pytest.mark.django_db


def make_unconfirmed(batch, ago, **changes):
    """Make a batch unconfirmed, as if it had been sent this long ago without a reply."""
    sent = {"submitted_at": timezone.now() - ago, "attempts": batch.attempts + 1}
    transition_batch(batch.pk, BatchStatus.SUBMITTING, **sent)
    transition_batch(batch.pk, BatchStatus.UNCONFIRMED, **changes)
    return Batch.objects.get(pk=batch.pk)


# Missing people


def test_the_creator_is_notified_if_too_many_people_are_missing_to_be_re_run_automatically(start_upload, alice):
    for number, missing_count in enumerate((12, 1)):
        batch = start_upload(people(12, City=f"Town {number}")).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        answered = list(batch.items.values_list("pk", flat=True)[missing_count:])
        batch.items.filter(pk__in=answered).update(outcome="matched")
        closing.close_batch(batch.pk)
    notify()
    (notice,) = notify()
    assert (notice.user, notice.kind) == (alice, Kind.MISSING)
    assert notice.text == f"12 people in batch {notice.batch} of “people” got no answer. Decide whether to re-run them."
    assert notice.target == notice.batch.get_absolute_url()


# Completions


def test_the_creator_is_notified_once_that_a_list_is_complete(complete, alice, bob):
    upload = complete()
    notify()
    (notice,) = notify()
    assert (notice.user, notice.kind, notice.upload) == (alice, Kind.COMPLETE, upload)
    assert notice.text == "“spring” is complete: 12 of 12 people matched."


def test_a_list_that_completes_again_is_reported_again(complete, change_upload):
    upload = complete()
    notify()
    change_upload(upload, completed_at=timezone.now())
    assert len(notify()) == 2


def test_lists_that_completed_long_ago_are_not_reported(complete, change_upload):
    change_upload(complete(), completed_at=timezone.now() - timedelta(hours=25))
    assert notify() == []


def test_cancelled_and_running_lists_are_not_reported(complete, start_upload, alice):
    start_upload(people(12, State="MD"))
    pausing.cancel_upload(start_upload(people(12, City="Reston")), alice)
    assert notify() == []


def test_notices_are_deleted_with_their_list(complete):
    upload = complete()
    notify()
    Upload.objects.filter(pk=upload.pk).delete()
    assert not Notice.objects.exists()


def test_lists_without_an_active_creator_are_not_reported(complete, change_upload, alice):
    change_upload(complete(number=0), created_by=None)
    complete(number=1)
    alice.is_active = False
    alice.save()
    assert notify() == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_lists(complete, count, django_assert_max_num_queries):
    for number in range(count):
        complete(number=number)
    # One query for the lists, three for their counts, and those that save the notices.
    with django_assert_max_num_queries(6):
        triggers.notify_complete(timezone.now())
    assert Notice.objects.count() == count
    # With nothing new, three queries for checks, two for batches, and one for each other trigger.
    with django_assert_max_num_queries(10):
        notify_all()


def notify_all():
    """Run all triggers that the clock runs every second."""
    for step in jobs.every_second.steps:
        if step.__module__ == "notices.triggers":
            step(timezone.now())


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_batches_and_approvals_does_not_change_the_number_of_queries(
    start_upload, make_upload, alice, bob, settings, count, django_assert_num_queries
):
    for number in range(count):
        make_unconfirmed(start_upload(people(12, City=f"Town {number}")).batches.get(), timedelta(hours=1))
    settings.APPROVAL_ABOVE = 5
    for number in range(count):
        spending.start(make_upload(people(12, City=f"Village {number}")), alice)
    with django_assert_num_queries(3):
        triggers.notify_batch_decisions(timezone.now())
    with django_assert_num_queries(7):
        triggers.notify_approvals(timezone.now())
    assert Notice.objects.count() == 2 * count


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_notify_once(complete, monkeypatch):
    complete()
    both_are_ready = threading.Barrier(2, timeout=MAX_WAIT)
    save_notices = triggers.save_notices

    def save_together(notices, now):
        both_are_ready.wait()
        save_notices(notices, now)

    # Both clocks find that the list is not reported yet before either saves a notice.
    monkeypatch.setattr(triggers, "save_notices", save_together)
    run_at_once(*[lambda: triggers.notify_complete(timezone.now())] * 2)
    assert Notice.objects.count() == 1


def test_the_clock_creates_notices_and_deletes_old_ones(complete, time_machine):
    complete()
    jobs.tick()
    assert Notice.objects.count() == 1
    time_machine.move_to(timezone.now() + timedelta(days=91))
    jobs.sweep()
    assert not Notice.objects.exists()


# Checks


def test_a_list_that_could_not_be_read_is_reported(make_upload, change_upload, alice):
    upload = make_upload(people(12))
    change_upload(upload, status="failed", problem="It is cut off.")
    (notice,) = notify()
    assert (notice.user, notice.kind, notice.text) == (
        alice,
        Kind.FAILED,
        "“people” could not be read. Open the list to see why.",
    )
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    change_upload(upload, status="failed")
    assert len(notify()) == 2


def test_a_list_with_nobody_to_trace_is_reported(make_upload):
    make_upload(people(3, **{"First Name": "", "Last Name": "", "Address": "", "Zip": ""}))
    assert list_notified() == [("alice", "nobody")]


def test_a_list_that_was_read_quickly_is_not_reported(make_upload):
    make_upload(people(12))
    assert notify() == []


def test_a_list_that_was_slow_to_read_is_reported_once(make_upload, change_upload):
    upload = make_upload(people(12))
    change_upload(upload, checking_since=timezone.now() - timedelta(seconds=61), heartbeat_at=timezone.now())
    notify()
    assert list_notified() == [("alice", "ready")]


def test_lists_that_were_read_long_ago_are_not_reported(make_upload, change_upload):
    for status in ("failed", "ready"):
        change_upload(make_upload(people(12)), status=status, checking_since=timezone.now() - timedelta(hours=25))
    assert notify() == []


# Approvals


def test_all_other_approvers_are_notified(make_upload, alice, bob, charlie, django_user_model, settings):
    settings.APPROVAL_ABOVE = 5
    django_user_model.objects.create_superuser("gone", is_active=False)
    upload = make_upload(people(12))
    spending.start(upload, charlie)
    notify()
    assert list_notified() == [("bob", "approval")]
    assert Notice.objects.get().text == "“people” needs your approval: it could cost up to 12 credits."


def test_approvers_who_are_involved_in_the_list_are_not_notified(make_upload, alice, bob, charlie, settings):
    settings.APPROVAL_ABOVE = 5
    upload = make_upload(people(12), user=bob)
    spending.start(upload, alice)
    notify()
    assert list_notified() == [("charlie", "approval")]


def test_each_request_for_approval_is_reported(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 5
    upload = make_upload(people(12))
    for _ in range(2):
        spending.start(upload, alice)
        notify()
        spending.withdraw(upload, alice)
    assert [notice.user for notice in notify()] == [bob, bob]


def test_those_who_asked_for_approval_are_notified_once_that_it_was_declined(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 10
    upload = make_upload(people(12))
    spending.start(upload, alice)
    assert spending.decline(upload, bob, "Too expensive.")
    notify()
    assert ("alice", "declined") in list_notified()
    assert Notice.objects.get(kind=Kind.DECLINED).text == "bob declined to approve “people”. Open the list to see why."
    count = len(notify())
    assert len(notify()) == count


# Batches


def test_an_unconfirmed_batch_is_reported_when_its_wait_is_over(start_upload, settings):
    batch = make_unconfirmed(start_upload(12).batches.get(), timedelta(seconds=590))
    assert notify() == []
    notify(timezone.now() + timedelta(seconds=11))
    (notice,) = notify(timezone.now() + timedelta(seconds=12))
    assert (notice.kind, notice.batch, notice.upload) == (Kind.UNCONFIRMED, batch, batch.upload)
    text = f"Batch {batch} of “people” is unconfirmed: the vendor may or may not have it. Send it again or close it."
    assert notice.text == text


def test_each_attempt_of_a_batch_is_reported_once(start_upload, alice):
    batch = make_unconfirmed(start_upload(12).batches.get(), timedelta(hours=2))
    notify()
    decisions.resend(batch, alice)
    batch = make_unconfirmed(batch, timedelta(hours=1))
    notify()
    assert len(notify()) == 2


def test_an_unconfirmed_batch_is_reported_only_after_it_was_resent_automatically(start_upload, settings):
    settings.UNCONFIRMED_POLICY = "resend"
    batch = make_unconfirmed(start_upload(12).batches.get(), timedelta(hours=2))
    assert notify() == []
    decisions.resend_by_policy(timezone.now())
    make_unconfirmed(Batch.objects.get(pk=batch.pk), timedelta(hours=1))
    assert list_notified() == [("alice", "unconfirmed")]


def test_a_refused_batch_is_reported(start_upload):
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.REFUSED, problem="123 Oak St is not an address.")
    (notice,) = notify()
    assert (notice.kind, notice.text) == (
        Kind.REFUSED,
        f"The vendor refused batch {batch} of “people”. Send it again or close it.",
    )


def test_old_batches_are_not_reported(start_upload, settings):
    wait = timedelta(seconds=settings.UNCONFIRMED_WAIT)
    make_unconfirmed(start_upload(12).batches.get(), timedelta(days=1, minutes=1) + wait)
    assert notify() == []


# Blocks


def test_those_who_may_unblock_are_notified_once_that_sending_is_blocked(alice, charlie, django_user_model):
    django_user_model.objects.create_superuser("gone", is_active=False)
    block = SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    notify()
    assert list_notified() == [("alice", "blocked"), ("charlie", "blocked")]
    block.unblocked_at = timezone.now()
    block.save()
    SendingBlock.objects.create(reason="Another reason.")
    assert len(notify()) == 4


def test_blocks_that_have_ended_or_are_old_are_not_reported(charlie):
    SendingBlock.objects.create(reason="Over.", until=timezone.now() - timedelta(minutes=1))
    old = SendingBlock.objects.create(reason="Old.")
    SendingBlock.objects.filter(pk=old.pk).update(since=timezone.now() - timedelta(hours=25))
    assert notify() == []


# Reconciliation


@pytest.fixture
def batch_with_loss(finish_upload):
    """Return a closed batch with two answers fewer than the number of people that the vendor has processed."""
    batch = finish_upload(12).batches.get()
    Batch.objects.filter(pk=batch.pk).update(vendor_processed=14, received=12, odd_credits=1)
    return batch


def notify_reconciliation(now=None):
    triggers.notify_reconciliation(now or timezone.now())
    return list(Notice.objects.filter(kind=Kind.RECONCILIATION).order_by("pk"))


def test_administrators_are_notified_once_per_day_of_differences(batch_with_loss, alice, charlie):
    now = timezone.now().replace(hour=12)
    Batch.objects.update(closed_at=now)
    notify_reconciliation(now)
    (notice,) = notify_reconciliation(now + timedelta(hours=1))
    assert (notice.user, notice.target) == (charlie, "/reconciliation/")
    assert notice.text == (
        "Reconciliation of the last 24 hours: 2 answers never received, 1 answer with credits that cannot be counted. "
        "See Reconciliation for the batches."
    )
    assert len(notify_reconciliation(now + timedelta(hours=13))) == 2


def test_batches_that_are_old_or_without_differences_are_not_reported(batch_with_loss, charlie):
    assert notify_reconciliation(timezone.now() + timedelta(hours=25)) == []
    Batch.objects.update(vendor_processed=12, odd_credits=0)
    assert notify_reconciliation() == []
