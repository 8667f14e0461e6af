"""Single sign-on with a real OpenID Connect server, over HTTP."""

import contextlib
import http.server
import threading
import warnings

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from accounts.models import AuditEntry
from notices.models import Notice

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore")]
START = "/oidc/sso/login/"
DORA = {"email": "dora@example.com", "email_verified": True, "preferred_username": "dora"}


@pytest.fixture(scope="module")
def server():
    """Run an OpenID Connect server on this computer, and return its address."""
    with oidc_provider_mock.run_server_in_thread() as running:
        yield f"http://localhost:{running.server_port}"


@pytest.fixture
def configure(settings):
    def configure(address, **others):
        settings.OIDC_URL = address
        for name, value in others.items():
            setattr(settings, name, value)
        details = {"server_url": address, "oauth_pkce_enabled": True}
        app = settings.OIDC_APP | {"client_id": "skipportal", "secret": "a-secret", "settings": details}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}

    return configure


@pytest.fixture
def sign_in(client, server):
    """Return a function that goes to the provider, logs in there with these claims, and comes back."""

    def sign_in(sub="dora-1", claims=DORA, start=START, client=client):
        requests.put(f"{server}/users/{sub}", json=claims, timeout=60).raise_for_status()
        provider = client.get(start).url
        assert provider.startswith(f"{server}/oauth2/authorize")
        assert "code_challenge=" in provider
        back = requests.post(provider, data={"sub": sub}, allow_redirects=False, timeout=60).headers["Location"]
        return client.get(back.removeprefix("http://testserver"), follow=True)

    return sign_in


def test_the_login_has_a_button_only_if_there_is_a_provider(client, configure, server):
    assert b"Single sign-on" not in client.get("/login/").content
    configure(server, OIDC_NAME="Example Corp")
    page = client.get("/login/?next=/uploads/%3Fa%3D1").content.decode()
    assert "Example Corp" in page
    assert 'href="/oidc/sso/login/?next=%2Fuploads%2F%3Fa%3D1"' in page


def test_newcomers_are_told_whom_to_ask_if_no_role_is_configured(configure, server, sign_in):
    configure(server)
    response = sign_in()
    assert b"Ask an administrator to create one for you." in response.content
    assert not User.objects.exists()


def test_newcomers_become_users_and_see_the_page_they_wanted_if_a_role_is_configured(
    configure, server, sign_in, client
):
    configure(server, OIDC_ROLE="Viewer")
    response = sign_in(start=f"{START}?next=/settings/")
    assert response.redirect_chain[-1][0] == "/settings/"
    dora = User.objects.get()
    assert (dora.username, dora.email, dora.has_usable_password()) == ("dora", "dora@example.com", False)
    assert [group.name for group in dora.groups.all()] == ["Viewer"]
    client.post("/logout/")
    sign_in()
    assert User.objects.count() == 1


def test_a_user_with_the_same_address_is_not_taken_over(configure, server, sign_in, django_user_model):
    django_user_model.objects.create_user("theodora", "Dora@example.com", "theodora-password")
    configure(server, OIDC_ROLE="Viewer")
    response = sign_in()
    assert b"You have an account already." in response.content
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1


def test_an_existing_user_with_the_same_name_is_not_taken_over(configure, server, sign_in, django_user_model):
    django_user_model.objects.create_user("dora", password="dora-password")
    configure(server, OIDC_ROLE="Viewer")
    sign_in()
    assert SocialAccount.objects.get().user.username != "dora"


@pytest.mark.parametrize(("is_trusted", "is_verified"), [(True, True), (True, False), (False, True)])
def test_users_are_linked_by_an_address_only_if_it_is_verified_and_the_provider_trusted(
    configure, server, sign_in, django_user_model, is_trusted, is_verified
):
    user = django_user_model.objects.create_user("theodora", "dora@example.com", "theodora-password")
    configure(server, OIDC_TRUST_EMAIL=is_trusted)
    sign_in(claims=DORA | {"email_verified": is_verified})
    assert SocialAccount.objects.filter(user=user).exists() is (is_trusted and is_verified)
    user.refresh_from_db()
    # Whoever has set this password may not be the person that the provider means.
    assert user.has_usable_password() is not (is_trusted and is_verified)


def test_a_user_connects_and_disconnects_the_provider(configure, server, sign_in, client, alice, log_in):
    configure(server)
    log_in()
    response = sign_in(start=f"{START}?process=connect")
    assert response.redirect_chain[-1][0] == "/settings/security/"
    assert b"Connected." in response.content
    client.post("/logout/")
    sign_in()
    assert client.get("/settings/security/").context["user"] == alice
    account = SocialAccount.objects.get(user=alice)
    assert b"Disconnect" in client.get("/settings/security/single-sign-on/").content
    client.post("/settings/security/single-sign-on/", {"account": account.pk})
    assert not SocialAccount.objects.exists()


def test_connecting_the_provider_needs_a_login_and_a_recent_confirmation(
    configure, server, client, alice, log_in, settings
):
    configure(server, REAUTHENTICATION_MINUTES=15)
    start = f"{START}?process=connect"
    assert client.get(start).url.startswith("/login/?next=")
    client.force_login(alice)
    assert client.get(start).url.startswith("/settings/security/confirm/?next=")


def test_connecting_and_disconnecting_are_recorded(configure, server, sign_in, client, alice, log_in):
    configure(server)
    log_in()
    sign_in(start=f"{START}?process=connect")
    client.post("/settings/security/single-sign-on/", {"account": SocialAccount.objects.get().pk})
    details = list(AuditEntry.objects.filter(user=alice, kind="second_factor").values_list("detail", flat=True))
    assert sorted(details) == ["Connected single sign-on", "Disconnected single sign-on"]
    assert "was connected to your account" in Notice.objects.get(user=alice).text


def test_a_user_who_declines_at_the_provider_returns_to_the_login(configure, server, client):
    configure(server)
    provider = client.get(START).url
    back = requests.post(provider, data={"action": "deny"}, allow_redirects=False, timeout=60).headers["Location"]
    response = client.get(back.removeprefix("http://testserver"), follow=True)
    assert b"Single sign-on did not work." in response.content


def test_an_answer_without_a_request_is_refused(configure, server, client):
    configure(server, OIDC_ROLE="Viewer")
    response = client.get("/oidc/sso/login/callback/?code=stolen&state=invented", follow=True)
    assert b"Single sign-on did not work." in response.content
    assert not User.objects.exists()


def test_users_of_single_sign_on_confirm_their_identity_there_only_once(configure, server, sign_in, client, settings):
    configure(server, OIDC_ROLE="Viewer", REAUTHENTICATION_MINUTES=15)
    sign_in()
    assert client.get("/tokens/").status_code == 200
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": 0}]
    session.save()
    address = client.get("/tokens/").url
    assert address == f"{START}?next=%2Ftokens%2F"
    assert sign_in(start=address).status_code == 200
    assert client.get("/tokens/").status_code == 200
    assert client.get("/settings/security/password/", follow=True).status_code == 200


# A provider that is down or answers nonsense


@contextlib.contextmanager
def answer_with(status, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome to nginx!</html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b"null"),
        (200, b'{"authorization_endpoint": 7}'),
        (404, b"{}"),
        (503, b""),
    ],
)
def test_a_provider_that_answers_nonsense_is_reported_on_the_login(configure, client, alice, log_in, status, body):
    with answer_with(status, body) as address:
        configure(address)
        response = client.get(f"{START}?next=/uploads/", follow=True)
    assert response.status_code == 200
    assert b"Single sign-on did not work. Try again in a few minutes, or log in with your password." in response.content
    assert log_in(next="/uploads/").url == "/uploads/"


def test_a_provider_that_is_down_is_reported_on_the_login(configure, client, alice, log_in):
    configure("http://127.0.0.1:9")
    assert b"Single sign-on did not work." in client.get(START, follow=True).content
    assert b"Single sign-on did not work." in client.get(f"{START}callback/?code=1&state=2", follow=True).content
    assert log_in().status_code == 302


def test_unknown_providers_are_not_found(client, configure, server):
    assert client.get(START).status_code == 404
    configure(server)
    assert Client().get("/oidc/other/login/").status_code == 404
