"""The do-not-contact list over the API."""

import pytest

from batches.models import Suppression

pytestmark = pytest.mark.django_db


def add(caller, *lines, **details):
    return caller.api_post("/do-not-contact", {"lines": list(lines), **details})


def test_valid_lines_are_added_once_and_invalid_ones_are_listed(caller):
    answer = add(caller, "2025550148", "12", "ada@example.com").json()
    assert answer["added"] == 2
    assert [refused["number"] for refused in answer["refused"]] == [2]
    assert "ten digits" in answer["refused"][0]["reason"]
    assert add(caller, "2025550148").json() == {"added": 0, "refused": []}


def test_a_request_has_the_day_by_which_it_is_due(caller):
    add(caller, "2025550148", reason_kind="request", received_at="2026-03-02", asked_by="Her son", asked_how="letter")
    (entry,) = caller.api_get("/do-not-contact").json()["entries"]
    assert (entry["received_at"], entry["due_at"], entry["asked_how"]) == ("2026-03-02", "2026-03-16", "letter")
    assert (entry["blocks_contact"], entry["blocks_tracing"]) == (True, False)


@pytest.mark.parametrize(
    ("stops", "contact", "tracing"), [("contact", True, False), ("tracing", False, True), ("both", True, True)]
)
def test_an_entry_stops_what_the_caller_says(caller, stops, contact, tracing):
    add(caller, "2025550148", stops=stops)
    entry = Suppression.objects.get()
    assert (entry.blocks_contact, entry.blocks_tracing) == (contact, tracing)


def test_the_list_is_filtered_by_kind_and_day_and_paged(caller):
    add(caller, "2025550148", "2025550149", "ada@example.com")

    def labels(query):
        return [entry["label"] for entry in caller.api_get(f"/do-not-contact?{query}").json()["entries"]]

    assert labels("kind=email") == ["ada@example.com"]
    assert labels("since=2999-01-01") == []
    page = caller.api_get("/do-not-contact?limit=2").json()
    assert len(page["entries"]) == 2
    assert len(labels(f"after={page['next']}")) == 1


def test_a_lifted_entry_no_longer_counts_and_is_not_listed(caller):
    add(caller, "2025550148")
    entry = Suppression.objects.get()
    assert caller.api_post(f"/do-not-contact/{entry.pk}/lift", {}).json() == {"lifted": True}
    assert caller.api_post(f"/do-not-contact/{entry.pk}/lift", {}).json() == {"lifted": False}
    assert caller.api_get("/do-not-contact").json()["entries"] == []


@pytest.mark.parametrize(
    "details",
    [
        {"reason_kind": "wat"},
        {"stops": "nothing"},
        {"received_at": "9999-12-31"},
    ],
)
def test_invalid_details_are_refused(caller, details):
    assert add(caller, "2025550148", **details).status_code == 422
    assert not Suppression.objects.exists()
