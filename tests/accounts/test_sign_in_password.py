"""Changing a password, and setting a new one with a link."""

import re

import pytest
from django.test import Client

from accounts.models import AuditEntry, AuditKind
from notices.models import Notice

pytestmark = pytest.mark.django_db
NEW = "orchard-lane-27-blue"


@pytest.fixture
def alice(alice):
    alice.email = "alice@example.com"
    alice.save()
    return alice


@pytest.fixture
def ask(client):
    def ask(email="alice@example.com"):
        return client.post("/login/password/", {"email": email}, follow=True)

    return ask


def find_link(mail):
    return re.search(r"https?://[^/]+(/login/password/\S+)", mail.body)[1]


def set_password(client, link, password=NEW):
    page = client.get(link, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(address, {"password1": password, "password2": password}, follow=True)


def test_a_password_is_changed_and_other_sessions_end(client, alice, log_in, mails):
    log_in()
    other = Client()
    other.force_login(alice)
    form = {"oldpassword": "alice-password", "password1": NEW, "password2": NEW}
    response = client.post("/settings/security/password/", form, follow=True)
    assert response.redirect_chain[-1][0] == "/settings/security/"
    assert b"Password changed." in response.content
    assert other.get("/").status_code == 302
    assert AuditEntry.objects.filter(kind=AuditKind.PASSWORD_CHANGED, user=alice).exists()
    assert [mail.subject for mail in mails] == ["skipportal: password changed"]
    assert mails[0].to == ["alice@example.com"]
    assert Notice.objects.get(user=alice).text == "Your password was changed."


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"oldpassword": "wrong"}, "This is not your current password."),
        ({"password1": "short", "password2": "short"}, "at least 12 characters"),
        ({"password2": "orchard-lane-28-blue"}, "the same password"),
    ],
)
def test_an_invalid_change_of_password_is_refused(client, browser, form, sentence):
    form = {"oldpassword": "alice-password", "password1": NEW, "password2": NEW} | form
    assert sentence in browser.post("/settings/security/password/", form).content.decode()


def test_a_forgotten_password_is_replaced_with_a_link(client, alice, ask, mails, log_in):
    page = ask()
    assert b"has this address, we have sent it a link" in page.content
    assert mails[0].to == ["alice@example.com"]
    assert "alice" in mails[0].body
    assert b"Password saved" in set_password(client, find_link(mails[0])).content
    assert log_in(password=NEW).status_code == 302


def test_a_link_works_once(client, alice, ask, mails):
    ask()
    link = find_link(mails[0])
    set_password(client, link)
    assert b"This link no longer works" in Client().get(link, follow=True).content


def test_a_link_works_for_an_hour(client, alice, ask, mails, time_machine):
    time_machine.move_to("2026-11-02 08:00:00+00:00", tick=False)
    ask()
    link = find_link(mails[0])
    time_machine.shift(3590)
    assert b"Set a new password" in Client().get(link, follow=True).content
    time_machine.shift(20)
    assert b"This link no longer works" in Client().get(link, follow=True).content


@pytest.mark.parametrize("email", ["nobody@example.com", "charlie@example.com"])
def test_the_answer_is_the_same_whether_the_address_is_known_or_not(
    client, alice, ask, mails, email, django_user_model
):
    django_user_model.objects.create_user("charlie", "charlie@example.com", is_active=False)
    known = ask().content
    assert ask(email).content == known
    assert len(mails) == 1


def test_a_link_is_sent_only_to_the_current_address_of_a_user(client, alice, ask, mails):
    ask()
    alice.email = "alice.new@example.com"
    alice.save()
    ask()
    assert len(mails) == 1
    ask("Alice.New@example.com")
    assert len(mails) == 2


def test_the_link_leads_to_the_public_address_whatever_the_request_says(client, alice, mails, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/login/password/", {"email": "alice@example.com"}, headers={"host": "evil.example.com"})
    assert "evil.example.com" not in mails[0].body
    assert settings.PUBLIC_URL in mails[0].body


def test_users_are_told_whom_to_ask_if_there_is_no_mail_server(client, alice):
    assert b"Ask whoever runs the server" in client.get("/login/password/").content
    assert b"Ask whoever runs the server" in client.post("/login/password/", {"email": "alice@example.com"}).content


def test_the_number_of_links_is_limited(client, alice, ask, mails):
    for _ in range(5):
        ask()
    assert ask().status_code == 429
    assert len(mails) == 5


def test_a_login_from_a_new_browser_is_reported_unless_it_is_the_first_login(client, alice, log_in, mails):
    windows = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    form = {"username": "alice", "password": "alice-password"}
    for browser in (client, client, Client()):
        browser.post("/logout/")
        assert browser.post("/login/", form, headers=windows).status_code == 302
    assert [mail.subject for mail in mails] == ["skipportal: new login"]
    assert "Firefox on Windows" in mails[0].body
    assert Notice.objects.filter(user=alice, kind="security").count() == 1


def test_a_login_works_while_the_mail_server_is_down(client, alice, settings, log_in):
    settings.IS_MAILING = True
    settings.EMAIL_BACKEND = "tests.accounts.conftest.BrokenMail"
    log_in()
    assert Client().post("/login/", {"username": "alice", "password": "alice-password"}).status_code == 302
