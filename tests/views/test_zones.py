"""Dates in the reader's time zone."""

from datetime import UTC, datetime

import pytest

from batches.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(browser, start_upload):
    """The page of lists, of which one was uploaded at 01:30 on the first of May in UTC."""
    start_upload(12)
    Upload.objects.update(created_at=datetime(2026, 5, 1, 1, 30, tzinfo=UTC))

    def look(**cookies):
        browser.cookies.load({name.replace("_", "-"): value for name, value in cookies.items()})
        return browser.get("/uploads/").content.decode()

    return look


def test_dates_are_in_utc_where_nothing_is_known(page):
    assert "May 1, 01:30" in page()


def test_dates_are_in_the_browsers_zone(page):
    assert "Apr 30, 20:30" in page(browser_zone="America/Chicago")


def test_a_zone_that_was_chosen_counts_before_the_browsers(page):
    assert "May 1, 03:30" in page(zone="Europe/Berlin", browser_zone="America/Chicago")


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "../../etc/passwd", "a" * 4000])
def test_a_zone_that_is_none_is_passed_over(page, zone):
    assert "Apr 30, 20:30" in page(zone=zone, browser_zone="America/Chicago")


def test_a_live_part_is_not_given_to_somebody_in_another_zone(browser, page):
    page(browser_zone="America/Chicago")
    part = browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
    page(browser_zone="Europe/Berlin")
    assert part != browser.get("/uploads/", headers={"HX-Request": "true"}).content.decode()
