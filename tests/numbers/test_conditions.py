"""The filters of people go by the standing that numbers have now, by the same rule as pages."""

from datetime import date
from urllib.parse import quote

import pytest
from django.http import QueryDict

from batches.intake import suppression
from batches.models import PhoneNumber, ScrubSource
from batches.numbers_to_call import FoundPerson, load_numbers
from batches.results.digests import decode_contact
from batches.tables.filters import ItemFilter
from batches.tables.saved_views import READY_TO_CALL
from tests.factories import answer_for, answer_with, people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
MOBILE = {"phone": "2025550101", "phoneType": "mobile", "isConnected": True, "lastSeen": "2026-10-01"}
LANDLINE = {"phone": "(202) 555-0102", "phoneType": "landline", "isConnected": True, "lastSeen": "2020-01-01"}
EARLIER, CALLED, LATER = "2026-11-05", "2026-11-12", "2026-11-15"
"""Days of calls: before the answer, and after it."""


@pytest.fixture
def at_noon(time_machine):
    time_machine.move_to("2026-11-10T12:00:00Z", tick=False)


@pytest.fixture
def upload(finish_upload):
    """Return a list in which the first has a mobile, the second a landline, the third both, and the others nothing."""
    phones = [[MOBILE], [LANDLINE], [MOBILE, LANDLINE]]

    def answer(item, position):
        if position < len(phones):
            return answer_with(item, phones=phones[position])
        return answer_for(item, "no_match", output=None)

    return finish_upload(people(10), answers=answer)


def list_rows(upload, query):
    filterset = ItemFilter(QueryDict(query), upload.items.all(), None, upload)
    assert filterset.is_valid(), filterset.errors
    return sorted(filterset.qs.values_list("row_number", flat=True))


def list_callable(upload):
    """Return the rows with a number that may be called, by the rule of pages."""
    found = [
        FoundPerson(item, decode_contact(item.digest.found), item.digest.match, item.digest.answered_at)
        for item in upload.items.select_related("digest")
    ]
    numbers = load_numbers(found)
    return sorted(each.item.row_number for each in found if numbers[each.item.pk].to_call)


def call(outcome, day, person):
    return [outcome, day, "Alice", person]


def list_facts(mine, other):
    """Return facts about one number that decide about its standing, or look as if they did."""
    return [
        {},
        {"flag": True},
        {"flag": False},
        {"is_connected": False, "connected_at": date(2026, 11, 12)},
        {"listed": "phone", "listed_at": date(2026, 11, 1)},
        {"calls": [call("do_not_call", CALLED, other)]},
        {"calls": [call("wrong_number", CALLED, mine)]},
        {"calls": [call("wrong_number", CALLED, other)]},
        {"calls": [call("wrong_number", CALLED, mine), call("right_person", LATER, mine)]},
        {"calls": [call("wrong_number", CALLED, mine), call("right_person", LATER, other)]},
        {"calls": [call("disconnected", CALLED, other)]},
        {"calls": [call("disconnected", EARLIER, other)]},
        {"calls": [call("disconnected", CALLED, mine), call("right_person", LATER, mine)]},
        {"calls": [call("no_answer", CALLED, mine), call("deceased", CALLED, mine)]},
    ]


def test_the_filter_and_the_pages_agree_about_who_has_a_number_that_may_be_called(upload, time_machine):
    first, _, third = upload.items.order_by("pk")[:3]
    usual = {"flag": None, "is_connected": True, "listed": "", "calls": [], "connected_at": date(2026, 11, 10)}
    seen = set()
    time_machine.move_to("2026-11-20T12:00:00Z", tick=False)
    for facts in list_facts(first.fingerprint, third.fingerprint):
        changes = usual | facts | {"has_calls": bool(facts.get("calls"))}
        assert PhoneNumber.objects.filter(digits=2025550101).update(**changes) == 1
        expected = list_callable(upload)
        assert list_rows(upload, "has=callable") == expected, facts
        assert list_rows(upload, READY_TO_CALL) == expected, facts
        seen.add(tuple(expected))
    assert seen == {(2, 3, 4), (3, 4)}


def test_a_number_of_a_scrub_file_is_not_ready_to_call_any_more(upload, alice):
    source = ScrubSource.objects.create(
        kind="litigator", name="Sample", as_of=date(2026, 11, 1), status="ready", created_by=alice
    )
    PhoneNumber.objects.filter(digits=2025550102).update(scrubs=str(source.pk))
    assert list_rows(upload, "has=callable") == list_callable(upload) == [2, 4]
    assert [list_rows(upload, f"dnc={value}") for value in ("none", "some", "all")] == [[2], [3, 4], [3]]


def test_the_table_and_the_page_of_a_person_show_whom_the_filter_finds(upload, browser):
    PhoneNumber.objects.filter(digits=2025550102).update(flag=True)
    page = browser.get(f"/items/?upload={upload.pk}&has=callable").content.decode()
    assert "2 people match your filters." in page
    first = upload.items.get(row_number=2)
    page = browser.get(f"/items/{first.pk}/?view={quote(f'upload={upload.pk}&has=callable')}").content.decode()
    assert "1 of 2" in " ".join(page.split())


@pytest.mark.parametrize(
    ("query", "looks_up"), [("has=phone", False), ("has=callable", True), ("dnc=none", True), ("seen=12", True)]
)
def test_only_filters_that_look_numbers_up_are_planned_for_the_first_rows(upload, query, looks_up):
    filterset = ItemFilter(QueryDict(query), upload.items.all(), None, upload)
    assert filterset.looks_up_numbers is looks_up


def test_people_and_numbers_on_the_do_not_contact_list_are_not_ready_to_call(upload, alice):
    suppression.suppress_items(upload.items.filter(row_number=4), alice)
    assert list_rows(upload, "has=callable") == list_callable(upload) == [2, 3]
    suppression.suppress_lines(["2025550101"], alice)
    assert list_rows(upload, "has=callable") == list_callable(upload) == [3]


def test_numbers_that_no_row_tells_of_are_judged_by_the_answer(upload):
    PhoneNumber.objects.all().delete()
    assert list_rows(upload, "has=callable") == [2, 3, 4]


def test_people_are_filtered_by_when_a_phone_was_seen_last(upload):
    assert [list_rows(upload, f"seen={months}") for months in (3, 24)] == [[2, 4], [2, 4]]
    assert list_rows(upload, "seen=3&has=email") == []


def test_the_number_that_was_seen_recently_is_the_one_that_may_be_called(upload):
    PhoneNumber.objects.filter(digits=2025550101).update(flag=True)
    assert list_rows(upload, "has=callable") == [3, 4]
    assert list_rows(upload, "has=callable&seen=12") == []
    assert list_rows(upload, "has=mobile&seen=12") == [2, 4]
