from datetime import timedelta

import pytest
from django.utils import timezone

from batches.models import Batch, Item, Lease, SendingBlock, Upload
from batches.reports import overview, progress
from batches.statuses import BatchStatus, UploadStatus
from batches.tracing import closing, packing, receivers
from batches.tracing.counts import count_uploads
from tests.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(start_upload):
    """Start a list of twelve people with the vendor, with `answered` of them answered `seconds` ago."""

    def run(answered=0, seconds=10, outcome="matched", first=0):
        upload = start_upload([person(first + number) for number in range(12)])
        now = timezone.now()
        upload.batches.update(status=BatchStatus.ACKNOWLEDGED, submitted_at=now - timedelta(seconds=seconds))
        ids = list(upload.items.values_list("pk", flat=True)[:answered])
        at = now - timedelta(seconds=seconds)
        Item.objects.filter(pk__in=ids).update(outcome=outcome, answered_at=at, credits=1)
        return upload

    return run


def load_overview():
    return overview.load_overview(timezone.now(), SendingBlock.objects.in_force(timezone.now()).exists())


@pytest.fixture
def clock():
    return Lease.objects.create(name="clock", holder="me", until=timezone.now() + timedelta(hours=1))


def test_a_list_has_progress_pace_and_estimate(running, clock):
    running(answered=6)
    [(_, list_progress)] = load_overview().active
    assert (list_progress.counts.done, list_progress.counts.pending) == (6, 6)
    assert list_progress.per_second == pytest.approx(0.6, abs=0.1)
    assert list_progress.time_left == "about 10 seconds"
    assert list_progress.strip.states == [("acknowledged", "With the vendor", 1)]
    assert list_progress.strip.cells[0].fill == 0.5


def test_a_list_without_results_has_no_estimate(running, clock):
    running()
    [(_, list_progress)] = load_overview().active
    assert (list_progress.per_second, list_progress.time_left, list_progress.done_at) == (0, None, None)


def lose(upload, seconds):
    """Make a list's batch unconfirmed, with its call this many seconds ago."""
    submitted_at = timezone.now() - timedelta(seconds=seconds)
    upload.batches.update(status=BatchStatus.UNCONFIRMED, submitted_at=submitted_at)


@pytest.mark.parametrize(
    ("policy", "seconds", "is_stuck"),
    [("ask", 10, False), ("ask", 601, True), ("resend", 601, False), ("resend", 700, True)],
    ids=["awaited", "to be decided", "resend requested", "not sent again in time"],
)
def test_a_list_awaiting_a_decision_has_no_estimate(running, clock, settings, policy, seconds, is_stuck):
    settings.UNCONFIRMED_POLICY = policy
    lose(running(answered=6), seconds)
    found = load_overview()
    [(_, list_progress)] = found.active
    assert (list_progress.awaits_decision, list_progress.time_left is None) == (is_stuck, is_stuck)
    assert found.vendor.people == (0 if is_stuck else 6)


def test_a_batch_awaiting_a_decision_does_not_change_other_estimates(running, clock):
    one = running(answered=6)
    running(answered=6, first=100)
    Batch.objects.create(upload=one, number=2, size=600)
    Upload.objects.filter(pk=one.pk).update(row_count=612)
    before = {upload.pk: list_progress.time_left for upload, list_progress in load_overview().active}
    Batch.objects.create(upload=one, number=3, size=1_000, status=BatchStatus.REFUSED)
    Upload.objects.filter(pk=one.pk).update(row_count=1_612)
    after = {upload.pk: list_progress.time_left for upload, list_progress in load_overview().active}
    assert after == before | {one.pk: None}


@pytest.mark.parametrize("what", ["block", "no clock"])
def test_there_is_no_estimate_while_nothing_is_sent(running, clock, what):
    running(answered=6)
    if what == "block":
        SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    else:
        clock.delete()
    assert load_overview().active[0][1].time_left is None


def test_a_batch_that_closes_between_two_queries_counts_once(running, clock, monkeypatch):
    upload = running(answered=12)

    def count_and_close(*args):
        rows = count_recent(*args)
        frozen = {"closed_at": timezone.now(), "matched": 12, "credits": 12}
        Batch.objects.filter(upload=upload).update(status=BatchStatus.CLOSED, **frozen)
        return rows

    count_recent = progress.count_recent
    monkeypatch.setattr(progress, "count_recent", count_and_close)
    found = load_overview()
    assert Batch.objects.get().status == BatchStatus.CLOSED
    assert (found.active[0][1].counts.done, found.active[0][1].counts.percent) == (12, 100)
    assert (found.today.matched, found.today.credits) == (12, 12)
    assert (found.month.matched, found.month.credits) == (12, 12)


@pytest.mark.parametrize(
    ("status", "batch"), [("cancelled", "kept"), ("dissolved", "kept"), ("acknowledged", None)], ids=str
)
def test_totals_include_people_answered_outside_of_counted_batches(running, clock, status, batch):
    upload = running(answered=6)
    upload.batches.update(status=status)
    if batch is None:
        upload.items.filter(outcome="matched").update(batch=None)
    found = load_overview()
    assert (found.today.matched, found.month.matched, found.month.credits) == (6, 6, 6)
    upload.items.filter(outcome="matched").update(answered_at=timezone.now() - timedelta(days=40))
    assert load_overview().month.matched == 0


def test_totals_include_the_cost_of_earlier_answers(running, clock):
    upload = running(answered=6)
    upload.batches.update(earlier_credits=5)
    assert (load_overview().today.credits, load_overview().month.credits) == (11, 11)


def test_counts_include_late_answers_for_replanned_people(running, clock, settings):
    settings.MISSING_SHARE = 100
    upload = running()
    lost = upload.batches.get()
    closing.close_batch(lost.pk)
    packing.plan_upload(upload.pk)
    Item.objects.filter(row_number__lt=8).update(outcome="matched", answered_at=timezone.now(), answered_via=lost)
    found = load_overview()
    assert upload.batches.get(status=BatchStatus.PLANNED).may_hold_resent
    assert found.active[0][1].counts.done == count_uploads([upload])[upload.pk].done == found.today.matched == 6


@pytest.mark.usefixtures("_no_receiver")
def test_without_a_receiver_the_dashboard_says_that_sending_waits(running, start_upload, clock, browser):
    running(answered=6)
    assert load_overview().vendor.state[0] == "Working"
    upload = start_upload([person(100 + number) for number in range(12)])
    found = load_overview()
    assert found.vendor.state == ("No receiver", "error")
    assert {list_progress.time_left for _, list_progress in found.active} == {None}
    assert "No receiver is running, so nothing is sent." in browser.get("/").content.decode()
    assert progress.list_progress(upload, timezone.now()).time_left is None
    receivers.record_heartbeat("web:1", "web")
    assert load_overview().vendor.state[0] == "Working"


def test_a_vendor_that_accepts_nothing_is_retried(running, clock):
    next_try_at = timezone.now() + timedelta(seconds=30)
    running().batches.update(status=BatchStatus.PLANNED, attempts=3, next_try_at=next_try_at)
    vendor = load_overview().vendor
    assert (vendor.state[0], vendor.next_try_at) == ("Waiting", next_try_at)
    assert vendor.explanation


def test_batches_of_a_long_list_are_merged_by_status(running, clock):
    upload = running(answered=6)
    Batch.objects.bulk_create(
        Batch(upload=upload, number=number, size=10, status="closed" if number < 40 else "planned")
        for number in range(2, 102)
    )
    [(_, list_progress)] = load_overview().active
    assert [(cell.status, cell.fill) for cell in list_progress.strip.cells] == [
        ("closed", 1),
        ("acknowledged", 0.5),
        ("planned", 0),
    ]
    assert [number for _, _, number in list_progress.strip.states] == [38, 1, 62]


def test_a_paused_list_has_no_estimate(running, clock):
    upload = running(answered=6)
    type(upload).objects.update(status=UploadStatus.PAUSED)
    assert load_overview().active[0][1].time_left is None


def test_totals_include_closed_and_open_batches(running, clock):
    upload = running(answered=6)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    closed = {"upload": upload, "size": 10, "status": BatchStatus.CLOSED, "matched": 7, "no_match": 3, "credits": 7}
    Batch.objects.create(number=2, closed_at=midnight, **closed)
    Batch.objects.create(number=3, closed_at=midnight.replace(day=1), **closed)
    Batch.objects.create(number=4, closed_at=midnight - timedelta(days=40), **closed)
    found = load_overview()
    in_today = 2 if midnight.day == 1 else 1
    assert (found.today.answered, found.today.credits) == (6 + 10 * in_today, 6 + 7 * in_today)
    assert (found.month.answered, found.month.credits) == (26, 20)


def test_days_start_in_the_readers_time_zone(running, clock):
    upload = running()
    now = timezone.now()
    Batch.objects.create(
        upload=upload, number=2, size=10, status=BatchStatus.CLOSED, matched=10, closed_at=now - timedelta(hours=1)
    )
    zones = [timezone.get_fixed_timezone(60 * hours) for hours in range(-12, 13)]
    seen = set()
    for zone in zones:
        with timezone.override(zone):
            is_today = timezone.localtime(now).date() == timezone.localtime(now - timedelta(hours=1)).date()
            assert load_overview().today.matched == (10 if is_today else 0)
            seen.add(is_today)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(10, "Working"), (500, "Silent")],
    ids=["results came just now", "no results for a long time"],
)
def test_the_vendor_works_or_is_silent(running, clock, seconds, state):
    running(answered=3, seconds=seconds)
    vendor = load_overview().vendor
    assert vendor.state[0] == state
    assert (vendor.people, vendor.batches) == (9, 1)
    assert bool(vendor.explanation) == (state == "Silent")


def test_a_stopped_clock_or_a_block_stops_everything(running):
    running(answered=3)
    assert load_overview().vendor.state[0] == "Stopped"
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    assert load_overview().vendor.state[0] == "Blocked"


def test_an_empty_portal_is_idle(db):
    found = load_overview()
    assert (found.vendor.state[0], found.active, found.finished, found.today.answered) == ("Idle", [], [], 0)
    assert found.chart.most == 0


def test_only_the_first_lists_in_progress_are_shown(running, clock, monkeypatch):
    monkeypatch.setattr(overview, "MAX_LISTS", 1)
    running()
    running(first=100)
    found = load_overview()
    assert (len(found.active), found.has_more) == (1, True)


def test_the_page_of_a_list_shows_the_same_estimate(browser, running, clock, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    running(answered=6)
    upload = running(answered=6, first=100)
    page = browser.get(upload.get_absolute_url()).content.decode()
    assert "about 10 seconds left" in page
    assert "0.6 per second" in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_lists_does_not_change_the_number_of_queries(
    running, clock, count, django_assert_max_num_queries
):
    for number in range(count):
        running(answered=3, first=100 * number)
    with django_assert_max_num_queries(15):
        overview.load_overview(timezone.now(), False)
