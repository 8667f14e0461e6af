"""A real browser in front of the real processes: a pytest plugin, loaded by -p."""

import os
import re
import shutil
from contextlib import contextmanager

import pytest

from tests.support.portal import Portal, make_database

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
def run_portal(directory):
    """All of skipportal with a database of its own, of the kind that the suite runs on."""
    portal = Portal(directory, make_database(os.environ["DATABASE_URL"]))
    try:
        yield portal.start()
    finally:
        portal.stop()


@contextmanager
def browse(portal, expected="422", **options):
    """A page of a new Chromium, logged in. In the end its console must hold no error but what the pattern expects."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    complaints = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(base_url=portal.address, **options)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        log_in(page, portal)
        yield page
        browser.close()
    # A refused form is answered 422, which the browser's console calls an error.
    assert [complaint for complaint in complaints if not re.search(expected, complaint)] == []


def log_in(page, portal):
    name, password = portal.login()
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_in_anew(page, portal):
    """As in another tab: this browser has another session then, and its forms another token."""
    (name, password), ask = portal.login(), page.request

    def send(address, **form):
        token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")
        assert ask.post(address, form=form | {"csrfmiddlewaretoken": token}).ok
        return token

    before = send("/logout/")
    send("/login/", username=name, password=password)
    assert ask.get("/settings/").url.endswith("/settings/")
    assert before not in [cookie["value"] for cookie in page.context.cookies()]


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """One portal for all tests of a file: they begin with what those before have left."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


@pytest.fixture
def page(portal):
    with browse(portal) as page:
        yield page
