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
