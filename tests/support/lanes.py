"""A pytest plugin that sorts tests into lanes. It is loaded with -p.

The lanes `browser` and `end_to_end` are folders. Of the other tests, those that may use the database are in the lane
`unit`, and all others are in the lane `pure`. Pure tests are the same on both databases, and so are pages in a browser:
--skip-lane leaves such a lane out of one of the two runs. Tests that share processes stay on one worker.
"""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent.parent
FOLDER_LANES = ["browser", "end_to_end"]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
PORTAL_PER_FILE = ["tests/end_to_end/test_whole_way.py", "tests/end_to_end/test_processes.py"]
"""Files of end-to-end tests. The tests of each file share one portal."""
BUSY_PORTAL = [f"tests/browser/test_{name}.py" for name in ("list_page", "live", "quality", "tour")]
"""Browser tests that use the busy portal. All others use the quiet one."""
SLOWEST_FIRST = ["end_to_end", "browser", "unit", "pure"]
"""The order of the lanes. Slow lanes come first, so that no worker waits for them at the end."""


def pytest_addoption(parser):
    parser.addoption(
        "--skip-lane",
        action="append",
        default=[],
        choices=SLOWEST_FIRST,
        help="Leave a lane of tests out. May be given more than once.",
    )


def find_lane(item) -> str:
    """Return the name of the lane that a test belongs to."""
    folder = item.path.relative_to(TESTS).parts[0]
    is_pure = item.get_closest_marker("django_db") is None and DATABASE_FIXTURES.isdisjoint(item.fixturenames)
    if folder in FOLDER_LANES:
        # Slow lanes run first, and a transactional test deletes what migrations have stored.
        assert is_pure, f"{item.nodeid} must use a portal's database, not that of the tests."
        return folder
    return "pure" if is_pure else "unit"


def pytest_itemcollected(item):
    item.add_marker(find_lane(item))


class SharedProcesses(LoadScopeScheduling):
    """Keep tests that share processes on one worker; any other test goes to whichever worker is free."""

    def _split_scope(self, nodeid):
        path, _, _ = nodeid.partition("::")
        if path in BUSY_PORTAL:
            return "busy portal"
        if path.startswith("tests/browser/"):
            return "quiet portal"
        return path if path in PORTAL_PER_FILE else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return SharedProcesses(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    skipped = [item for item in items if find_lane(item) in config.getoption("skip_lane")]
    kept = [item for item in items if find_lane(item) not in config.getoption("skip_lane")]
    config.hook.pytest_deselected(items=skipped)
    # The sort is stable: the order within a lane remains random.
    items[:] = sorted(kept, key=lambda item: SLOWEST_FIRST.index(find_lane(item)))
