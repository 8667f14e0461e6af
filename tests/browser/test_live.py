"""Live pages and table settings in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse, log_in_again

MEASURE_SHIFTS = """() => {
    window.shifts = 0;
    const add = (list) => list.getEntries().forEach((each) => (window.shifts += each.hadRecentInput ? 0 : each.value));
    new PerformanceObserver(add).observe({type: "layout-shift"});
}"""
"""Sum of layout shifts; below 0.1 counts as good."""


@pytest.fixture(scope="module")
def portal(busy_portal):
    return busy_portal


def rename(portal, old, new):
    assert portal.ask(f"Upload.objects.filter(name={old!r}).update(name={new!r})") == 1


def expect_poll(page, status):
    """Wait for a poll of the dashboard that is answered with this status."""
    return page.expect_response(lambda response: response.status == status and response.url.endswith("/"))


# Live parts


def test_the_dashboard_updates_without_layout_shift(page):
    active = page.locator(".run").filter(has_text="County roll, north")
    line = active.locator(".run-line")
    expect(line).to_contain_text("left")
    expect(active.locator(".strip svg")).to_be_visible()
    page.evaluate(MEASURE_SHIFTS)
    seen = {line.text_content()}
    for _ in range(5):
        with expect_poll(page, 200):
            pass
        expect(line).not_to_have_text(re.compile("|".join(map(re.escape, seen))))
        seen.add(line.text_content())
    assert page.evaluate("window.shifts") < 0.1


def test_focus_and_open_details_survive_an_update(page, portal):
    page.get_by_text("The last ten minutes as a table").click()
    link = page.get_by_role("link", name="Batches of Cabell heirs")
    link.focus()
    rename(portal, "Spring leads", "Autumn leads")
    expect(page.get_by_role("link", name="Autumn leads", exact=True)).to_be_visible()
    expect(link).to_be_focused()
    expect(page.get_by_role("columnheader", name="No match")).to_be_visible()
    rename(portal, "Autumn leads", "Spring leads")


def test_progress_is_announced_to_screen_readers(page):
    status = page.locator("[data-live] [role=status]")
    expect(status).to_contain_text(re.compile(r"County roll, north:\s+\d+% done\."))


def test_an_unchanged_live_part_is_not_sent_again(page):
    page.goto("/uploads/?status=complete")
    with page.expect_response(lambda response: response.status == 304) as response:
        pass
    assert response.value.request.headers["if-none-match"]
    assert page.get_by_role("link", name="Spring leads").is_visible()


def test_a_stale_page_says_so_and_recovers(chromium, portal):
    # The browser logs an error for each failed request.
    with browse(chromium, portal, expected="net::ERR|htmx:") as page:
        state = page.locator("[data-live-state]")
        expect(state).to_have_text("Live")
        portal.stop()
        expect(state).to_have_text(re.compile(r"Not updated since \d+:\d+"))
        expect(page.get_by_text("County roll, north", exact=True)).to_be_visible()
        portal.start()
        rename(portal, "Orchard street", "Orchard street, renamed")
        expect(page.get_by_text("Orchard street, renamed", exact=True)).to_be_visible(timeout=15_000)
        expect(state).to_have_text("Live")


def test_an_open_page_still_works_after_a_login_in_another_tab(page_with_own_login, portal):
    page = page_with_own_login
    page.goto("/uploads/?status=running")
    page.get_by_role("link", name="County roll, north").click()
    for button, status in (("Pause", "Paused"), ("Resume", "Running")):
        expect(page.get_by_role("button", name=button)).to_be_visible()
        log_in_again(page, portal.login())
        page.get_by_role("button", name=button).click()
        expect(page.locator(".head .pill")).to_have_text(status)


# Tables


def test_people_are_selected_across_pages(page):
    page.goto("/items/?upload=1")
    boxes, count = page.get_by_label("Select row"), page.locator("[data-ticked] [role=status]")
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(count).to_have_text("4 selected")
    page.get_by_role("link", name="Page 2", exact=True).click()
    page.wait_for_url("**page=2*")
    boxes.nth(1).check()
    expect(count).to_have_text("5 selected, 4 on other pages")
    page.go_back()
    expect(count).to_have_text("5 selected, 1 on other pages")
    expect(boxes.nth(3)).to_be_checked()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("5 selected people.")).to_be_visible()


def confirm(page, button, is_accepted):
    """Answer a confirmation with OK or Cancel, and return its text."""
    messages = []
    page.once(
        "dialog",
        lambda dialog: (messages.append(dialog.message), dialog.accept() if is_accepted else dialog.dismiss()),
    )
    page.get_by_role("button", name=button).click()
    return messages[0]


def test_confirmations_give_the_count_and_cancelling_keeps_the_selection(page):
    page.goto("/items/?upload=1&outcome=matched")
    boxes, count = page.get_by_label("Select row"), page.locator("[data-ticked] [role=status]")
    boxes.nth(0).check()
    assert confirm(page, "Do not contact", False).startswith("Add 1 person to the do-not-contact list?")
    boxes.nth(1).check()
    assert "errors among 2 people?" in confirm(page, "Re-run", False)
    page.reload()
    expect(count).to_have_text("2 selected")
    page.get_by_label("that match the filters").check()
    assert re.search(r"among all \d+ people\?", confirm(page, "Re-run", False))
    page.get_by_label("Selected people").check()
    assert "among 2 people" in confirm(page, "Re-run", True)
    expect(count).to_have_text("0 selected")


def test_a_selection_belongs_to_one_view(page):
    boxes, count = page.get_by_label("Select row"), page.locator("[data-ticked] [role=status]")
    page.goto("/items/?upload=1&outcome=matched")
    boxes.nth(0).check()
    for other in ("upload=1", "upload=1&outcome=no_match", "upload=2&outcome=matched", "batch=1", "q=Ada"):
        page.goto(f"/items/?{other}")
        expect(count).to_have_text("0 selected")
    page.goto("/items/?outcome=matched&q=&sort=person&upload=1&page=1")
    expect(count).to_contain_text("1 selected")


def test_columns_are_chosen_with_the_keyboard_and_remembered(page):
    page.goto("/batches/")
    expect(page.get_by_role("columnheader", name="Next try")).to_be_visible()
    menu = page.locator("details.columns")
    menu.locator("summary").press("Enter")
    expect(menu).to_have_attribute("open", "")
    menu.get_by_label("Next try").press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").press("Enter")
    menu.get_by_label("Next try").press("Space")
    menu.get_by_role("button", name="Apply").press("Enter")
    expect(page.get_by_role("columnheader", name="Next try")).to_have_count(0)
    page.goto("/batches/?sort=-size")
    expect(page.get_by_role("columnheader", name="People")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("columnheader", name="Next try")).to_have_count(0)


def test_a_link_to_a_view_shares_its_columns_and_filters_keep_them(page):
    page.goto("/batches/?sort=-size")
    menu, headings = page.locator("details.columns"), page.get_by_role("columnheader")
    menu.locator("summary").click()
    for box in menu.get_by_role("checkbox").all():
        box.uncheck()
    menu.get_by_label("Status").check()
    menu.get_by_role("button", name="Apply").click()
    expect(headings).to_have_text(["Batch", "Status"])
    menu.locator("summary").click()
    menu.get_by_role("link", name="Link to this view").click()
    page.wait_for_url("**/batches/?sort=-size&columns=status")
    page.context.clear_cookies(name="table-batchtable")
    page.get_by_role("search", name="Filter the table").get_by_label("Status").select_option("Closed")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_url("**/batches/?*status=closed*")
    assert "sort=-size" in page.url
    expect(headings).to_have_text(["Batch", "Status"])


def test_an_address_with_columns_shows_only_those(page):
    page.goto("/uploads/?columns=status.row_count")
    # The live part requests the same columns.
    with page.expect_response(lambda response: "columns=status.row_count" in response.url):
        pass
    expect(page.get_by_role("columnheader")).to_have_text(["List", "Status", "Rows"])
