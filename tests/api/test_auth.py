"""Authentication: every endpoint requires a token, and answers in JSON."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api import routes
from api.models import ApiToken
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db
PATTERNS = routes.urlpatterns
# Without the document and its page, the root, and addresses that do not exist.
ADDRESSES = ["/api/v1/" + str(pattern.pattern).replace("<id:pk>", "1") for pattern in PATTERNS[2:-2]]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_endpoint_requires_a_token(client, address):
    method = client.post if address.rsplit("/", 1)[1] in {"check", "start", "pause", "resume", "cancel"} else client.get
    response = method(address)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert "You can create tokens at /tokens/" in response.json()["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xe9\xe9", "nonsense"])
def test_other_headers_are_refused(db, header):
    assert Client(headers={"Authorization": header}).get("/api/v1/uploads").status_code == 401


def test_a_login_is_not_enough(browser):
    assert browser.get("/api/v1/uploads").status_code == 401


def test_a_token_gives_access(caller):
    assert caller.api_get("/uploads").json() == {"uploads": [], "next": None}


def test_a_revoked_token_is_refused(caller, token):
    ApiToken.objects.update(revoked_at=timezone.now())
    assert caller.api_get("/uploads").status_code == 401


def test_the_token_of_an_inactive_user_is_refused(caller, alice):
    alice.is_active = False
    alice.save()
    assert caller.api_get("/uploads").status_code == 401


def test_the_secret_is_not_stored(token):
    kept, secret = token
    assert secret not in str(vars(kept))
    assert secret.startswith(kept.beginning)
    assert len(secret) == 43


def test_the_last_use_is_stored_once_per_minute(caller, token, time_machine):
    def last_use():
        return ApiToken.objects.get().last_used_at

    now = timezone.now()
    time_machine.move_to(now, tick=False)
    caller.api_get("/uploads")
    assert last_use() == now
    time_machine.move_to(now + timedelta(seconds=59), tick=False)
    caller.api_get("/uploads")
    assert last_use() == now
    time_machine.move_to(now + timedelta(seconds=61), tick=False)
    caller.api_get("/uploads")
    assert last_use() == now + timedelta(seconds=61)


@pytest.mark.parametrize("page", ["openapi.json", "docs"])
def test_the_document_requires_a_login_or_a_token(client, browser, caller, page):
    assert browser.get(f"/api/v1/{page}").status_code == 200
    assert caller.api_get(f"/{page}").status_code == 200
    assert Client().get(f"/api/v1/{page}").status_code == 401
    asked = Client().get(f"/api/v1/{page}", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.url) == (302, f"/login/?next=/api/v1/{page}")


@pytest.mark.parametrize("address", ["/nothing", "/uploads/1234567890", "/uploads/x", "/uploads/99", "/items/99", "/"])
def test_an_unknown_address_gets_a_json_response(caller, address):
    response = caller.api_get(address)
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


def test_a_wrong_method_gets_a_json_response(caller):
    response = caller.put("/api/v1/uploads")
    assert (response.status_code, set(response["Allow"].split(", "))) == (405, {"GET", "POST"})
    assert response.json() == {"detail": "This address does not allow PUT."}


def test_an_error_reveals_no_details(caller, monkeypatch, caplog):
    def fail(_):
        raise ValueError("Ada Abbott")

    monkeypatch.setattr("api.uploads.serialize_uploads", fail)
    response = caller.api_get("/uploads")
    assert response.status_code == 500
    assert response.json()["detail"].startswith("Something went wrong")
    assert "Abbott" not in caplog.records[0].getMessage()


# The page of tokens


def test_a_token_is_created_and_its_secret_shown_once(browser, alice):
    page = browser.post("/tokens/", {"name": "Nightly run"})
    secret = page.context["secret"]
    assert (page.status_code, secret in page.content.decode()) == (201, True)
    assert "no-store" in page["Cache-Control"]
    assert Caller(secret).api_get("/uploads").status_code == 200
    page = browser.get("/tokens/").content.decode()
    assert secret not in page
    assert "Nightly run" in page


def test_a_token_needs_a_name(browser):
    assert browser.post("/tokens/", {"name": ""}).status_code == 422
    assert not ApiToken.objects.exists()


def test_users_can_see_and_revoke_only_their_own_tokens(browser, charlie, token):
    kept, _ = token
    other, _ = ApiToken.objects.create_with_secret(charlie, "Charlie's")
    assert "Charlie" not in browser.get("/tokens/").content.decode()
    assert browser.post(f"/tokens/{other.pk}/revoke/").status_code == 404
    assert browser.post(f"/tokens/{kept.pk}/revoke/").status_code == 302
    assert list(ApiToken.objects.valid()) == [other]


def test_staff_can_see_and_revoke_all_tokens(client, charlie, token):
    client.force_login(charlie)
    address = reverse("admin:api_apitoken_changelist")
    assert "Nightly run" in client.get(address, {"q": "alice"}).content.decode()
    client.post(address, {"action": "revoke", "_selected_action": [token[0].pk]})
    assert not ApiToken.objects.valid().exists()
    assert client.get(reverse("admin:api_apitoken_add")).status_code == 403
