"""Two portals for all browser tests, each with its own Chromium and worker.

Tests share the portals and run in any order. Each creates what it needs under a unique name, and checks only that.
"""

import pytest

from tests.support.browsing import browse, run_chromium
from tests.support.portal import run_portal
from tests.support.tour import fill_portal


@pytest.fixture(scope="package")
def chromium():
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def portal(tmp_path_factory):
    """A portal in which nothing changes except what a test starts."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


@pytest.fixture(scope="package")
def busy_portal(tmp_path_factory):
    """A portal with lists in all states, two of which run for minutes; `addresses` maps page names to addresses."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        portal.addresses = fill_portal(portal)
        yield portal


@pytest.fixture
def page(chromium, portal):
    with browse(chromium, portal) as page:
        yield page


@pytest.fixture
def page_with_own_login(chromium, portal):
    """A separate session for tests that log out."""
    with browse(chromium, portal, login=portal.login()) as page:
        yield page
