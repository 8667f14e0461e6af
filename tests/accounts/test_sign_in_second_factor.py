"""Authenticator apps, recovery codes, passkeys, and roles that need them."""

import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import encryption
from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from api.models import ApiToken
from notices.models import Notice
from tests.support.roles import get_role

pytestmark = pytest.mark.django_db
STEP = "/login/second-factor/"


@pytest.fixture(autouse=True)
def _at_a_fixed_time(time_machine):
    time_machine.move_to("2026-11-02 08:00:10+00:00", tick=False)


@pytest.fixture
def secret(client, alice, log_in, set_up_app, time_machine):
    """Set up an authenticator app for alice, log out, and return its key."""
    log_in()
    secret = set_up_app(client)
    client.post("/logout/")
    time_machine.shift(120)
    return secret


def read_codes(client):
    page = client.get("/settings/security/codes/").content.decode()
    return re.findall(r"<li>(\w+)</li>", page)


def test_the_code_of_an_app_is_asked_for_after_the_password(client, secret, log_in, make_code):
    assert log_in(next="/uploads/").url == STEP
    assert client.get("/uploads/").status_code == 302
    assert b"This code is wrong." in client.post(STEP, {"code": "000000"}).content
    assert client.post(STEP, {"code": make_code(secret)}).url == "/uploads/"
    assert client.get("/uploads/").status_code == 200


@pytest.mark.parametrize(("ahead", "is_right"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_the_time_on_a_phone_may_be_off_by_half_a_minute(client, secret, log_in, make_code, ahead, is_right):
    log_in()
    assert (client.post(STEP, {"code": make_code(secret, ahead)}).status_code == 302) is is_right


def test_a_code_works_once(client, secret, log_in, make_code):
    log_in()
    assert client.post(STEP, {"code": make_code(secret)}).status_code == 302
    other = Client()
    other.post("/login/", {"username": "alice", "password": "alice-password"})
    assert other.post(STEP, {"code": make_code(secret)}).status_code == 200


def test_wrong_codes_are_limited_and_recorded(client, secret, log_in, make_code, time_machine):
    log_in()
    for number in range(5):
        client.post(STEP, {"code": f"00000{number}"})
    page = client.post(STEP, {"code": make_code(secret)})
    assert b"Please wait five minutes" in page.content
    assert AuditEntry.objects.filter(kind=AuditKind.LOGIN_FAILED, detail="Wrong code").count() == 5
    time_machine.shift(301)
    assert client.post(STEP, {"code": make_code(secret)}).status_code == 302


def test_a_recovery_code_works_once(client, secret, log_in, make_code):
    log_in()
    client.post(STEP, {"code": make_code(secret)})
    codes = read_codes(client)
    assert len(codes) == 10
    client.post("/logout/")
    log_in()
    assert client.post(STEP, {"code": codes[0]}).status_code == 302
    assert len(read_codes(client)) == 9
    client.post("/logout/")
    log_in()
    assert client.post(STEP, {"code": codes[0]}).status_code == 200
    assert client.post(STEP, {"code": codes[1]}).status_code == 302


def test_new_recovery_codes_replace_the_earlier_ones(client, secret, log_in, make_code):
    log_in()
    client.post(STEP, {"code": make_code(secret)})
    before = read_codes(client)
    assert b"will no longer work" in client.get("/settings/security/codes/new/").content
    client.post("/settings/security/codes/new/")
    assert not set(before) & set(read_codes(client))


def test_setting_up_and_removing_an_app_is_recorded_and_reported_to_the_user(
    client, alice, log_in, set_up_app, mails, django_capture_on_commit_callbacks, time_machine
):
    alice.email = "alice@example.com"
    alice.save()
    log_in()
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client)
    time_machine.shift(1)
    assert client.post("/settings/security/app/remove/").url == "/settings/security/"
    assert not Authenticator.objects.exists()
    details = AuditEntry.objects.filter(kind=AuditKind.SECOND_FACTOR_CHANGED).values_list("detail", flat=True)
    assert set(details) == {
        "Set up an authenticator app",
        "Set up recovery codes",
        "Removed an authenticator app",
        "Removed recovery codes",
    }
    assert [mail.subject for mail in mails] == ["skipportal: new second factor", "skipportal: second factor removed"]
    assert Notice.objects.filter(user=alice, kind="security").count() == 2


def test_every_security_page_looks_like_the_rest_of_the_portal(client, alice, log_in, set_up_app):
    log_in()
    set_up_app(client)
    addresses = [
        "",
        "password/",
        "app/remove/",
        "codes/",
        "codes/new/",
        "passkeys/add/",
        "sessions/",
        "single-sign-on/",
    ]
    for address in addresses:
        response = client.get(f"/settings/security/{address}")
        assert response.status_code == 200, address
        page = response.content.decode()
        assert "css/components.css" in page
        assert "Content-Security-Policy" in response
        assert not re.search(r"<script>|<script type=\"text/javascript|\sstyle=|Sign In|Two-Factor", page), address


def test_a_passkey_page_offers_a_challenge(client, alice, log_in):
    log_in()
    page = client.get("/settings/security/passkeys/add/").content.decode()
    assert '"challenge"' in page
    assert '"name": "skipportal"' in page
    client.post("/logout/")
    response = client.get("/login/passkey/", headers={"X-Requested-With": "XMLHttpRequest"})
    assert response.json()["request_options"]["publicKey"]["challenge"]


# Roles that need a second factor


@pytest.fixture
def _needs_factor(settings, alice):
    settings.SECOND_FACTOR_FOR = ["Approver"]
    alice.groups.add(Group.objects.get(name="Approver"))


@pytest.mark.usefixtures("_needs_factor")
def test_a_role_that_needs_a_second_factor_leads_to_setting_one_up(client, log_in, set_up_app):
    log_in()
    response = client.get("/uploads/", follow=True)
    assert response.redirect_chain == [("/settings/security/", 302)]
    assert b"Your role needs a second factor." in response.content
    assert client.post("/uploads/new/").url == "/settings/security/"
    set_up_app(client)
    assert client.get("/uploads/").status_code == 200


@pytest.mark.usefixtures("_needs_factor")
def test_a_live_part_redirects_the_whole_page_to_setting_up_a_second_factor(client, log_in):
    log_in()
    response = client.get("/notices/bell/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/settings/security/"


@pytest.mark.usefixtures("_needs_factor")
def test_other_roles_and_tokens_need_no_second_factor(client, log_in, alice, bob):
    alice.groups.add(get_role(Role.APPROVER))
    _, secret = ApiToken.objects.create_with_secret(alice, "A program")
    assert client.get("/api/v1/uploads", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    log_in("bob", "bob-password")
    assert client.get("/settings/").status_code == 200


def test_superusers_need_a_second_factor_if_administrators_do(client, charlie, settings, log_in):
    settings.SECOND_FACTOR_FOR = ["Administrator"]
    log_in("charlie", "charlie-password")
    assert client.get("/admin/").url == "/settings/security/"


def test_a_lost_second_factor_can_be_reset(client, secret, log_in, capsys, make_code, alice):
    log_in()
    client.post(STEP, {"code": make_code(secret)})
    call_command("reset_second_factor", "alice")
    assert "Removed the second factor of alice." in capsys.readouterr().out
    assert client.get("/").status_code == 302
    assert log_in().url == "/"
    assert AuditEntry.objects.filter(detail="Removed by an administrator", user=alice).exists()
    with pytest.raises(CommandError, match="alice has no second factor"):
        call_command("reset_second_factor", "alice")
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("reset_second_factor", "nobody")


# Confirming one's identity


def test_an_export_asks_for_the_password_some_time_after_the_login(
    client, alice, log_in, settings, make_upload, time_machine
):
    settings.REAUTHENTICATION_MINUTES = 15
    alice.groups.add(get_role(Role.MEMBER))
    upload = make_upload([{"first_name": "Ada", "last_name": "Orchard"}])
    log_in()
    address = f"/uploads/{upload.pk}/export/choose/"
    assert client.get(address).status_code == 200
    time_machine.shift(16 * 60)
    response = client.get(address)
    assert response.url.startswith("/settings/security/confirm/?next=")
    assert b"Wrong password." in client.post(response.url, {"password": "wrong"}).content
    assert client.post(response.url, {"password": "alice-password"}).url == address
    assert client.get(address).status_code == 200


def test_an_action_continues_after_confirming(client, alice, log_in, settings, time_machine):
    settings.REAUTHENTICATION_MINUTES = 15
    log_in()
    time_machine.shift(16 * 60)
    response = client.post("/tokens/", {"name": "A program", "scopes": ["read"], "days": 30})
    response = client.post(response.url, {"password": "alice-password"})
    assert response.status_code in (200, 201)
    assert ApiToken.objects.get().name == "A program"


def test_confirming_never_leads_to_an_address_that_answers_405(client, alice, log_in, settings, time_machine):
    settings.REAUTHENTICATION_MINUTES = 15
    alice.groups.add(get_role(Role.MEMBER))
    log_in()
    time_machine.shift(16 * 60)
    assert client.post("/items/export/").url.startswith("/settings/security/confirm/")
    page = client.post("/settings/security/confirm/?next=/items/export/", {"password": "alice-password"})
    assert page.url == "/items/"
    again = client.post("/settings/security/confirm/?next=/items/export/", {"password": "alice-password"})
    assert again.url == "/items/"


def test_in_the_sandbox_nobody_has_to_confirm_their_identity(client, alice, log_in, time_machine):
    log_in()
    time_machine.shift(16 * 60)
    assert client.get("/tokens/").status_code == 200


# Secrets in the database


def test_the_key_of_an_app_is_encrypted_and_can_be_reencrypted(client, alice, log_in, set_up_app, make_code, settings):
    log_in()
    secret = set_up_app(client)
    stored = [json.dumps(data) for data in Authenticator.objects.values_list("data", flat=True)]
    assert len(stored) == 2
    assert not [text for text in stored if secret in text]
    settings.FIELD_ENCRYPTION_KEYS = ["A" * 43 + "="]
    assert encryption.reencrypt() == 2
    settings.SECRET_KEY = "another-key-with-which-sessions-are-signed"
    assert encryption.find_problem() == ""
    [app] = Authenticator.objects.filter(type=Authenticator.Type.TOTP)
    assert encryption.decrypt(app.data["secret"]) == secret


def test_no_code_is_accepted_with_a_wrong_encryption_key(client, secret, log_in, make_code, settings, caplog):
    settings.SECRET_KEY = "another-key-than-the-one-that-encrypted"
    log_in()
    response = client.post(STEP, {"code": make_code(secret, ahead=30)})
    assert response.status_code == 200
    assert "FIELD_ENCRYPTION_KEYS" in caplog.text
