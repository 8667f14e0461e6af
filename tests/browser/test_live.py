"""Live parts, selections and the columns of tables in a real browser."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse, log_in_again

MEASURE_LAYOUT_SHIFT = """() => {
    window.layoutShift = 0;
    const add = (list) => list.getEntries().forEach((entry) => {
        if (!entry.hadRecentInput) window.layoutShift += entry.value;
    });
    new PerformanceObserver(add).observe({type: "layout-shift"});
}"""
"""A script that adds up layout shifts, except those that the user causes."""
MAX_LAYOUT_SHIFT = 0.02
"""A fifth of the limit below which browser vendors call a page good."""


@pytest.fixture(scope="module")
def portal(busy_portal):
    return busy_portal


def rename_list(portal, old, new):
    assert portal.ask(f"Upload.objects.filter(name={old!r}).update(name={new!r})") == 1


def expect_poll(page, status):
    """Return a context manager that waits until a poll of the dashboard gets this status."""
    return page.expect_response(lambda response: response.status == status and urlsplit(response.url).path == "/")


@pytest.fixture
def standard_columns(portal):
    """Return to the columns that a table has before a user chooses some."""
    portal.ask("TableChoice.objects.all().delete()")


# Live parts


def test_the_dashboard_updates_without_layout_shift(running_list, page):
    row = page.locator("#runs tbody tr").filter(has_text=running_list)
    progress = row.locator(".nums")
    expect(row).to_contain_text("left")
    expect(row.locator("svg.bar")).to_be_visible()
    page.evaluate(MEASURE_LAYOUT_SHIFT)
    seen = {progress.text_content()}
    for _ in range(5):
        with expect_poll(page, 200):
            pass
        expect(progress).not_to_have_text(re.compile("|".join(map(re.escape, seen))))
        seen.add(progress.text_content())
    assert page.evaluate("window.layoutShift") < MAX_LAYOUT_SHIFT


def test_the_page_of_a_running_list_updates_without_layout_shift(running_list, page):
    page.get_by_role("link", name=running_list, exact=True).click()
    page.get_by_role("heading", name=running_list).wait_for()
    # Until then, parts of the page arrive, and so do their font and styles.
    page.wait_for_load_state()
    page.evaluate(MEASURE_LAYOUT_SHIFT)
    for _ in range(5):
        page.wait_for_event("response", changes_a_live_part)
    page.wait_for_timeout(500)
    assert page.evaluate("window.layoutShift") < MAX_LAYOUT_SHIFT


def changes_a_live_part(response):
    return response.status == 200 and response.request.headers.get("hx-request") == "true"


def test_focus_and_open_details_survive_an_update(running_list, page, portal):
    key = portal.ask(f"Upload.objects.get(name={running_list!r}).pk")
    row = page.locator(f"#run-{key}")
    menu = row.locator("details.menu")
    menu.locator("summary").click()
    link = menu.get_by_role("link", name="Open")
    link.focus()
    rename_list(portal, running_list, f"{running_list}, renamed")
    expect(row.get_by_role("link", name=f"{running_list}, renamed", exact=True)).to_be_visible()
    expect(link).to_be_focused()
    expect(menu).to_have_attribute("open", "")
    rename_list(portal, f"{running_list}, renamed", running_list)


def test_progress_is_announced_to_screen_readers(running_list, page):
    status = page.locator("[data-live] [role=status]")
    expect(status).to_contain_text(re.compile(rf"{running_list}:\s+\d+% done\."))


def test_an_unchanged_live_part_is_not_sent_again(page):
    page.goto("/uploads/?status=complete")
    with page.expect_response(lambda response: response.status == 304) as response:
        pass
    assert response.value.request.headers["if-none-match"]
    assert page.get_by_role("link", name="Spring leads").is_visible()


def test_a_page_says_that_it_is_not_being_updated_and_recovers(chromium, portal):
    # The browser logs an error for each failed request. While the pages stop and start, requests are refused.
    with browse(chromium, portal, allowed_errors="net::ERR|htmx:|status of 50[23]") as page:
        state = page.locator("[data-live-state]")
        expect(state).to_have_text("Live")
        portal.stop()
        expect(state).to_have_text(re.compile(r"Not updated since \d+:\d+"))
        expect(page.get_by_text("Orchard street", exact=True)).to_be_visible()
        portal.start()
        rename_list(portal, "Orchard street", "Orchard street, renamed")
        expect(page.get_by_text("Orchard street, renamed", exact=True)).to_be_visible()
        expect(state).to_have_text("Live")
    rename_list(portal, "Orchard street, renamed", "Orchard street")


def test_buttons_of_an_open_page_work_after_a_login_in_another_tab(page_with_own_login, portal, running_list):
    page = page_with_own_login
    page.goto("/uploads/?status=running")
    page.get_by_role("link", name=running_list, exact=True).click()
    for button, status in (("Pause", "Paused"), ("Resume", "Running")):
        expect(page.get_by_role("button", name=button)).to_be_visible()
        # A script puts the new token into the form.
        page.wait_for_load_state()
        log_in_again(page, portal.read_login())
        page.get_by_role("button", name=button).click()
        expect(page.locator(".title .chip")).to_have_text(status)


def test_a_link_is_followed_although_the_list_changes_at_the_same_time(running_list, page, portal):
    key = portal.ask(f"Upload.objects.get(name={running_list!r}).pk")
    updates, links = [], []
    page.goto(f"/uploads/{key}/")
    page.route(f"**/uploads/{key}/", lambda route: updates.append(route))
    with page.expect_request(f"**/uploads/{key}/"):
        portal.do(f"Upload.objects.filter(pk={key}).update(status='paused')")
    page.route("**/exports/", lambda route: links.append(route))
    page.get_by_role("link", name="Exports", exact=True).click(no_wait_after=True)
    # While the link is followed, the page cannot be examined. Another update begins once this one was shown.
    page.unroute(f"**/uploads/{key}/")
    updates[0].continue_()
    for _ in range(2):
        page.wait_for_event("request", lambda request: request.url.endswith(f"/uploads/{key}/"))
    links[0].continue_()
    page.wait_for_url("**/exports/")


# Tables


def test_people_are_selected_across_pages(page):
    page.goto("/items/?upload=1")
    boxes = page.locator("tbody input.tick")
    count = page.locator("[data-count]")
    boxes.nth(0).check()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(count).to_have_text("4 selected")
    page.get_by_role("link", name="Next", exact=True).click()
    page.wait_for_url("**page=2*")
    boxes.nth(1).check()
    expect(count).to_have_text("5 selected, 4 on other pages")
    page.go_back()
    expect(count).to_have_text("5 selected, 1 on other pages")
    expect(boxes.nth(3)).to_be_checked()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("5 selected people.")).to_be_visible()


def press(page, button, confirm):
    """Press a button, and accept or cancel the confirmation that it asks for. Return the text of the confirmation."""
    messages = []

    def answer(dialog):
        messages.append(dialog.message)
        if confirm:
            dialog.accept()
        else:
            dialog.dismiss()

    page.once("dialog", answer)
    page.get_by_role("button", name=button).click()
    return messages[0]


def test_confirmations_name_the_number_of_people_and_cancelling_keeps_the_selection(page):
    page.goto("/items/?upload=1&outcome=matched")
    boxes = page.locator("tbody input.tick")
    count = page.locator("[data-count]")
    boxes.nth(0).check()
    assert press(page, "Do not contact", confirm=False).startswith("Add 1 person to the do-not-contact list?")
    boxes.nth(1).check()
    assert "errors among 2 people?" in press(page, "Re-run", confirm=False)
    page.reload()
    expect(count).to_have_text("2 selected")
    page.get_by_label("Select all").check()
    assert re.search(r"among all \d+ people\?", press(page, "Re-run", confirm=False))
    page.get_by_label("Select all").uncheck()
    assert "among 2 people" in press(page, "Re-run", confirm=True)
    expect(count).to_be_hidden()


def test_a_selection_is_kept_for_one_combination_of_filters(page):
    boxes = page.locator("tbody input.tick")
    count = page.locator("[data-count]")
    page.goto("/items/?upload=1&outcome=matched")
    boxes.nth(0).check()
    for other_filters in ("upload=1", "upload=1&outcome=no_match", "upload=2&outcome=matched", "batch=1", "q=Ada"):
        page.goto(f"/items/?{other_filters}")
        expect(count).to_be_hidden()
    page.goto("/items/?outcome=matched&q=&sort=person&upload=1&page=1")
    expect(count).to_contain_text("1 selected")


def test_columns_are_chosen_with_the_keyboard_and_remembered(standard_columns, page):
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


def test_a_link_to_a_view_contains_its_columns_and_filtering_keeps_them(page):
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
    page.locator("details.filter-menu > summary").click()
    page.locator("details.filter-menu").get_by_role("link", name="Closed").click()
    page.wait_for_url("**/batches/?*status=closed*")
    assert "sort=-size" in page.url
    expect(headings).to_have_text(["Batch", "Status"])


def test_a_page_shows_only_the_columns_in_its_address(page):
    page.goto("/uploads/?columns=status.row_count")
    # The live part requests the same columns.
    with page.expect_response(lambda response: "columns=status.row_count" in response.url):
        pass
    expect(page.get_by_role("columnheader")).to_have_text(["List", "Status", "Rows"])
