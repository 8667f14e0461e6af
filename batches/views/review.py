"""The review of a list before its start, as sentences ready to show."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from batches.intake import problem_groups
from batches.intake.hidden_parts import format_hidden
from batches.intake.problem_groups import ProblemGroup
from batches.models import Upload
from batches.reports.forecast import Run, forecast, format_duration
from batches.reports.pace import usual_pace
from batches.statuses import UploadStatus
from batches.templatetags.numbers import count, money, number
from batches.tracing import limits, spending

MAX_APPROVERS_NAMED = 5
"""Maximum number of users that the review names as able to approve."""


@dataclass(frozen=True)
class Start:
    """Who may start a list, and how many credits are left today."""

    label: str = ""
    """The label of the button that starts the list or requests approval."""
    left_today: str = ""
    needs_approval: bool = False
    approval: str = ""
    """Who wants to start it, and who may approve it."""
    may_approve: bool = False
    may_withdraw: bool = False
    duration: str = ""
    """About how long it will take; empty if that cannot be estimated."""


@dataclass(frozen=True)
class ReviewSummary:
    """What is wrong with a list's rows, what will happen to them, and what that costs."""

    lines: list[spending.SpendLine]
    """Who is traced."""
    unsent: list[spending.SpendLine]
    """Who is not."""
    most: Decimal
    most_money: Decimal | None
    figure: str
    """The highest possible cost, as text."""
    expected: str
    rows: str
    problems: list[ProblemGroup]
    """The rows that cannot be traced, in groups."""
    ungrouped: int
    """How many rows that cannot be traced are in none of these groups."""
    warnings: list[ProblemGroup]
    """The rows that are traced but have a warning, in groups."""
    hidden: list[str]
    """What the workbook hides, and what becomes of it."""
    nothing_to_send: str
    cannot_start: bool
    start: Start = field(default_factory=Start)


def summarise(upload: Upload, user: User) -> ReviewSummary:
    most = spending.max_credits(upload.item_count)
    lines = spending.plan_spend(upload)
    problems = problem_groups.list_problems(upload) if upload.invalid_count else []
    return ReviewSummary(
        lines=[line for line in lines if line.credits is not None],
        unsent=[line for line in lines if line.credits is None],
        most=most,
        most_money=spending.to_money(most),
        figure=cost(most),
        expected=expected_sentence(upload),
        rows=rows_sentence(upload),
        problems=problems,
        ungrouped=max(0, upload.invalid_count - sum(group.count for group in problems)),
        warnings=problem_groups.list_warnings(upload),
        hidden=format_hidden(upload, is_review=True),
        nothing_to_send=nothing_to_send(upload),
        cannot_start=not (upload.item_count or upload.reused_count),
        start=summarise_start(upload, user, most),
    )


def cost(credits: Decimal) -> str:
    """Return credits in money, or as they are if no price is set."""
    price = spending.to_money(credits)
    return count(credits, "credit") if price is None else money(price)


def expected_sentence(upload: Upload) -> str:
    """Return what a list is expected to cost, and what that is based on."""
    past = spending.recent_costs()
    expected = spending.estimate_credits(upload, past)
    if expected is None or past is None:
        return "No estimate yet: there are no earlier results."
    recent = f"recently {past.match_percent}% matched, {past.free_percent}% of those free"
    return f"About {cost(expected)} is likely: {recent}."


def rows_sentence(upload: Upload) -> str:
    """Return which rows come back in the export, and what was skipped or added to them."""
    parts = ["All rows come back in your export, with the reason for those that are not traced."]
    if upload.blank_count:
        parts.append(f"Skipped {count(upload.blank_count, 'blank row')}.")
    if upload.co_owner_count:
        parts.append(f"Added {count(upload.co_owner_count, 'second owner')}.")
    return " ".join(parts)


def duration_sentence(upload: Upload) -> str:
    """Return how long a list will take at the pace of the last day.

    Empty if nothing was traced then, or if other lists are in progress, which share the pace.
    """
    now = timezone.now()
    if not upload.item_count or Upload.objects.active().exists():
        return ""
    [seconds] = forecast([Run(upload.priority, 0, upload.item_count)], usual_pace(now))
    return "" if seconds is None else f"Takes {format_duration(seconds)} at the pace of the last day."


def reading_progress(upload: Upload) -> str:
    """Return how much has been read of the file of a list that is being checked."""
    seconds = upload.read_seconds_left
    left = "" if seconds is None else f", about {count(seconds, 'second')} left"
    rows = f"{number(upload.checked_rows)} of about {number(upload.row_estimate)} rows"
    return f"{rows}{left}. You can leave this page; reading continues."


def nothing_to_send(upload: Upload) -> str:
    """Return why nobody in a list is sent; empty if someone is."""
    if upload.item_count:
        return ""
    if upload.reused_count:
        return "Everyone who can be traced has an earlier answer, so this list costs nothing."
    if upload.invalid_count:
        return "Nobody in this list can be traced yet. Fix the invalid rows or change the columns."
    return (
        "Nobody in this list will be traced: everyone is a duplicate, a skipped company, or on the do-not-contact list."
    )


def summarise_start(upload: Upload, user: User, most: Decimal) -> Start:
    if upload.status not in (UploadStatus.READY, UploadStatus.APPROVAL):
        return Start()
    left_today = credits_left_sentence(most)
    if upload.status == UploadStatus.READY:
        needs_approval = spending.needs_approval(upload, user)
        label = start_label(upload, needs_approval)
        return Start(label, left_today, needs_approval, duration="" if needs_approval else duration_sentence(upload))
    approvers = spending.list_approvers(upload)
    return Start(
        left_today=left_today,
        approval=approval_sentence(upload, approvers),
        may_approve=user in approvers,
        may_withdraw=spending.may_withdraw(upload, user),
    )


def start_label(upload: Upload, needs_approval: bool) -> str:
    """Return the label of the button that starts a list: how many people it traces, and what they cost at most."""
    if not upload.item_count:
        return "Use the earlier answers - free" if upload.reused_count else "Nobody to trace"
    people = count(upload.item_count, "person,people")
    what = f"Request approval for {people}" if needs_approval else f"Trace {people}"
    return f"{what} - at most {cost(spending.max_credits(upload.item_count))}"


def credits_left_sentence(most: Decimal) -> str:
    """Return how many credits can still be spent today; empty if there is no daily limit."""
    left = limits.credits_left_today()
    if left is None:
        return ""
    too_few = ", not enough for this list" if left < most else ""
    return f"Credits left today (UTC): {number(left)} of {number(settings.DAILY_CREDIT_LIMIT)}{too_few}."


def approval_sentence(upload: Upload, approvers: list[User]) -> str:
    """Return who asked to start a list, and who may approve it."""
    names = ", ".join(str(user) for user in approvers[:MAX_APPROVERS_NAMED])
    more = f" or {len(approvers) - MAX_APPROVERS_NAMED} more" if len(approvers) > MAX_APPROVERS_NAMED else ""
    nobody = ". Nobody can at the moment; staff can give others permission to approve lists."
    who = f": {names}{more}." if names else nobody
    wants = f"{upload.start_asked_by or 'Someone'} asked to start this list."
    why = f"Because of what it could cost, someone else must approve it{who}"
    return f"{wants} {why} Nobody who created or changed it can approve it."
