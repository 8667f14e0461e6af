"""Outcomes of calls over the API."""

import pytest

from batches.models import CallOutcome, Item
from tests.factories import answer_with, people

pytestmark = pytest.mark.django_db
NUMBER = "2025550101"


@pytest.fixture
def item(finish_upload):
    finish_upload(people(1), answers=lambda item, _: answer_with(item, phones=[{"phone": NUMBER}]))
    return Item.objects.get()


def send(caller, *outcomes):
    return caller.api_post("/outcomes", {"outcomes": list(outcomes)})


def test_outcomes_are_recorded_once_however_often_they_are_sent(caller, item):
    outcome = {"item": item.pk, "number": NUMBER, "outcome": "no_answer", "key": "call-1"}
    assert send(caller, outcome).json() == {"recorded": 1, "repeated": 0, "refused": []}
    assert send(caller, outcome).json() == {"recorded": 0, "repeated": 1, "refused": []}
    assert CallOutcome.objects.get().via == "api"


def test_outcomes_that_cannot_be_recorded_are_listed_and_the_others_are_recorded(caller, item):
    good = {"item": item.pk, "number": NUMBER, "outcome": "right_person"}
    answer = send(caller, good | {"item": 999_999}, good | {"number": "2025550199"}, good).json()
    assert answer["recorded"] == 1
    assert [refused["position"] for refused in answer["refused"]] == [0, 1]
    assert "no such person" in answer["refused"][0]["reason"]
    assert "not found for this person" in answer["refused"][1]["reason"]


@pytest.mark.parametrize("change", [{"outcome": "wat"}, {"number": "555"}, {"item": 0}, {"note": "x" * 301}])
def test_a_request_with_an_invalid_outcome_is_refused_as_a_whole(caller, item, change):
    outcome = {"item": item.pk, "number": NUMBER, "outcome": "no_answer"}
    assert send(caller, outcome, outcome | change).status_code == 422
    assert not CallOutcome.objects.exists()
