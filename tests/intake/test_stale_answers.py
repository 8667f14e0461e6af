"""Earlier answers with stale Do Not Call flags are reused or refreshed, as the user chooses."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from batches.intake import reuse, row_import, stale_answers
from batches.models import Event, Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import decisions, limits, packing, spending
from batches.tracing.limits import SpendingRefused
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def traced(start_upload):
    """Return a list of four people: two stale matches, a fresh one, and an old answer without a match."""
    upload = start_upload(people(4))
    answered = [(Outcome.MATCHED, 40), (Outcome.MATCHED, 32), (Outcome.MATCHED, 30), (Outcome.NO_MATCH, 40)]
    for item, (outcome, days) in zip(upload.items.order_by("pk"), answered, strict=True):
        at = timezone.now() - timedelta(days=days)
        Item.objects.filter(pk=item.pk).update(
            outcome=outcome, answer=answer_for(item, outcome).decode(), answered_at=at, credits=1
        )
    return upload


@pytest.fixture
def upload(traced, make_upload):
    return make_upload(people(5), settings={"look_back": 90})


@pytest.fixture
def started(upload, alice):
    """Return the list after its start, with all stale answers reused."""
    spending.start(upload, alice)
    packing.plan_upload(upload.pk)
    return Upload.objects.get(pk=upload.pk)


def list_outcomes(upload):
    return list(upload.items.order_by("row_number").values_list("outcome", flat=True))


REUSED = ["reused", "reused", "reused", "reused", "pending"]
REFRESHED = ["pending", "pending", "reused", "reused", "pending"]


def test_the_review_offers_to_refresh_stale_answers_at_a_price(browser, upload, settings):
    settings.PRICE_PER_CREDIT = "0.12"
    page = browser.get(upload.get_absolute_url()).content.decode()
    assert "2 reused answers have Do Not Call flags older than 31 days." in page
    assert "Refresh 2 stale answers · at most $0.24" in page


def test_nothing_is_offered_if_no_reused_answer_is_stale(browser, upload, settings):
    settings.DNC_STALE_DAYS = 60
    assert "Refresh" not in browser.get(upload.get_absolute_url()).content.decode()


def test_refreshed_people_are_traced_and_counted_in_the_estimate_and_the_history(browser, upload, alice):
    browser.post(f"/uploads/{upload.pk}/stale/", {"stale": "refresh", "revision": upload.revision})
    before, upload = upload, Upload.objects.get(pk=upload.pk)
    assert list_outcomes(upload) == REFRESHED
    assert (upload.reused_count, upload.item_count, upload.revision) == (2, 3, before.revision + 1)
    event = upload.events.get(what=Event.STALE_REFRESHED)
    assert (event.user, event.detail) == (alice, "2 people, at most 2 credits")
    assert "Use them as they are" in browser.get(upload.get_absolute_url()).content.decode()


def test_stale_answers_can_be_used_as_they_are_after_all(browser, upload):
    for choice in ["refresh", "use"]:
        browser.post(f"/uploads/{upload.pk}/stale/", {"stale": choice})
    upload.refresh_from_db()
    assert list_outcomes(upload) == REUSED
    assert (upload.reused_count, upload.item_count) == (4, 1)
    assert upload.events.get(what=Event.STALE_USED).detail == "2 people"


def test_the_choice_holds_when_rows_are_read_again_and_when_the_list_is_sent(upload, alice):
    stale_answers.refresh(upload, alice)
    upload.items.all().delete()
    Upload.objects.filter(pk=upload.pk).update(status=UploadStatus.CHECKING)
    row_import.check_rows(upload.pk)
    assert list_outcomes(upload) == REFRESHED
    spending.start(upload, alice)
    reuse.reuse_since_check(upload.pk)
    packing.plan_upload(upload.pk)
    assert list_outcomes(upload) == REFRESHED
    assert upload.items.filter(batch__isnull=False).count() == 3


def test_a_list_that_has_changed_or_was_started_is_not_changed(upload, alice):
    with pytest.raises(SpendingRefused, match="has changed"):
        stale_answers.refresh(upload, alice, revision=upload.revision + 1)
    spending.start(upload, alice)
    with pytest.raises(SpendingRefused, match="has changed"):
        stale_answers.refresh(upload, alice)
    assert list_outcomes(upload) == REUSED


def test_refreshed_people_count_against_the_limit_of_the_list(upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 2
    stale_answers.refresh(upload, alice)
    with pytest.raises(SpendingRefused, match="above the limit of 2 credits per list"):
        spending.start(upload, alice)


def test_a_user_who_refreshes_answers_cannot_approve_the_list(upload, bob):
    stale_answers.refresh(upload, bob)
    assert bob.pk in spending.find_involved([upload])[upload.pk]


def test_the_page_of_a_list_offers_to_refresh_later_and_names_the_price(browser, started, settings):
    settings.PRICE_PER_CREDIT = "0.12"
    cache.clear()
    page = browser.get(started.get_absolute_url()).content.decode()
    assert "Refresh 2 stale, at most $0.24" in page
    assert "Trace 2 people again? Their Do Not Call flags are older than 31 days." in page


def test_stale_answers_of_a_started_list_are_refreshed_by_a_decision(browser, started, alice, monkeypatch):
    monkeypatch.setattr("batches.jobs.enqueue", lambda *args: None)
    browser.post(f"/uploads/{started.pk}/refresh/", {"stale": 2})
    reuse.reuse_since_check(started.pk)
    packing.plan_upload(started.pk)
    started.refresh_from_db()
    assert list_outcomes(started) == REFRESHED
    assert (started.reused_count, started.item_count) == (2, 3)
    assert set(started.items.filter(batch__isnull=False).values_list("reruns", flat=True)) == {0, 1}
    assert started.events.get(what=Event.STALE_REFRESHED).user == alice


def test_a_complete_list_runs_again_when_its_stale_answers_are_refreshed(started, alice):
    Upload.objects.filter(pk=started.pk).update(status=UploadStatus.COMPLETE, completed_at=timezone.now())
    started.refresh_from_db()
    assert decisions.refresh_stale(started, alice, shown=2) == 2
    started.refresh_from_db()
    assert (started.status, started.completed_at) == (UploadStatus.RUNNING, None)


def test_nobody_is_refreshed_if_there_are_more_than_shown_or_a_limit_is_reached(started, alice, settings):
    with pytest.raises(SpendingRefused, match="there are now 2 stale answers"):
        decisions.refresh_stale(started, alice, shown=1)
    settings.UPLOAD_CREDIT_LIMIT = int(limits.max_credits(2))
    with pytest.raises(SpendingRefused, match="With this re-run"):
        decisions.refresh_stale(started, alice, shown=2)
    assert list_outcomes(started) == REUSED
