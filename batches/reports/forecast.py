"""PURE: when lists will be done, and how that is said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """A list that runs.

    How urgent it is (less is sooner), and how many of it are done, are not, and are with the vendor meanwhile.
    """

    priority: int
    done: int
    pending: int
    in_flight: int = 0


def forecast(runs, per_second):
    """For each of Runs the seconds until it is done if results go on coming so quickly; None if none come.

    Urgent lists go before all others, and next of one kind is the one that has had least (`dispatch`). So one is done
    when those that are more urgent are, and when each of its own kind has had as much as it will have had. Who is with
    the vendor already is overtaken by nobody.
    """
    return [wait_for(run, runs) / per_second if per_second > 0 else None for run in runs]


def wait_for(run, runs):
    """How many results come until a run is done."""
    level = run.done + run.pending
    urgent = sum(other.pending for other in runs if other.priority < run.priority)
    alike = [other for other in runs if other.priority == run.priority]
    wait = urgent + sum(min(other.pending, max(0, level - other.done)) for other in alike)
    return min(wait, sum(other.in_flight for other in runs)) if run.in_flight >= run.pending else wait


def say_seconds(seconds):
    """Format a length of time as coarsely as it is certain, so that it stands still while nothing changes."""
    if seconds < 60:
        return f"about {max(5, 5 * round(seconds / 5))} seconds"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    hours, quarters = divmod(round(minutes / 15), 4)
    if hours < 48:
        return f"about {hours} h{f' {15 * quarters} min' if quarters else ''}"
    return f"about {round(hours / 24)} days"
