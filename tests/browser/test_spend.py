"""The Spend page in a real browser: its table of days, its periods without a script, and budgets."""

import re

import pytest

from tests.support.browsing import browse
from tests.support.portal import ROOT


@pytest.fixture(scope="module")
def _spent(portal):
    """Trace a list, so that something was spent today."""
    sample = ROOT / "static" / "sample.csv"
    portal.trace_completely(sample, "--name", "Leads that cost", "--look-back", "0")


@pytest.mark.usefixtures("_spent")
def test_the_chart_has_its_numbers_as_a_table(page):
    page.goto("/spend/?by=list")
    assert page.get_by_role("img", name=re.compile("Spend per day, at most")).is_visible()
    page.get_by_text("The same as a table").click()
    assert page.locator("details[open] table tbody tr").count() >= 1
    page.get_by_role("link", name="Leads that cost").first.click()
    page.get_by_role("heading", name="Leads that cost").wait_for()


@pytest.mark.usefixtures("_spent")
@pytest.mark.parametrize("width", [360, 1280])
def test_periods_and_groups_are_links_that_need_no_script(chromium, portal, width):
    with browse(chromium, portal, java_script_enabled=False, viewport={"width": width, "height": 800}) as page:
        page.goto("/spend/")
        page.get_by_role("navigation", name="Group by").get_by_role("link", name="Uploaded by").click()
        page.get_by_role("navigation", name="Period").get_by_role("link", name="Custom").click()
        page.get_by_label("From").fill("2020-01-01")
        page.get_by_label("To", exact=True).fill("2021-01-01")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("Jan 1, 2020 to Jan 1, 2021").wait_for()
        page.wait_for_load_state()
        assert page.url.endswith("by=uploader&since=2020-01-01&until=2021-01-01")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_budget_is_set_and_removed(page, portal):
    portal.do("from accounts.models import Team; Team.objects.get_or_create(name='Budget testers')")
    page.goto("/spend/")
    page.get_by_role("link", name="Set a budget for Budget testers").click()
    page.get_by_label("Budget a month").fill("250")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="Budget testers")
    row.get_by_role("link", name=re.compile("Change.*Budget testers")).click()
    page.get_by_label("Budget a month").fill("")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Set a budget for Budget testers").wait_for()
