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
REPEATED_REQUEST = "htmx:(afterRequest|sendAbort|timeout), "
"""The errors that htmx reports when it drops a request for a newer one (hx-sync), which depends on the time between
them, and when a live part gets no answer in time and asks again, as on a busy computer. A request that fails reports
another event as well."""


@contextmanager
def run_chromium():
    """Run one Chromium for many pages."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed (Debian: apt install chromium-headless-shell)")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - only if there is a browser

    expect.set_options(timeout=MAX_WAIT_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, timeout=MAX_WAIT_MS)
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
    page = open_page(chromium, portal.address, storage_state=state, **options)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    if login:
        log_in(page, login)
    else:
        page.goto("/")
    try:
        yield page
    finally:
        page.context.close()
    allowed = re.compile(f"{allowed_errors}|{REPEATED_REQUEST}")
    unexpected = [error for error in errors if not allowed.search(error)]
    assert not unexpected, unexpected


def open_page(chromium, address, **options):
    """Open a page in a new session, not logged in. It waits as long as the pages of all other tests."""
    context = chromium.new_context(base_url=address, **options)
    context.set_default_timeout(MAX_WAIT_MS)
    return context.new_page()


def log_in_once(chromium, portal):
    """Return the cookies of a session that is shared by all tests except those about logging in."""
    if not hasattr(portal, "session"):
        page = open_page(chromium, portal.address)
        log_in(page, portal.read_login())
        page.get_by_role("heading", name="Dashboard").wait_for()
        portal.session = page.context.storage_state()
        page.context.close()
    return portal.session


def log_in(page, login):
    """Log in by the form, and wait until the scripts of the next page have run."""
    name, password = login
    page.goto("/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()


def log_in_again(page, login):
    """Log in again, as if in another tab: the browser then has another session, and its forms need another token.

    The cookies change at once, because a page that polls between logout and login would be sent to the login page.
    """
    name, password = login
    base_url = re.match(r"https?://[^/]+", page.url)[0]
    before = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    tab = open_page(page.context.browser, base_url).context
    assert tab.request.get("/login/").ok
    token = next(cookie["value"] for cookie in tab.cookies() if cookie["name"] == "csrftoken")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token}
    assert tab.request.post("/login/", form=form).ok
    page.context.add_cookies(tab.cookies())
    tab.close()
    assert page.request.get("/settings/").url.endswith("/settings/")
    after = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert all(after[name] != before[name] for name in ("csrftoken", "sessionid"))
