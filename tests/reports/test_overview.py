from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from batches.models import Batch, Item, Lease, SendingBlock, Upload
from batches.reports import overview, progress
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing import closing, packing, receivers
from batches.tracing.counts import count_uploads
from tests.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    """Stop the time: an estimate changes every second, and what came just now may have come yesterday."""
    time_machine.move_to("2026-11-18T12:00:30Z", tick=False)


@pytest.fixture
def run_list(start_upload):
    """Return a function that starts a list of twelve people, sent `seconds` ago. `answered` of them are matched."""

    def run_list(answered=0, seconds=10, first=0):
        upload = start_upload([person(first + number) for number in range(12)])
        sent_at = timezone.now() - timedelta(seconds=seconds)
        upload.batches.update(status=BatchStatus.ACKNOWLEDGED, submitted_at=sent_at)
        for number, item in enumerate(upload.items.all()[:answered]):
            answered_at = sent_at + timedelta(seconds=number * min(seconds, 10) / answered)
            Item.objects.filter(pk=item.pk).update(outcome="matched", answered_at=answered_at, credits=1)
        return upload

    return run_list


def load_overview():
    now = timezone.now()
    return overview.load_overview(now, is_blocked=SendingBlock.objects.in_force(now).exists(), user=None)


def load_progress():
    """Return the progress of the only running list."""
    [(_, list_progress)] = load_overview().active
    return list_progress


def load_vendor_state():
    label, _ = load_overview().vendor.state
    return label


@pytest.fixture
def clock():
    """Hold the lease of the clock, as if one were running."""
    return Lease.objects.create(name="clock", holder="me", until="2099-01-01T00:00:00Z")


def test_a_list_has_progress_pace_and_estimate(run_list, clock):
    run_list(answered=6)
    list_progress = load_progress()
    assert (list_progress.counts.done, list_progress.counts.pending) == (6, 6)
    assert list_progress.per_second == pytest.approx(0.6, abs=0.1)
    assert list_progress.time_left == "about 10 seconds"
    assert list_progress.doubt == "until more results are in"


def test_a_list_without_results_has_no_estimate(run_list, clock):
    run_list()
    list_progress = load_progress()
    assert (list_progress.per_second, list_progress.time_left, list_progress.done_at) == (0, None, None)


def make_unconfirmed(upload, seconds):
    """Make a list's batch unconfirmed, as if it had been sent this many seconds ago."""
    submitted_at = timezone.now() - timedelta(seconds=seconds)
    upload.batches.update(status=BatchStatus.UNCONFIRMED, submitted_at=submitted_at)


@pytest.mark.parametrize(
    ("policy", "seconds", "awaits_decision"),
    [("ask", 10, False), ("ask", 601, True), ("resend", 601, False), ("resend", 700, True)],
    ids=["awaited", "to be decided", "resend requested", "not sent again in time"],
)
def test_a_list_awaiting_a_decision_has_no_estimate(run_list, clock, settings, policy, seconds, awaits_decision):
    settings.UNCONFIRMED_POLICY = policy
    make_unconfirmed(run_list(answered=6), seconds)
    list_progress = load_progress()
    assert list_progress.awaits_decision == awaits_decision
    assert (list_progress.time_left is None) == awaits_decision
    assert load_overview().vendor.people == (0 if awaits_decision else 6)


def test_a_batch_awaiting_a_decision_does_not_change_other_estimates(run_list, clock):
    one = run_list(answered=6)
    run_list(answered=6, first=100)
    Batch.objects.create(upload=one, number=2, size=600)
    Upload.objects.filter(pk=one.pk).update(row_count=612)
    before = {upload.pk: list_progress.time_left for upload, list_progress in load_overview().active}
    Batch.objects.create(upload=one, number=3, size=1_000, status=BatchStatus.REFUSED)
    Upload.objects.filter(pk=one.pk).update(row_count=1_612)
    after = {upload.pk: list_progress.time_left for upload, list_progress in load_overview().active}
    assert after == before | {one.pk: None}


@pytest.mark.parametrize("reason", ["block", "no clock"])
def test_there_is_no_estimate_while_nothing_is_sent(run_list, clock, reason):
    run_list(answered=6)
    if reason == "block":
        SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    else:
        clock.delete()
    assert load_progress().time_left is None


def test_a_batch_that_closes_between_two_queries_counts_once(run_list, clock, monkeypatch):
    upload = run_list(answered=12)

    count_recent = progress.count_recent

    def count_and_close(*args):
        rows = count_recent(*args)
        totals = {"closed_at": timezone.now(), "matched": 12, "credits": 12}
        Batch.objects.filter(upload=upload).update(status=BatchStatus.CLOSED, **totals)
        return rows

    monkeypatch.setattr(progress, "count_recent", count_and_close)
    found = load_overview()
    assert Batch.objects.get().status == BatchStatus.CLOSED
    [(_, list_progress)] = found.active
    assert (list_progress.counts.done, list_progress.counts.percent) == (12, 100)
    assert (found.today.matched, found.today.credits) == (12, 12)
    assert (found.month.matched, found.month.credits) == (12, 12)


@pytest.mark.parametrize(("status", "has_batch"), [("cancelled", True), ("dissolved", True), ("acknowledged", False)])
def test_totals_include_people_whose_batch_was_cancelled_or_dissolved_or_who_have_none(
    run_list, clock, status, has_batch
):
    upload = run_list(answered=6)
    upload.batches.update(status=status)
    if not has_batch:
        upload.items.filter(outcome="matched").update(batch=None)
    found = load_overview()
    assert (found.today.matched, found.month.matched, found.month.credits) == (6, 6, 6)
    upload.items.filter(outcome="matched").update(answered_at=timezone.now() - timedelta(days=40))
    assert load_overview().month.matched == 0


def test_totals_include_the_cost_of_earlier_answers(run_list, clock):
    upload = run_list(answered=6)
    upload.batches.update(earlier_credits=5)
    assert (load_overview().today.credits, load_overview().month.credits) == (11, 11)


def test_late_answers_for_people_who_were_planned_again_are_counted(run_list, clock, settings):
    settings.MISSING_SHARE = 100
    upload = run_list()
    first = upload.batches.get()
    closing.close_batch(first.pk)
    packing.plan_upload(upload.pk)
    Item.objects.filter(row_number__lt=8).update(outcome="matched", answered_at=timezone.now(), answered_via=first)
    assert upload.batches.get(status=BatchStatus.PLANNED).may_hold_resent
    assert load_progress().counts.done == 6
    assert load_overview().today.matched == 6
    assert count_uploads([upload])[upload.pk].done == 6


@pytest.mark.usefixtures("_real_receiver_check")
def test_without_a_receiver_the_dashboard_says_that_sending_waits(run_list, start_upload, clock, browser):
    run_list(answered=6)
    assert load_vendor_state() == "Working"
    upload = start_upload([person(100 + number) for number in range(12)])
    found = load_overview()
    assert found.vendor.state == ("No receiver", "error")
    assert {list_progress.time_left for _, list_progress in found.active} == {None}
    assert "No receiver is running, so nothing is sent." in browser.get("/").content.decode()
    assert progress.load_list_progress(upload, timezone.now()).time_left is None
    receivers.record_heartbeat("web:1", "web")
    assert load_vendor_state() == "Working"


def test_the_next_attempt_is_shown_while_the_vendor_accepts_nothing(run_list, clock):
    next_try_at = timezone.now() + timedelta(seconds=30)
    run_list().batches.update(status=BatchStatus.PLANNED, attempts=3, next_try_at=next_try_at)
    assert load_vendor_state() == "Waiting"
    assert load_overview().vendor.next_try_at == next_try_at
    assert load_overview().vendor.explanation


def test_the_strip_of_a_long_list_merges_batches_of_the_same_status(run_list, clock):
    upload = run_list(answered=6)
    Batch.objects.bulk_create(
        Batch(upload=upload, number=number, size=10, status="closed" if number < 40 else "planned")
        for number in range(2, 102)
    )
    strip = progress.load_list_progress(upload, timezone.now()).strip
    assert [(cell.status, cell.fill) for cell in strip.cells] == [("closed", 1), ("acknowledged", 0.5), ("planned", 0)]
    assert [count for _, _, count in strip.states] == [38, 1, 62]


def test_a_paused_list_has_no_estimate(run_list, clock):
    upload = run_list(answered=6)
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.PAUSED)
    assert load_progress().time_left is None


def test_totals_include_closed_and_open_batches(run_list, clock):
    upload = run_list(answered=6)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    closed = {"upload": upload, "size": 10, "status": BatchStatus.CLOSED, "matched": 7, "no_match": 3, "credits": 7}
    Batch.objects.create(number=2, closed_at=midnight, **closed)
    Batch.objects.create(number=3, closed_at=midnight.replace(day=1), **closed)
    Batch.objects.create(number=4, closed_at=midnight - timedelta(days=40), **closed)
    found = load_overview()
    assert (found.today.answered, found.today.credits) == (16, 13)
    assert (found.month.answered, found.month.credits) == (26, 20)


def test_earlier_days_of_the_month_are_summed_once_and_today_always(run_list, clock, time_machine):
    time_machine.move_to("2026-11-12T12:00:00Z", tick=False)
    upload = run_list()
    closed = {"upload": upload, "size": 10, "status": BatchStatus.CLOSED, "matched": 7, "no_match": 3, "credits": 7}
    for number, days in ((2, 0), (3, 1)):
        Batch.objects.create(number=number, closed_at=timezone.now() - timedelta(days=days), **closed)
    assert load_overview().month.credits == 14
    Batch.objects.update(credits=8)
    assert load_overview().month.credits == 8 + 7
    cache.clear()
    assert load_overview().month.credits == 16


def test_days_start_in_the_readers_time_zone(run_list, clock):
    upload = run_list()
    now = timezone.now()
    closed_at = now - timedelta(hours=1)
    Batch.objects.create(upload=upload, number=2, size=10, status=BatchStatus.CLOSED, matched=10, closed_at=closed_at)
    cases = set()
    for hours in range(-12, 13):
        with timezone.override(timezone.get_fixed_timezone(60 * hours)):
            is_today = timezone.localtime(closed_at).date() == timezone.localtime(now).date()
            assert load_overview().today.matched == (10 if is_today else 0)
            cases.add(is_today)
    assert cases == {True, False}


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(10, "Working"), (500, "Silent")],
    ids=["results came just now", "no results for a long time"],
)
def test_the_vendor_is_silent_if_no_results_came_for_a_long_time(run_list, clock, seconds, state):
    run_list(answered=3, seconds=seconds)
    assert load_vendor_state() == state
    vendor = load_overview().vendor
    assert (vendor.people, vendor.batches) == (9, 1)
    assert bool(vendor.explanation) == (state == "Silent")


def test_the_overview_shows_a_stopped_clock_and_a_block(run_list):
    run_list(answered=3)
    assert load_vendor_state() == "Stopped"
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    assert load_vendor_state() == "Blocked"


def test_an_empty_portal_is_idle(db):
    assert load_vendor_state() == "Idle"
    found = load_overview()
    assert (found.active, found.finished, found.today.answered) == ([], [], 0)
    assert found.plot.results == 0


def test_only_the_first_lists_in_progress_are_shown(run_list, clock, monkeypatch):
    monkeypatch.setattr(overview, "MAX_LISTS", 1)
    run_list()
    run_list(first=100)
    found = load_overview()
    assert (len(found.active), found.has_more) == (1, True)


def test_the_page_of_a_list_shows_the_same_estimate(browser, run_list, clock):
    run_list(answered=6)
    upload = run_list(answered=6, first=100)
    page = browser.get(upload.get_absolute_url()).content.decode()
    assert "Done about" in page
    assert "0.6 per second" in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_lists_does_not_change_the_number_of_queries(
    run_list, clock, count, django_assert_max_num_queries
):
    for number in range(count):
        run_list(answered=3, first=100 * number)
    with django_assert_max_num_queries(13):
        overview.load_overview(timezone.now(), is_blocked=False, user=None)
