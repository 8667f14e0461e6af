"""Wait for the right moment for an act, and fail if it does not come."""

from tests.faults.environment import wait_for

MAX_WAIT = 60
"""Seconds that an act waits for its moment."""


class Missed(Exception):
    """There was no suitable moment for an act. The run does not count for its case."""


def wait_for_moment(condition, pause=0.02):
    if not wait_for(condition, MAX_WAIT, pause):
        raise Missed


def wait_for_load(vendor, answers=1):
    """Wait until results are arriving and more are to come."""
    wait_for_moment(lambda: is_under_load(vendor, answers))


def is_under_load(vendor, answers=1):
    books = vendor.books()
    return answers <= sum(book["delivered"] for book in books) < sum(book["received"] for book in books)
