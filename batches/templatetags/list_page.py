"""Parts of a list's page: its facts, pace, figures, tabs and history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.names import name_of
from batches.models import Event, Upload
from batches.reports.charts import Strip
from batches.reports.progress import ListProgress
from batches.reports.reused import Reused
from batches.statuses import BatchStatus, UploadStatus
from batches.templatetags.dashboard import name_user
from batches.templatetags.moments import day, day_and_time, time_or_day
from batches.templatetags.numbers import count, number
from batches.tracing.counts import Counts
from batches.tracing.spending import format_cost, max_credits

register = template.Library()


@register.filter
def max_cost(people: int) -> str:
    """Return the most that tracing a number of people can cost."""
    return format_cost(max_credits(people))


@register.filter
def when(moment: datetime) -> str:
    """Return when something happened, as the end of a phrase: `today, 2:03 PM` or `Nov 25`."""
    local = timezone.localtime(moment)
    return f"today, {format_date(local, 'g:i A')}" if local.date() == timezone.localdate() else day(moment)


@register.simple_tag
def person_name(user: User | None, reader: User) -> str:
    """Return a user's name, or `you` for the reader."""
    return name_user(user, reader)


@register.filter
def finished_note(upload: Upload) -> str:
    """Return when a list ended, and how long it took; "" for a list that has not ended."""
    if not upload.completed_at:
        return ""
    what = "Cancelled" if upload.status == UploadStatus.CANCELLED else "Finished"
    took = f", in {format_span(upload.started_at, upload.completed_at)}" if upload.started_at else ""
    return f"{what} {when(upload.completed_at)}{took}"


def format_span(start: datetime, end: datetime) -> str:
    """Return the time between two moments in words."""
    seconds = max(0, round((end - start).total_seconds()))
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return count(minutes, "minute")
    hours = round(minutes / 60)
    return count(hours, "hour") if hours < 48 else count(round(hours / 24), "day")


@register.simple_tag
def pace_note(upload: Upload, progress: ListProgress) -> str:
    """Return when a started list will be done and how fast it runs, or why it waits."""
    if upload.status == UploadStatus.PAUSED:
        return "Paused: nothing more is sent"
    if upload.wait_reason:
        return upload.wait_reason
    if progress.waits_until:
        return f"Today's credit limit is reached. Sending continues on {day_and_time(progress.waits_until)}"
    if progress.awaits_decision:
        return "Waiting for a decision"
    if progress.done_at:
        pace = f" · {number(progress.per_second)} per second" if progress.per_second else ""
        return f"Done about {time_or_day(progress.done_at)}{pace}"
    return "Waiting for results"


@register.filter
def reused_note(reused: Reused) -> str:
    """Return how many results were free, and when these people had been traced: `24 free, from Nov 2`."""
    if not reused.total:
        return ""
    note = f"{number(reused.total)} free"
    if not reused.last_at or not reused.first_at:
        return note
    first, last = day(reused.first_at), day(reused.last_at)
    return f"{note}, from {last}" if first == last else f"{note}, from {first} to {last}"


@register.simple_tag
def price_note(counts: Counts, reused: Reused | None = None) -> str:
    """Return what a new match has cost on average; "" if there is none."""
    matches = counts.matched - (reused.matched if reused else 0)
    return f"{format_cost(round(counts.credits / matches, 2))} per new match" if matches > 0 and counts.credits else ""


STRIP_FILLS = {
    BatchStatus.CLOSED: "f-good",
    BatchStatus.ACKNOWLEDGED: "f-accent",
    BatchStatus.SUBMITTING: "f-accent",
    BatchStatus.UNCONFIRMED: "f-warn",
    BatchStatus.REFUSED: "f-bad",
}
"""Status of a batch → the colour of its cell. Batches that wait have the colour of the track."""


@register.simple_tag
def draw_strip(strip: Strip) -> SafeString:
    """Return the batches of a list as a bar. Each has a cell or, if there are many, those with one status share one."""
    cells = format_html_join(
        "",
        '<rect class="{}" x="{}" y="0" width="{}" height="1"/>',
        ((STRIP_FILLS.get(BatchStatus(cell.status), "f-track"), cell.x, 0.94 * cell.width) for cell in strip.cells),
    )
    label = ", ".join(f"{total:,} {name.lower()}" for _, name, total in strip.states)
    return format_html(
        '<svg class="bar l" viewBox="0 0 {} 1" preserveAspectRatio="none" role="img" aria-label="Batches: {}">{}</svg>',
        strip.width,
        label,
        cells,
    )


# History

EVENT_WORDS = {
    "uploaded": "uploaded the file",
    "file replaced": "replaced the file",
    "columns changed": "changed the columns",
    "columns chosen": "chose the columns",
    "checked": "read the rows",
    "could not be read": "could not read the file",
    "corrected file uploaded": "uploaded a corrected file",
    "rows edited": "edited rows",
    "edit undone": "took an edit back",
    "stale answers refreshed": "chose to refresh stale answers",
    "stale answers used": "chose to use stale answers as they are",
    "invalid rows downloaded": "downloaded the invalid rows",
    "approval requested": "asked for approval",
    "approval withdrawn": "withdrew the request for approval",
    "approval declined": "declined to approve the list",
    "approved and started": "approved and started the list",
    "started": "started the list",
    "paused": "paused the list",
    "resumed": "resumed the list",
    "cancelled": "cancelled the list",
    "complete": "finished the list",
    "waiting for tomorrow": "stopped sending for today",
    "waiting for the budget": "stopped sending because the team's budget is used up",
    "re-run": "re-ran people",
    "many missing": "closed a batch in which many people have no answer",
    "waiting for other lists": "waits for people who are being traced in other lists",
    "reused": "used earlier answers",
    "suppressed": "left out people on the do-not-contact list",
    "exported": "exported results",
    "resend requested": "sent a batch again",
    "closed by hand": "closed a batch",
    "renamed": "renamed the list",
    "source changed": "changed the source",
    "note changed": "changed the note",
    "tags changed": "changed the tags",
    "owner changed": "handed the list on",
    "priority changed": "changed the priority",
    "moved to front": "moved the list to the front of the queue",
    "archived": "archived the list",
    "unarchived": "took the list out of the archive",
}
"""What happened to a list → the words of the page, after the name of who did it. Other events are technical."""
WITHOUT_DETAIL = {"columns changed", "columns chosen"}
"""Events whose detail names fields as they are called in the code."""


@dataclass(frozen=True)
class Happening:
    """An event of a list in words."""

    at: datetime
    who: str
    what: str
    detail: str


@register.simple_tag
def describe_events(events: Iterable[Event]) -> list[Happening]:
    """Return events in words, with the name of the user who caused each, or `skipportal`."""
    return [
        Happening(
            event.at,
            name_of(event.user, if_unknown="skipportal"),
            EVENT_WORDS.get(event.what, event.what),
            "" if event.what in WITHOUT_DETAIL else event.detail,
        )
        for event in events
    ]
