"""The search over the page, the keys, the tour of the sample list, and what a page looks like on paper."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse
from tests.support.portal import ROOT

SAMPLE = ROOT / "static" / "sample.csv"


@pytest.fixture
def pine_lists(portal):
    """Create two complete lists whose names begin with Pine, without reusing answers. Return their ids by name."""
    for name in ("Pine road", "Pine street"):
        if not portal.ask(f"Upload.objects.filter(name={name!r}).exists()"):
            portal.trace_completely(SAMPLE, "--name", name, "--look-back", "0")
    return portal.ask("dict(Upload.objects.filter(name__startswith='Pine').values_list('name', 'pk'))")


def open_search(page, key="/"):
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Search")
    dialog.locator("[data-suggestion]").first.wait_for()
    return dialog


def search(page, text):
    """Type into the open search, and wait for what is found."""
    page.keyboard.type(text)
    page.locator(f'#palette .results[data-query="{text}"]').wait_for()


def test_a_list_is_opened_from_anywhere_with_the_keyboard_alone(page, pine_lists):
    page.goto("/exports/")
    open_search(page)
    search(page, "pine str")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/uploads/{pine_lists['Pine street']}/")


def test_the_arrow_keys_move_through_what_is_found_and_typing_goes_on_in_the_field(page, pine_lists):
    page.goto("/")
    dialog = open_search(page, "Control+k")
    search(page, "pine")
    suggestions = dialog.locator("[data-suggestion]")
    page.keyboard.press("ArrowDown")
    expect(suggestions.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(suggestions.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type(" road")
    expect(dialog.get_by_role("searchbox")).to_have_value("pine road")


def test_escape_closes_the_search_and_the_focus_returns(page):
    page.goto("/uploads/")
    page.get_by_role("link", name="Upload a list").first.focus()
    dialog = open_search(page)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Upload a list"


def test_the_field_in_the_bar_opens_the_search_on_a_click_but_not_on_the_tab_key(page):
    page.goto("/")
    field = page.locator("#search")
    field.focus()
    expect(page.locator("#palette")).not_to_be_visible()
    page.keyboard.type("p")
    expect(page.locator("#palette input")).to_have_value("p")
    page.keyboard.press("Escape")
    field.click()
    expect(page.locator("#palette")).to_be_visible()


def test_an_action_is_done_from_the_search(page, portal):
    portal.trace(SAMPLE, "--name", "Poplar paused", "--look-back", "0")
    key = portal.ask("Upload.objects.get(name='Poplar paused').pk")
    portal.do(f"Upload.objects.filter(pk={key}).update(status='paused')")
    page.goto("/exports/")
    open_search(page)
    search(page, "resume poplar")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    portal.wait_until(lambda: portal.ask(f"Upload.objects.get(pk={key}).status") in ("running", "complete"), "the list")
    assert page.url.endswith("/exports/")


def test_without_javascript_the_field_in_the_bar_leads_to_a_page_with_what_is_found(chromium, portal, pine_lists):
    with browse(chromium, portal, java_script_enabled=False) as page:
        page.locator("#search").fill("pine street")
        page.locator("#search").press("Enter")
        page.get_by_role("link", name=re.compile("^Pine street")).click()
        page.wait_for_url(f"**/uploads/{pine_lists['Pine street']}/")


def test_the_keys_lead_to_pages_and_move_through_rows(page, pine_lists):
    page.goto("/")
    page.keyboard.type("gl")
    page.wait_for_url("**/uploads/")
    page.locator("main tbody tr").nth(1).wait_for()
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert (
            page.evaluate(
                "[...document.querySelectorAll('main tbody tr')].indexOf(document.activeElement.closest('tr'))"
            )
            == row
        )
    target = page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    # The page of a list that has not been started redirects to its next step.
    page.wait_for_url(f"{target}**")


def test_no_key_acts_while_the_user_types(page):
    page.goto("/search/")
    page.locator("main").get_by_role("searchbox").fill("")
    page.keyboard.type("g?/u")
    expect(page.locator("main").get_by_role("searchbox")).to_have_value("g?/u")
    assert page.url.endswith("/search/")


def test_the_keys_are_listed_and_can_be_turned_off(page):
    page.goto("/exports/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog.get_by_text("Search people, lists, pages and actions")).to_be_visible()
    dialog.get_by_label("Use single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#palette")).not_to_be_visible()
    page.reload()
    page.keyboard.press("?")
    expect(dialog).not_to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_the_sample_list_is_loaded_with_a_tour_that_can_be_ended(page, portal):
    page.goto("/help/")
    page.get_by_role("button", name="Load the sample list").click()
    page.wait_for_url("**/columns/")
    tour = page.get_by_role("complementary", name="Tour")
    expect(tour).to_contain_text("1 of 4")
    tour.get_by_role("button", name="End the tour").click()
    page.wait_for_url("**/columns/")
    expect(tour).to_have_count(0)
    portal.do("from accounts.models import Profile; Profile.objects.update(tour_ended_at=None)")


@pytest.mark.parametrize("name", ["list", "person", "scorecard", "spend"])
def test_a_printed_page_contains_only_the_content(page, portal, pine_lists, name):
    key = pine_lists["Pine road"]
    person = portal.ask(f"Item.objects.filter(upload={key}, outcome='matched').first().pk")
    addresses = {
        "list": f"/uploads/{key}/",
        "person": f"/items/{person}/",
        "scorecard": f"/uploads/{key}/scorecard/",
        "spend": "/spend/",
    }
    page.goto(addresses[name])
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("h1").first.is_visible()
    for selector in (".nav", ".skip", "main .btn", "main button", ".tabs", ".filters", ".pager", ".icon-btn"):
        visible = [element for element in page.locator(selector).all() if element.is_visible()]
        assert visible == [], selector
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")


def test_newer_text_replaces_a_search_that_still_runs(page):
    """The first search is never answered. As every test, this one fails if that is reported as an error."""
    first_search = re.compile(r"/search/\?q=$")
    page.route(first_search, lambda route: None)
    with page.expect_request(first_search):
        page.locator("#search").click()
    search(page, "settings")
