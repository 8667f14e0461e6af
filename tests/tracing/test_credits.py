"""The cost of a match is learnt from recent charges."""

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from batches.models import Batch
from batches.statuses import BatchStatus
from batches.tracing import credits, spending
from tests.factories import answer_for, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(start_upload):
    """Close a batch with this many charged matches at this cost."""
    upload = None

    def make(count, cost):
        nonlocal upload
        upload = upload or start_upload(12)
        number = Batch.objects.count() + 1
        closed = {"status": BatchStatus.CLOSED, "closed_at": timezone.now()}
        Batch.objects.create(upload=upload, number=number, size=12, charged=count, match_cost=cost, **closed)
        cache.clear()

    return make


@pytest.mark.parametrize(
    ("costs", "middle"),
    [
        ([], 0),
        ([(10, 1)], 10),
        ([(1, 10), (10, 11)], 10),
        ([(10, 11), (1, 10)], 10),
        ([(1, 10), (10, 10)], 1),
        ([(10, 300), (999_999, 20)], 10),
        ([(0.5, 2), (3, 2), (10, 2)], 3),
    ],
)
def test_the_learnt_cost_is_the_median(costs, middle):
    assert credits.weighted_median(costs) == middle


def test_the_setting_applies_until_enough_matches_are_charged(charge, settings):
    settings.CREDITS_PER_MATCH = 2
    assert spending.max_credits(100) == 200
    charge(credits.MIN_CHARGED_MATCHES - 1, 10)
    assert (credits.credits_per_match(), spending.max_credits(100)) == (2, 200)
    charge(1, 10)
    assert (credits.credits_per_match(), spending.max_credits(100)) == (10, 1_000)


def test_a_learnt_cost_below_the_setting_applies(charge, settings):
    settings.CREDITS_PER_MATCH = 10
    charge(20, Decimal("0.15"))
    assert spending.max_credits(100) == 15


def test_a_difference_is_reported(charge, settings):
    assert credits.cost_warning() == ""
    charge(20, Decimal("1.00"))
    assert credits.cost_warning() == ""
    charge(21, Decimal("10.00"))
    assert credits.cost_warning() == "Matches have recently cost 10 credits each, but CREDITS_PER_MATCH is 1."


def test_it_is_reported_that_the_setting_still_applies(charge):
    charge(3, Decimal("2.50"))
    assert credits.cost_warning() == (
        "Matches have recently cost 2.5 credits each, but CREDITS_PER_MATCH is 1. "
        "The setting applies until 20 matches have been charged. So far: 3."
    )


def test_the_learnt_cost_is_cached(charge, django_assert_num_queries):
    charge(20, 10)
    with django_assert_num_queries(1):
        assert {spending.max_credits(people) for people in (1, 1, 1)} == {10}


def test_cached_matches_and_odd_credits_are_not_learnt_from(finish_upload):
    def answers(item, place):
        if place < 3:
            return answer_for(item, credits=0, cached=True)
        if place < 5:
            return answer_for(item, cached=False, credits=-5)
        return answer_for(item, "no_match", credits=1) if place == 5 else answer_for(item, cached=False, credits=10)

    batch = finish_upload(12, answers).batches.get()
    assert (batch.charged, batch.match_cost, batch.odd_credits) == (6, 10, 2)


def test_the_review_and_the_dashboard_show_the_cost_of_a_match(browser, charge, make_upload):
    charge(20, Decimal("10.00"))
    upload = make_upload(people(15, City="Reston"))
    said = "Matches have recently cost 10 credits each, but CREDITS_PER_MATCH is 1."
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert said in page
    assert "Trace 15 people - at most 150 credits" in page
    assert said in browser.get("/").content.decode()


def test_limits_use_the_learnt_cost(charge, make_upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 100
    charge(20, Decimal("10.00"))
    with pytest.raises(spending.OverLimit, match="could cost up to 150 credits, above the limit of 100"):
        spending.start(make_upload(people(15, City="Reston")), alice)
