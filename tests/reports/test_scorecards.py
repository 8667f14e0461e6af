"""Scorecards: what calls to the people of a list came to, and what each person reached has cost."""

from decimal import Decimal

import pytest

from batches import calls
from batches.models import CallOutcome, Item
from batches.reports import scorecards
from batches.statuses import CallResult
from tests.factories import answer_with, people
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db
MOBILE, LANDLINE = "2025550101", "2025550102"
PHONES = [{"phone": MOBILE, "phoneType": "mobile"}, {"phone": LANDLINE, "phoneType": "landline"}]


@pytest.fixture
def upload(finish_upload):
    """Return a list of twelve matched people, whose batch cost three credits."""
    upload = finish_upload(people(12), answers=lambda item, _: answer_with(item, phones=PHONES))
    upload.batches.update(credits=3)
    return upload


def record(position, number, outcome, user):
    item = Item.objects.order_by("pk")[position]
    assert calls.record(calls.Call(item.pk, number, CallResult(outcome)), user)


def test_a_person_who_was_reached_twice_counts_once(upload, alice):
    record(0, MOBILE, "right_person", alice)
    record(0, LANDLINE, "right_person", alice)
    record(1, MOBILE, "right_person", alice)
    score = scorecards.score_upload(upload)
    assert (score.right_parties, score.credits_per_right_party) == (2, Decimal("1.50"))


def test_other_and_undone_outcomes_reach_nobody(upload, alice):
    record(0, MOBILE, "no_answer", alice)
    record(1, MOBILE, "right_person", alice)
    assert scorecards.score_upload(upload).right_parties == 1
    assert calls.undo(CallOutcome.objects.in_force().get(outcome="right_person").pk, alice)
    score = scorecards.score_upload(upload)
    assert (score.right_parties, score.credits_per_right_party) == (0, None)


def test_the_scorecard_of_a_list_says_who_was_answered_from_earlier_lists(upload, make_upload, browser):
    again = make_upload(people(12), name="again.csv")
    page = read_page(browser.get(f"/uploads/{again.pk}/scorecard/"))
    assert "12 people were answered free from earlier lists: 12 matched, 0 no match." in page
    assert "earlier lists" not in read_page(browser.get(f"/uploads/{upload.pk}/scorecard/"))


@pytest.mark.parametrize("by", scorecards.SCORECARD_GROUPINGS)
def test_people_reached_are_compared_in_every_grouping(upload, alice, by):
    record(0, MOBILE, "right_person", alice)
    (score,) = scorecards.compare_groups(alice, by)
    assert (score.right_parties, score.total, score.matched) == (1, 12, 12)


def test_the_table_says_what_each_person_reached_has_cost(upload, alice, browser, settings):
    settings.PRICE_PER_CREDIT = 0.1
    record(0, MOBILE, "right_person", alice)
    record(1, MOBILE, "right_person", alice)
    page = browser.get("/scorecards/").content.decode()
    assert 'data-label="Right person reached">2</td>' in page
    assert 'data-label="Cost per person reached">$0.15</td>' in page


def test_what_calls_came_to_is_counted_by_the_type_of_the_number(upload, alice, browser):
    record(0, MOBILE, "right_person", alice)
    record(0, LANDLINE, "right_person", alice)
    record(1, MOBILE, "right_person", alice)
    record(1, LANDLINE, "wrong_number", alice)
    record(2, LANDLINE, "wrong_number", alice)
    record(2, MOBILE, "no_answer", alice)
    score = scorecards.score_upload(upload)
    assert score.called_types == [("Mobile", 2, Decimal("1.50"), 0), ("Landline", 1, Decimal("3.00"), 2)]
    for address in ("/scorecards/", f"{upload.get_absolute_url()}scorecard/"):
        page = browser.get(address).content.decode()
        assert "What calls came to, by type of number" in page
        assert 'data-label="Wrong numbers">2</td>' in page


def test_wrong_numbers_alone_reach_nobody_and_cost_nothing_per_person(upload, alice, browser):
    record(0, LANDLINE, "wrong_number", alice)
    score = scorecards.score_upload(upload)
    assert (score.right_parties, score.called_types) == (0, [("Landline", 0, None, 1)])
    assert 'data-label="Cost per person reached">—</td>' in browser.get("/scorecards/").content.decode()


def test_a_type_of_number_that_we_do_not_know_is_named_as_the_vendor_does(upload):
    score = scorecards.Score(wrong_by_type={"pager": 1})
    assert [called.label for called in score.called_types] == ["Pager"]


@pytest.mark.parametrize("by", scorecards.SCORECARD_GROUPINGS)
def test_a_call_to_a_person_with_a_reused_answer_counts_for_the_list_in_which_they_were_called(upload, alice, by):
    source, reused = upload.items.order_by("pk")[:2]
    upload.items.filter(pk=reused.pk).update(batch=None, outcome="reused", same_as=source)
    assert calls.record(calls.Call(reused.pk, MOBILE, CallResult.RIGHT_PERSON), alice)
    (score,) = scorecards.compare_groups(alice, by)
    assert score.right_parties == 1
    assert scorecards.score_upload(upload).right_parties == 1
