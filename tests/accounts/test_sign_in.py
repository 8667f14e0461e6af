"""Where a login leads, what is recorded of it, and what the page says."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.client_address import find_address
from accounts.models import AuditEntry, AuditKind
from accounts.rights import Role
from accounts.sign_in import find_page, has_role, is_button
from batches.views.errors import forbidden
from tests.factories import people
from tests.support.roles import get_role

pytestmark = pytest.mark.django_db


def read_log():
    return [
        (entry.kind, entry.user and entry.user.username, entry.address) for entry in AuditEntry.objects.order_by("id")
    ]


# Logging in and out


def test_a_login_leads_to_the_page_that_was_asked_for(client, alice, log_in):
    assert client.get("/uploads/").url == "/login/?next=/uploads/"
    response = log_in(next="/uploads/")
    assert (response.status_code, response.url) == (302, "/uploads/")
    assert read_log() == [(AuditKind.LOGIN, "alice", "198.51.100.7")]


def test_a_login_without_a_page_leads_to_the_dashboard(client, alice, log_in):
    assert log_in().url == "/"
    assert client.get("/login/").url == "/"


@pytest.mark.parametrize("page", ["https://evil.example.com/", "//evil.example.com/", "javascript:alert(1)"])
def test_a_login_leads_to_no_other_site(alice, log_in, page):
    assert log_in(next=page).url == "/"


def test_wrong_passwords_are_recorded(alice, log_in):
    page = log_in(password="wrong-password").content.decode()
    assert "The user name or password is wrong." in page
    assert 'value="alice"' in page
    log_in(name="nobody", password="wrong-password")
    assert read_log() == [
        (AuditKind.LOGIN_FAILED, "alice", "198.51.100.7"),
        (AuditKind.LOGIN_FAILED, None, "198.51.100.7"),
    ]
    assert "nobody" not in "".join(AuditEntry.objects.values_list("detail", flat=True))


def test_an_inactive_user_is_told_the_same_as_after_a_wrong_password(alice, log_in):
    alice.is_active = False
    alice.save()
    assert b"The user name or password is wrong." in log_in().content


def test_logging_out_is_recorded_and_needs_a_post(client, alice, log_in):
    log_in()
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/login/"
    assert [kind for kind, *_ in read_log()] == [AuditKind.LOGIN, AuditKind.LOGOUT]
    assert client.get("/").status_code == 302


def test_nobody_can_sign_up(client):
    for address in ("/login/closed/", "/accounts/signup/"):
        assert client.get(address).status_code in (302, 403, 404)
    assert client.post("/login/closed/", {"username": "mallory", "password1": "x" * 20}).status_code == 403


def test_the_admin_uses_the_same_login(client, charlie, alice, log_in):
    assert client.get("/admin/").url.startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/").url == "/login/?next=%2Fadmin%2F"
    assert log_in(next="/admin/").url == "/admin/"
    assert client.get("/admin/", follow=True).status_code == 403
    client.logout()
    log_in("charlie", "charlie-password")
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/").url == "/settings/security/password/"


# Addresses of buttons


def find_addresses(patterns=None, prefix="/"):
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern).replace("<id:pk>", "1").replace("<slug:name>", "itemtable")
        elif str(pattern.pattern) not in {"admin/", "api/v1/"}:
            yield from find_addresses(pattern.url_patterns, prefix + str(pattern.pattern))


def test_every_address_that_answers_405_is_that_of_a_button_on_a_page(browser):
    assert isinstance(get_resolver().url_patterns[0], URLResolver)
    buttons = 0
    for address in find_addresses():
        address = address.replace("<slug:key>", "0a1b").replace("<id:correction>", "1")
        if "<" in address or address == "/logout/":
            continue
        if browser.get(address).status_code == 405:
            buttons += 1
            assert is_button(address), address
            assert browser.get(find_page(address)).status_code != 405
    assert buttons > 20


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/uploads/5/start/", "/uploads/5/"),
        ("/uploads/5/edits/3/undo/", "/uploads/5/"),
        ("/items/suppress/", "/items/"),
        ("/suppressions/7/remove/", "/suppressions/"),
        ("/sending-blocks/3/unblock/", "/"),
        ("/uploads/?status=running", "/uploads/?status=running"),
        ("/no-such-page/", "/no-such-page/"),
    ],
)
def test_the_address_of_a_button_leads_to_its_page(address, page):
    assert find_page(address) == page


def test_a_button_that_is_pressed_after_the_session_has_ended_leads_back_to_its_page(
    client, alice, make_upload, log_in
):
    alice.groups.add(get_role(Role.MEMBER))
    upload = make_upload(people(12))
    login = client.post(f"/uploads/{upload.pk}/start/").url
    assert log_in(next=login.partition("next=")[2]).url == f"/uploads/{upload.pk}/"


def test_a_form_without_a_valid_token_says_what_to_do(alice):
    client = Client(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "alice", "password": "alice-password"})
    assert response.status_code == 403
    assert b"You were away too long. Reload the page and try again." in response.content
    assert b"css/components.css" in response.content


# The address of the caller


@pytest.mark.parametrize(
    ("forwarded", "remote", "address"),
    [
        ("", "127.0.0.1", "127.0.0.1"),
        ("198.51.100.7", "127.0.0.1", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 127.0.0.1", "", "198.51.100.7"),
        ("nonsense, <script>", "127.0.0.1", "127.0.0.1"),
        ("nonsense", "", None),
        ("2001:db8::7", "::1", "2001:db8::7"),
        ("::ffff:198.51.100.7", "", "198.51.100.7"),
        # The pages' socket
        ("203.0.113.9, 198.51.100.7", "/var/pages.sock", "198.51.100.7"),
        # Some proxies add the port.
        ("203.0.113.9, 198.51.100.7:4711", "127.0.0.1", "198.51.100.7"),
        ("[2001:db8::7]:4711", "127.0.0.1", "2001:db8::7"),
        # If a proxy has written a word in place of an address, everything before that word may be invented.
        ("203.0.113.9, unknown", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_only_addresses_that_our_own_proxies_have_written_are_believed(forwarded, remote, address):
    assert find_address({"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": remote}) == address


# Roles


def test_a_user_without_a_role_is_told_whom_to_ask(django_user_model, charlie):
    dora = django_user_model.objects.create_user("dora", password="dora-password")
    assert not has_role(dora)
    assert has_role(charlie)
    request = RequestFactory().get("/")
    request.user = dora
    response = forbidden(request, PermissionDenied())
    assert response.status_code == 403
    assert b"You have no role yet. Ask an administrator: charlie." in response.content
