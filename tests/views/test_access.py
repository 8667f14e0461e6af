"""Permissions of all pages."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from batches.models import SendingBlock
from tests.factories import people

pytestmark = pytest.mark.django_db
OPEN = {"login", "logout", "healthz", "readyz", "metrics"}


def protected_patterns(patterns=None):
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLPattern) and pattern.name not in OPEN:
            yield pattern
        elif isinstance(pattern, URLResolver) and str(pattern.pattern) not in {"admin/", "api/v1/"}:
            yield from protected_patterns(pattern.url_patterns)


@pytest.mark.parametrize("pattern", list(protected_patterns()), ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_asks_for_a_login(client, pattern, method):
    address = "/" + str(pattern.pattern).replace("<id:pk>", "1").replace("<slug:name>", "itemtable")
    address = address.replace("<path:rest>", "1/").replace("<slug:key>", "0a1b").replace("<id:correction>", "1")
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
def test_actions_refuse_get(browser, make_upload, action):
    upload = make_upload(people(12))
    assert browser.get(f"/uploads/{upload.pk}/{action}/").status_code == 405


def test_forms_need_a_csrf_token(alice, make_upload):
    from django.test import Client  # noqa: PLC0415

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(f"/uploads/{make_upload(people(12)).pk}/start/").status_code == 403


def test_only_staff_unblock_sending(browser, client, charlie):
    block = SendingBlock.objects.create(reason="The vendor does not accept the API key")
    assert b"Staff can unblock sending" in browser.get("/").content
    assert browser.post(f"/sending-blocks/{block.pk}/unblock/").status_code == 403
    block.refresh_from_db()
    assert block.unblocked_at is None
    client.force_login(charlie)
    assert b"Unblock sending" in client.get("/").content
    client.post(f"/sending-blocks/{block.pk}/unblock/")
    block.refresh_from_db()
    assert (block.unblocked_by, block.unblocked_at is None) == (charlie, False)


def test_the_admin_shows_unmatched_deliveries(client, charlie):
    from webhooks.models import UnmatchedDelivery  # noqa: PLC0415

    delivery = UnmatchedDelivery.objects.create(kind="item", token="t", reason="The body is not JSON.", body=b"\xff<b>")
    client.force_login(charlie)
    assert client.get("/admin/webhooks/unmatcheddelivery/", {"q": "JSON"}).status_code == 200
    assert b"&lt;b&gt;" in client.get(f"/admin/webhooks/unmatcheddelivery/{delivery.pk}/change/").content


def test_staff_see_the_queues(client, charlie, browser, alice):
    assert browser.get("/admin/django_rq/dashboard/").status_code == 302
    client.force_login(charlie)
    assert b"vendor" in client.get("/admin/django_rq/dashboard/").content


def test_a_wrong_password_keeps_the_name(client, alice):
    response = client.post("/login/", {"username": 'al"ice', "password": "wrong"})
    page = " ".join(response.content.decode().split())
    assert "Wrong name or password." in page
    assert 'value="al&quot;ice"' in page
    assert 'type="password" name="password" id="id_password" autocomplete="current-password" autofocus' in page
    first = " ".join(client.get("/login/").content.decode().split())
    assert 'name="username" value="" id="id_username" autocomplete="username" autofocus' in first
