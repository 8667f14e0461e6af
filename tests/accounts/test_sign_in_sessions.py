"""When sessions end, and how a user sees and ends them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, AuditKind

pytestmark = pytest.mark.django_db
MINUTE = 60


@pytest.fixture(autouse=True)
def _at_a_fixed_time(time_machine):
    time_machine.move_to("2026-11-02 08:00:00+00:00", tick=False)


def test_a_session_ends_after_half_an_hour_without_activity(client, alice, log_in, time_machine):
    log_in()
    time_machine.shift(29 * MINUTE)
    assert client.get("/settings/").status_code == 200
    time_machine.shift(29 * MINUTE)
    assert client.get("/settings/").status_code == 200
    time_machine.shift(31 * MINUTE)
    assert client.get("/settings/").url == "/login/?next=/settings/"


def test_a_session_ends_after_twelve_hours(client, alice, log_in, time_machine):
    log_in()
    for _ in range(36):
        time_machine.shift(20 * MINUTE)
        assert client.get("/settings/").status_code == 200
    time_machine.shift(MINUTE)
    assert client.get("/settings/").status_code == 302
    assert AuditEntry.objects.filter(kind=AuditKind.LOGOUT, user=alice).exists()


def test_live_parts_do_not_keep_a_session_alive(client, alice, log_in, time_machine):
    log_in()
    for _ in range(3):
        time_machine.shift(10 * MINUTE)
        assert client.get("/notices/bell/", headers={"X-Poll": "1"}).status_code == 200
    time_machine.shift(MINUTE)
    assert client.get("/notices/bell/", headers={"X-Poll": "1"}).status_code == 302


def test_live_parts_say_that_they_are_polls(browser):
    page = browser.get("/").content.decode()
    assert page.count("""hx-headers='{"X-Poll": "1"}'""") == page.count("every 15")


def test_activity_is_written_at_most_once_a_minute(client, alice, log_in, time_machine):
    log_in()

    def count():
        with CaptureQueriesContext(connection) as queries:
            client.get("/notices/bell/")
        return len([query for query in queries.captured_queries if query["sql"].startswith("UPDATE")])

    time_machine.shift(30)
    assert count() == 0
    time_machine.shift(31)
    assert count() == 2
    assert count() == 0


def test_sessions_are_listed_and_others_are_ended(client, alice, log_in):
    form = {"username": "alice", "password": "alice-password"}
    phone = {"User-Agent": "Mozilla/5.0 (iPhone) Version/17.0 Safari/605.1.15", "X-Forwarded-For": "203.0.113.9"}
    other = Client()
    other.post("/login/", form, headers=phone)
    log_in()
    page = client.get("/settings/security/sessions/").content.decode()
    assert "Safari on iPhone" in page
    assert "203.0.113.9" in page
    assert page.count("This one") == 1
    response = client.post("/settings/security/sessions/", follow=True)
    assert b"Your other sessions have ended." in response.content
    assert other.get("/settings/").status_code == 302
    assert client.get("/settings/").status_code == 200
    assert AuditEntry.objects.get(kind=AuditKind.SESSIONS_ENDED).user == alice


def test_a_stranger_can_neither_see_nor_end_sessions_of_others(client, alice, bob, log_in):
    log_in()
    stranger = Client()
    stranger.post("/login/", {"username": "bob", "password": "bob-password"})
    assert stranger.get("/settings/security/sessions/").content.count(b"198.51.100.7") == 0
    stranger.post("/settings/security/sessions/")
    assert client.get("/settings/").status_code == 200


def test_a_login_changes_the_session_id(client, alice, log_in):
    client.get("/login/")
    log_in()
    before = client.cookies["sessionid"].value
    client.post("/logout/")
    log_in()
    assert client.cookies["sessionid"].value != before
    assert client.cookies["sessionid"]["max-age"] == 12 * 3600
    assert client.cookies["sessionid"]["httponly"]
