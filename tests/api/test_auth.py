"""Every endpoint of the API requires a token, and every error is in JSON."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, AuditKind
from accounts.rights import MEMBER_RIGHTS, Right, RightMissing
from api import auth, routes
from api.models import ApiToken, Scope, digest
from tests.api.conftest import Caller, give

pytestmark = pytest.mark.django_db
_DOCUMENT, _DOCUMENT_PAGE, *ENDPOINTS, _ROOT, _NOT_FOUND = routes.urlpatterns
ADDRESSES = ["/api/v1/" + str(pattern.pattern).replace("<id:pk>", "1") for pattern in ENDPOINTS]
POST_ENDPOINTS = {"check", "stale", "refresh", "start", "pause", "resume", "cancel", "outcomes", "lift"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_endpoint_requires_a_token(client, address):
    method = client.post if address.rsplit("/", 1)[1] in POST_ENDPOINTS else client.get
    response = method(address)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert "You can create tokens at /tokens/" in response.json()["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xe9\xe9", "nonsense"])
def test_a_header_without_a_valid_token_is_refused(db, header):
    assert Client(headers={"Authorization": header}).get("/api/v1/uploads").status_code == 401


def test_a_login_does_not_replace_a_token(browser):
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
    stored, secret = token
    assert secret not in str(vars(stored))
    assert secret.startswith(stored.beginning)
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
    response = Client().get(f"/api/v1/{page}", headers={"Accept": "text/html"})
    assert (response.status_code, response.url) == (302, f"/login/?next=/api/v1/{page}")


@pytest.mark.parametrize(
    "address", ["/nothing", "/uploads/1234567890", "/uploads/x", "/uploads/99", "/items/99", "/", "/a%0Ab"]
)
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


# What a token may do


SCOPE_OF = {
    ("get", "/uploads"): "read",
    ("post", "/uploads"): "upload",
    ("get", "/uploads/{pk}"): "read",
    ("patch", "/uploads/{pk}"): "upload",
    ("get", "/uploads/{pk}/batches"): "read",
    ("post", "/uploads/{pk}/check"): "upload",
    ("post", "/uploads/{pk}/stale"): "upload",
    ("post", "/uploads/{pk}/refresh"): "start",
    ("post", "/uploads/{pk}/start"): "start",
    ("post", "/uploads/{pk}/pause"): "start",
    ("post", "/uploads/{pk}/resume"): "start",
    ("post", "/uploads/{pk}/cancel"): "start",
    ("get", "/uploads/{pk}/export"): "export",
    ("get", "/uploads/{pk}/exports"): "read",
    ("get", "/uploads/{pk}/items"): "contacts",
    ("get", "/find"): "contacts",
    ("get", "/items/{pk}"): "contacts",
    ("post", "/outcomes"): "calls",
    ("get", "/do-not-contact"): "contacts",
    ("post", "/do-not-contact"): "calls",
    ("post", "/do-not-contact/{pk}/lift"): "calls",
}
RIGHT_OF = {
    "read": Right.SEE_LISTS,
    "contacts": Right.SEE_CONTACTS,
    "upload": Right.UPLOAD,
    "start": Right.START,
    "export": Right.EXPORT,
    "calls": Right.SUPPRESS,
}


REFRESH = ("post", "/uploads/{pk}/refresh")
"""The operation that needs another right than the others of its scope: to decide."""


def call(secret, method, path):
    caller = Caller(secret)
    return getattr(caller, f"api_{method}")(path.replace("{pk}", "1"))


def test_the_document_names_the_scope_of_every_operation(caller):
    paths = caller.api_get("/openapi.json").json()["paths"]
    assert {
        (method, path.removeprefix("/api/v1")): operation["x-required-scope"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    } == SCOPE_OF


@pytest.mark.parametrize(("method", "path"), SCOPE_OF)
def test_an_operation_needs_its_scope(alice, method, path):
    scope = SCOPE_OF[method, path]
    give(alice, Right.DECIDE)
    _, without = ApiToken.objects.create_with_secret(alice, "x", scopes=set(Scope.values) - {scope})
    response = call(without, method, path)
    assert response.status_code == 403
    assert response.json()["detail"] == f"This token lacks the scope “{scope}”. Create another token at /tokens/."
    _, with_it = ApiToken.objects.create_with_secret(alice, "x", scopes=[scope])
    assert call(with_it, method, path).status_code in (200, 404, 422)


@pytest.mark.parametrize(("method", "path"), SCOPE_OF)
def test_a_token_can_do_no_more_than_its_user(alice, token, method, path):
    _, secret = token
    right = Right.DECIDE if (method, path) == REFRESH else RIGHT_OF[SCOPE_OF[method, path]]
    alice.user_permissions.set([])
    give(alice, *set(MEMBER_RIGHTS) - {right})
    response = call(secret, method, path)
    assert (response.status_code, response.json()) == (403, {"detail": str(RightMissing(right))})


def test_a_right_that_is_found_missing_below_the_endpoint_is_named(caller, monkeypatch):
    def refuse(_):
        raise RightMissing(Right.DECIDE)

    monkeypatch.setattr("api.uploads.serialize_uploads", refuse)
    response = caller.api_get("/uploads")
    assert (response.status_code, response.json()) == (403, {"detail": str(RightMissing(Right.DECIDE))})


def test_an_expired_token_is_refused_with_its_date(caller, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=89))
    assert caller.api_get("/uploads").status_code == 200
    time_machine.move_to(timezone.now() + timedelta(days=2))
    for path in ("/uploads", "/openapi.json"):
        response = caller.api_get(path)
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
        assert response.json()["detail"].startswith("This token expired on 20")


def test_a_token_ends_when_its_users_password_changes_if_that_was_chosen(alice):
    _, bound = ApiToken.objects.create_with_secret(alice, "x")
    _, free = ApiToken.objects.create_with_secret(alice, "x", ends_with_password=False)
    alice.set_password("another-password")
    alice.save()
    response = Caller(bound).api_get("/uploads")
    assert response.status_code == 401
    assert response.json()["detail"].startswith("This token ended when its user's password changed.")
    assert Caller(free).api_get("/uploads").status_code == 200


def test_a_new_secret_key_with_the_old_one_as_fallback_ends_no_token(caller, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key"
    assert caller.api_get("/uploads").status_code == 200


# How often a token may be used


def test_too_many_calls_are_refused_until_the_next_minute(caller, charlie, settings, time_machine):
    settings.API_RATE = 3
    time_machine.move_to(timezone.now().replace(second=20, microsecond=0), tick=False)
    assert [caller.api_get("/uploads").status_code for _ in range(4)] == [200, 200, 200, 429]
    response = caller.api_get("/uploads")
    assert response["Retry-After"] == "40"
    assert response.json() == {"detail": "Too many calls. Wait 40 s, and send fewer per minute."}
    assert caller.api_get("/openapi.json").status_code == 429
    _, other = ApiToken.objects.create_with_secret(charlie, "x")
    assert Caller(other).api_get("/uploads").status_code == 200
    time_machine.shift(40)
    assert caller.api_get("/uploads").status_code == 200


def test_a_rate_of_0_means_no_limit(caller, settings):
    settings.API_RATE = 0
    assert {caller.api_get("/uploads").status_code for _ in range(5)} == {200}


def test_wrong_tokens_are_limited_by_address_but_valid_ones_still_work(caller, monkeypatch, stopped_time):
    monkeypatch.setattr(auth, "WRONG_TOKENS_PER_MINUTE", 2)
    assert [Caller("wrong").api_get("/uploads").status_code for _ in range(3)] == [401, 401, 429]
    assert caller.api_get("/uploads").status_code == 200
    assert Caller("wrong", REMOTE_ADDR="203.0.113.7").api_get("/uploads").status_code == 401


# The page of tokens


CHOICES = {"name": "Nightly run", "scopes": ["read", "export"], "days": "30", "ends_with_password": "on"}


def test_scopes_and_expiry_are_chosen_shown_and_recorded(browser, alice):
    assert browser.post("/tokens/", CHOICES).status_code == 201
    token = ApiToken.objects.get()
    assert token.scope_list == ["read", "export"]
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=31)
    assert token.session_hash
    page = browser.get("/tokens/").content.decode()
    assert "See lists and batches" in page
    assert "or when your password changes" in page
    entry = AuditEntry.objects.get()
    assert (entry.kind, entry.user) == (AuditKind.TOKEN_CREATED, alice)
    assert "read export" in entry.detail
    assert "Nightly" not in entry.detail


@pytest.mark.parametrize("change", [{"scopes": []}, {"scopes": ["all"]}, {"days": "36500"}, {"name": ""}])
def test_an_invalid_token_is_not_created(browser, change):
    assert browser.post("/tokens/", CHOICES | change).status_code == 422
    assert not ApiToken.objects.exists()


def test_tokens_that_have_ended_are_shown_as_such(browser, alice):
    ApiToken.objects.create_with_secret(alice, "Old", days=0)
    ApiToken.objects.create_with_secret(alice, "Bound")
    ApiToken.objects.filter(name="Bound").update(session_hash="x")
    page = browser.get("/tokens/").content.decode()
    assert "expired</span>" in page
    assert "ended: your password has changed" in page
    assert "Revoke" not in page


def test_tokens_from_earlier_versions_keep_working_and_the_page_says_that_they_never_expire(browser, caller, token):
    assert "never expire" not in browser.get("/tokens/").content.decode()
    stored, _ = token
    with connection.cursor() as cursor:
        # This is what an earlier version does, which does not know the new columns.
        cursor.execute(
            "INSERT INTO api_apitoken (user_id, name, digest, beginning, created_at) "
            "VALUES (%s, 'Old', %s, 'abcdef', %s)",
            [stored.user_id, digest("abcdef"), timezone.now()],
        )
    old = ApiToken.objects.get(name="Old")
    assert (set(old.scope_list), old.expires_at, old.session_hash) == (set(Scope.values) - {Scope.CALLS}, None, "")
    assert "never expire" in browser.get("/tokens/").content.decode()
    assert Caller("abcdef").api_get("/uploads").status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_makes_the_same_number_of_queries_for_any_number_of_tokens(
    browser, alice, count, django_assert_num_queries
):
    for number in range(count):
        ApiToken.objects.create_with_secret(alice, f"token{number}")
    browser.get("/tokens/")
    with django_assert_num_queries(9):
        browser.get("/tokens/")


def test_a_token_is_created_and_its_secret_shown_once(browser, alice):
    page = browser.post("/tokens/", CHOICES)
    secret = page.context["secret"]
    assert page.status_code == 201
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert Caller(secret).api_get("/uploads").status_code == 200
    page = browser.get("/tokens/").content.decode()
    assert secret not in page
    assert "Nightly run" in page


def test_users_can_see_and_revoke_only_their_own_tokens(browser, charlie, token):
    own, _ = token
    other, _ = ApiToken.objects.create_with_secret(charlie, "Charlie's")
    assert "Charlie" not in browser.get("/tokens/").content.decode()
    assert browser.post(f"/tokens/{other.pk}/revoke/").status_code == 404
    assert browser.post(f"/tokens/{own.pk}/revoke/").status_code == 302
    assert list(ApiToken.objects.valid()) == [other]
    assert browser.post(f"/tokens/{own.pk}/revoke/").status_code == 302
    assert AuditEntry.objects.get().kind == AuditKind.TOKEN_REVOKED


def test_staff_can_see_and_revoke_all_tokens(client, charlie, token):
    client.force_login(charlie)
    stored, _ = token
    address = reverse("admin:api_apitoken_changelist")
    assert "Nightly run" in client.get(address, {"q": "alice"}).content.decode()
    client.post(address, {"action": "revoke", "_selected_action": [stored.pk]})
    assert not ApiToken.objects.valid().exists()
    assert AuditEntry.objects.get().user == charlie
    assert client.get(reverse("admin:api_apitoken_add")).status_code == 403
