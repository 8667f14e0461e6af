"""Sentences about decisions that the portal and the admin both show."""

from batches.tracing.counts import format_people

NO_RERUN = "Only missing people and errors in lists that are not cancelled can be re-run."


def rerun_message(rerun: int, skipped: int = 0) -> str:
    """Return how many people are being re-run, and why the others are not."""
    if not rerun:
        return f"Nothing to re-run. {NO_RERUN}"
    sentence = f"Re-running {format_people(rerun)}."
    return f"{sentence} Skipped {format_people(skipped)}: {NO_RERUN[0].lower()}{NO_RERUN[1:]}" if skipped else sentence


def changed_count_message(count: int, shown: int) -> str:
    """Return why nothing was done: the decision would affect more records than the page had shown."""
    return (
        f"No changes were made: since you opened this page, the number has grown from {shown:,} to {count:,}. "
        "Please check and decide again."
    )
