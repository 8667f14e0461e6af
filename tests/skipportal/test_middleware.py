"""Every page is sent with headers that protect it."""

import pytest

from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/items/", "/suppressions/", "/find/?q=ada", "/no-such-page/", "/admin/"])
def test_no_page_is_stored_by_browsers_or_proxies(staff_browser, address):
    assert "no-store" in staff_browser.get(address)["Cache-Control"]
    assert "private" in staff_browser.get(address)["Cache-Control"]


def test_exports_and_responses_of_the_api_are_not_stored(browser, client, make_upload):
    upload = make_upload(people(2))
    for address in (f"/uploads/{upload.pk}/export/", "/login/", "/api/v1/uploads"):
        assert "no-store" in browser.get(address)["Cache-Control"]


def test_scripts_may_not_use_features_that_no_page_needs(browser):
    assert "camera=(), geolocation=()" in browser.get("/")["Permissions-Policy"]


@pytest.mark.parametrize("address", ["/", "/login/", "/api/v1/uploads", "/no-such-page/", "/admin/"])
def test_other_sites_can_neither_load_nor_see_what_is_served(staff_browser, address):
    assert staff_browser.get(address)["Cross-Origin-Resource-Policy"] == "same-origin"
    assert staff_browser.get(address)["Cross-Origin-Opener-Policy"] == "same-origin"
    assert staff_browser.get(address)["X-Content-Type-Options"] == "nosniff"
    assert staff_browser.get(address)["Referrer-Policy"] == "same-origin"


def test_each_request_has_an_id_of_its_own(client):
    first, second = (client.get("/login/")["X-Request-ID"] for _ in range(2))
    assert len(first) == len(second) == 32
    assert first != second


@pytest.mark.parametrize("given", ["202-555-0148", "ada@example.com", "x" * 65, "0123456789abcdef 1", "short", ""])
def test_an_id_that_is_odd_is_replaced(client, given):
    assert client.get("/login/", headers={"X-Request-ID": given})["X-Request-ID"] != given


def test_only_probes_are_answered_under_any_host(client, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "portal.example.com"]
    for address in ("/livez", "/healthz", "/readyz", "/metrics"):
        assert client.get(address, headers={"host": "10.0.0.11:8000"}).status_code == 200, address
    assert client.get("/login/", headers={"host": "10.0.0.11:8000"}).status_code == 400
