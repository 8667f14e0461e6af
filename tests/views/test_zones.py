"""Dates are shown in the user's time zone."""

from datetime import UTC, datetime

import pytest

from batches.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def load_page(browser, start_upload):
    """Return a function that loads the page of lists. The only list was uploaded on May 1 at 01:30 UTC."""
    start_upload(12)
    Upload.objects.update(created_at=datetime(2026, 5, 1, 1, 30, tzinfo=UTC))

    def load(**cookies):
        browser.cookies.load({name.replace("_", "-"): value for name, value in cookies.items()})
        return browser.get("/uploads/").content.decode()

    return load


def test_dates_are_in_utc_if_no_zone_is_known(load_page):
    assert "May 1, 1:30 AM" in load_page()


def test_dates_are_in_the_zone_of_the_browser(load_page):
    assert "Apr 30, 8:30 PM" in load_page(browser_zone="America/Chicago")


def test_the_chosen_zone_overrides_the_zone_of_the_browser(load_page):
    assert "May 1, 3:30 AM" in load_page(zone="Europe/Berlin", browser_zone="America/Chicago")


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "../../etc/passwd", "a" * 4000])
def test_an_unknown_zone_is_ignored(load_page, zone):
    assert "Apr 30, 8:30 PM" in load_page(zone=zone, browser_zone="America/Chicago")


def test_a_live_part_is_not_shared_between_zones(browser, load_page):
    load_page(browser_zone="America/Chicago")
    part = browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
    load_page(browser_zone="Europe/Berlin")
    assert part != browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
