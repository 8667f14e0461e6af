"""Every page is accessible, fits on a phone and at 200% zoom, and loads without JavaScript."""

import os
import shutil
import subprocess

import pytest

from tests.support.browsing import browse, log_in, open_page
from tests.support.portal import ROOT
from tests.support.tour import PAGES

AXE_DIRECTORY = ROOT / "tests" / "axe"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = {"width": 360, "height": 800}
"""The size of a phone."""
ZOOMED = {"width": 640, "height": 800}
"""A desktop's 1,280 pixels at 200% zoom."""
WIDE = {"width": 1280, "height": 800}
"""The size of a desktop."""
FIND_VIOLATIONS = """async (standards) => {
    const results = await axe.run(document, {runOnly: {type: "tag", values: standards}});
    const shorten = (node) => node.html.slice(0, 160);
    return results.violations.map(({id, nodes}) => `${id}: ${nodes.map(shorten).join(" | ")}`);
}"""
WIDEN_TIMES = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        const withDay = text.data.replace(/\\b[A-Z][a-z]{2} \\d{1,2}\\b/g, "Nov 28");
        const widest = withDay.replace(/\\d{1,2}(:\\d{2} [AP]M)/g, "12$1");
        if (widest !== text.data) text.data = widest;
    }
}"""
"""A script that gives each date and time its greatest width, because a page must fit at any time."""
STOP_UPDATES = """document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches("[data-live]")) event.preventDefault();
});"""
"""A script that keeps a page as it was loaded. Otherwise a list that changes could load it again during a check."""


@pytest.fixture(scope="module")
def axe():
    """Return the source of axe-core. Install it with npm first if necessary."""
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
    """Return one page for all tests of this module. Ignore errors on the console: pages are left while they load."""
    with browse(chromium, portal, allowed_errors="", viewport=WIDE) as page:
        page.add_init_script(STOP_UPDATES)
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible(tour_page, addresses, axe, name):
    assert find_violations(tour_page, addresses[name], axe) == []


def test_the_login_page_is_accessible(chromium, portal, axe):
    page = open_page(chromium, portal.address)
    assert find_violations(page, "/login/", axe) == []
    page.context.close()


def find_violations(page, address, axe):
    violations = []
    page.set_viewport_size(WIDE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(address)
        page.evaluate(axe)
        violations += [f"{scheme}: {violation}" for violation in page.evaluate(FIND_VIOLATIONS, STANDARDS)]
    return violations


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("admin")])
def test_no_page_outside_the_admin_scrolls_horizontally(tour_page, addresses, name):
    tour_page.set_viewport_size(NARROW)
    tour_page.goto(addresses[name])
    tour_page.evaluate(WIDEN_TIMES)
    for viewport in (NARROW, ZOOMED, WIDE):
        tour_page.set_viewport_size(viewport)
        assert tour_page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], viewport


def test_every_page_loads_without_javascript(chromium, portal, addresses):
    page = open_page(chromium, portal.address, java_script_enabled=False)
    log_in(page, portal.read_login())
    for name, address in addresses.items():
        response = page.goto(address)
        assert response.status == (404 if name == "no such page" else 200), name
        assert page.locator("h1").first.is_visible(), name
    page.context.close()


def test_the_menu_works_without_javascript(chromium, portal):
    page = open_page(chromium, portal.address, java_script_enabled=False, viewport=NARROW)
    log_in(page, portal.read_login())
    page.locator("#own-menu > summary").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Lists", exact=True).click()
    page.get_by_role("heading", name="Lists").wait_for()
    page.context.close()
