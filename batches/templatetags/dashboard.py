"""Parts of the dashboard: the rows of lists, what needs the reader, and the words of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince

from accounts.names import name_of
from batches.exports.presets import Preset
from batches.models import Upload
from batches.nouns import noun_for
from batches.reports.charts import draw_bar, draw_share
from batches.reports.forecast import format_time_left
from batches.reports.needs import Act, Need, Waiting
from batches.reports.overview import FinishedList, MonthSpend, Overview, Total, VendorState
from batches.reports.progress import ListProgress
from batches.statuses import Priority, UploadStatus
from batches.tables.marks import draw_chip
from batches.templatetags.moments import clock_or_day, day_and_time, recent_day
from batches.templatetags.numbers import cost, count, number
from batches.tracing.counts import Counts
from batches.tracing.spending import to_money

register = template.Library()

NOTHING = "\N{EN DASH}"
"""Shown in place of a number that there is not yet."""
MAX_ROWS_KEPT = 500
"""Maximum number of rows that are kept as they were drawn."""
NO_CENTS_FROM = 1_000
"""Sums in figures from this many dollars on are shown without cents."""


# Money and names


@register.filter
def cost_figure(credits: Decimal) -> str:
    """Return what credits cost, as a figure: without cents from NO_CENTS_FROM dollars on."""
    dollars = to_money(credits)
    return cost(credits) if dollars is None or dollars < NO_CENTS_FROM else f"${round(dollars):,}"


def name_user(user: User | None, reader: User, if_unknown: str = "the command line") -> str:
    """Return a user's name as it is within a sentence: `you` for the reader."""
    return "you" if user == reader else name_of(user, if_unknown)


def upper_first(text: str) -> str:
    """Return a string with a capital first letter, for the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def join_names(users: Sequence[User], reader: User, conjunction: str = "or") -> str:
    """Return names as in `Ada, Ben or Cleo`."""
    names = [name_user(user, reader) for user in users]
    return f" {conjunction} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


@register.filter
def any_of(users: Sequence[User]) -> str:
    """Return the names of users of whom one is enough."""
    return join_names(users, User())


# The strip of figures


@register.filter
def vendor_line(vendor: VendorState) -> str:
    """Return what is with the vendor, or why sending does not go on."""
    if vendor.explanation:
        return vendor.explanation
    return f"{count(vendor.people, 'person,people')} with the vendor" if vendor.people else "Nobody is with the vendor"


@register.filter
def today_line(total: Total) -> str:
    """Return the match rate and the cost of a day."""
    rate = "" if total.match_rate is None else f"{total.match_rate}% matched"
    return " · ".join(filter(None, [rate, cost(total.credits)])) if total.answered else "Nobody traced yet"


@register.simple_tag
def spend_bar(spend: MonthSpend) -> SafeString | str:
    """Return a thin bar of the month's spend against its budget, or "" if there is none."""
    if not spend.budget:
        return ""
    percent = round(100 * spend.spent / spend.budget)
    return draw_share(spend.spent, spend.budget, f"{percent}% of the monthly budget is spent")


# Rows


@dataclass(frozen=True)
class Row:
    """A list as one row, with everything that `draw_row` needs."""

    pk: int
    kind: str
    """The beginning of the row's ids: `run` for a list in progress, `done` for a finished one."""
    name: str
    address: str
    name_mark: SafeString | str
    """A chip beside the name, if the list is urgent, paused or the like."""
    source: str
    bar: SafeString
    done: str
    """A number of people, in bold."""
    total: str
    state: str
    """The percentage, or the place in line."""
    matched: str
    when: str
    when_detail: str
    cost: str
    is_strong: bool = False
    """Whether the time is certain enough to stand out."""
    is_new: bool = False
    is_over: bool = False
    is_urgent: bool = False
    can_pause: bool = False
    can_resume: bool = False
    can_cancel: bool = False
    can_export: bool = False
    presets: tuple[Preset, ...] = ()
    """What a file can be for, if the list is over."""


@lru_cache(maxsize=MAX_ROWS_KEPT)
def draw_row(row: Row) -> SafeString:
    """Return a list as one row. It depends on nothing else, so a row is not drawn again until something changes."""
    return mark_safe(get_template("dashboard/_row.html").render({"row": row}))  # noqa: S308 - the template escapes


@register.simple_tag(takes_context=True)
def progress_row(context: Any, upload: Upload, progress: ListProgress) -> SafeString:
    """Return the row of a list in progress."""
    return draw_row(describe_progress(context, upload, progress))


@register.simple_tag(takes_context=True)
def finished_row(context: Any, ended: FinishedList, kind: str) -> SafeString:
    """Return the row of a finished list. Its `kind` is `run` if the page keeps it among those in progress."""
    return draw_row(describe_finished(context, ended, kind))


def describe_progress(context: Any, upload: Upload, progress: ListProgress) -> Row:
    """Return what the row of a list in progress says."""
    may_start, may_export = context["may"]["start"], context["may"]["export"]
    if upload.status == UploadStatus.CHECKING:
        return describe_reading(upload)
    overview, counts = context["overview"], progress.counts
    when, detail = when_done(upload, progress, overview, context["request"].user)
    return Row(
        pk=upload.pk,
        kind="run",
        name=str(upload),
        address=upload.get_absolute_url(),
        name_mark=mark_of(upload, progress),
        source=source_of(upload),
        bar=draw_bar(counts),
        done=number(counts.done),
        total=f"of {number(counts.total)}",
        state=line_of(progress.place) if progress.place else f"{counts.percent}%",
        matched=NOTHING if counts.match_rate is None else f"{counts.match_rate}%",
        when=when,
        when_detail=detail,
        cost=cost(counts.credits) if counts.done or counts.credits else NOTHING,
        is_strong=bool(progress.done_at and not progress.doubt and not progress.place),
        is_urgent=upload.priority == Priority.URGENT,
        can_pause=may_start and upload.status == UploadStatus.RUNNING,
        can_resume=may_start and upload.status == UploadStatus.PAUSED,
        can_cancel=may_start and upload.is_started,
        can_export=may_export and upload.started_at is not None,
    )


def describe_reading(upload: Upload) -> Row:
    """Return what the row of a list says whose rows are being read."""
    seconds = upload.read_seconds_left
    return Row(
        pk=upload.pk,
        kind="run",
        name=str(upload),
        address=upload.get_absolute_url(),
        name_mark=draw_chip("checking", "Reading rows"),
        source=source_of(upload),
        bar=draw_share(upload.checked_rows, upload.row_estimate, f"{upload.read_percent}% of the rows read", 2),
        done=number(upload.checked_rows),
        total=f"of about {number(upload.row_estimate)} rows",
        state=f"{upload.read_percent}%",
        matched=NOTHING,
        when="Reading rows",
        when_detail=f"{format_time_left(seconds)} left" if seconds else "",
        cost=NOTHING,
    )


def describe_finished(context: Any, ended: FinishedList, kind: str) -> Row:
    """Return what the row of a finished list says."""
    upload, counts = ended.upload, ended.counts
    seen_at = context["seen"].get(upload.pk)
    may_export = context["may"]["export"]
    return Row(
        pk=upload.pk,
        kind=kind,
        name=str(upload),
        address=upload.get_absolute_url(),
        name_mark=draw_chip("cancelled", "Cancelled") if upload.status == UploadStatus.CANCELLED else "",
        source=reuse_of(upload) or source_of(upload),
        bar=draw_bar(counts),
        done=number(counts.done),
        total=people_of(counts),
        state="",
        matched=NOTHING if counts.match_rate is None else f"{counts.match_rate}%",
        when=recent_day(upload.completed_at) if upload.completed_at else "",
        when_detail=upper_first(name_user(upload.created_by, context["request"].user)),
        cost=cost(counts.credits),
        is_new=not seen_at or bool(upload.completed_at and seen_at < upload.completed_at),
        is_over=True,
        can_export=may_export,
        presets=context["presets"],
    )


def people_of(counts: Counts) -> str:
    """Return the noun of a finished list's number of people, with the whole number if some were not traced."""
    if counts.done < counts.total:
        return f"of {count(counts.total, 'person,people')}"
    return noun_for(counts.done, "person,people")


def source_of(upload: Upload) -> str:
    """Return where a list comes from, or else its owner's name."""
    return upload.list_source or (upload.created_by.get_username() if upload.created_by else "")


def reuse_of(upload: Upload) -> str:
    """Return how many people of a list were answered from earlier lists."""
    return f"{number(upload.reused_count)} answered free from earlier lists" if upload.reused_count else ""


def mark_of(upload: Upload, progress: ListProgress) -> SafeString | str:
    """Return the one chip that says most about a list in progress."""
    if upload.status == UploadStatus.PAUSED:
        return draw_chip("paused", "Paused")
    if progress.awaits_decision:
        return draw_chip("waiting", "Needs a decision")
    if upload.priority == Priority.NORMAL:
        return ""
    return draw_chip("urgent" if upload.priority == Priority.URGENT else "low", upload.get_priority_display())


def line_of(place: int) -> str:
    """Return a place in line, such as `Next in line` or `2nd in line`."""
    return "Next in line" if place == 1 else f"{ordinal(place)} in line"


def ordinal(value: int) -> str:
    ending = "th" if value % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return f"{value}{ending}"


def when_done(upload: Upload, progress: ListProgress, overview: Overview, reader: User) -> tuple[str, str]:
    """Return when a list is done, and what else is known about it."""
    if upload.status == UploadStatus.PAUSED:
        return "Paused", paused_detail(overview, upload, reader)
    if overview.vendor.is_stopped:
        return "Stopped", "nothing is being sent"
    if upload.wait_reason:
        return "Waits", upload.wait_reason
    if progress.waits_until:
        return "Waits", f"daily limit, until {day_and_time(progress.waits_until)}"
    if progress.awaits_decision:
        return "Waits", "for a decision"
    if not progress.done_at:
        return "Not known yet", "once the first results are in"
    return estimate_words(progress, overview.now)


def estimate_words(progress: ListProgress, now: datetime) -> tuple[str, str]:
    """Return the time at which a list is done, and the time left, when it starts or why both are unsure."""
    if not progress.done_at:
        return "", ""
    done_at = clock_or_day(progress.done_at)
    if progress.doubt:
        return f"about {done_at}", f"unsure {progress.doubt}"
    if progress.starts_at:
        return done_at, f"starts at {clock_or_day(progress.starts_at)}"
    return done_at, f"{format_time_left((progress.done_at - now).total_seconds())} left"


def paused_detail(overview: Overview, upload: Upload, reader: User) -> str:
    event = overview.paused_by.get(upload.pk)
    return f"by {name_user(event.user, reader)}, {clock_or_day(event.at)}" if event else ""


# What needs the reader


@dataclass(frozen=True)
class Task:
    """Something that the reader can do about a list."""

    need: Need
    icon: str
    text: str
    """What follows the list's name in its sentence."""
    detail: str
    link: str
    address: str
    button: str = ""
    """The label of a button that does it at once."""


@register.simple_tag(takes_context=True)
def task(context: Any, need: Need) -> Task:
    """Return what the reader can do about a list."""
    upload, reader = need.upload, context["request"].user
    size = f"{count(need.people, 'person,people')}, at most {cost(need.max_credits)}"
    page = upload.get_absolute_url()
    match need.act:
        case Act.APPROVE:
            asked = f"{asked_by(need, reader)}: {size}."
            return Task(
                need, "stamp", "needs your approval.", asked, "Review", page, f"Approve {cost(need.max_credits)}"
            )
        case Act.FIX_ROWS:
            rows = f"has {count(upload.invalid_count, 'row')} that cannot be traced."
            them = "it" if upload.invalid_count == 1 else "them"
            return Task(need, "table-properties", rows, f"Fix {them}, or start without {them}.", "Fix rows", page)
        case Act.CHECK_COLUMNS:
            detail = f"{recent_day(upload.created_at)}." if upload.created_at else ""
            return Task(need, "columns-3", "has columns to check.", detail, "Check columns", page)
        case Act.REPLACE_FILE:
            return Task(need, "file-x", "could not be read.", upload.problem, "See why", page)
    if need.declined:
        reason = f"{upper_first(name_user(need.declined.user, reader))}: {need.declined.detail}"
        return Task(need, "circle-x", "was not approved.", reason, "Review", page)
    return Task(need, "list-checks", "is ready to start.", f"{size}.", "Review", page)


def asked_by(need: Need, reader: User) -> str:
    """Return who asked for approval and when, as in `Luis Ortega asked 12 minutes ago`."""
    asker = name_user(need.upload.start_asked_by, reader, "The command line")
    return f"{upper_first(asker)} asked {ago(need.asked.at) if need.asked else 'for approval'}"


def ago(moment: datetime) -> str:
    """Return how long ago something happened, such as `12 minutes ago`."""
    if (timezone.now() - moment).total_seconds() < 60:
        return "just now"
    return f"{timesince(moment, depth=1)} ago".replace("\xa0", " ")


WAITS_FOR = {
    Act.APPROVE: "approve it",
    Act.FIX_ROWS: "start it",
    Act.START: "start it",
    Act.CHECK_COLUMNS: "check its columns",
    Act.REPLACE_FILE: "replace its file",
}
"""What others have to do, as the end of a sentence."""


@register.simple_tag(takes_context=True)
def waits_for(context: Any, waiting: Waiting) -> str:
    """Return who can do what about a list that waits for others, as the end of a sentence."""
    need, reader = waiting.need, context["request"].user
    names = join_names(waiting.users, reader)
    if not names:
        names = "somebody who may approve lists" if need.act == Act.APPROVE else "a lead"
    sentence = f"waits for {names} to {WAITS_FOR[need.act]}."
    if need.act != Act.APPROVE:
        return sentence
    return f"{sentence} {asked_by(need, reader)}: at most {cost(need.max_credits)}."


@register.simple_tag(takes_context=True)
def needs_count(context: Any) -> int:
    """Return how many things need the reader."""
    needs, may = context["needs"], context["may"]
    unmatched = may["see_contacts"] and context["unmatched_count"]()
    others = [context.get("in_doubt_count"), context.get("due_requests"), unmatched]
    return len(needs.mine) + len(context.get("undecided_batches") or []) + sum(map(bool, others))


# The tab


def draw_state(title: str, mark: str = "", live_word: str = "Live") -> SafeString:
    """Return what the tab shows as its title and icon, and the word for whether the page is live.

    `mark` is the dot of the icon: "stopped", "needs", "done" or "". static/js/live-parts.js reads it.
    """
    icon = static(f"icon-{mark}.svg" if mark else "icon.svg")
    html = '<span id="page-state" hidden data-page-title="{}" data-page-icon="{}" data-live-word="{}"></span>'
    return format_html(html, title, icon, live_word)


@register.simple_tag(takes_context=True)
def dashboard_state(context: Any) -> SafeString:
    """Return the dashboard's title, icon and word for whether it is live."""
    needed, vendor = needs_count(context), context["overview"].vendor
    mark = "stopped" if vendor.is_stopped else "needs" if needed else "done" if context["ended"] else ""
    return draw_state(dashboard_title(needed), mark, vendor.state.label if vendor.is_stopped else "Live")


@register.simple_tag
def dashboard_title(needed: int) -> str:
    """Return the title of the dashboard's tab."""
    return f"({needed}) Dashboard · skipportal" if needed else "Dashboard · skipportal"


@register.simple_tag
def list_state(upload: Upload, counts: Counts) -> SafeString:
    """Return the title and icon of a list's page. While it runs, the title begins with its progress."""
    title = f"{upload} · skipportal"
    if upload.status == UploadStatus.RUNNING:
        return draw_state(f"{counts.percent}% · {title}")
    return draw_state(title, "done" if upload.status == UploadStatus.COMPLETE else "")
