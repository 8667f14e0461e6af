"""Parts of a list's pages: its steps, its progress, its outcomes and its batches as a strip."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.access import team_ids
from accounts.rights import Right, can
from batches.forms.uploads import LIST_SUFFIXES
from batches.intake.edits import accepts_edits
from batches.intake.lost_zeros import add_zeros
from batches.intake.problem_groups import ProblemGroup
from batches.intake.same_files import SameFile, find_same_files
from batches.models import Correction, Upload
from batches.reports.charts import Strip
from batches.reports.progress import ListProgress
from batches.statuses import CorrectionStatus, Outcome, Priority, UploadStatus
from batches.tables.marks import draw_chip
from batches.tables.saved_views import READY_TO_CALL
from batches.templatetags.moments import day_and_time, time_or_day
from batches.templatetags.numbers import count, number
from batches.tracing.counts import Counts

register = template.Library()


@dataclass(frozen=True)
class Step:
    """One of the steps from a file to a running list."""

    number: int
    label: str
    current: int
    href: str = ""
    back: str = ""
    """The value of the button that saves the column choices and goes to this step."""

    @property
    def is_current(self) -> bool:
        return self.number == self.current

    @property
    def is_done(self) -> bool:
        return self.number < self.current

    @property
    def is_link(self) -> bool:
        return bool(self.href) and not self.is_current

    @property
    def is_button(self) -> bool:
        """Whether going to this step submits the current step's form."""
        return self.is_link and self.current == COLUMNS_STEP

    @property
    def spoken(self) -> str:
        """What screen readers add to the label."""
        if self.is_current:
            return ""
        return ", done" if self.is_done else ", to come"


COLUMNS_STEP = 2
"""The number of the step whose form saves the choices made so far."""


@register.inclusion_tag("uploads/_steps.html")
def steps(upload: Upload | None, current: int) -> dict[str, Any]:
    """Return the steps of a list. Steps that the user can go to are links or buttons."""
    pages = {}
    if upload and upload.is_editable:
        pages = {part: reverse(f"upload-{part}", args=[upload.pk]) for part in ("file", "columns")}
    if upload and upload.status in (UploadStatus.READY, UploadStatus.FAILED):
        pages["review"] = upload.get_absolute_url()
    return {
        "steps": [
            Step(1, "File", current, pages.get("file", ""), "file"),
            Step(2, "Columns", current, pages.get("columns", "")),
            Step(3, "Review", current, pages.get("review", ""), "review"),
        ]
    }


NEXT_STATES = {
    UploadStatus.DRAFT: "Columns to check",
    UploadStatus.CHECKING: "Reading its rows",
    UploadStatus.READY: "Ready to start",
    UploadStatus.APPROVAL: "Waits for approval",
    UploadStatus.FAILED: "Could not be read",
}
"""Status of a new list → the words of its chip."""
NEXT_STEPS = {
    UploadStatus.DRAFT: "Check columns",
    UploadStatus.READY: "Review and start",
    UploadStatus.FAILED: "See why",
}
"""Status of a new list → the label of the link to its next step."""


@register.filter
def next_state(upload: Upload) -> SafeString:
    """Return the state of a new list as a chip."""
    status = UploadStatus(upload.status)
    return draw_chip(status, NEXT_STATES.get(status, status.label))


@register.simple_tag
def next_button(upload: Upload) -> SafeString:
    """Return the link to the next step of a new list."""
    label = NEXT_STEPS.get(UploadStatus(upload.status), "See the list")
    return format_html(
        '<a class="btn s above" href="{}">{}<span class="sr">: {}</span></a>', upload.get_absolute_url(), label, upload
    )


@register.filter
def alike_address(lists: list[Upload]) -> str:
    """Return the address of the columns of the first of these lists, which proposes the same ones for the others."""
    first, *others = lists
    return f"{reverse('upload-columns', args=[first.pk])}?also={','.join(str(other.pk) for other in others)}"


@register.simple_tag
def lost_zeros(group: ProblemGroup) -> int:
    """Return to how many ZIPs of a group a leading zero can be added, if its list can still be edited."""
    return len(add_zeros(group)) if accepts_edits(group.upload) else 0


@register.filter
def zeros_label(zeros: int) -> str:
    return f"Add the zero to {number(zeros)}"


@register.simple_tag
def run_line(upload: Upload, progress: ListProgress, with_counts: bool = True) -> SafeString:
    """Return a list's counts, pace and estimate. Leave out the counts if the page shows them already."""
    # Each part begins with words in bold, or with "".
    parts = []
    if with_counts:
        parts.append(("", f"{number(progress.counts.done)} of {count(progress.counts.total, 'person,people')}"))
    parts.append(("", f"{number(progress.per_second)} per second"))
    if progress.waits_until:
        until = day_and_time(progress.waits_until)
        parts.append(("today's credit limit is reached", f": sending continues on {until}"))
    if upload.status == UploadStatus.RUNNING and upload.wait_reason:
        parts.append((upload.wait_reason, ""))
    if progress.awaits_decision:
        parts.append(("waiting for a decision", ""))
    elif progress.time_left and progress.done_at:
        parts.append((f"{progress.time_left} left", f", done at about {time_or_day(progress.done_at)}"))
    elif upload.status == UploadStatus.RUNNING and not progress.waits_until and not upload.wait_reason:
        parts.append(("", "waiting for results"))
    return format_html_join(" · ", "{}{}", ((strong(bold), plain) for bold, plain in parts))


def strong(text: str) -> SafeString | str:
    return format_html("<strong>{}</strong>", text) if text else ""


@register.filter
def strip_label(strip: Strip) -> str:
    """Return how many batches of a strip have each status, as text for screen readers."""
    return "Batches: " + ", ".join(f"{total} {label.lower()}" for _, label, total in strip.states)


@register.simple_tag
def outcome_tiles(upload: Upload, counts: Counts) -> list[dict[str, Any]]:
    """Return a tile for each outcome of a list: number, label, colour and link to its people."""
    always_shown = [
        (Outcome.MATCHED, counts.matched, "matched"),
        (Outcome.NO_MATCH, counts.no_match, "no match"),
        (Outcome.ERROR, counts.error, "errors"),
        (Outcome.MISSING, counts.missing, "missing"),
        (Outcome.INVALID, upload.invalid_count, "invalid"),
        (Outcome.DUPLICATE, upload.duplicate_count, "duplicates"),
    ]
    shown_if_any = [
        (Outcome.REUSED, upload.reused_count, "reused"),
        (Outcome.SUPPRESSED, upload.suppressed_count, "do not contact"),
        (Outcome.COMPANY, upload.company_count, "companies, skipped"),
    ]
    people = f"{reverse('items')}?upload={upload.pk}"
    shown = always_shown + [(outcome, total, label) for outcome, total, label in shown_if_any if total]
    tiles = [
        {"value": number(total), "label": label, "dot": outcome, "href": f"{people}&outcome={outcome}"}
        for outcome, total, label in shown
    ]
    return [*tiles, {"value": number(upload.row_count), "label": "rows in total", "href": people}]


CORRECTION_LOOKS = {
    CorrectionStatus.CHECKING: ("", "loader"),
    CorrectionStatus.FAILED: ("bad", "circle-x"),
    CorrectionStatus.DONE: ("good", "circle-check"),
}
"""Status of a correction → the CSS class and the icon of the note about it."""


@register.filter
def correction_look(correction: Correction) -> str:
    return CORRECTION_LOOKS[CorrectionStatus(correction.status)][0]


@register.filter
def correction_icon(correction: Correction) -> str:
    return CORRECTION_LOOKS[CorrectionStatus(correction.status)][1]


@register.filter
def correction_text(correction: Correction) -> str:
    """Return the result of a corrected file, or of rows that were edited on the page."""
    if correction.status == CorrectionStatus.CHECKING:
        return f"Reading the corrected file {correction.filename}."
    if correction.status == CorrectionStatus.FAILED:
        return correction.problem
    fixed = f"{count(correction.corrected_count, 'row')} fixed"
    invalid = f"{number(correction.invalid_count)} still invalid"
    if correction.is_edit:
        return f"{fixed} and {invalid}." if correction.invalid_count else f"{fixed}."
    parts = [fixed, invalid]
    if correction.ignored_count:
        parts.append(f"{number(correction.ignored_count)} ignored (no such invalid row)")
    return f"{correction.filename}: {', '.join(parts)}."


@register.inclusion_tag("uploads/_same_files.html", takes_context=True)
def same_files(context: dict[str, Any], upload: Upload) -> dict[str, Any]:
    """Return the other lists that were made from the same file, and for how many days their results are reused."""
    user = context["request"].user
    return {"same": find_same_files(upload, user), "user": user, "look_back": upload.look_back}


@register.simple_tag
def uploaded_by(same: SameFile, user: User) -> str:
    """Return who uploaded the same file, as the subject of a sentence."""
    return "You" if same.user == user else str(same.user or "Someone")


@register.inclusion_tag("components/drop_upload.html", takes_context=True)
def drop_upload(context: dict[str, Any]) -> dict[str, Any]:
    """Return the form that uploads files dropped on the page. Users of several teams have to choose one first."""
    user = context["user"]
    return {
        "csrf_token": context.get("csrf_token"),
        "is_offered": can(user, Right.UPLOAD) and len(team_ids(user)) <= 1,
        "accept": LIST_SUFFIXES,
        "priority": Priority.NORMAL.value,
    }


@register.simple_tag
def ready_to_call() -> str:
    """Return the filters of the view “Ready to call” of the table of people."""
    return READY_TO_CALL
