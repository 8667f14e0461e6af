"""Wait for the right moment for an act, and raise Missed if it does not come."""

from tests.faults.environment import wait_for

MAX_WAIT = 60
"""Seconds that an act waits for its moment."""


class Missed(Exception):
    """An act did not happen: no suitable moment came, or a program that it needs is not installed.

    The run then does not count for the act's case.
    """


def wait_for_moment(condition, pause=0.02):
    if not wait_for(condition, MAX_WAIT, pause):
        raise Missed


def wait_for_load(vendor, min_delivered=1):
    """Wait until the vendor has delivered some answers and has more to deliver."""
    wait_for_moment(lambda: is_under_load(vendor, min_delivered))


def is_under_load(vendor, min_delivered=1):
    totals = vendor.books()
    delivered = sum(batch["delivered"] for batch in totals)
    return min_delivered <= delivered < sum(batch["received"] for batch in totals)
