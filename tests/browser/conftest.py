"""Two portals for all tests in a browser, and a Chromium for each: each on a worker of its own.

Tests share the portals, in any order: each makes what it needs, under a name of its own, and looks at that alone.
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
    """A portal where nothing moves but what a test starts."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        yield portal


@pytest.fixture(scope="package")
def busy_portal(tmp_path_factory):
    """A portal with lists in all states, two of which run for minutes; `addresses` are its pages by name."""
    with run_portal(tmp_path_factory.mktemp("p") / "v") as portal:
        portal.addresses = fill_portal(portal)
        yield portal


@pytest.fixture
def page(chromium, portal):
    with browse(chromium, portal) as page:
        yield page


@pytest.fixture
def page_with_own_login(chromium, portal):
    """For whoever logs out: the others' session goes on."""
    with browse(chromium, portal, login=portal.login()) as page:
        yield page
