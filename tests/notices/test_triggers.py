"""Notices are created once, for the right users, and never for old events."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
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
from tests.notices.conftest import notified, notify

pytestmark = pytest.mark.django_db


def lose(batch, ago, **changes):
    """Make a batch unconfirmed, as if a call `ago` had brought no answer."""
    sent = {"submitted_at": timezone.now() - ago, "attempts": batch.attempts + 1}
    transition_batch(batch.pk, BatchStatus.SUBMITTING, **sent)
    transition_batch(batch.pk, BatchStatus.UNCONFIRMED, **changes)
    return Batch.objects.get(pk=batch.pk)


# Missing people


def test_the_creator_is_notified_of_too_many_missing_people_to_re_run(start_upload, alice):
    for number, count in enumerate((12, 1)):
        batch = start_upload(people(12, City=f"Town {number}")).batches.get()
        transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
        transition_batch(batch.pk, BatchStatus.ACKNOWLEDGED, acknowledged_at=timezone.now())
        answered = list(batch.items.values_list("pk", flat=True)[count:])
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


def test_a_list_that_completes_again_is_reported_again(complete, set_upload):
    upload = complete()
    notify()
    set_upload(upload, completed_at=timezone.now())
    assert len(notify()) == 2


def test_lists_that_completed_long_ago_are_not_reported(complete, set_upload):
    set_upload(complete(), completed_at=timezone.now() - timedelta(hours=25))
    assert notify() == []


def test_cancelled_and_running_lists_are_not_reported(complete, start_upload, alice):
    start_upload(people(12, State="MD"))
    pausing.cancel_upload(start_upload(people(12, City="Reston")), alice)
    assert notify() == []


def test_lists_without_an_active_creator_are_not_reported(complete, set_upload, alice):
    set_upload(complete(first=0), created_by=None)
    complete(first=1)
    type(alice).objects.update(is_active=False)
    assert notify() == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_lists(complete, count, django_assert_max_num_queries):
    for number in range(count):
        complete(first=number)
    # Lists, their counts in three, notices.
    with django_assert_max_num_queries(6):
        triggers.notify_complete(timezone.now())
    assert Notice.objects.count() == count
    # Nothing new: completions; three of checks; approvals; two of batches; missing people; blocks.
    with django_assert_max_num_queries(9):
        notify_all()


def notify_all():
    for step in jobs.every_second.steps:
        if step.__module__ == "notices.triggers":
            step(timezone.now())


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_batches_and_approvals_does_not_change_the_number_of_queries(
    start_upload, make_upload, alice, bob, settings, count, django_assert_num_queries
):
    for number in range(count):
        lose(start_upload(people(12, City=f"Town {number}")).batches.get(), timedelta(hours=1))
    settings.APPROVAL_ABOVE = 5
    for number in range(count):
        spending.start(make_upload(people(12, City=f"Village {number}")), alice)
    with django_assert_num_queries(3):
        triggers.notify_batch_decisions(timezone.now())
    with django_assert_num_queries(4):
        triggers.notify_approvals(timezone.now())
    assert Notice.objects.count() == 2 * count


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_notify_once(complete, monkeypatch):
    complete()
    gate, save = threading.Barrier(2, timeout=20), triggers.save_notices

    def save_together(notices, now):
        gate.wait()
        save(notices, now)

    def work():
        try:
            triggers.notify_complete(timezone.now())
        finally:
            connection.close()

    # Both have found the list unreported before either saves a notice.
    monkeypatch.setattr(triggers, "save_notices", save_together)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Notice.objects.count() == 1


def test_the_clock_creates_notices_and_deletes_old_ones(complete, time_machine):
    complete()
    jobs.tick()
    assert Notice.objects.count() == 1
    time_machine.move_to(timezone.now() + timedelta(days=91))
    jobs.sweep()
    assert not Notice.objects.exists()


# Checks


def test_a_list_that_could_not_be_read_is_reported(make_upload, set_upload, alice):
    upload = make_upload(people(12))
    set_upload(upload, status="failed", problem="It is cut off.")
    (notice,) = notify()
    assert (notice.user, notice.kind, notice.text) == (
        alice,
        Kind.FAILED,
        "“people” could not be read. Open the list to see why.",
    )
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    set_upload(upload, status="failed")
    assert len(notify()) == 2


def test_a_list_with_nobody_to_trace_is_reported(make_upload):
    make_upload(people(3, **{"First Name": "", "Last Name": "", "Address": "", "Zip": ""}))
    assert notified() == [("alice", "nobody")]


def test_a_list_that_was_read_quickly_is_not_reported(make_upload):
    make_upload(people(12))
    assert notify() == []


def test_a_list_that_was_slow_to_read_is_reported_once(make_upload, set_upload):
    upload = make_upload(people(12))
    set_upload(upload, checking_since=timezone.now() - timedelta(seconds=61), heartbeat_at=timezone.now())
    notify()
    assert notified() == [("alice", "ready")]


def test_lists_that_were_read_long_ago_are_not_reported(make_upload, set_upload):
    for status in ("failed", "ready"):
        set_upload(make_upload(people(12)), status=status, checking_since=timezone.now() - timedelta(hours=25))
    assert notify() == []


# Approvals


def test_all_other_approvers_are_notified(make_upload, alice, bob, charlie, django_user_model, settings):
    settings.APPROVAL_ABOVE = 5
    django_user_model.objects.create_superuser("gone", is_active=False)
    upload = make_upload(people(12))
    spending.start(upload, charlie)
    notify()
    assert notified() == [("bob", "approval")]
    assert Notice.objects.get().text == "“people” needs your approval: it could cost up to 12 credits."


def test_approvers_who_are_involved_in_the_list_are_not_notified(make_upload, alice, bob, charlie, settings):
    settings.APPROVAL_ABOVE = 5
    upload = make_upload(people(12), user=bob)
    spending.start(upload, alice)
    notify()
    assert notified() == [("charlie", "approval")]


def test_each_request_for_approval_is_reported(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 5
    upload = make_upload(people(12))
    for _ in range(2):
        spending.start(upload, alice)
        notify()
        spending.withdraw(upload, alice)
    assert [notice.user for notice in notify()] == [bob, bob]


# Batches


def test_an_unconfirmed_batch_is_reported_when_its_wait_is_over(start_upload, settings):
    batch = lose(start_upload(12).batches.get(), timedelta(seconds=590))
    assert notify() == []
    notify(timezone.now() + timedelta(seconds=11))
    (notice,) = notify(timezone.now() + timedelta(seconds=12))
    assert (notice.kind, notice.batch, notice.upload) == (Kind.UNCONFIRMED, batch, batch.upload)
    assert (
        notice.text
        == f"Batch {batch} of “people” is unconfirmed: the vendor may or may not have it. Send it again or close it."
    )


def test_each_attempt_of_a_batch_is_reported_once(start_upload, alice):
    batch = lose(start_upload(12).batches.get(), timedelta(hours=2))
    notify()
    decisions.send_again(batch, alice)
    batch = lose(batch, timedelta(hours=1))
    notify()
    assert len(notify()) == 2


def test_an_unconfirmed_batch_is_reported_only_after_the_policy_has_resent_it(start_upload, settings):
    settings.UNCONFIRMED_POLICY = "resend"
    batch = lose(start_upload(12).batches.get(), timedelta(hours=2))
    assert notify() == []
    decisions.resend_by_policy(timezone.now())
    lose(Batch.objects.get(pk=batch.pk), timedelta(hours=1))
    assert notified() == [("alice", "unconfirmed")]


def test_a_refused_batch_is_reported(start_upload):
    batch = start_upload(12).batches.get()
    transition_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    transition_batch(batch.pk, BatchStatus.REFUSED, problem="123 Oak St is no address.")
    (notice,) = notify()
    assert (notice.kind, notice.text) == (
        Kind.REFUSED,
        f"The vendor refused batch {batch} of “people”. Send it again or close it.",
    )


def test_old_batches_are_not_reported(start_upload, settings):
    wait = timedelta(seconds=settings.UNCONFIRMED_WAIT)
    lose(start_upload(12).batches.get(), timedelta(days=1, minutes=1) + wait)
    assert notify() == []


# Blocks


def test_staff_are_notified_once_that_sending_is_blocked(alice, charlie, django_user_model):
    django_user_model.objects.create_superuser("gone", is_active=False)
    block = SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    notify()
    assert notified() == [("charlie", "blocked")]
    block.unblocked_at = timezone.now()
    block.save()
    SendingBlock.objects.create(reason="Once more.")
    assert len(notify()) == 2


def test_blocks_that_have_ended_or_are_old_are_not_reported(charlie):
    SendingBlock.objects.create(reason="Over.", until=timezone.now() - timedelta(minutes=1))
    old = SendingBlock.objects.create(reason="Old.")
    SendingBlock.objects.filter(pk=old.pk).update(since=timezone.now() - timedelta(hours=25))
    assert notify() == []


def test_notices_are_deleted_with_their_list(complete):
    upload = complete()
    notify()
    Upload.objects.filter(pk=upload.pk).delete()
    assert not Notice.objects.exists()


# Reconciliation


@pytest.fixture
def lacking(finish_upload):
    """Return a closed batch of which the vendor has processed two more people than we received."""
    batch = finish_upload(12).batches.get()
    Batch.objects.filter(pk=batch.pk).update(vendor_processed=14, received=12, odd_credits=1)
    return batch


def notify_reconciliation(now=None):
    triggers.notify_reconciliation(now or timezone.now())
    return list(Notice.objects.filter(kind=Kind.RECONCILIATION).order_by("pk"))


def test_staff_are_notified_once_per_day_of_differences(lacking, alice, charlie):
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


def test_books_without_differences_and_old_ones_are_not_reported(lacking, charlie):
    assert notify_reconciliation(timezone.now() + timedelta(hours=25)) == []
    Batch.objects.update(vendor_processed=12, odd_credits=0)
    assert notify_reconciliation() == []
