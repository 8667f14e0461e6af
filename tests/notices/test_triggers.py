"""Each thing is told once, to whom it concerns, and nothing that is old."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from batches import jobs
from batches.intake import uploads
from batches.intake.trace_settings import TraceSettings
from batches.models import Batch, Hold, Upload
from batches.statuses import BatchStatus
from batches.tracing import decisions, pausing, spending
from batches.tracing.lifecycle import move_batch
from notices import triggers
from notices.models import Kind, Notice
from tests.factories import people
from tests.notices.conftest import tell, told

pytestmark = pytest.mark.django_db


def lose(batch, ago, **changes):
    """As if a call of some time ago had brought no answer."""
    sent = {"submitted_at": timezone.now() - ago, "attempts": batch.attempts + 1}
    move_batch(batch.pk, BatchStatus.SUBMITTING, **sent)
    move_batch(batch.pk, BatchStatus.UNCONFIRMED, **changes)
    return Batch.objects.get(pk=batch.pk)


# Completions


def test_who_uploaded_a_list_is_told_once_that_it_is_complete(complete, alice, bob):
    upload = complete()
    tell()
    (notice,) = tell()
    assert (notice.user, notice.kind, notice.upload) == (alice, Kind.COMPLETE, upload)
    assert notice.text == "“spring” is complete: 12 of 12 people matched."


def test_a_list_that_completes_once_more_is_told_of_again(complete, set_upload):
    upload = complete()
    tell()
    set_upload(upload, completed_at=timezone.now())
    assert len(tell()) == 2


def test_what_was_complete_before_yesterday_is_not_told(complete, set_upload):
    set_upload(complete(), completed_at=timezone.now() - timedelta(hours=25))
    assert tell() == []


def test_nobody_is_told_of_cancelled_or_running_lists(complete, start_upload, alice):
    start_upload(people(12, State="MD"))
    pausing.cancel_upload(start_upload(people(12, City="Reston")), alice)
    assert tell() == []


def test_lists_of_nobody_or_of_somebody_inactive_are_told_to_nobody(complete, set_upload, alice):
    set_upload(complete(first=0), created_by=None)
    complete(first=1)
    type(alice).objects.update(is_active=False)
    assert tell() == []


@pytest.mark.parametrize("count", [1, 3])
def test_telling_takes_no_more_queries_however_many_lists_there_are(complete, count, django_assert_max_num_queries):
    for number in range(count):
        complete(first=number)
    # Lists, their counts in three, notices.
    with django_assert_max_num_queries(6):
        triggers.tell_completions(timezone.now())
    assert Notice.objects.count() == count
    # Nothing new: completions; three of readings; approvals; two of batches; holds.
    with django_assert_max_num_queries(8):
        tell_all()


def tell_all():
    for step in jobs.every_second.steps:
        if step.__module__ == "notices.triggers":
            step(timezone.now())


@pytest.mark.parametrize("count", [1, 3])
def test_batches_and_approvals_take_as_many_queries_for_many(
    start_upload, make_upload, alice, bob, settings, count, django_assert_num_queries
):
    for number in range(count):
        lose(start_upload(people(12, City=f"Town {number}")).batches.get(), timedelta(hours=1))
    settings.APPROVAL_ABOVE = 5
    for number in range(count):
        spending.start(make_upload(people(12, City=f"Village {number}")), alice)
    with django_assert_num_queries(3):
        triggers.tell_batches(timezone.now())
    with django_assert_num_queries(3):
        triggers.tell_approvals(timezone.now())
    assert Notice.objects.count() == 2 * count


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_tell_once(complete, monkeypatch):
    complete()
    gate, write = threading.Barrier(2, timeout=20), triggers.write

    def write_together(notices, now):
        gate.wait()
        write(notices, now)

    def work():
        try:
            triggers.tell_completions(timezone.now())
        finally:
            connection.close()

    # Both have found the list untold before either writes.
    monkeypatch.setattr(triggers, "write", write_together)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Notice.objects.count() == 1


def test_the_clock_tells_and_forgets(complete, time_machine):
    complete()
    jobs.tick()
    assert Notice.objects.count() == 1
    time_machine.move_to(timezone.now() + timedelta(days=91))
    jobs.sweep()
    assert not Notice.objects.exists()


# Readings


def test_a_list_that_could_not_be_read_is_told_of(make_upload, set_upload, alice):
    upload = make_upload(people(12))
    set_upload(upload, status="failed", problem="It is cut off.")
    (notice,) = tell()
    assert (notice.user, notice.kind, notice.text) == (alice, Kind.FAILED, "“people” could not be read.")
    uploads.accept_settings(upload, TraceSettings.from_upload(upload), alice)
    set_upload(upload, status="failed")
    assert len(tell()) == 2


def test_a_list_of_which_nobody_can_be_traced_is_told_of(make_upload):
    make_upload(people(3, **{"First Name": "", "Last Name": "", "Address": "", "Zip": ""}))
    assert told() == [("alice", "nobody")]


def test_a_list_that_was_read_quickly_is_not_told_of(make_upload):
    make_upload(people(12))
    assert tell() == []


def test_a_list_that_took_long_to_be_read_is_told_of_once(make_upload, set_upload):
    upload = make_upload(people(12))
    set_upload(upload, checking_since=timezone.now() - timedelta(seconds=61), heartbeat_at=timezone.now())
    tell()
    assert told() == [("alice", "ready")]


def test_lists_that_were_read_long_ago_are_not_told_of(make_upload, set_upload):
    for status in ("failed", "ready"):
        set_upload(make_upload(people(12)), status=status, checking_since=timezone.now() - timedelta(hours=25))
    assert tell() == []


# Approvals


def test_everybody_else_who_may_approve_is_told(make_upload, alice, bob, charlie, django_user_model, settings):
    settings.APPROVAL_ABOVE = 5
    django_user_model.objects.create_superuser("gone", is_active=False)
    upload = make_upload(people(12))
    spending.start(upload, charlie)
    tell()
    assert told() == [("bob", "approval")]
    assert Notice.objects.get().text == "“people” is to be approved: it can cost up to 12 credits."


def test_each_asking_is_told(make_upload, alice, bob, settings):
    settings.APPROVAL_ABOVE = 5
    upload = make_upload(people(12))
    for _ in range(2):
        spending.start(upload, alice)
        tell()
        spending.withdraw(upload, alice)
    assert [notice.user for notice in tell()] == [bob, bob]


# Batches


def test_an_unconfirmed_batch_is_told_of_when_its_wait_is_over(start_upload, settings):
    batch = lose(start_upload(12).batches.get(), timedelta(seconds=590))
    assert tell() == []
    tell(timezone.now() + timedelta(seconds=11))
    (notice,) = tell(timezone.now() + timedelta(seconds=12))
    assert (notice.kind, notice.batch, notice.upload) == (Kind.UNCONFIRMED, batch, batch.upload)
    assert notice.text == f"Batch {batch} of “people” is unconfirmed: is it to be sent again?"


def test_each_try_of_a_batch_is_told_once(start_upload, alice):
    batch = lose(start_upload(12).batches.get(), timedelta(hours=2))
    tell()
    decisions.send_again(batch, alice)
    batch = lose(batch, timedelta(hours=1))
    tell()
    assert len(tell()) == 2


def test_what_the_policy_decides_needs_nobody_until_it_has(start_upload, settings):
    settings.UNCONFIRMED_POLICY = "resend"
    batch = lose(start_upload(12).batches.get(), timedelta(hours=2))
    assert tell() == []
    decisions.resend_by_policy(timezone.now())
    lose(Batch.objects.get(pk=batch.pk), timedelta(hours=1))
    assert told() == [("alice", "unconfirmed")]


def test_a_refused_batch_is_told_of(start_upload):
    batch = start_upload(12).batches.get()
    move_batch(batch.pk, BatchStatus.SUBMITTING, submitted_at=timezone.now(), attempts=1)
    move_batch(batch.pk, BatchStatus.REFUSED, problem="123 Oak St is no address.")
    (notice,) = tell()
    assert (notice.kind, notice.text) == (Kind.REFUSED, f"Batch {batch} of “people” was refused by the vendor.")


def test_batches_of_long_ago_are_not_told_of(start_upload, settings):
    wait = timedelta(seconds=settings.UNCONFIRMED_WAIT)
    lose(start_upload(12).batches.get(), timedelta(days=1, minutes=1) + wait)
    assert tell() == []


# Holds


def test_staff_are_told_of_a_hold_once(alice, charlie, django_user_model):
    django_user_model.objects.create_superuser("gone", is_active=False)
    hold = Hold.objects.create(reason="The vendor does not accept the API key.")
    tell()
    assert told() == [("charlie", "hold")]
    hold.lifted_at = timezone.now()
    hold.save()
    Hold.objects.create(reason="Once more.")
    assert len(tell()) == 2


def test_holds_that_are_over_or_old_are_not_told_of(charlie):
    Hold.objects.create(reason="Over.", until=timezone.now() - timedelta(minutes=1))
    old = Hold.objects.create(reason="Old.")
    Hold.objects.filter(pk=old.pk).update(since=timezone.now() - timedelta(hours=25))
    assert tell() == []


def test_what_is_told_goes_with_its_list(complete):
    upload = complete()
    tell()
    Upload.objects.filter(pk=upload.pk).delete()
    assert not Notice.objects.exists()
