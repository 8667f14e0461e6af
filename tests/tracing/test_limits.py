"""Everything sent counts towards the limits of its day and its list, whatever caused it to be sent."""

import html
import json
import re
import time
from datetime import date, timedelta
from functools import partial
from importlib import import_module

import pytest
import responses
from django.apps import apps
from django.utils import timezone

from batches.models import Batch, Item, SendingBlock, SentCount, Upload
from batches.statuses import BatchStatus, Outcome, UploadStatus
from batches.tracing import closing, decisions, dispatch, limits, packing, pausing, spending
from batches.tracing.limits import SpendingRefused
from tests.factories import person
from tests.support.pages import read_page
from tests.support.threads import run_at_once

pytestmark = pytest.mark.django_db
BATCH_URL = "https://vendor.example/v1/SkipTraceBatch"
NOON = "2026-03-01T12:00:00Z"
MIDNIGHT = "2026-03-02T00:00:00Z"


@pytest.fixture(autouse=True)
def _noon_without_retries(settings, time_machine):
    settings.REALESTATEAPI_URL = "https://vendor.example"
    settings.MISSING_RETRIES = 0
    time_machine.move_to(NOON)


@pytest.fixture
def vendor():
    """Return a mock of the vendor, to which tests add replies."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def accept(request, refused=0):
    """Reply to a batch as the vendor does. The first `refused` people are not accepted."""
    skips = json.loads(request.body)["skips"]
    keys = [skip["key"] for skip in skips[refused:]]
    ids = [{"key": key, "batchRequestId": f"r{key}"} for key in keys]
    return 200, {}, json.dumps({"batchId": "b", "receiveCount": len(keys), "batchRequestIds": ids})


def accept_batches(vendor, **options):
    vendor.add_callback("POST", BATCH_URL, lambda request: accept(request, **options))


def rows(list_number, count=12):
    """Return the rows of a list. Lists with different numbers have no people in common."""
    return [person(1000 * list_number + position) for position in range(count)]


def send(*uploads):
    for batch in Batch.objects.filter(upload__in=uploads, status=BatchStatus.PLANNED).order_by("pk"):
        dispatch.submit_batch(batch.pk)


def complete_list(upload, outcome):
    """Complete a list of twelve people, all with the same outcome."""
    upload.items.update(outcome=outcome, answered_at=timezone.now())
    upload.batches.update(status=BatchStatus.CLOSED, closed_at=timezone.now(), **{str(outcome): 12})
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.COMPLETE)


def count_sent_today():
    return limits.count_sent_on(limits.day_of(timezone.now()))


# Counting


def test_people_count_for_the_day_on_which_they_are_sent(start_upload, vendor, time_machine):
    accept_batches(vendor)
    first, second = start_upload(rows(1)), start_upload(rows(2))
    send(first)
    time_machine.move_to(MIDNIGHT)
    send(second)
    counts = SentCount.objects.order_by("day").values_list("upload", "day", "people")
    assert list(counts) == [(first.pk, date(2026, 3, 1), 12), (second.pk, date(2026, 3, 2), 12)]


@pytest.mark.parametrize(
    ("status", "body", "expected_count"),
    [
        (429, {"message": "Too many requests"}, 0),
        (429, {"message": "You have reached your daily credit limit"}, 0),
        (401, {"error": "Invalid API key"}, 0),
        (503, {}, 0),
        (400, {"message": "Something is wrong"}, 0),
        (400, {"message": '"[0].zip" must be digits'}, 0),
        (500, {}, 12),
    ],
)
def test_people_count_unless_the_reply_says_that_none_was_accepted(start_upload, vendor, status, body, expected_count):
    vendor.add("POST", BATCH_URL, json=body, status=status)
    send(start_upload(rows(1)))
    assert count_sent_today() == expected_count


def test_only_the_accepted_part_of_a_batch_counts(start_upload, vendor):
    accept_batches(vendor, refused=5)
    send(start_upload(rows(1)))
    assert count_sent_today() == 7


def test_the_migration_counts_people_sent_before_counting_existed(start_upload, vendor):
    accept_batches(vendor)
    sent, waiting = start_upload(rows(1)), start_upload(rows(2))
    send(sent)
    Batch.objects.filter(upload=sent).update(submitted_at="2026-02-27T23:59:59Z")
    SentCount.objects.all().delete()
    import_module("batches.migrations.0011_limits").count_sent(apps, None)
    assert list(SentCount.objects.values_list("upload", "day", "people")) == [(sent.pk, date(2026, 2, 27), 12)]
    assert limits.count_total(waiting) == 12


def test_a_call_refused_after_midnight_no_longer_counts_for_the_day_before(start_upload, vendor, time_machine):
    def refuse(_):
        time_machine.move_to(MIDNIGHT)
        return 429, {}, json.dumps({"message": "Too many requests"})

    vendor.add_callback("POST", BATCH_URL, refuse)
    send(start_upload(rows(1)))
    assert list(SentCount.objects.values_list("day", "people")) == [(date(2026, 3, 1), 0)]


def test_a_late_refusal_of_an_earlier_attempt_does_not_reduce_the_count(start_upload, vendor):
    def refuse_after_another_attempt(_):
        Batch.objects.update(attempts=2)
        return 429, {}, json.dumps({"message": "Too many requests"})

    vendor.add_callback("POST", BATCH_URL, refuse_after_another_attempt)
    send(start_upload(rows(1)))
    assert count_sent_today() == 12


@pytest.mark.parametrize("step", ["planned", "sent", "refused", "closed"])
def test_a_list_counts_the_same_towards_the_limits_at_every_step(start_upload, vendor, step):
    accept_batches(vendor)
    upload = start_upload(rows(1))
    if step != "planned":
        send(upload)
    if step == "refused":
        Batch.objects.update(status=BatchStatus.REFUSED)
        SentCount.objects.update(people=0)
    if step == "closed":
        complete_list(upload, Outcome.NO_MATCH)
    assert (limits.credits_committed_today(), limits.count_total(Upload.objects.get())) == (12, 12)


# The end of the day


@pytest.fixture
def sent_and_waiting(start_upload, vendor, settings):
    """Return a list that was sent and one that must wait, because the daily limit was lowered after their start."""
    accept_batches(vendor)
    first, second = start_upload(rows(1)), start_upload(rows(2))
    settings.DAILY_CREDIT_LIMIT = 20
    send(first, second)
    return Upload.objects.order_by("pk")


def test_a_batch_above_the_daily_limit_waits_for_the_next_day(sent_and_waiting, vendor, time_machine):
    first, second = sent_and_waiting
    [batch] = second.batches.all()
    assert (batch.status, batch.attempts) == (BatchStatus.PLANNED, 0)
    assert (len(vendor.calls), count_sent_today()) == (1, 12)
    assert (first.waits_until, second.waits_until.isoformat()) == (None, "2026-03-02T00:00:00+00:00")
    event = second.events.get(what="waiting for tomorrow")
    assert (
        "already cost 12 credits, and the next batch could cost 12 credits more. The daily limit is 20" in event.detail
    )
    assert dispatch.choose_batches(timezone.now()) == []
    send(second)
    assert second.events.filter(what="waiting for tomorrow").count() == 1
    time_machine.move_to(MIDNIGHT)
    assert dispatch.choose_batches(timezone.now()) == [batch.pk]
    send(second)
    assert (len(vendor.calls), count_sent_today()) == (2, 12)


def test_pages_show_that_a_list_waits(sent_and_waiting, browser, settings):
    _, second = sent_and_waiting
    page = html.unescape(browser.get(second.get_absolute_url()).content.decode())
    assert "Today's credit limit is reached. Sending continues on Mar 2 at 12:00 AM UTC" in page
    assert "Done about" not in page
    page = read_page(browser.get(second.batches.get().get_absolute_url()))
    assert "Today's credit limit has been reached. Sending continues automatically on Mar 2 at 12:00 AM UTC." in page


def test_a_waiting_list_is_tried_again_after_a_pause(sent_and_waiting, vendor, alice, settings):
    _, second = sent_and_waiting
    settings.DAILY_CREDIT_LIMIT = 24
    pausing.pause_upload(second, alice)
    pausing.resume_upload(second, alice)
    send(second)
    assert (len(vendor.calls), count_sent_today()) == (2, 24)


def test_another_list_that_fits_the_limit_is_sent(sent_and_waiting, start_upload, settings, vendor):
    # Without a limit, so that the list can be started.
    settings.DAILY_CREDIT_LIMIT = 0
    small = start_upload(rows(3, count=10))
    settings.DAILY_CREDIT_LIMIT = 22
    assert dispatch.choose_batches(timezone.now()) == [small.batches.get().pk]
    send(small)
    assert count_sent_today() == 22


def test_people_replanned_automatically_wait_for_the_next_day_above_the_limit(
    start_upload, vendor, settings, time_machine
):
    accept_batches(vendor)
    settings.DAILY_CREDIT_LIMIT, settings.MISSING_RETRIES, settings.MISSING_SHARE = 12, 1, 100
    upload = start_upload(rows(1))
    send(upload)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Batch.objects.update(acknowledged_at=an_hour_ago, completed_at=an_hour_ago)
    for batch_id in closing.list_closable(timezone.now()):
        assert closing.close_batch(batch_id) == upload.pk
    packing.plan_upload(upload.pk)
    send(upload)
    assert count_sent_today() == 12
    assert Upload.objects.get().waits_for_tomorrow(timezone.now())
    time_machine.move_to(MIDNIGHT)
    send(upload)
    assert count_sent_today() == 12


def test_people_are_not_replanned_above_the_limit_of_their_list(start_upload, vendor, settings):
    accept_batches(vendor)
    settings.UPLOAD_CREDIT_LIMIT, settings.MISSING_RETRIES, settings.MISSING_SHARE = 12, 1, 100
    upload = start_upload(rows(1))
    send(upload)
    Batch.objects.update(completed_at=timezone.now() - timedelta(hours=1))
    assert closing.close_batch(Batch.objects.get().pk) is None
    assert upload.items.filter(outcome=Outcome.MISSING).count() == 12
    assert upload.events.get(what="not replanned").detail == "12 people: the list's credit limit would be exceeded"


# Checks before a decision


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (
            "DAILY_CREDIT_LIMIT",
            "already cost 12 credits, and this re-run could cost 12 credits more. The daily limit is 23 credits",
        ),
        (
            "UPLOAD_CREDIT_LIMIT",
            "With this re-run, the list could cost up to 24 credits, above the limit of 23 credits per list",
        ),
    ],
)
def test_a_re_run_above_a_limit_is_refused(start_upload, vendor, alice, settings, limit, sentence):
    accept_batches(vendor)
    upload = start_upload(rows(1))
    send(upload)
    complete_list(upload, Outcome.ERROR)
    setattr(settings, limit, 23)
    with pytest.raises(SpendingRefused, match=sentence):
        decisions.rerun(upload.items.all(), alice)
    assert upload.items.filter(outcome=Outcome.ERROR).count() == 12
    assert Upload.objects.get().status == UploadStatus.COMPLETE
    setattr(settings, limit, 24)
    assert decisions.rerun(upload.items.all(), alice) == {upload.pk: 12}
    assert (limits.credits_committed_today(), limits.count_total(upload)) == (24, 24)


def test_a_re_run_of_two_lists_is_checked_against_the_daily_limit_as_a_whole(start_upload, vendor, alice, settings):
    accept_batches(vendor)
    uploads = [start_upload(rows(number)) for number in range(2)]
    send(*uploads)
    for upload in uploads:
        complete_list(upload, Outcome.ERROR)
    settings.DAILY_CREDIT_LIMIT = 47
    with pytest.raises(SpendingRefused, match="and this re-run could cost 24 credits more"):
        decisions.rerun(Item.objects.all(), alice)
    settings.DAILY_CREDIT_LIMIT = 48
    assert decisions.rerun(Item.objects.all(), alice).total() == 24


def test_a_re_run_whose_check_was_outdated_moves_only_what_the_limit_allows(
    start_upload, vendor, alice, settings, monkeypatch
):
    accept_batches(vendor)
    uploads = [start_upload(rows(number)) for number in range(2)]
    send(*uploads)
    for upload in uploads:
        complete_list(upload, Outcome.ERROR)
    # Skip the first check, as if something else were sent just after it.
    monkeypatch.setattr(decisions, "refuse_rerun", lambda grouped: None)
    settings.DAILY_CREDIT_LIMIT = 40
    assert decisions.rerun(Item.objects.all(), alice) == {uploads[0].pk: 12}
    with pytest.raises(SpendingRefused):
        decisions.rerun(uploads[1].items.all(), alice)


@pytest.fixture
def unconfirmed_batch(start_upload, vendor):
    """Return a batch of twelve people that was sent once and is unconfirmed."""
    vendor.add("POST", BATCH_URL, json={}, status=500)
    upload = start_upload(rows(1))
    send(upload)
    return upload.batches.get()


@pytest.mark.parametrize("limit", ["DAILY_CREDIT_LIMIT", "UPLOAD_CREDIT_LIMIT"])
def test_resending_above_a_limit_is_refused(unconfirmed_batch, browser, settings, limit):
    setattr(settings, limit, 23)
    form = {"attempts": unconfirmed_batch.attempts}
    page = browser.post(f"/batches/{unconfirmed_batch.pk}/send-again/", form, follow=True).content.decode()
    assert re.search(r"limit (is|of) 23\b", page)
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    setattr(settings, limit, 24)
    browser.post(f"/batches/{unconfirmed_batch.pk}/send-again/", form)
    assert Batch.objects.get().status == BatchStatus.PLANNED
    assert limits.credits_committed_today() == 24


def test_the_policy_resends_nothing_above_a_limit(unconfirmed_batch, settings, time_machine):
    settings.UNCONFIRMED_POLICY, settings.DAILY_CREDIT_LIMIT = "resend", 23
    time_machine.move_to("2026-03-01T13:00:00Z")
    decisions.resend_by_policy(timezone.now())
    assert Batch.objects.get().status == BatchStatus.UNCONFIRMED
    time_machine.move_to(MIDNIGHT)
    decisions.resend_by_policy(timezone.now())
    assert Batch.objects.get().status == BatchStatus.PLANNED


def test_a_refused_batch_that_is_resent_counts_once(start_upload, vendor, alice, settings):
    vendor.add("POST", BATCH_URL, json={"message": "Something is wrong"}, status=400)
    upload = start_upload(rows(1))
    send(upload)
    settings.DAILY_CREDIT_LIMIT = settings.UPLOAD_CREDIT_LIMIT = 12
    assert decisions.resend(Batch.objects.get(), alice)
    assert limits.credits_committed_today() == 12


def test_a_batch_that_is_being_sent_is_not_resent(start_upload, alice):
    batch = start_upload(rows(1)).batches.get()
    Batch.objects.update(status=BatchStatus.SUBMITTING)
    assert not decisions.resend(batch, alice)


# Concurrency


def run_together(*calls):
    """Run calls at the same time. Return the result of each, or its refusal."""

    def run(call):
        try:
            return call()
        except SpendingRefused as problem:
            return problem

    return run_at_once(*[partial(run, call) for call in calls])


def count_refused(results):
    return sum(isinstance(result, SpendingRefused) for result in results)


def wait_after(function):
    """Return a function that waits before it returns. Without a lock, another call would act on the same result."""

    def call_and_wait(*args):
        result = function(*args)
        time.sleep(0.3)
        return result

    return call_and_wait


@pytest.fixture
def _slow_counting(monkeypatch):
    for name in ("credits_committed_today", "count_sent_on"):
        monkeypatch.setattr(limits, name, wait_after(getattr(limits, name)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_slow_counting")
def test_only_one_of_two_concurrent_starts_is_allowed(make_upload, alice, settings):
    settings.DAILY_CREDIT_LIMIT = 20
    first, second = make_upload(rows(1)), make_upload(rows(2))
    results = run_together(lambda: spending.start(first, alice), lambda: spending.start(second, alice))
    assert count_refused(results) == 1
    assert Upload.objects.filter(status=UploadStatus.RUNNING).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_starts_of_a_user_needs_approval(make_upload, alice, settings, monkeypatch):
    settings.APPROVAL_ABOVE = 20
    first, second = make_upload(rows(1)), make_upload(rows(2))
    monkeypatch.setattr(spending, "count_started_alone", wait_after(spending.count_started_alone))
    results = run_together(lambda: spending.start(first, alice), lambda: spending.start(second, alice))
    assert sorted(results) == [UploadStatus.APPROVAL, UploadStatus.RUNNING]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_slow_counting")
def test_only_one_of_a_start_and_a_concurrent_re_run_is_allowed(make_upload, start_upload, vendor, alice, settings):
    accept_batches(vendor)
    upload = start_upload(rows(1))
    send(upload)
    complete_list(upload, Outcome.ERROR)
    settings.DAILY_CREDIT_LIMIT = 30
    other = make_upload(rows(2))
    results = run_together(lambda: spending.start(other, alice), lambda: decisions.rerun(upload.items.all(), alice))
    assert count_refused(results) == 1
    assert limits.credits_committed_today() == 24


@pytest.mark.django_db(transaction=True)
def test_only_one_of_two_concurrent_re_runs_is_allowed(start_upload, vendor, alice, settings, monkeypatch):
    accept_batches(vendor)
    upload = start_upload(rows(1))
    send(upload)
    complete_list(upload, Outcome.ERROR)
    settings.UPLOAD_CREDIT_LIMIT = 20
    monkeypatch.setattr(decisions, "refuse_rerun", wait_after(decisions.refuse_rerun))
    ids = list(upload.items.values_list("pk", flat=True))
    first_half, second_half = upload.items.filter(pk__in=ids[:6]), upload.items.filter(pk__in=ids[6:])
    results = run_together(lambda: decisions.rerun(first_half, alice), lambda: decisions.rerun(second_half, alice))
    assert count_refused(results) == 1
    assert upload.items.filter(outcome=Outcome.PENDING).count() == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_slow_counting")
def test_only_one_of_two_concurrent_senders_is_allowed(start_upload, monkeypatch, settings):
    first, second = [start_upload(rows(number)).batches.get() for number in range(2)]
    settings.DAILY_CREDIT_LIMIT = 20
    sent = []
    monkeypatch.setattr(dispatch, "send_items", lambda batch, items: sent.append(batch.pk))
    run_together(lambda: dispatch.submit_batch(first.pk), lambda: dispatch.submit_batch(second.pk))
    assert len(sent) == 1
    statuses = Batch.objects.order_by("status").values_list("status", flat=True)
    assert list(statuses) == [BatchStatus.PLANNED, BatchStatus.SUBMITTING]
    assert count_sent_today() == 12
    assert Upload.objects.filter(waits_until__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_batches_of_a_list_sent_at_the_same_time_are_both_counted(start_upload, monkeypatch):
    upload = start_upload(rows(1, count=24))
    [batch] = upload.batches.all()
    Batch.objects.update(size=12)
    other = upload.batches.create(number=2, size=12)
    moved = list(upload.items.values_list("pk", flat=True)[:12])
    upload.items.filter(pk__in=moved).update(batch=other)
    monkeypatch.setattr(dispatch, "send_items", lambda batch, items: None)
    run_together(lambda: dispatch.submit_batch(batch.pk), lambda: dispatch.submit_batch(other.pk))
    assert count_sent_today() == 24


def test_nothing_is_counted_while_sending_is_blocked(start_upload):
    SendingBlock.objects.create(reason="The key was refused.")
    send(start_upload(rows(1)))
    assert not SentCount.objects.exists()
