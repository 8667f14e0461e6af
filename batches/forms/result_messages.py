"""Sentences about the results of decisions, shown by the portal and the admin."""

from batches.tracing.counts import format_people

RERUN_RULE = "only missing people and errors in lists that are not cancelled can be re-run."


def rerun_message(rerun_count: int, skipped: int = 0) -> str:
    """Return how many people are being re-run, and why the others are not."""
    if not rerun_count:
        return f"Nothing to re-run: {RERUN_RULE}"
    sentence = f"Re-running {format_people(rerun_count)}."
    return f"{sentence} Skipped {format_people(skipped)}: {RERUN_RULE}" if skipped else sentence


def refresh_message(refreshed: int) -> str:
    """Return how many people with a stale answer are traced again."""
    return f"Refreshing {format_people(refreshed)}." if refreshed else "Nothing to refresh: no reused answer is stale."


def changed_count_message(count: int, shown: int) -> str:
    """Return why nothing was done: the decision would affect more records than the page had shown."""
    return (
        f"No changes were made: since you opened this page, the number has grown from {shown:,} to {count:,}. "
        "Please check and decide again."
    )
