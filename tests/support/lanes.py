"""Lanes of tests: a pytest plugin, loaded by -p.

`browser` and `end_to_end` are folders. Of the others, those that may touch the database are in the `unit` lane, and
those that pytest-django keeps from it in the `pure` lane. A pure test is the same on both databases, and so are pages
in a browser: --skip-lane leaves a lane out of one of the two runs. Tests that share processes stay on one worker.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
FOLDERS = ["browser", "end_to_end"]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server"}
SLOWEST_FIRST = ["end_to_end", "browser", "unit", "pure"]
"""The order of the lanes, so that none is waited for at the end."""


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
    lane = find_lane(item)
    item.add_marker(lane)
    if lane == "browser":
        item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    skipped = [item for item in items if find_lane(item) in config.getoption("skip_lane")]
    kept = [item for item in items if find_lane(item) not in config.getoption("skip_lane")]
    config.hook.pytest_deselected(items=skipped)
    # Stable: within a lane the order stays random.
    items[:] = sorted(kept, key=lambda item: SLOWEST_FIRST.index(find_lane(item)))
