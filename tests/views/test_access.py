"""Every page needs a login, and some pages and actions need more."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.rights import Role
from batches.models import SendingBlock
from tests.factories import people
from webhooks.models import UnmatchedDelivery

pytestmark = pytest.mark.django_db
OPEN_PAGES = {"healthz", "livez", "readyz", "metrics", "welcome", "welcome-first"}
OPEN_PREFIXES = ("login/", "logout/", "^login/", "oidc/")
"""The addresses that users visit while they log in or out."""


def find_protected_patterns(patterns=None):
    """Yield the URL patterns of all pages that need a login, except for those of the admin and the API."""
    for pattern in patterns or get_resolver().url_patterns:
        is_open = str(pattern.pattern).startswith(OPEN_PREFIXES)
        if isinstance(pattern, URLPattern) and pattern.name not in OPEN_PAGES and not is_open:
            yield pattern
        elif isinstance(pattern, URLResolver) and str(pattern.pattern) not in {"admin/", "api/v1/"}:
            yield from find_protected_patterns(pattern.url_patterns)


@pytest.mark.parametrize("pattern", list(find_protected_patterns()), ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_asks_for_a_login(client, pattern, method):
    address = "/" + str(pattern.pattern).replace("<id:pk>", "1").replace("<slug:name>", "itemtable")
    address = (
        address.replace("<path:rest>", "1/")
        .replace("<slug:key>", "0a1b")
        .replace("<id:correction>", "1")
        .replace("<id:message>", "1")
        .replace("<slug:link>", "0a1b")
    )
    response = getattr(client, method)(address)
    assert (response.status_code, response.url) == (302, f"/login/?next={address}")


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/uploads/",
        "/uploads/new/",
        "/uploads/1/",
        "/batches/",
        "/batches/1/",
        "/items/",
        "/items/1/",
        "/uploads/1/columns/",
        "/uploads/1/file/",
        "/uploads/1/history/",
        "/uploads/1/export/choose/",
        "/uploads/1/scorecard/",
        "/scorecards/",
        "/reconciliation/",
        "/find/?q=ada",
        "/exports/",
        "/exports/layouts/",
        "/exports/layouts/new/",
        "/tokens/",
        "/unmatched/",
        "/notices/",
        "/settings/",
    ],
)
def test_every_page_is_shown_and_has_a_content_security_policy(browser, start_upload, address):
    upload = start_upload(12)
    batch, item = upload.batches.get(), upload.items.first()
    address = address.replace("uploads/1", f"uploads/{upload.pk}").replace("batches/1", f"batches/{batch.pk}")
    response = browser.get(address.replace("items/1", f"items/{item.pk}"), follow=True)
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert b"<script>" not in response.content
    assert b" style=" not in response.content


@pytest.mark.parametrize("action", ["start", "pause", "resume", "cancel"])
def test_actions_refuse_get_requests(browser, make_upload, action):
    upload = make_upload(people(12))
    assert browser.get(f"/uploads/{upload.pk}/{action}/").status_code == 405


def test_forms_need_a_csrf_token(alice, make_upload):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(f"/uploads/{make_upload(people(12)).pk}/start/").status_code == 403


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMINISTRATOR])
def test_only_leads_and_administrators_can_unblock_sending(client, make_user, role):
    block = SendingBlock.objects.create(reason="The vendor does not accept the API key")
    client.force_login(make_user("erin", Role.MEMBER))
    assert b"A lead or administrator can unblock sending" in client.get("/").content
    assert client.post(f"/sending-blocks/{block.pk}/unblock/").status_code == 403
    block.refresh_from_db()
    assert block.unblocked_at is None
    user = make_user("dana", role)
    client.force_login(user)
    assert b"Unblock sending" in client.get("/").content
    client.post(f"/sending-blocks/{block.pk}/unblock/")
    block.refresh_from_db()
    assert block.unblocked_by == user
    assert block.unblocked_at


def test_the_admin_shows_unmatched_deliveries(client, charlie):
    delivery = UnmatchedDelivery.objects.create(kind="item", token="t", reason="The body is not JSON.", body=b"\xff<b>")
    client.force_login(charlie)
    assert client.get("/admin/webhooks/unmatcheddelivery/", {"q": "JSON"}).status_code == 200
    assert b"&lt;b&gt;" in client.get(f"/admin/webhooks/unmatcheddelivery/{delivery.pk}/change/").content


def test_superusers_see_the_queues(client, charlie, browser, alice):
    assert browser.get("/admin/django_rq/dashboard/").status_code == 302
    client.force_login(charlie)
    assert b"vendor" in client.get("/admin/django_rq/dashboard/").content


def test_the_name_is_kept_after_a_wrong_password(client, alice):
    response = client.post("/login/", {"username": 'al"ice', "password": "wrong"})
    page = " ".join(response.content.decode().split())
    assert "The user name or password is wrong." in page
    assert 'value="al&quot;ice"' in page
    assert 'type="password" name="password" id="id_password" autocomplete="current-password" autofocus' in page
    empty_form = " ".join(client.get("/login/").content.decode().split())
    assert 'name="username" value="" id="id_username" autocomplete="username" autofocus' in empty_form
