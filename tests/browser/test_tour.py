"""Accessibility, width and use without JavaScript of every page, also on a phone and at 200% zoom."""

import os
import shutil
import subprocess

import pytest

from tests.support.browsing import browse, log_in
from tests.support.portal import ROOT
from tests.support.tour import PAGES

AXE_DIRECTORY = ROOT / "tests" / "axe"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW, ZOOMED, WIDE = ({"width": width, "height": 800} for width in (360, 640, 1280))
"""A phone, 1280 pixels at 200% zoom, and a desktop."""
FIND_VIOLATIONS = """async (standards) => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: standards}});
    const show = (node) => node.html.slice(0, 160);
    return found.violations.map((each) => `${each.id}: ${each.nodes.map(show).join(" | ")}`);
}"""


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core, from npm."""
    script = AXE_DIRECTORY / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if not shutil.which("npm") and "CI" not in os.environ:
            pytest.skip("npm is not installed (Debian: apt install npm)")
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=AXE_DIRECTORY, check=True)
    return script.read_text()


@pytest.fixture(scope="module")
def portal(busy_portal):
    return busy_portal


@pytest.fixture(scope="module")
def addresses(portal):
    return portal.addresses


@pytest.fixture(scope="module")
def tour_page(chromium, portal):
    """One page for the whole tour. Its console is checked elsewhere, because here pages are left half loaded."""
    with browse(chromium, portal, expected="", viewport=WIDE) as page:
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible(tour_page, addresses, axe, name):
    assert find_violations(tour_page, addresses[name], axe) == []


def test_the_login_is_accessible(chromium, portal, axe):
    page = chromium.new_page(base_url=portal.address)
    assert find_violations(page, "/login/", axe) == []
    page.close()


def find_violations(page, address, axe):
    found = []
    page.set_viewport_size(WIDE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(address)
        page.evaluate(axe)
        found += [f"{scheme}: {violation}" for violation in page.evaluate(FIND_VIOLATIONS, STANDARDS)]
    return found


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("admin")])
def test_no_page_scrolls_horizontally(tour_page, addresses, name):
    tour_page.set_viewport_size(NARROW)
    tour_page.goto(addresses[name])
    for viewport in (NARROW, ZOOMED, WIDE):
        tour_page.set_viewport_size(viewport)
        assert tour_page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], viewport


def test_every_page_loads_without_javascript(chromium, portal, addresses):
    page = chromium.new_page(base_url=portal.address, java_script_enabled=False)
    log_in(page, portal.login())
    for name, address in addresses.items():
        response = page.goto(address)
        assert response.status == (404 if name == "no such page" else 200), name
        assert page.locator("h1").first.is_visible(), name


def test_the_menu_works_without_javascript(chromium, portal):
    page = chromium.new_page(base_url=portal.address, java_script_enabled=False, viewport=NARROW)
    log_in(page, portal.login())
    page.get_by_role("link", name="Lists", exact=True).click()
    assert page.get_by_role("heading", name="Lists").is_visible()
