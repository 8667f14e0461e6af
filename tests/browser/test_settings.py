"""Users choose a theme, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsing import browse

GROUND = "getComputedStyle(document.body).backgroundColor"
WHITE = "rgb(255, 255, 255)"


@pytest.fixture(autouse=True)
def _system_theme(portal):
    """Return to the theme of the system after each test."""
    yield
    portal.do("from accounts.models import Profile; Profile.objects.update(theme='')")


def test_a_theme_is_switched_at_once_and_kept(page):
    page.emulate_media(color_scheme="light")
    page.goto("/settings/")
    assert page.evaluate(GROUND) == WHITE
    page.locator("#own-menu summary").click()
    menu = page.locator("#own-menu [data-theme-form]")
    with page.expect_response(lambda response: response.url.endswith("/settings/theme/")):
        menu.get_by_role("button", name="Dark").click()
    assert page.evaluate(GROUND) != WHITE
    assert menu.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    page.goto("/uploads/")
    assert page.evaluate(GROUND) != WHITE


def test_a_theme_is_chosen_without_javascript(chromium, portal):
    with browse(chromium, portal, java_script_enabled=False, color_scheme="light") as page:
        page.goto("/settings/")
        page.locator("main").get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.locator("main").get_by_role("button", name="System").click()
        expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile(""))
