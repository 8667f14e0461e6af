"""Notices in a real browser: the bell, announcements to screen readers, and browser notifications."""

import secrets

import pytest

from tests.support.browsing import browse

RECORD_NOTIFICATIONS = """
window.shownMessages = [];
window.permission = "default";
window.Notification = class extends EventTarget {
  constructor(title, options) { super(); window.shownMessages.push(options.body); window.latest = this; }
  close() {}
  static get permission() { return window.permission; }
  static async requestPermission() {
    return (window.permission = localStorage.getItem("answer") || "granted");
  }
};
"""
"""A script that replaces the browser's notifications with a list of messages, because headless browsers show none.

Unless a test stores another answer, the user allows notifications.
"""


@pytest.fixture
def reader(portal):
    """Return the name and password of a user without notices."""
    name, password = f"reader-{secrets.token_hex(4)}", "a-password-of-a-reader"
    portal.do(f"reader = get_user_model().objects.create_user({name!r}, password={password!r})")
    portal.do("from django.contrib.auth.models import Group; reader.groups.add(Group.objects.get(name='Member'))")
    return name, password


@pytest.fixture
def recording_page(chromium, portal, reader):
    """Return a page that records its browser notifications."""
    with browse(chromium, portal, login=reader) as page:
        page.add_init_script(RECORD_NOTIFICATIONS)
        page.reload()
        yield page


def notify(portal, reader, subject, text):
    name, _ = reader
    user = f"get_user_model().objects.get(username={name!r})"
    portal.do(
        f"Notice.objects.create(user={user}, kind='blocked', subject={subject}, at=timezone.now(), text={text!r})"
    )


def poll(page):
    """Poll as the bell does every 15 s. Return the status of the response."""
    with page.expect_response("**/notices/bell/") as response:
        page.evaluate("htmx.ajax('GET', '/notices/bell/', {source: document.querySelector('[data-bell]')})")
    return response.value.status


def test_a_new_notice_is_announced_and_also_shown_by_the_browser_if_allowed(recording_page, portal, reader):
    page = recording_page
    bell = page.locator("#bell")
    page.goto("/settings/notices/")
    page.get_by_text("off in this browser").wait_for()
    position = bell.bounding_box()
    assert poll(page) == 304
    notify(portal, reader, subject=1, text="Only in the bell.")
    poll(page)
    page.get_by_text("1 new notice", exact=True).wait_for()
    assert bell.inner_text().split() == ["1", "Notices,", "1", "unread"]
    assert page.evaluate("shownMessages") == []
    assert bell.bounding_box() == position

    page.get_by_role("button", name="Allow notices in this browser").click()
    page.get_by_text("on in this browser").wait_for()
    notify(portal, reader, subject=2, text="A list is done.")
    poll(page)
    page.get_by_role("link", name="Notices, 2 unread").wait_for()
    assert poll(page) == 304
    # The first message is the sample that is shown when notices are allowed.
    assert page.evaluate("shownMessages.slice(1)") == ["A list is done."]
    with page.expect_popup() as opened:
        page.evaluate("latest.dispatchEvent(new Event('click'))")
    opened.value.get_by_role("heading", name="Dashboard").wait_for()

    page.get_by_role("button", name="Turn off notices in this browser").click()
    notify(portal, reader, subject=3, text="Only in the bell again.")
    poll(page)
    page.locator("#bell[data-text='Only in the bell again.']").wait_for(state="attached")
    assert page.evaluate("shownMessages.length") == 2


def test_a_blocked_permission_is_explained(recording_page):
    recording_page.goto("/settings/notices/")
    recording_page.evaluate("localStorage.setItem('answer', 'denied')")
    recording_page.get_by_role("button", name="Allow notices in this browser").click()
    recording_page.get_by_text("blocked by the browser").wait_for()
    assert recording_page.get_by_role("button", name="Allow notices").count() == 0


def test_notices_work_without_javascript(chromium, portal, reader):
    notify(portal, reader, subject=4, text="To be read.")
    with browse(chromium, portal, login=reader, java_script_enabled=False) as page:
        page.locator("#bell").click()
        page.get_by_role("link", name="To be read.").wait_for()
        page.get_by_role("button", name="Mark all as read").click()
        page.get_by_role("link", name="Notices, none unread").wait_for()
        page.goto("/settings/notices/")
        assert page.get_by_text("This needs JavaScript").is_visible()


def test_a_poll_after_a_logout_keeps_unsaved_text(recording_page):
    recording_page.goto("/uploads/new/")
    recording_page.get_by_label("Name").fill("Half a name")
    recording_page.context.clear_cookies()
    poll(recording_page)
    # Give the page time to reload, which it must not do.
    recording_page.wait_for_timeout(300)
    assert recording_page.get_by_label("Name").input_value() == "Half a name"


def test_the_time_zone_is_saved(page):
    page.goto("/settings/")
    page.get_by_label("Time zone", exact=True).select_option(label="New York")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Profile saved.").wait_for()
    assert page.get_by_label("Time zone", exact=True).input_value() == "America/New_York"
