"""Put the review of a list before its start into sentences."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from accounts.rights import Right, can
from batches.intake import problem_groups
from batches.intake.hidden_parts import format_hidden
from batches.intake.problem_groups import ProblemGroup
from batches.models import Event, Purpose, Upload
from batches.reports.forecast import RunningList, forecast, format_duration
from batches.reports.pace import usual_pace
from batches.statuses import Outcome, UploadStatus
from batches.templatetags.moments import day
from batches.templatetags.numbers import cost, count, number
from batches.tracing import budgets, limits, purposes, spending
from batches.tracing.account_choice import load_accounts
from batches.tracing.overlaps import find_stale_reused

MAX_APPROVERS_NAMED = 5
"""Maximum number of users whom the review names as able to approve."""


@dataclass(frozen=True)
class BudgetNote:
    """What a start may leave of the budget of a list's team."""

    text: str
    look: str = ""
    """The look of the note: "warn" from the percentage on at which a team is warned, "bad" if the budget is used up."""


@dataclass(frozen=True)
class StartSummary:
    """Whether and how a list can be started, by whom, and how many credits are left today."""

    label: str = ""
    """The label of the button that starts the list or requests approval."""
    left_today: str = ""
    """How many credits can still be spent today, or "" if there is no daily limit."""
    budget: BudgetNote | None = None
    needs_approval: bool = False
    approval: str = ""
    """Who wants to start the list, and who may approve it."""
    may_approve: bool = False
    may_decline: bool = False
    may_withdraw: bool = False
    refusal: Event | None = None
    """The event that declined the last request for approval."""
    duration: str = ""
    """About how long the list will take, or "" if that cannot be estimated."""
    question: str = ""
    """What the user is asked before the list starts, or "" if it costs too little for a question."""
    purposes: list[Purpose] = field(default_factory=list)
    """What the list can be used for. The user chooses one."""
    purpose: Purpose | None = None
    """The purpose that is preselected."""
    consent: str = ""
    """What the user ticks instead, if the browser runs no scripts."""


@dataclass(frozen=True)
class PlanLine:
    """A number of people or rows, in the sum of a list."""

    label: str
    count: int
    is_free: bool = False
    """Whether the line says that these people cost nothing."""
    is_total: bool = False


@dataclass(frozen=True)
class StaleNote:
    """What is chosen about earlier answers with stale Do Not Call flags, and the other choice."""

    text: str
    choice: str
    """What the button posts: "refresh" or "use"."""
    label: str


@dataclass(frozen=True)
class ReviewSummary:
    """What is wrong with a list's rows, what will happen to them, and what that costs."""

    lines: list[PlanLine]
    """How many people are traced, and how many rows are not and why."""
    max_credits: Decimal
    max_money: Decimal | None
    """The highest possible cost in dollars, or None if no price per credit is set."""
    max_cost: str
    """The highest possible cost, with its unit."""
    expected: str
    """The likely cost, as a sentence."""
    rows: str
    """What becomes of the rows, as sentences."""
    problems: list[ProblemGroup]
    """The rows that cannot be traced, in groups."""
    ungrouped: int
    """How many of the rows that cannot be traced are in none of these groups."""
    warnings: list[ProblemGroup]
    """The rows that are traced but have a warning, in groups."""
    hidden: list[str]
    """What the workbook hides, and what becomes of it."""
    nothing_to_send: str
    """Why nobody is sent, or "" if someone is."""
    cannot_start: bool
    stale: StaleNote | None = None
    start: StartSummary = field(default_factory=StartSummary)


def summarise(upload: Upload, user: User) -> ReviewSummary:
    max_credits = spending.max_credits(upload.item_count)
    problems = problem_groups.list_problems(upload) if upload.invalid_count else []
    return ReviewSummary(
        lines=list(list_lines(upload)),
        max_credits=max_credits,
        max_money=spending.to_money(max_credits),
        max_cost=cost(max_credits),
        expected=expected_sentence(upload),
        rows=rows_sentence(upload),
        problems=problems,
        ungrouped=max(0, upload.invalid_count - sum(group.count for group in problems)),
        warnings=problem_groups.list_warnings(upload),
        hidden=format_hidden(upload, is_review=True),
        nothing_to_send=nothing_to_send_sentence(upload),
        cannot_start=not (upload.item_count or upload.reused_count),
        stale=describe_stale(upload),
        start=summarise_start(upload, user, max_credits),
    )


def describe_stale(upload: Upload) -> StaleNote | None:
    """Return what the list does with stale answers of other lists, or None if it has none."""
    age = f"older than {count(settings.DNC_STALE_DAYS, 'day')}"
    if upload.refreshes_stale:
        text = f"Earlier answers whose Do Not Call flags are {age} are refreshed: these people are traced again."
        return StaleNote(text, "use", "Use them as they are")
    if not upload.reused_count:
        return None
    stale = find_stale_reused([upload.pk]).count()
    if not stale:
        return None
    whose = "reused answer has Do Not Call flags" if stale == 1 else "reused answers have Do Not Call flags"
    text = f"{number(stale)} {whose} {age}. You can use {'it' if stale == 1 else 'them'} for free, or refresh."
    price = cost(spending.max_credits(stale))
    return StaleNote(text, "refresh", f"Refresh {count(stale, 'stale answer')} · at most {price}")


UNTRACED_LABELS = {
    Outcome.DUPLICATE: "Same person twice",
    Outcome.COMPANY: "Companies, left out",
    Outcome.SUPPRESSED: "On the do-not-contact list",
    Outcome.INVALID: "Cannot be traced",
}
FREE_OUTCOMES = {Outcome.REUSED, Outcome.DUPLICATE}
"""Outcomes of people who have an answer but cost nothing."""


def list_lines(upload: Upload) -> Iterator[PlanLine]:
    """Yield the people who are traced, then those who are not by reason, and the rows of the file."""
    if upload.by_mail_count:
        yield PlanLine("People", upload.item_count - upload.by_mail_count)
        yield PlanLine("Companies, by mailing address", upload.by_mail_count)
    yield PlanLine("To trace", upload.item_count, is_total=bool(upload.by_mail_count))
    since = day(timezone.now() - timedelta(days=upload.look_back))
    labels = {Outcome.REUSED: f"Traced since {since}, reused"} | UNTRACED_LABELS
    for outcome, label in labels.items():
        if number_of_rows := upload.unsent_counts[outcome]:
            yield PlanLine(label, number_of_rows, is_free=outcome in FREE_OUTCOMES)
    yield PlanLine("Rows in your file", upload.row_count, is_total=True)


def expected_sentence(upload: Upload) -> str:
    """Return what a list is expected to cost, and what the estimate is based on."""
    past = spending.recent_costs()
    expected = spending.estimate_credits(upload, past)
    if expected is None or past is None:
        return "No estimate yet: there are no earlier results."
    free = f", {past.free_percent}% of them free" if past.free_percent else ""
    return f"About {cost(expected)} is likely: {past.match_percent}% of recent people matched{free}."


def rows_sentence(upload: Upload) -> str:
    """Return which rows come back in the export, and what was skipped or added."""
    rows = f"All {count(upload.row_count, 'row')} come" if upload.row_count > 1 else "The row comes"
    parts = [f"{rows} back in your export, with the reason if not traced."]
    if upload.blank_count:
        parts.append(f"Skipped {count(upload.blank_count, 'blank row')}.")
    if upload.co_owner_count:
        parts.append(f"Added {count(upload.co_owner_count, 'second owner')}.")
    return " ".join(parts)


def duration_sentence(upload: Upload) -> str:
    """Return how long a list will take at the pace of the last day over its vendor accounts.

    Return "" if nothing was traced over them in that day, or if other lists are in progress and share the pace.
    """
    now = timezone.now()
    if not upload.item_count:
        return ""
    known = load_accounts(now)
    accounts = set(known.list_usable(upload.team_id))
    if any(accounts & set(known.list_all(team)) for team in Upload.objects.active().values_list("team", flat=True)):
        return ""
    [seconds] = forecast([RunningList(upload.priority, done=0, pending=upload.item_count)], usual_pace(now, accounts))
    return "" if seconds is None else f"Takes {format_duration(seconds)}"


def reading_progress(upload: Upload) -> str:
    """Return how much of the file has been read while a list is being checked."""
    seconds = upload.read_seconds_left
    left = "" if seconds is None else f", about {count(seconds, 'second')} left"
    rows = f"{number(upload.checked_rows)} of about {number(upload.row_estimate)} rows"
    return f"{rows}{left}"


def nothing_to_send_sentence(upload: Upload) -> str:
    """Return why nobody in a list is sent, or "" if someone is."""
    if upload.item_count:
        return ""
    if upload.reused_count:
        return "Everyone who can be traced has an earlier answer, so this list costs nothing."
    if upload.invalid_count:
        return "Nobody in this list can be traced yet. Fix the invalid rows or change the columns."
    return (
        "Nobody in this list will be traced: everyone is a duplicate, a skipped company, or on the do-not-contact list."
    )


def summarise_start(upload: Upload, user: User, max_credits: Decimal) -> StartSummary:
    if upload.status not in (UploadStatus.READY, UploadStatus.APPROVAL):
        return StartSummary()
    left_today = credits_left_sentence(max_credits)
    budget = describe_budget(upload, max_credits)
    if upload.status == UploadStatus.READY:
        needs_approval = spending.needs_approval(upload, user)
        label = start_label(upload, needs_approval)
        duration = "" if needs_approval else duration_sentence(upload)
        question = "" if needs_approval else confirm_question(upload, max_credits, duration)
        return StartSummary(
            label,
            left_today,
            budget,
            needs_approval,
            duration=duration,
            purposes=list(Purpose.objects.offered()),
            purpose=purposes.suggest(user),
            question=question,
            consent=f"Yes, spend up to {cost(max_credits)}" if question else "",
            refusal=spending.find_refusal(upload),
        )
    approvers = spending.list_approvers(upload)
    return StartSummary(
        label=f"Approve and start · at most {cost(max_credits)}",
        left_today=left_today,
        budget=budget,
        approval=approval_sentence(upload, approvers),
        may_approve=user in approvers,
        may_decline=can(user, Right.APPROVE) and user.pk != upload.start_asked_by_id,
        may_withdraw=user.pk == upload.start_asked_by_id,
    )


def start_label(upload: Upload, needs_approval: bool) -> str:
    """Return the label of the button that starts a list: how many people it traces, and what that costs at most."""
    if not upload.item_count:
        return "Use the earlier answers for free" if upload.reused_count else "Nobody to trace"
    what = "Request approval for" if needs_approval else "Trace"
    return f"{what} {number(upload.item_count)} · at most {cost(spending.max_credits(upload.item_count))}"


def confirm_question(upload: Upload, max_credits: Decimal, duration: str) -> str:
    """Return the question before a list starts that may cost more than CONFIRM_ABOVE dollars, or ""."""
    if not spending.is_costly(max_credits, if_unknown=False):
        return ""
    takes = f" and {duration[:1].lower()}{duration[1:]}" if duration else ""
    return f"Trace {count(upload.item_count, 'person,people')}? This can cost at most {cost(max_credits)}{takes}."


def credits_left_sentence(max_credits: Decimal) -> str:
    """Return how many credits are left today and whether a list may need more, or "" if there is no daily limit."""
    left = limits.credits_left_today()
    if left is None:
        return ""
    too_few = ", not enough for this list" if left < max_credits else ""
    return f"Credits left today (UTC): {number(left)} of {number(settings.DAILY_CREDIT_LIMIT)}{too_few}."


def describe_budget(upload: Upload, max_credits: Decimal) -> BudgetNote | None:
    """Return what the start of a list may leave of its team's budget. Return None if the team has no budget."""
    balance = next(iter(budgets.load_balances(timezone.now(), [upload.team_id] if upload.team_id else [])), None)
    if not balance or not upload.item_count:
        return None
    team, month, waits = f"Team {balance.team}", balance.month_name, "until an administrator raises the budget"
    if balance.is_used_up:
        return BudgetNote(f"{team}'s budget for {month} is used up. The list waits {waits} or the month ends.", "bad")
    left, after = f"of its {cost(balance.budget)} for {month}", balance.left - max_credits
    if after < 0:
        text = f"{team} has {cost(balance.left)} left {left}, and this list can cost more. What does not fit waits"
        return BudgetNote(f"{text} {waits} or the month ends.", "warn")
    is_low = after * 100 <= balance.budget * (100 - budgets.WARN_PERCENT)
    return BudgetNote(f"Leaves {team[:1].lower()}{team[1:]} at least {cost(after)} {left}.", "warn" if is_low else "")


def approval_sentence(upload: Upload, approvers: list[User]) -> str:
    """Return who asked to start a list, and who may approve it."""
    names = ", ".join(str(user) for user in approvers[:MAX_APPROVERS_NAMED])
    if len(approvers) > MAX_APPROVERS_NAMED:
        who = f": {names} or {len(approvers) - MAX_APPROVERS_NAMED} more."
    elif approvers:
        who = f": {names}."
    else:
        who = ". Nobody can at the moment: an administrator can give somebody the role of Approver."
    asked_by, most = upload.start_asked_by or "Someone", cost(spending.max_credits(upload.item_count))
    return (
        f"{asked_by} asked to start this list. Because it could cost up to {most}, someone else must approve it{who} "
        "Nobody who created or changed it can approve it."
    )
