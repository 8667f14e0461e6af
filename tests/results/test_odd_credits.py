"""Answers with impossible credits are filed unchanged, do not change totals, and are shown."""

import json

import pytest

from batches.models import Digest, Item
from batches.results import digests
from batches.statuses import OddCredits, Outcome
from tests.factories import answer_for

pytestmark = pytest.mark.django_db
ODD = [
    ("-5", OddCredits.NEGATIVE),
    ("-0.01", OddCredits.NEGATIVE),
    ('"-5"', OddCredits.NEGATIVE),
    ("NaN", OddCredits.NOT_A_NUMBER),
    ("Infinity", OddCredits.NOT_A_NUMBER),
    ("-Infinity", OddCredits.NOT_A_NUMBER),
    ("true", OddCredits.NOT_A_NUMBER),
    ("false", OddCredits.NOT_A_NUMBER),
    ('"ten"', OddCredits.NOT_A_NUMBER),
    ('"1_0"', OddCredits.NOT_A_NUMBER),
    ('""', OddCredits.NOT_A_NUMBER),
    ("[10]", OddCredits.NOT_A_NUMBER),
    ('{"amount": 10}', OddCredits.NOT_A_NUMBER),
    ("1000000", OddCredits.TOO_MANY),
    ("1e30", OddCredits.TOO_MANY),
    ("999999.999", OddCredits.TOO_MANY),
    ("null", OddCredits.MISSING),
]


@pytest.fixture
def finish(finish_upload):
    """Return a function that completes a list. The first answer has the given credits, as JSON; the others cost 1."""

    def make(credits, outcome="matched"):
        def answer(item, position):
            if position > 0:
                return answer_for(item, cached=False, credits=1)
            # Not all of the credits are values that Python would write as JSON.
            return answer_for(item, outcome, cached=False, credits="CREDITS").replace(b'"CREDITS"', credits.encode())

        return finish_upload(12, answer)

    return make


@pytest.mark.parametrize(("credits", "oddity"), ODD)
def test_odd_credits_are_kept_and_flagged(finish, browser, credits, oddity):
    upload = finish(credits)
    item = upload.items.order_by("pk").first()
    assert (item.outcome, item.credits, item.digest.odd_credits) == (Outcome.MATCHED, None, oddity)
    assert f'"credits": {credits}' in item.answer
    batch = upload.batches.get()
    assert (batch.credits, batch.odd_credits, batch.charged) == (11, 1, 11)
    page = browser.get(item.get_absolute_url()).content.decode()
    assert ("The answer does not say what it cost" in page) == (oddity == OddCredits.MISSING)
    assert ("which cannot be right. It counts as 0." in page) == (oddity != OddCredits.MISSING)
    assert "1 answer has credits that cannot be counted" in browser.get(batch.get_absolute_url()).content.decode()
    table = browser.get(f"/items/?batch={batch.pk}&credits=odd").context["table"]
    assert [row.record.pk for row in table.page.object_list] == [item.pk]


@pytest.mark.parametrize(("credits", "number"), [("0", 0), ("10", 10), ('"10"', 10), ("0.155", "0.16"), ("-0.0", 0)])
def test_credits_that_can_be_counted_are_not_odd(finish, credits, number):
    upload = finish(credits)
    item = upload.items.order_by("pk").first()
    assert (str(item.credits), item.digest.odd_credits) == (f"{float(number):.2f}", "")
    assert upload.batches.get().odd_credits == 0


@pytest.mark.parametrize("outcome", ["no_match", "error"])
def test_only_a_match_must_state_its_cost(finish, outcome):
    assert finish("null", outcome).batches.get().odd_credits == 0


def test_negative_credits_are_odd_for_any_outcome(finish):
    assert finish("-1", "no_match").batches.get().odd_credits == 1


def test_a_cached_match_need_not_state_its_cost(finish_upload):
    upload = finish_upload(12, lambda item, _: answer_for(item, cached=True, credits=None))
    assert upload.batches.get().odd_credits == 0


def test_long_values_are_shortened_on_the_page(finish, browser):
    item = finish(json.dumps("x" * 5_000)).items.order_by("pk").first()
    assert f"{'x' * 38}…" in browser.get(item.get_absolute_url()).content.decode()


def test_shared_answers_are_not_counted_again(finish):
    upload = finish("-5")
    first, second = upload.items.order_by("pk")[:2]
    Item.objects.filter(pk=second.pk).update(outcome=Outcome.DUPLICATE, same_as=first, answer="", credits=None)
    Digest.objects.all().delete()
    digests.digest_upload(upload.pk)
    assert list(Digest.objects.filter(odd_credits__gt="").values_list("item_id", flat=True)) == [first.pk]
