"""The page of a list shows results, people not sent and activity; the table of lists has views and filters."""

import re

import pytest

from accounts.rights import Role
from batches.intake.list_details import NewDetails, archive, change_details
from batches.models import Item, Upload
from batches.statuses import Outcome, UploadStatus
from batches.tracing import pausing, spending
from tests.factories import answer_for, people, person
from tests.support.pages import read_page

pytestmark = pytest.mark.django_db


def read_rows(page):
    """Return the names of the lists in the table of lists."""
    return re.findall(r'class="name go clip" href="[^"]*"><bdi>([^<]*)', page)


def read_figures(page):
    return re.findall(r'<span class="figure m">([^<]*)</span>', page)


def answer_some(item, position):
    """Answer all but the first five people of a batch with a match."""
    return answer_for(item, "no_match" if position < 5 else "matched")


def test_results_come_first_and_link_to_people(browser, finish_upload):
    upload = finish_upload(12)
    page = read_page(browser.get(upload.get_absolute_url()))
    assert re.search(r'aria-current="page"\s*> Results <span class="num">12</span>', page)
    assert page.count("Oak St") == 12
    assert "Technical details" not in page


def test_each_result_is_a_filter_with_its_count(browser, finish_upload):
    upload = finish_upload(12, answers=answer_some)
    address = upload.get_absolute_url()
    assert re.findall(r'outcome=(\w+)"[^>]*>[\w ]+<span class="num">(\d+)', read_page(browser.get(address))) == [
        ("matched", "7"),
        ("no_match", "5"),
    ]
    assert len(browser.get(f"{address}?outcome=no_match").context["table"].rows) == 5
    assert len(browser.get(f"{address}?outcome=odd").context["table"].rows) == 12


def test_the_results_lead_to_the_people_who_may_be_called(browser, finish_upload, make_user, client):
    upload = finish_upload(12)
    link = f'href="/items/?upload={upload.pk}&amp;deceased=no&amp;has=callable&amp;match=same"'
    assert link in read_page(browser.get(upload.get_absolute_url()))
    client.force_login(make_user("vera", Role.VIEWER))
    assert "Ready to call" not in read_page(client.get(upload.get_absolute_url()))


def test_people_who_were_not_sent_have_a_tab_of_their_own(browser, start_upload):
    upload = start_upload([*people(12), person(1), person(99, State="Atlantis")])
    page = read_page(browser.get(f"{upload.get_absolute_url()}?tab=unsent"))
    assert re.search(r"Not sent <span class=\"num\">2</span>", page)
    assert len(re.findall(r'<tr role="row"><td', page)) == 2
    assert "invalid-rows/" in page


def test_a_list_whose_people_were_all_sent_has_no_tab_for_people_not_sent(browser, start_upload):
    assert "Not sent" not in read_page(browser.get(start_upload(12).get_absolute_url()))


def test_reused_answers_are_counted_under_their_outcomes(browser, finish_upload, make_upload, alice):
    finish_upload(12, answers=answer_some)
    again = make_upload(people(12), name="again.csv")
    spending.start(again, alice)
    page = read_page(browser.get(again.get_absolute_url()))
    assert read_figures(page)[:3] == ["7", "5", "0"]
    assert "12 free, from" in page
    assert "reused" not in page
    assert len(browser.get(f"{again.get_absolute_url()}?outcome=matched").context["table"].rows) == 7
    assert "58%" in read_page(browser.get("/uploads/?q=again"))


@pytest.fixture
def reusing(finish_upload, make_upload, alice):
    """Return a list whose twelve answers are all from another list: five without a match, seven with one."""
    finish_upload(12, answers=answer_some)
    again = make_upload(people(12), name="again.csv")
    spending.start(again, alice)
    return again


@pytest.mark.parametrize(("outcome", "count"), [("matched", 7), ("no_match", 5), ("reused", 12), ("error", 0)])
def test_people_with_reused_answers_are_found_by_result_and_as_reused(browser, reusing, outcome, count):
    response = browser.get(f"/items/?upload={reusing.pk}&outcome={outcome}")
    assert len(response.context["table"].rows) == count


def test_the_filter_counts_reused_answers_under_their_results_as_well(browser, reusing):
    counts = browser.get(f"/items/?upload={reusing.pk}").context["counts"]["outcome"]
    assert (counts["matched"], counts["no_match"], counts["reused"]) == (7, 5, 12)


def test_a_person_without_a_match_in_another_list_is_shown_as_no_match(browser, reusing):
    item = reusing.items.order_by("row_number").first()
    assert ">No match, free<" in read_page(browser.get(f"/items/?upload={reusing.pk}"))
    page = read_page(browser.get(item.get_absolute_url()))
    title = page[page.index("<h1>") : page.index("</h1>") + 200]
    assert "No match" in title
    assert "Reused from" in page


def test_the_newest_results_come_first_while_a_list_is_running(browser, start_upload):
    upload = start_upload(12)
    upload.batches.update(attempts=1)
    first, last = upload.items.order_by("pk")[0], upload.items.order_by("pk")[5]
    for item, at in ((first, "2026-11-01T10:00Z"), (last, "2026-11-01T10:05Z")):
        Item.objects.filter(pk=item.pk).update(outcome=Outcome.NO_MATCH, answered_at=at)
    response = browser.get(upload.get_absolute_url())
    assert [row.record.pk for row in response.context["table"].rows] == [last.pk, first.pk]
    assert 'data-new-results="2"' in read_page(response)


def test_the_live_part_does_not_replace_the_table_of_people(browser, start_upload):
    upload = start_upload(12)
    part = read_page(browser.get(upload.get_absolute_url(), headers={"HX-Request": "true"}))
    assert 'data-results="0"' in part
    assert "<table" not in part
    part = read_page(browser.get(f"{upload.get_absolute_url()}?tab=activity", headers={"HX-Request": "true"}))
    assert f">{upload.pk}-1<" in part


def test_the_activity_is_in_words_and_technical_details_are_folded(browser, finish_upload):
    page = read_page(browser.get(f"{finish_upload(12).get_absolute_url()}?tab=activity"))
    words, technical = page.split("Technical details")
    assert "<b>alice</b> started the list" in words
    assert "<b>skipportal</b> finished the list" in words
    assert "planned" not in words
    assert ">planned<" in technical


def test_only_a_list_with_results_offers_the_export(browser, start_upload, finish_upload):
    done = finish_upload(12)
    running = start_upload(people(14)[12:])
    button = 'class="btn primary" href="{}export/choose/"'
    assert button.format(done.get_absolute_url()) in read_page(browser.get(done.get_absolute_url()))
    page = read_page(browser.get(running.get_absolute_url()))
    assert button.format(running.get_absolute_url()) not in page
    assert "Pause" in page


def test_the_menu_shows_only_what_the_reader_may_do(browser, client, make_user, start_upload):
    upload = start_upload(12)
    menu = ["Edit details", "Move to front", "Make urgent", "Cancel list"]
    page = read_page(browser.get(upload.get_absolute_url()))
    assert [label for label in menu if label in page] == menu
    client.force_login(make_user("erin", Role.VIEWER))
    page = read_page(client.get(upload.get_absolute_url()))
    assert [label for label in menu if label in page] == []


def test_the_cost_is_shown_in_money(browser, finish_upload, settings):
    settings.PRICE_PER_CREDIT = 0.12
    page = read_page(browser.get(finish_upload(12).get_absolute_url()))
    assert read_figures(page)[3].startswith("$")


def test_a_list_cancelled_before_its_start_says_when_it_was_cancelled(browser, make_upload, alice):
    upload = make_upload(people(12))
    pausing.cancel_upload(upload, alice)
    page = read_page(browser.get(upload.get_absolute_url()))
    assert "Cancelled today" in page


# The table of lists


@pytest.fixture
def lists(make_upload, start_upload, make_user, alice):
    """Make a list that is ready, one that is running and belongs to luis, and one that is archived."""
    luis = make_user("luis", Role.MEMBER)
    make_upload(people(2), name="ready.csv")
    running = start_upload(people(14)[2:], name="running.csv")
    change_details(running, alice, NewDetails(owner=luis, tags=["tax"], source="Travis County"))
    archive(make_upload(people(3), name="archived.csv"), alice)
    return {"luis": luis, "running": running}


@pytest.mark.parametrize(
    ("view", "names"),
    [
        ("", ["running", "ready"]),
        ("mine", ["ready"]),
        ("running", ["running"]),
        ("needs-me", ["ready"]),
        ("complete", []),
        ("archived", ["archived"]),
        ("odd", ["running", "ready"]),
    ],
)
def test_each_view_shows_its_lists(browser, lists, view, names):
    page = read_page(browser.get(f"/uploads/?view={view}"))
    assert read_rows(page) == names
    assert page.count('class="filter" href') == 6


def test_views_of_one_user_are_not_shown_to_another(browser, client, lists, monkeypatch):
    monkeypatch.setattr("batches.views.live.FRESH_SECONDS", 60)
    polls = {"headers": {"HX-Request": "true"}}
    assert read_rows(read_page(browser.get("/uploads/?view=mine", **polls))) == ["ready"]
    client.force_login(lists["luis"])
    assert read_rows(read_page(client.get("/uploads/?view=mine", **polls))) == ["running"]


def test_lists_are_filtered_by_tag_and_source_with_links(browser, lists):
    page = read_page(browser.get("/uploads/?view=running&sort=name"))
    tag = lists["running"].tags.get()
    assert f"?view=running&amp;sort=name&amp;tag={tag.pk}" in page
    filtered = read_page(browser.get(f"/uploads/?tag={tag.pk}&source=Travis+County&q=run"))
    assert read_rows(filtered) == ["running"]
    # Each chosen filter is a link that drops it and keeps the others.
    assert f'href="?tag={tag.pk}&amp;q=run"' in filtered
    assert read_rows(read_page(browser.get("/uploads/?tag=999"))) == []


def test_lists_with_undecided_batches_are_shown_to_those_who_may_decide(browser, client, lists, alice):
    lists["running"].batches.update(status="refused")
    assert read_rows(read_page(browser.get("/uploads/?view=needs-me"))) == ["running", "ready"]
    client.force_login(lists["luis"])
    assert read_rows(read_page(client.get("/uploads/?view=needs-me"))) == []


def test_lists_that_await_approval_are_shown_to_those_who_may_approve(client, lists, bob):
    Upload.objects.filter(name="ready").update(status=UploadStatus.APPROVAL)
    client.force_login(bob)
    assert read_rows(read_page(client.get("/uploads/?view=needs-me"))) == ["ready"]


def test_archived_lists_are_not_on_the_dashboard(browser, make_upload, finish_upload, alice):
    archive(make_upload(people(3), name="archived.csv"), alice)
    archive(finish_upload(people(15)[3:], name="archived.csv"), alice)
    assert "archived" not in browser.get("/").content.decode()
