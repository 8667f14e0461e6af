"""Use the portal in a real browser."""

import os
import re
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM_NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
"""Possible names of the program. The first has no window and takes a quarter of the time."""
CHROMIUM = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MAX_WAIT_MS = 90_000
"""Far more than any page needs: Playwright's 5 and 30 seconds are too few for a busy computer."""
REFUSED_FORM = "422"
"""The status of the response to a refused form, which the console reports as an error."""
REPLACED_REQUEST = "htmx:(afterRequest|sendAbort), "
"""The two errors that htmx reports when it drops a request for a newer one (hx-sync), which depends on the time between
them. A request that fails reports another event as well."""


@contextmanager
def run_chromium():
    """Run one Chromium for many pages."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed (Debian: apt install chromium-headless-shell)")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - only if there is a browser

    expect.set_options(timeout=MAX_WAIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def browse(chromium, portal, allowed_errors=REFUSED_FORM, login=None, **options):
    """Open a page in a new session, logged in. At the end, fail if the console has errors other than those allowed.

    `allowed_errors` is a pattern. `login` is a name and a password; without it, the session of the portal's first user
    is used.
    """
    errors = []
    state = None if login else log_in_once(chromium, portal)
    context = chromium.new_context(base_url=portal.address, storage_state=state, **options)
    context.set_default_timeout(MAX_WAIT_MS)
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    if login:
        log_in(page, login)
    else:
        page.goto("/")
    try:
        yield page
    finally:
        context.close()
    allowed = re.compile(f"{allowed_errors}|{REPLACED_REQUEST}")
    unexpected = [error for error in errors if not allowed.search(error)]
    assert not unexpected, unexpected


def log_in_once(chromium, portal):
    """Return the cookies of a session that is shared by all tests except those about logging in."""
    if not hasattr(portal, "session"):
        page = chromium.new_page(base_url=portal.address)
        page.set_default_timeout(MAX_WAIT_MS)
        log_in(page, portal.read_login())
        page.get_by_role("heading", name="Dashboard").wait_for()
        portal.session = page.context.storage_state()
        page.close()
    return portal.session


def log_in(page, login):
    name, password = login
    page.goto("/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_in_again(page, login):
    """Log in again, as if in another tab: the browser then has another session, and its forms need another token.

    The cookies change at once, because a page that polls between logout and login would be sent to the login page.
    """
    name, password = login
    base_url = re.match(r"https?://[^/]+", page.url)[0]
    before = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    tab = page.context.browser.new_context(base_url=base_url)
    assert tab.request.get("/login/").ok
    token = next(cookie["value"] for cookie in tab.cookies() if cookie["name"] == "csrftoken")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token}
    assert tab.request.post("/login/", form=form).ok
    page.context.add_cookies(tab.cookies())
    tab.close()
    assert page.request.get("/settings/").url.endswith("/settings/")
    after = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert all(after[name] != before[name] for name in ("csrftoken", "sessionid"))
