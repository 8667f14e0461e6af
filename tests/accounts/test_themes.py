"""The theme is light, dark or that of the system, as a user chooses for all of their browsers."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import sessions
from accounts.models import Profile

pytestmark = pytest.mark.django_db


def read_theme(client):
    page = client.get("/settings/").content.decode()
    return page.split("<html", 1)[1].split(">", 1)[0].partition('data-theme="')[2].partition('"')[0]


def test_without_a_choice_the_system_decides(browser):
    assert read_theme(browser) == ""


def test_a_choice_is_stored_and_used_at_once(browser, alice):
    response = browser.post("/settings/theme/", {"theme": "dark", "next": "/uploads/"})
    assert response.url == "/uploads/"
    assert Profile.objects.get(user=alice).theme == "dark"
    assert read_theme(browser) == "dark"
    browser.post("/settings/theme/", {"theme": "system"})
    assert Profile.objects.get(user=alice).theme == ""
    assert read_theme(browser) == ""


def test_a_script_gets_no_page_in_return(browser):
    response = browser.post("/settings/theme/", {"theme": "light"}, headers={"X-Theme": "1"})
    assert (response.status_code, response.content) == (204, b"")


def test_an_unknown_theme_is_refused(browser):
    assert browser.post("/settings/theme/", {"theme": "blue"}).status_code == 422
    assert not Profile.objects.filter(theme="blue").exists()


def test_the_choice_leads_to_no_other_site(browser):
    response = browser.post("/settings/theme/", {"theme": "dark", "next": "https://evil.example.com/"})
    assert response.url == "/settings/"


def test_the_choice_applies_wherever_the_user_logs_in(browser, alice):
    browser.post("/settings/theme/", {"theme": "dark"})
    other = Client()
    other.force_login(alice)
    assert read_theme(other) == "dark"


def test_another_browser_that_is_logged_in_follows_within_a_minute(browser, alice, monkeypatch):
    other = Client()
    other.force_login(alice)
    assert read_theme(other) == ""
    browser.post("/settings/theme/", {"theme": "light"})
    monkeypatch.setattr(sessions, "WRITE_EVERY", 0)
    other.get("/settings/")
    assert read_theme(other) == "light"


def test_a_page_does_not_query_the_theme(browser):
    browser.post("/settings/theme/", {"theme": "dark"})
    with CaptureQueriesContext(connection) as queries:
        assert read_theme(browser) == "dark"
    assert not [query for query in queries if "accounts_profile" in query["sql"]]
