"""The estimates of a list depend only on the vendor accounts that it is sent over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.rights import Role
from batches.models import Batch, Item, Lease, SendingBlock, Upload
from batches.reports import overview, pace, progress
from batches.statuses import BatchKind, BatchStatus, UploadStatus
from tests.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    """Stop the time: an estimate changes every second."""
    time_machine.move_to("2026-11-18T12:00:30Z", tick=False)
    Lease.objects.create(name="clock", holder="me", until="2099-01-01T00:00:00Z")


@pytest.fixture
def fairfax(make_user):
    """Return a user of another team than alice, who is in Herndon."""
    return make_user("fay", Role.LEAD, team="Fairfax")


@pytest.fixture
def start_list(start_upload):
    """Return a function that starts a list of a hundred people who are in no other list."""
    started = []

    def start_list(**options):
        rows = [person(number, Address=f"{number} List{len(started)} St") for number in range(100)]
        started.append(start_upload(rows, **options))
        return started[-1]

    return start_list


def send(upload, account, answered=0, per_second=10.0):
    """Send a list over an account, of which so many people were answered until now, at this pace."""
    now = timezone.now()
    sent_at = now - timedelta(seconds=answered / per_second + 2)
    upload.batches.update(
        status=BatchStatus.ACKNOWLEDGED, submitted_at=sent_at, acknowledged_at=sent_at, account=account
    )
    for number, item in enumerate(upload.items.order_by("pk")[:answered], start=1):
        answered_at = now - timedelta(seconds=(answered - number) / per_second)
        Item.objects.filter(pk=item.pk).update(outcome="matched", answered_at=answered_at, credits=1)


def load_estimates():
    """Return upload id → progress of the lists in progress, as the dashboard shows them."""
    now = timezone.now()
    is_blocked = SendingBlock.objects.in_force(now).of_everything().exists()
    return {upload.pk: found for upload, found in overview.load_overview(now, is_blocked, user=None).active}


def close_batches(account, seconds):
    """Close batches of an account, each with a hundred results in so many seconds, one after the other."""
    upload, _ = Upload.objects.get_or_create(name="earlier", status=UploadStatus.COMPLETE)
    for number in range(5):
        end = timezone.now() - timedelta(minutes=number * 10)
        first = end - timedelta(seconds=seconds)
        Batch.objects.create(
            upload=upload,
            number=100 + 10 * (account.pk if account else 0) + number,
            kind=BatchKind.BULK,
            status=BatchStatus.CLOSED,
            account=account,
            size=100,
            matched=100,
            submitted_at=first,
            first_result_at=first,
            completed_at=end,
            closed_at=end,
        )


def test_each_list_is_estimated_at_the_pace_of_its_account(start_list, make_account, fairfax):
    slow = make_account("Fairfax's", "Fairfax")
    ours, theirs = start_list(), start_list(user=fairfax)
    send(ours, None, answered=50, per_second=10)
    send(theirs, slow, answered=50, per_second=1)
    estimates = load_estimates()
    assert estimates[ours.pk].time_left == "about 5 seconds"
    assert estimates[theirs.pk].time_left == "about 50 seconds"
    assert progress.load_list_progress(theirs, timezone.now()).time_left == "about 50 seconds"


def test_only_lists_of_the_same_account_wait_for_one_another(start_list, make_account, fairfax):
    make_account("Fairfax's", "Fairfax")
    first, second, other = start_list(), start_list(), start_list(user=fairfax)
    estimates = load_estimates()
    assert [estimates[upload.pk].place for upload in (first, second, other)] == [1, 2, 1]
    assert progress.load_list_progress(other, timezone.now()).place == 1


def test_lists_of_teams_that_share_one_of_their_accounts_wait_for_one_another(start_list, make_account, fairfax):
    make_account("shared", "Fairfax", "Herndon")
    make_account("Fairfax's", "Fairfax")
    first, second = start_list(), start_list(user=fairfax)
    estimates = load_estimates()
    assert [estimates[upload.pk].place for upload in (first, second)] == [1, 2]


def test_people_in_flight_over_another_account_do_not_delay_a_list(start_list, make_account, fairfax, settings):
    settings.ITEMS_IN_FLIGHT = 100
    slow = make_account("Fairfax's", "Fairfax")
    ours, waiting, theirs = start_list(), start_list(), start_list(user=fairfax)
    send(theirs, slow, answered=50, per_second=0.5)
    send(ours, None, answered=50, per_second=10)
    starts_at = load_estimates()[waiting.pk].starts_at
    assert timedelta(seconds=3) < starts_at - timezone.now() < timedelta(seconds=15)


def test_a_list_whose_account_is_held_has_no_estimate_but_others_have(start_list, make_account, fairfax):
    held = make_account("Fairfax's", "Fairfax")
    ours, theirs = start_list(), start_list(user=fairfax)
    close_batches(None, seconds=10)
    close_batches(held, seconds=10)
    assert load_estimates()[theirs.pk].done_at is not None
    SendingBlock.objects.create(reason="Held.", account=held)
    estimates = load_estimates()
    assert estimates[theirs.pk].done_at is estimates[theirs.pk].starts_at is None
    assert estimates[ours.pk].done_at is not None


def test_a_list_is_estimated_over_the_accounts_of_its_team_that_are_not_held(start_list, make_account):
    held, other = make_account("held", "Herndon"), make_account("other", "Herndon")
    upload = start_list()
    close_batches(held, seconds=1)
    close_batches(other, seconds=100)
    SendingBlock.objects.create(reason="Held.", account=held)
    left = load_estimates()[upload.pk].done_at - timezone.now()
    assert timedelta(seconds=90) < left < timedelta(seconds=120)


def test_a_batch_that_is_to_be_sent_again_over_a_held_account_has_no_estimate(start_list, make_account):
    account = make_account("Herndon's")
    upload = start_list()
    close_batches(None, seconds=10)
    upload.batches.update(account=account, submitted_at=timezone.now(), attempts=1)
    assert load_estimates()[upload.pk].done_at is not None
    SendingBlock.objects.create(reason="Held.", account=account)
    assert load_estimates()[upload.pk].done_at is None


def test_an_account_without_results_does_not_take_the_pace_of_another(start_list, make_account, fairfax):
    new = make_account("Fairfax's", "Fairfax")
    ours, theirs = start_list(), start_list(user=fairfax)
    send(ours, None, answered=50)
    send(theirs, new)
    estimates = load_estimates()
    assert estimates[theirs.pk].time_left is None
    assert estimates[theirs.pk].doubt == "until the first results are in"
    assert estimates[ours.pk].time_left == "about 5 seconds"


def test_the_silence_of_one_account_casts_no_doubt_on_another(start_list, make_account, fairfax):
    silent = make_account("Fairfax's", "Fairfax")
    ours, theirs = start_list(), start_list(user=fairfax)
    close_batches(silent, seconds=10)
    send(ours, None, answered=90, per_second=5)
    send(theirs, silent)
    theirs.batches.update(submitted_at=timezone.now() - timedelta(minutes=5))
    estimates = load_estimates()
    assert estimates[theirs.pk].doubt == "because the vendor is silent"
    assert estimates[ours.pk].doubt == ""


def test_the_usual_pace_is_measured_for_each_account(start_list, make_account):
    slow = make_account("slow")
    start_list()
    close_batches(None, seconds=10)
    close_batches(slow, seconds=100)
    now = timezone.now()
    assert pace.usual_pace(now, [None]) == pytest.approx(10, rel=0.05)
    assert pace.usual_pace(now, [slow.pk]) == pytest.approx(1, rel=0.05)
    assert pace.usual_pace(now, [None, slow.pk]) == pytest.approx(11, rel=0.05)
    assert pace.usual_pace(now, [make_account("new").pk]) == 0


def test_the_review_says_how_long_a_list_takes_over_its_accounts(browser, start_list, make_upload, make_account):
    other = start_list()
    upload = make_upload([person(number, Address=f"{number} New St") for number in range(100)])
    close_batches(None, seconds=10)
    address = upload.get_absolute_url()
    assert "Takes about" not in browser.get(address).content.decode()
    account = make_account("Herndon's", "Herndon")
    close_batches(account, seconds=50)
    assert "Takes about" not in browser.get(address).content.decode()
    Upload.objects.filter(pk=other.pk).update(team=None)
    assert "Takes about 50 seconds" in browser.get(address).content.decode()
