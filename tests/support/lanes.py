"""A pytest plugin for lanes of tests, loaded by -p.

`browser` and `end_to_end` are folders. Of the other tests, those that may use the database are in the lane `unit`, and
those that may not are in the lane `pure`. Pure tests are the same on both databases, and so are pages in a browser, so
--skip-lane leaves a lane out of one of the two runs. Tests that share processes stay on one worker.
"""

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent.parent
FOLDERS = ["browser", "end_to_end"]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
ONE_PORTAL = ["tests/end_to_end/test_whole_way.py", "tests/end_to_end/test_processes.py"]
"""Files whose tests share one portal."""
BUSY_PORTAL = ["tests/browser/test_tour.py", "tests/browser/test_live.py"]
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
    folder = item.path.relative_to(TESTS).parts[0]
    if folder in FOLDERS:
        return folder
    is_pure = item.get_closest_marker("django_db") is None and DATABASE_FIXTURES.isdisjoint(item.fixturenames)
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
        return path if path in ONE_PORTAL else nodeid


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
