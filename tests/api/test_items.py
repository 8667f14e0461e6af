"""People and exports over the API."""

import pytest
from django.utils import timezone

from batches.intake import suppression
from batches.models import Event, Item
from batches.people.standing import format_day
from batches.results import deciding
from batches.statuses import MatchDecided, Outcome
from tests.factories import answer_for, answer_with, people, person, to_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(start_upload):
    """Return a list of twelve people. The first of them is in it twice and has an answer."""
    upload = start_upload([*people(12), person(1)])
    item = upload.items.get(row_number=2)
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.MATCHED, answer=answer_for(item).decode(), credits=1)
    return upload


def test_people_with_long_ids_are_read_and_listed_page_by_page(caller, long_ids, start_upload):
    upload = start_upload(12)
    first, second = upload.items.order_by("pk").values_list("pk", flat=True)[:2]
    assert caller.api_get(f"/items/{first}").json()["id"] == first > long_ids
    page = caller.api_get(f"/uploads/{upload.pk}/items", limit=1).json()
    assert page["next"] == first
    page = caller.api_get(f"/uploads/{upload.pk}/items", limit=1, after=first).json()
    assert [person["id"] for person in page["items"]] == [second]


def test_a_person_has_the_contact_details_that_were_found(caller, answered):
    item = answered.items.get(row_number=2)
    shown = caller.api_get(f"/items/{item.pk}").json()
    assert (shown["outcome"], shown["row"], shown["credits"]) == ("matched", 2, 1)
    assert shown["asked"]["first_name"] == "Ada"
    assert {"number", "type", "do_not_call"} <= set(shown["found"]["phones"][0])


def test_a_duplicate_has_the_answer_of_the_row_that_was_sent(caller, answered):
    first, duplicate = answered.items.get(row_number=2), answered.items.get(outcome=Outcome.DUPLICATE)
    shown = caller.api_get(f"/items/{duplicate.pk}").json()
    assert shown["same_as"] == first.pk
    assert shown["found"] == caller.api_get(f"/items/{first.pk}").json()["found"]


def test_a_person_says_why_the_match_is_judged_so_and_who_decided_about_it(caller, finish_upload, alice):
    item = finish_upload(10).items.order_by("pk").first()
    shown = caller.api_get(f"/items/{item.pk}").json()
    assert (shown["match"], shown["match_decision"]) == ("same", None)
    assert shown["match_reason"].startswith("Yes")
    deciding.decide(item.pk, MatchDecided.OTHER, alice)
    shown = caller.api_get(f"/items/{item.pk}").json()
    today = timezone.localdate()
    assert shown["match"] == "other"
    assert shown["match_decision"] == {"verdict": "other", "by": "alice", "on": today.isoformat()}
    assert shown["match_reason"] == f"No, alice said on {format_day(today)} that it is someone else."


def test_reused_answers_have_their_result_and_are_found_by_it(caller, finish_upload, make_upload):
    finish_upload(12, answers=lambda item, position: answer_for(item, "no_match" if position < 5 else "matched"))
    again = make_upload(people(12), name="again.csv")
    items = caller.api_get(f"/uploads/{again.pk}/items", outcome="no_match").json()["items"]
    assert [(item["outcome"], item["result"]) for item in items] == [("reused", "no_match")] * 5
    shown = caller.api_get(f"/uploads/{again.pk}").json()
    assert shown["results"] == {"matched": 7, "no_match": 5, "error": 0, "missing": 0}
    assert (shown["counts"]["matched"], shown["counts"]["reused"]) == (0, 12)


def test_a_person_without_an_answer_has_no_contact_details(caller, answered):
    items = caller.api_get(f"/uploads/{answered.pk}/items", outcome="pending").json()["items"]
    assert (len(items), {item["found"] for item in items}) == (11, {None})


def test_people_are_paged(caller, answered):
    ids, after = [], 0
    while after is not None:
        page = caller.api_get(f"/uploads/{answered.pk}/items", after=after, limit=5).json()
        ids += [item["id"] for item in page["items"]]
        after = page["next"]
    assert ids == list(answered.items.order_by("pk").values_list("pk", flat=True))


def test_people_are_filtered_by_outcome(caller, answered):
    items = caller.api_get(f"/uploads/{answered.pk}/items", outcome=["matched", "duplicate"]).json()["items"]
    assert len(items) == 2
    assert caller.api_get(f"/uploads/{answered.pk}/items", outcome="odd").status_code == 422


def test_suppressed_phones_are_left_out_as_in_exports(caller, answered, alice):
    address = f"/items/{answered.items.get(row_number=2).pk}"
    phone = caller.api_get(address).json()["found"]["phones"][0]["number"]
    suppression.suppress_lines([phone], alice, "")
    assert phone not in [other["number"] for other in caller.api_get(address).json()["found"]["phones"]]


def test_reading_a_list_is_recorded_once_per_hour(caller, answered, alice):
    for _ in range(2):
        caller.api_get(f"/uploads/{answered.pk}/items")
    assert Event.objects.filter(what="read over the API", user=alice).count() == 1


@pytest.mark.parametrize("limit", [1, 3])
def test_the_number_of_people_does_not_change_the_number_of_queries(caller, answered, limit, django_assert_num_queries):
    address = f"/uploads/{answered.pk}/items"
    caller.api_get(address)
    with django_assert_num_queries(17):
        assert len(caller.api_get(address, limit=limit).json()["items"]) == limit
    with django_assert_num_queries(17):
        caller.api_get(address, outcome=["matched", "duplicate"], limit=limit)


def test_the_export_is_the_same_as_on_the_page(caller, browser, answered):
    query = {"layout": "long", "outcome": ["matched"], "without_dnc": "1"}
    from_api = caller.api_get(f"/uploads/{answered.pk}/export", **query)
    from_page = browser.get(f"/uploads/{answered.pk}/export/", query)
    assert from_api.getvalue() == from_page.getvalue()
    assert from_api["Content-Disposition"] == from_page["Content-Disposition"]
    details = Event.objects.filter(what="exported").values_list("detail", flat=True)
    assert set(details) == {"long, csv: outcome matched; without do-not-call numbers"}
    query = {"q": "Oak", "item": ",".join(str(item.pk) for item in answered.items.all()[:2])}
    from_api = caller.api_get(f"/uploads/{answered.pk}/export", **query)
    assert from_api.getvalue() == browser.get(f"/uploads/{answered.pk}/export/", query).getvalue()


def test_an_invalid_choice_for_the_export_is_named(caller, answered):
    assert caller.api_get(f"/uploads/{answered.pk}/export", has="odd").json()["field"] == "has"
    response = caller.api_get(f"/uploads/{answered.pk}/export", layout="odd")
    assert (response.status_code, response.json()["field"]) == (404, "layout")
    assert caller.api_get("/uploads/999/export").status_code == 404


def test_a_company_is_shown_with_its_name_in_the_file_although_it_is_sent_without_a_name(caller, make_upload):
    header = ["Owner", "Mailing Address", "Mailing City", "Mailing State"]
    rows = [["BLUE HERON PROPERTIES LLC", "1 Oak St", "Herndon", "VA"], ["Ada Abbott", "2 Oak St", "Herndon", "VA"]]
    upload = make_upload(to_csv(rows, header=header))
    company, ada = caller.api_get(f"/uploads/{upload.pk}/items").json()["items"]
    assert (company["owner_name"], company["owner_kind"]) == ("BLUE HERON PROPERTIES LLC", "company")
    assert "last_name" not in company["asked"]
    assert ada["owner_name"] == ""


def test_a_phone_says_whether_it_may_be_called_and_why(caller, finish_upload):
    phones = [{"phone": "2025550101", "phoneType": "mobile", "doNotCall": True}, {"phone": "2025550102"}]
    upload = finish_upload(10, answers=lambda item, _: answer_with(item, phones=phones))
    found = caller.api_get(f"/uploads/{upload.pk}/items").json()["items"][0]["found"]["phones"]
    assert [(phone["number"], phone["standing"]) for phone in found] == [
        ("2025550102", "check"),
        ("2025550101", "do_not_call"),
    ]
    reason = found[1]["reasons"][0]
    assert reason["code"] == "flagged"
    assert reason["as_of"] == timezone.now().date().isoformat()


def test_the_person_asked_for_is_found_in_a_household_of_three(caller, finish_upload):
    def answer(item, position):
        names = [("Wes Underhill", "2025550131"), (item.asked_name, "2025550132"), ("Zoe Zamora", "2025550133")]
        address = {"streetAddress": "9 Elm St", "city": "Tampa", "state": "FL", "zip": "33602"}
        persons = [{"fullName": name, "address": address, "phones": [{"phone": phone}]} for name, phone in names]
        return answer_for(item, output=None, persons=persons)

    upload = finish_upload(10, answers=answer)
    shown = caller.api_get(f"/uploads/{upload.pk}/items").json()["items"][0]
    assert shown["match"] == "same"
    assert [phone["number"] for phone in shown["found"]["phones"]] == ["2025550132"]
    others = {other["name"]: (other["relation"], other["phones"][0]["number"]) for other in shown["found"]["others"]}
    assert others == {"Wes Underhill": ("household", "2025550131"), "Zoe Zamora": ("household", "2025550133")}
