"""Notices through a real browser: the bell, what is read out, and what is shown outside of the page."""

import secrets

import pytest

from tests.support.browsing import browse

SPY = """
window.shown = [];
window.leave = "default";
window.Notification = class extends EventTarget {
  constructor(title, options) { super(); window.shown.push(options.body); window.last = this; }
  close() {}
  static get permission() { return window.leave; }
  static async requestPermission() { window.leave = localStorage.getItem("answer") || "granted"; return window.leave; }
};
"""


@pytest.fixture
def reader(portal):
    """Somebody without notices, as name and password."""
    name, password = f"reader-{secrets.token_hex(4)}", "a-password-of-a-reader"
    portal.do(f"get_user_model().objects.create_user({name!r}, password={password!r})")
    return name, password


@pytest.fixture
def spied(chromium, portal, reader):
    """A page on which notifications are noted instead of shown, as headless browsers show none."""
    with browse(chromium, portal, login=reader) as page:
        page.add_init_script(SPY)
        page.reload()
        yield page


def tell(portal, reader, subject, text):
    user = f"get_user_model().objects.get(username={reader[0]!r})"
    portal.do(
        f"Notice.objects.create(user={user}, kind='blocked', subject={subject}, at=timezone.now(), text={text!r})"
    )


def ask(page):
    """What the bell does every 15 s; gives the status of the answer."""
    with page.expect_response("**/notices/bell/") as answer:
        page.evaluate("htmx.ajax('GET', '/notices/bell/', {source: document.querySelector('[data-bell]')})")
    return answer.value.status


def test_a_new_notice_is_counted_read_out_and_shown_where_that_is_allowed(spied, portal, reader):
    page, bell = spied, spied.locator("#bell")
    page.goto("/settings/")
    page.get_by_text("off in this browser").wait_for()
    place = bell.bounding_box()
    assert ask(page) == 304
    tell(portal, reader, 1, "Nobody sees this outside.")
    ask(page)
    page.get_by_text("1 new notice", exact=True).wait_for()
    assert (bell.inner_text().split(), page.evaluate("shown")) == (["1", "Notices,", "1", "unread"], [])
    assert bell.bounding_box() == place

    page.get_by_role("button", name="Allow notices in this browser").click()
    page.get_by_text("on in this browser").wait_for()
    tell(portal, reader, 2, "A list is done.")
    ask(page)
    page.get_by_role("link", name="Notices, 2 unread").wait_for()
    assert ask(page) == 304
    assert page.evaluate("shown.slice(1)") == ["A list is done."]
    with page.expect_popup() as opened:
        page.evaluate("last.dispatchEvent(new Event('click'))")
    opened.value.get_by_role("heading", name="Dashboard").wait_for()

    page.get_by_role("button", name="Turn off notices in this browser").click()
    tell(portal, reader, 3, "Nobody sees this either.")
    ask(page)
    page.locator("#bell[data-text='Nobody sees this either.']").wait_for(state="attached")
    assert page.evaluate("shown.length") == 2


def test_what_the_browser_blocks_is_said(spied):
    spied.goto("/settings/")
    spied.evaluate("localStorage.setItem('answer', 'denied')")
    spied.get_by_role("button", name="Allow notices in this browser").click()
    spied.get_by_text("blocked by the browser").wait_for()
    assert spied.get_by_role("button", name="Allow notices").count() == 0


def test_without_a_script_the_bell_is_a_link_and_all_can_be_read(chromium, portal, reader):
    tell(portal, reader, 4, "To be read.")
    with browse(chromium, portal, login=reader, java_script_enabled=False) as page:
        page.locator("#bell").click()
        page.get_by_role("link", name="To be read.").wait_for()
        page.get_by_role("button", name="Mark all as read").click()
        assert page.get_by_role("link", name="Notices, none unread").is_visible()
        page.goto("/settings/")
        assert page.get_by_text("This needs JavaScript").is_visible()


def test_who_is_logged_out_keeps_what_they_are_writing(spied):
    spied.goto("/uploads/new/")
    spied.get_by_label("Name").fill("Half a name")
    spied.context.clear_cookies()
    ask(spied)
    spied.wait_for_timeout(300)
    assert spied.get_by_label("Name").input_value() == "Half a name"


def test_the_zone_of_dates_is_kept(page):
    page.goto("/settings/")
    page.get_by_label("Time zone", exact=True).select_option(label="New York")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Settings saved.").wait_for()
    assert page.get_by_label("Time zone", exact=True).input_value() == "America/New_York"
