"""Estimate when lists will be done. Pure: no database."""

from collections.abc import Sequence
from dataclasses import dataclass

from batches.nouns import noun_for


@dataclass(frozen=True)
class Run:
    """A running list, as the forecast needs it."""

    priority: int
    """A lower number is more urgent."""
    done: int
    pending: int
    in_flight: int = 0
    """How many of the pending people are with the vendor."""


def forecast(runs: Sequence[Run], per_second: float) -> list[float | None]:
    """Return the seconds until each list is done at the current pace, or None if no results arrive.

    This follows the rule by which `dispatch` chooses batches: urgent lists first, and among lists of one priority the
    one that has been sent the fewest people. So a list is done once all more urgent lists are, and once each list of
    its own priority has caught up with it. Nobody overtakes people who are with the vendor already.
    """
    return [results_until_done(run, runs) / per_second if per_second > 0 else None for run in runs]


def results_until_done(run: Run, runs: Sequence[Run]) -> int:
    """Return how many results must arrive until a list is done."""
    level = run.done + run.pending
    urgent = sum(other.pending for other in runs if other.priority < run.priority)
    same_priority = [other for other in runs if other.priority == run.priority]
    wait = urgent + sum(min(other.pending, max(0, level - other.done)) for other in same_priority)
    return min(wait, sum(other.in_flight for other in runs)) if run.in_flight >= run.pending else wait


def format_duration(seconds: float) -> str:
    """Format an estimated duration, rounded so that it does not change all the time."""
    if seconds < 60:
        return f"about {max(5, 5 * round(seconds / 5))} seconds"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} {noun_for(minutes, 'minute')}"
    hours, quarters = divmod(round(minutes / 15), 4)
    if hours < 48:
        return f"about {hours} h{f' {15 * quarters} min' if quarters else ''}"
    return f"about {round(hours / 24)} days"
