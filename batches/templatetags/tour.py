"""The notes that lead a new user through the pages of the sample list."""

from dataclasses import dataclass
from typing import Any

from django import template

from batches.intake.sample_list import has_ended_tour, is_sample
from batches.models import Upload
from batches.statuses import UploadStatus

register = template.Library()

STEP_COUNT = 4


@dataclass(frozen=True)
class TourNote:
    """What to do next, on one of the four steps."""

    step: int
    title: str
    text: str
    count = STEP_COUNT


COLUMNS = TourNote(
    1,
    "Check the columns",
    "We have guessed what each column of the file holds. Amber rows are questions. Answer them, and go on with the "
    "button at the bottom. Nothing is sent yet.",
)
READING = TourNote(2, "The rows are being read", "This takes a few seconds. The page continues by itself.")
REVIEW = TourNote(
    2,
    "Read the review",
    "Some rows of the sample cannot be traced. You can fix them here, or leave them: they cost nothing. The button "
    "says how many people are traced and what that costs at most. In the sandbox, nothing is paid.",
)
RUNNING = TourNote(
    3,
    "Watch it run",
    "Answers arrive by themselves. You can leave this page: the dashboard shows every list, and the bell tells you "
    "when it is complete.",
)
RESULTS = TourNote(
    4,
    "Use the results",
    "Open a person to see the numbers, the best one first. “Export” makes a file for your dialer or mailer.",
)
NOTES = {
    UploadStatus.CHECKING: READING,
    UploadStatus.READY: REVIEW,
    UploadStatus.APPROVAL: REVIEW,
    UploadStatus.RUNNING: RUNNING,
    UploadStatus.PAUSED: RUNNING,
    UploadStatus.COMPLETE: RESULTS,
}
"""Status of the sample list → the note on its page."""


@register.inclusion_tag("help/_tour.html", takes_context=True)
def tour_note(context: dict[str, Any]) -> dict[str, Any]:
    """Return the note of the tour for this page, if it is about the sample list and the user has not ended the tour."""
    request, upload = context.get("request"), context.get("upload")
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or not isinstance(upload, Upload) or not is_sample(upload):
        return {}
    note = {"upload-columns": COLUMNS, "upload": NOTES.get(UploadStatus(upload.status))}.get(match.url_name)
    return {"note": None if note is None or has_ended_tour(request.user) else note}
