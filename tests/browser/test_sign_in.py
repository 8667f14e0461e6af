"""Passkeys in a real browser, with an authenticator that Chromium simulates."""

import pytest

from tests.support.browsing import log_in, open_page

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(chromium, portal):
    """Return a page with a simulated authenticator. Passkeys need a host name instead of an IP address."""
    page = open_page(chromium, portal.address.replace("127.0.0.1", "localhost"))
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    page.context.close()


def log_out(page):
    page.locator("#own-menu > summary").click()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Log in").wait_for()


def test_a_passkey_replaces_the_password_or_is_a_second_factor(page, portal):
    portal.do("get_user_model().objects.create_user('pat', password='pat-password')")
    portal.do("from django.contrib.auth.models import Group")
    portal.do("get_user_model().objects.get(username='pat').groups.add(Group.objects.get(name='Member'))")
    log_in(page, ("pat", "pat-password"))
    page.get_by_role("heading", name="Dashboard").wait_for()
    page.goto("/settings/security/passkeys/add/")
    page.get_by_label("It replaces my password").check()
    page.get_by_role("button", name="Add passkey").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    log_out(page)
    page.goto("/login/?next=/settings/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Profile").wait_for()
    log_out(page)
    log_in(page, ("pat", "pat-password"))
    page.get_by_role("heading", name="One more step").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Dashboard").wait_for()
