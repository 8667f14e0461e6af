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
    """Return a function that makes a closed batch with `count` charged matches at `cost` credits each."""
    upload = None

    def close_batch(count, cost):
        nonlocal upload
        upload = upload or start_upload(12)
        number = Batch.objects.count() + 1
        closed = {"status": BatchStatus.CLOSED, "closed_at": timezone.now()}
        Batch.objects.create(upload=upload, number=number, size=12, charged=count, match_cost=cost, **closed)
        cache.clear()

    return close_batch


@pytest.mark.parametrize(
    ("costs", "median"),
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
def test_the_learnt_cost_is_the_median_weighted_by_matches(costs, median):
    assert credits.weighted_median(costs) == median


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


def test_a_difference_between_the_learnt_cost_and_the_setting_is_reported(charge, settings):
    assert credits.cost_warning() == ""
    charge(20, Decimal("1.00"))
    assert credits.cost_warning() == ""
    charge(21, Decimal("10.00"))
    assert credits.cost_warning() == "Matches have recently cost 10 credits each, but CREDITS_PER_MATCH is 1."


def test_the_warning_says_if_the_setting_still_applies(charge):
    charge(3, Decimal("2.50"))
    assert credits.cost_warning() == (
        "Matches have recently cost 2.5 credits each, but CREDITS_PER_MATCH is 1. "
        "The setting applies until 20 matches have been charged. So far: 3."
    )


def test_the_learnt_cost_is_cached(charge, django_assert_num_queries):
    charge(20, 10)
    with django_assert_num_queries(1):
        for _ in range(3):
            assert spending.max_credits(1) == 10


def test_cached_matches_and_odd_credits_do_not_affect_the_learnt_cost(finish_upload):
    def make_answer(item, position):
        if position < 3:
            return answer_for(item, credits=0, cached=True)
        if position < 5:
            return answer_for(item, credits=-5, cached=False)
        if position == 5:
            return answer_for(item, "no_match", credits=1)
        return answer_for(item, credits=10, cached=False)

    batch = finish_upload(12, make_answer).batches.get()
    assert (batch.charged, batch.match_cost, batch.odd_credits) == (6, 10, 2)


def test_the_review_and_the_dashboard_show_the_cost_of_a_match(browser, charge, make_upload):
    charge(20, Decimal("10.00"))
    upload = make_upload(people(15, City="Reston"))
    warning = "Matches have recently cost 10 credits each, but CREDITS_PER_MATCH is 1."
    page = browser.get(f"/uploads/{upload.pk}/").content.decode()
    assert warning in page
    assert "Trace 15 · at most 150 credits" in " ".join(page.split())
    assert warning in browser.get("/").content.decode()


def test_limits_use_the_learnt_cost(charge, make_upload, alice, settings):
    settings.UPLOAD_CREDIT_LIMIT = 100
    charge(20, Decimal("10.00"))
    with pytest.raises(spending.SpendingRefused, match="could cost up to 150 credits, above the limit of 100"):
        spending.start(make_upload(people(15, City="Reston")), alice)
