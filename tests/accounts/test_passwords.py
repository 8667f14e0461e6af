"""How passwords are stored, and which ones are refused."""

import re

import pytest
from argon2 import extract_parameters
from django.conf import settings as all_settings
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from api.models import ApiToken
from skipportal import settings as portal_settings
from tests.accounts.conftest import PASSWORD

OLD, NEW = "pbkdf2_sha256", "argon2"


@pytest.fixture
def hashers(settings):
    """Hash as in production, not as quickly as in other tests."""
    settings.PASSWORD_HASHERS = portal_settings.PASSWORD_HASHERS


@pytest.fixture
def old_alice(alice, hashers):
    """Return a user whose password was hashed before there was Argon2."""
    alice.password = make_password(PASSWORD, hasher=OLD)
    alice.save()
    return alice


def find_problems(password, user=None):
    """Return the codes of what is wrong with a password."""
    validators = get_password_validators(all_settings.AUTH_PASSWORD_VALIDATORS)
    try:
        validate_password(password, user, validators)
    except ValidationError as error:
        return {problem.code for problem in error.error_list}
    return set()


def test_new_passwords_are_hashed_by_argon2id_as_strongly_as_owasp_asks(hashers):
    stored = make_password(PASSWORD)
    parameters = extract_parameters(stored.removeprefix("argon2"))
    assert stored.startswith("argon2$argon2id$")
    assert parameters.memory_cost >= 15 * 1024
    assert parameters.time_cost >= 2
    assert parameters.salt_len >= 16


def test_an_old_hash_is_strong_and_keeps_working_until_a_login_upgrades_it(client, old_alice, log_in):
    assert int(re.match(r"pbkdf2_sha256\$(\d+)\$", old_alice.password)[1]) >= 310_000
    assert log_in(password="a-wrong-password").status_code == 200
    old_alice.refresh_from_db()
    assert identify_hasher(old_alice.password).algorithm == OLD
    assert log_in().status_code == 302
    old_alice.refresh_from_db()
    assert identify_hasher(old_alice.password).algorithm == NEW
    assert client.get("/settings/security/").status_code == 200


def test_an_upgrade_ends_neither_sessions_nor_tokens(old_alice, log_in, settings):
    token, _ = ApiToken.objects.create_with_secret(old_alice, "nightly")
    # Before the update, the other hasher was the first.
    settings.PASSWORD_HASHERS = portal_settings.PASSWORD_HASHERS[::-1]
    other = Client()
    assert other.post("/login/", {"username": "alice", "password": PASSWORD}).status_code == 302
    settings.PASSWORD_HASHERS = portal_settings.PASSWORD_HASHERS
    assert log_in().status_code == 302
    assert identify_hasher(User.objects.get(pk=old_alice.pk).password).algorithm == NEW
    assert other.get("/settings/security/").status_code == 200
    assert ApiToken.objects.get(pk=token.pk).why_ended() == ""


def test_a_session_survives_confirming_with_a_password_that_is_upgraded(old_alice):
    browser = Client()
    browser.force_login(old_alice)
    form = {"password": PASSWORD, "next": "/settings/security/"}
    assert browser.post("/settings/security/confirm/", form).status_code == 302
    assert identify_hasher(User.objects.get(pk=old_alice.pk).password).algorithm == NEW
    assert browser.get("/settings/security/").status_code == 200


def test_a_changed_password_still_ends_sessions_and_tokens(old_alice, log_in):
    token, _ = ApiToken.objects.create_with_secret(old_alice, "nightly")
    other = Client()
    other.force_login(old_alice)
    old_alice.set_password("orchard-lane-27-blue")
    old_alice.save()
    assert log_in(password="orchard-lane-27-blue").status_code == 302
    assert other.get("/settings/security/").status_code == 302
    assert ApiToken.objects.get(pk=token.pk).why_ended()


@pytest.mark.parametrize("password", ["correcthorsebatterystaple", "CorrectHorseBatteryStaple", "qwertyuiop123"])
def test_passwords_from_data_breaches_are_refused(password):
    assert "password_known" in find_problems(password)


@pytest.mark.parametrize(
    ("password", "is_refused"),
    [
        ("skipportal2026!", True),
        ("SkipPortal-SkipPortal", True),
        ("portal.example.com", True),
        ("HaleNora-1987", True),
        ("skipportal in a green teapot", False),
        ("nora likes orchards", False),
    ],
)
def test_passwords_that_consist_mainly_of_the_names_of_the_portal_or_the_user_are_refused(
    settings, password, is_refused
):
    settings.PUBLIC_HOST = "portal.example.com"
    user = User(username="nhale", first_name="Nora", last_name="Hale", email="nora.hale@example.com")
    assert ("password_of_context" in find_problems(password, user)) == is_refused


@pytest.mark.parametrize(
    "password",
    [
        "orchard lane twenty blue",
        "ねこ ねこ が すき です よね",
        "🍎🍏🍐🍊🍋🍌🍉🍇🍓🍈🍒🍑",
        "x7" * 2 + "lantern quiet" * 9,
    ],
    ids=["lower case only", "another script", "emojis", "121 characters"],
)
def test_any_characters_are_accepted(password):
    assert find_problems(password) == set()


def test_more_than_128_characters_are_refused():
    assert find_problems("quiet lantern " * 10) == {"password_too_long"}


def test_a_password_is_not_truncated(alice, hashers):
    long = "quiet lantern " * 9
    alice.set_password(long)
    alice.save()
    assert authenticate(username="alice", password=long) == alice
    assert authenticate(username="alice", password=long[:-2]) is None


def test_the_page_says_why_a_password_is_refused(browser):
    form = {"oldpassword": PASSWORD, "password1": "qwertyuiop123", "password2": "qwertyuiop123"}
    page = browser.post("/settings/security/password/", form).content.decode()
    assert "This password is known from data breaches. Choose another one." in page
