"""Dates in the user's time zone."""

from datetime import UTC, datetime

import pytest

from batches.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(browser, start_upload):
    """Load the page of lists, with a list uploaded at 01:30 on the first of May in UTC."""
    start_upload(12)
    Upload.objects.update(created_at=datetime(2026, 5, 1, 1, 30, tzinfo=UTC))

    def load_page(**cookies):
        browser.cookies.load({name.replace("_", "-"): value for name, value in cookies.items()})
        return browser.get("/uploads/").content.decode()

    return load_page


def test_dates_are_in_utc_if_no_zone_is_known(page):
    assert "May 1, 01:30" in page()


def test_dates_are_in_the_browsers_zone(page):
    assert "Apr 30, 20:30" in page(browser_zone="America/Chicago")


def test_the_chosen_zone_overrides_the_zone_of_the_browser(page):
    assert "May 1, 03:30" in page(zone="Europe/Berlin", browser_zone="America/Chicago")


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "../../etc/passwd", "a" * 4000])
def test_an_unknown_zone_is_ignored(page, zone):
    assert "Apr 30, 20:30" in page(zone=zone, browser_zone="America/Chicago")


def test_a_live_part_is_not_shared_between_zones(browser, page):
    page(browser_zone="America/Chicago")
    part = browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
    page(browser_zone="Europe/Berlin")
    assert part != browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
