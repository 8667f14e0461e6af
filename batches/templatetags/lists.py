"""Parts of a list's pages: its steps, its progress, its outcomes and its batches as a strip."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from batches.intake.same_files import SameFile, find_same_files
from batches.models import Correction, Upload
from batches.reports.charts import Strip
from batches.reports.progress import ListProgress
from batches.statuses import CorrectionStatus, Outcome, UploadStatus
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
    """The value of the button that saves the columns before leaving them."""

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
    def state(self) -> str:
        """The CSS class."""
        return "is-done" if self.is_done else "is-current" if self.is_current else ""

    @property
    def mark(self) -> str:
        return "✓" if self.is_done else str(self.number)

    @property
    def spoken(self) -> str:
        """What screen readers add to the label."""
        return ", done" if self.is_done else "" if self.is_current else ", to come"


COLUMNS_STEP = 2
"""The number of the step whose form saves the choices made so far."""


@register.inclusion_tag("uploads/_steps.html")
def steps(upload: Upload | None, current: int) -> dict[str, Any]:
    """Return the steps of a list. Steps that the user can go to are links."""
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
            Step(4, "Running", current),
        ]
    }


@register.simple_tag
def run_line(upload: Upload, progress: ListProgress, is_counted: bool = False) -> SafeString:
    """Return a list's progress, pace and estimate. `is_counted` leaves out the progress that the page shows already."""
    parts = [("", f"{number(progress.per_second)} per second")]
    if not is_counted:
        parts.insert(0, ("", f"{number(progress.counts.done)} of {count(progress.counts.total, 'person,people')}"))
    if progress.waits_until:
        until = day_and_time(progress.waits_until)
        parts.append(("today's credit limit is reached", f": sending continues on {until}"))
    if progress.awaits_decision:
        parts.append(("waiting for a decision", ""))
    elif progress.time_left and progress.done_at:
        parts.append((f"{progress.time_left} left", f", done at about {time_or_day(progress.done_at)}"))
    elif upload.status == UploadStatus.RUNNING and not progress.waits_until:
        parts.append(("", "waiting for results"))
    return format_html_join(" · ", "{}{}", ((strong(text), more) for text, more in parts))


def strong(text: str) -> SafeString | str:
    return format_html("<strong>{}</strong>", text) if text else ""


@register.filter
def strip_label(strip: Strip) -> str:
    """Return a strip as text, for screen readers."""
    return "Batches: " + ", ".join(f"{many} {label.lower()}" for _, label, many in strip.states)


@register.simple_tag
def outcome_tiles(upload: Upload, counts: Counts) -> list[dict[str, Any]]:
    """Return a tile for each outcome of a list: number, label, colour and link to its people."""
    numbers = [
        (Outcome.MATCHED, counts.matched, "matched"),
        (Outcome.NO_MATCH, counts.no_match, "no match"),
        (Outcome.ERROR, counts.error, "errors"),
        (Outcome.MISSING, counts.missing, "missing"),
        (Outcome.INVALID, upload.invalid_count, "invalid"),
        (Outcome.DUPLICATE, upload.duplicate_count, "duplicates"),
    ]
    if_any = [
        (Outcome.REUSED, upload.reused_count, "reused"),
        (Outcome.SUPPRESSED, upload.suppressed_count, "do not contact"),
        (Outcome.COMPANY, upload.company_count, "companies, skipped"),
    ]
    people = f"{reverse('items')}?upload={upload.pk}"
    shown = numbers + [each for each in if_any if each[1]]
    tiles = [
        {"value": number(many), "label": label, "dot": outcome, "href": f"{people}&outcome={outcome}"}
        for outcome, many, label in shown
    ]
    return [*tiles, {"value": number(upload.row_count), "label": "rows in total", "href": people}]


@register.filter
def correction_text(correction: Correction) -> str:
    """Return the result of a corrected file, or of rows that were edited on the page."""
    if correction.status == CorrectionStatus.CHECKING:
        return f"Reading the corrected file {correction.filename}."
    if correction.status == CorrectionStatus.FAILED:
        return correction.problem
    parts = [f"{count(correction.corrected_count, 'row')} fixed", f"{number(correction.invalid_count)} still invalid"]
    if correction.is_edit:
        return f"{' and '.join(parts if correction.invalid_count else parts[:1])}."
    if correction.ignored_count:
        parts.append(f"{number(correction.ignored_count)} ignored (no such invalid row)")
    return f"{correction.filename}: {', '.join(parts)}."


@register.inclusion_tag("uploads/_same_files.html", takes_context=True)
def same_files(context: dict[str, Any], upload: Upload) -> dict[str, Any]:
    """Return the other lists that were made from the same file, and for how many days their results are reused."""
    return {"same": find_same_files(upload), "user": context["request"].user, "look_back": upload.look_back}


@register.simple_tag
def uploaded_by(same: SameFile, user: User) -> str:
    """Return who uploaded the same file."""
    return "You" if same.user == user else str(same.user or "Someone")
