"""A real browser in front of the real processes."""

import os
import re
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def run_chromium():
    """One Chromium for many pages."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def browse(chromium, portal, expected="422", login=None, **options):
    """A page of a new session, logged in. In the end its console must hold no error but what the pattern expects.

    `login` is a name and a password; without it the session of the portal's first user is gone on with.
    """
    complaints = []
    state = None if login else log_in_once(chromium, portal)
    context = chromium.new_context(base_url=portal.address, storage_state=state, **options)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    if login:
        log_in(page, login)
    else:
        page.goto("/")
    try:
        yield page
    finally:
        context.close()
    # A refused form is answered 422, which the browser's console calls an error.
    assert [complaint for complaint in complaints if not re.search(expected, complaint)] == []


def log_in_once(chromium, portal):
    """Return the session of a login, for pages that need one and are not about it."""
    if not hasattr(portal, "session"):
        page = chromium.new_page(base_url=portal.address)
        log_in(page, portal.login())
        page.get_by_role("heading", name="Dashboard").wait_for()
        portal.session = page.context.storage_state()
        page.close()
    return portal.session


def log_in(page, login):
    name, password = login
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_in_anew(page, login):
    """As in another tab: this browser has another session then, and its forms another token."""
    (name, password), ask = login, page.request

    def send(address, **form):
        token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
        assert ask.post(address, form=form | {"csrfmiddlewaretoken": token}).ok
        return token

    before = send("/logout/")
    send("/login/", username=name, password=password)
    assert ask.get("/settings/").url.endswith("/settings/")
    assert before not in [cookie["value"] for cookie in page.context.cookies()]
