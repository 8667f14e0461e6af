"""Two portals for all browser tests, each with its own Chromium and worker.

Tests share the portals and run in any order. Each creates what it needs under a unique name, and checks only that.
"""

import pytest

from tests.support.browsing import browse, run_chromium
from tests.support.portal import run_portal
from tests.support.tour import fill_portal, make_list, wait_for_results

RUNNING_COUNT = 6_000
"""People in a list that runs while a test looks at it: the vendor needs two minutes for them."""
ENDINGS = ["brook", "crest", "dale", "field", "ford", "land", "mont", "ridge", "ton", "view", "wood", "worth"]
STREETS = iter([f"Oak{ending}" for ending in ENDINGS])
"""One street for each list, because people who were traced before are not sent to the vendor again."""


@pytest.fixture(scope="package")
def chromium():
    with run_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def portal(tmp_path_factory):
    """Return a portal in which nothing changes except what a test starts."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


@pytest.fixture(scope="package")
def busy_portal(tmp_path_factory):
    """Return a portal with lists in all states. `addresses` maps page names to URLs."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        portal.addresses = fill_portal(portal)
        yield portal


@pytest.fixture
def running_list(busy_portal):
    """Start a list, and return its name once results arrive. It runs for as long as a test needs.

    The lists of the tour cannot be used for this, because they may have finished when a test begins. Afterwards the
    list is cancelled, because the next one of the same priority would wait for it.
    """
    street = next(STREETS)
    name = f"{street} owners"
    make_list(busy_portal, name, RUNNING_COUNT, street, "urgent")
    wait_for_results(busy_portal, name)
    yield name
    busy_portal.cancel_list(name)


@pytest.fixture
def page(chromium, portal):
    """Return a page that is logged in as the portal's first user."""
    with browse(chromium, portal) as page:
        yield page


@pytest.fixture
def page_with_own_login(chromium, portal):
    """Return a page in a session of its own, for tests that log out or log in again."""
    with browse(chromium, portal, login=portal.read_login()) as page:
        yield page
