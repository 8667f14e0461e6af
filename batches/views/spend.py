"""What was spent: the Spend page, its file, and the budgets of teams. Also the start page of the reports."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.models import Team
from accounts.rights import Right, can, require
from batches.exports.download import file_response
from batches.files.writers import write_csv
from batches.forms.spend import BudgetForm, PeriodForm
from batches.reports import spend
from batches.tracing import budgets, limits, spent
from batches.tracing.spending import find_approvers
from batches.user_request import UserRequest

MAX_NAMES = 5
"""Maximum number of approvers who are named."""


HEADS = {
    "spent": ("Spent", "n"),
    "people": ("People", "n"),
    "matches": ("Matches", "n p2"),
    "rate": ("Match rate", "n"),
    "cost-per-match": ("Cost per match", "n p3"),
}
"""Column of the table of groups → its heading, and the classes of the heading."""


class Report(NamedTuple):
    """A link on the start page of the reports."""

    url_name: str
    icon: str
    name: str
    text: str
    right: Right | None = None

    @property
    def address(self) -> str:
        return reverse(self.url_name)


REPORTS = [
    Report(
        "spend",
        "wallet",
        "Spend",
        "What was spent in a period, by day and by source, list, uploader or team, and what is left of the budgets.",
        Right.SEE_LISTS,
    ),
    Report(
        "scorecards", "chart-column", "Scorecards", "Which sources and lists yield usable numbers, and at what cost."
    ),
    Report(
        "reconciliation", "scale", "Reconciliation", "What the vendor says it did, compared with what arrived here."
    ),
    Report(
        "scrubs",
        "phone-off",
        "Scrub files",
        "The national registry, state lists and other files that numbers are compared with, and how old they are.",
        Right.SEE_CONTACTS,
    ),
    Report(
        "audit",
        "scroll-text",
        "Audit log",
        "Who logged in, changed rights, and saw or exported contact details.",
        Right.ADMINISTER,
    ),
    Report(
        "retention",
        "hourglass",
        "How long data is kept",
        "What is deleted when, and how much is due within 30 days.",
        Right.ADMINISTER,
    ),
]


def show_reports(request: UserRequest) -> HttpResponse:
    """Show the start page of the reports. Each reader sees the reports that they may open."""
    shown = [report for report in REPORTS if report.right is None or can(request.user, report.right)]
    return render(request, "spend/reports.html", {"reports": shown})


def show_spend(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SEE_LISTS)
    now = timezone.now()
    form = PeriodForm(request.GET, spent.portal_day(now))
    report = spend.load_spend(request.user, form.period, form.by, now, form.order)
    context: dict[str, Any] = {
        "form": form,
        "spend": report,
        "days": spend.format_days(report.period.first, report.period.last),
        "zone": settings.TIME_ZONE,
        "periods": spend.PERIODS.items(),
        "groupings": [(by, grouping.label) for by, grouping in spend.GROUPINGS.items()],
        "grouping": spend.GROUPINGS[form.by],
        "heads": list_heads(form),
        "sees_team": can(request.user, Right.DECIDE),
        "teams_without_budget": list_teams_without(report.balances, request),
        **describe_limits(),
    }
    return render(request, "spend/page.html", context, status=422 if form.errors else 200)


class Head(NamedTuple):
    """The heading of a column by which the groups can be sorted."""

    label: str
    css: str
    sort: str
    """The order to which the heading leads, as addresses name it."""
    direction: str
    """As in aria-sort, or "" if the groups are sorted by another column."""


def list_heads(form: PeriodForm) -> dict[str, Head]:
    """Return column → its heading. Names are sorted from A on at first, and figures from the highest on."""
    labels = {"name": (spend.GROUPINGS[form.by].label, "")} | HEADS
    heads = {}
    for column, (label, css) in labels.items():
        is_current = column == form.order.column
        order = spend.SortOrder(column, not form.order.is_descending if is_current else column != "name")
        direction = ("descending" if form.order.is_descending else "ascending") if is_current else ""
        heads[column.replace("-", "_")] = Head(label, css, order.address, direction)
    return heads


def list_teams_without(balances: list[budgets.Balance], request: UserRequest) -> list[Team]:
    """Return the teams without a budget, for those who may set one."""
    if not can(request.user, Right.ADMINISTER):
        return []
    return list(Team.objects.exclude(pk__in=[balance.team_id for balance in balances]))


def describe_limits() -> dict[str, Any]:
    """Return the limits of the settings, in credits, and who approves lists above one of them."""
    approvers: list[str] = []
    if settings.APPROVAL_ABOVE:
        approvers = list(find_approvers().order_by("username").values_list("username", flat=True)[:MAX_NAMES])
    return {
        "daily_limit": settings.DAILY_CREDIT_LIMIT,
        "left_today": limits.credits_left_today(),
        "list_limit": settings.UPLOAD_CREDIT_LIMIT,
        "approval_above": settings.APPROVAL_ABOVE,
        "approvers": ", ".join(approvers),
    }


def export_spend(request: UserRequest) -> StreamingHttpResponse:
    """Return the groups of the Spend page as a CSV file, with the period and grouping in the address."""
    require(request.user, Right.EXPORT)
    now = timezone.now()
    form = PeriodForm(request.GET, spent.portal_day(now))
    report = spend.load_spend(request.user, form.period, form.by, now, form.order)
    name = f"spend-by-{form.by}-{report.period.first}-{report.period.last}.csv"
    return file_response(write_csv(spend.export_rows(report, form.by)), name)


def edit_budget(request: UserRequest, pk: int) -> HttpResponse:
    """Show a team's budget. On POST, change it."""
    require(request.user, Right.ADMINISTER)
    team = get_object_or_404(Team, pk=pk)
    now = timezone.now()
    month = budgets.month_of(now)
    form = BudgetForm(request.POST or None, budgets.find_budget(pk, month))
    if request.method == "POST" and form.is_valid():
        if budgets.set_budget(team, form.credits, request.user):
            messages.success(request, f"Budget of {team}: {budgets.format_budget(form.credits)}.")
        return redirect("spend")
    balance = next(iter(budgets.load_balances(now, [pk])), None)
    context = {"team": team, "form": form, "balance": balance, "month": f"{month:%B}", "zone": settings.TIME_ZONE}
    return render(request, "spend/budget.html", context, status=422 if form.errors else 200)
