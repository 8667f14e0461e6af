"""Keep what a team spends in a calendar month within its budget.

Months are those of the portal's time zone. An answer counts for the month in which its batch closes; people in flight
count at the most that they can cost, for the current month.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind, Team
from accounts.rights import Right, require
from batches.models import TeamBudget, Upload
from batches.tracing import limits, spent
from batches.tracing.credits import format_cost
from batches.tracing.limits import SpendingRefused, max_credits

RETRY = timedelta(minutes=1)
"""How long a list waits before its budget is looked at again. Answers may have cost less than they could have."""
WARN_PERCENT = 80
"""The percentage spent at which a team's leads and the administrators are warned."""


class OverBudget(SpendingRefused):
    """A team's budget does not allow a batch. The message tells users why, and what to do."""


@dataclass(frozen=True)
class Balance:
    """What a team has spent of its budget in one month. All sums are in credits."""

    team_id: int
    team: str
    month: date
    budget: Decimal
    spent: Decimal
    in_flight: Decimal
    """The most that people who are with the vendor can cost."""

    @property
    def left(self) -> Decimal:
        """What may still be spent, whatever the people in flight cost."""
        return max(self.budget - self.spent - self.in_flight, Decimal(0))

    @property
    def percent(self) -> int:
        """Percentage of the budget that is spent, rounded down."""
        return int(100 * self.spent / self.budget) if self.budget else 100

    @property
    def is_used_up(self) -> bool:
        """Whether not even one more match can be paid for."""
        return self.left < max_credits(1)

    @property
    def is_nearly_used_up(self) -> bool:
        return self.percent >= WARN_PERCENT

    @property
    def bar_width(self) -> int:
        return min(self.percent, 100)

    @property
    def look(self) -> str:
        """The class of the bar. Words beside it say the same."""
        if self.is_used_up:
            return "f-bad"
        return "f-warn" if self.is_nearly_used_up else "f-good"

    @property
    def month_name(self) -> str:
        return f"{self.month:%B}"

    @property
    def refusal(self) -> str:
        """Why the next batch is not sent, and what can be done."""
        if self.is_used_up:
            problem = f"Team {self.team}'s budget for {self.month_name} is used up."
        else:
            left = format_cost(self.left)
            problem = f"Team {self.team}'s budget for {self.month_name} has {left} left, too little for the next batch."
        return f"{problem} An administrator can raise it."


def month_of(moment: datetime) -> date:
    """Return the first day of the portal's month at this moment."""
    return spent.portal_day(moment).replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def load_balances(now: datetime, teams: Iterable[int] | None = None, month: date | None = None) -> list[Balance]:
    """Return the balances of teams with a budget, by name. By default, these are all teams, in the current month.

    The number of queries does not depend on the number of teams.
    """
    month = month or month_of(now)
    budgets = TeamBudget.objects.in_force(month).select_related("team").order_by("team__name")
    if teams is not None:
        budgets = budgets.filter(team__in=teams)
    found = list(budgets)
    if not found:
        return []
    used, in_flight = sum_by_team([budget.team_id for budget in found], month, is_current=month == month_of(now))
    return [
        Balance(
            team_id=budget.team_id,
            team=budget.team.name,
            month=month,
            budget=budget.credits or Decimal(0),
            spent=used[budget.team_id],
            in_flight=max_credits(in_flight[budget.team_id]),
        )
        for budget in found
    ]


def sum_by_team(teams: list[int], month: date, *, is_current: bool) -> tuple[dict[int, Decimal], dict[int, int]]:
    """Return what teams spent in a month, in credits, and how many of their people are in flight, by team id."""
    lists: QuerySet[Upload, int] = Upload.objects.filter(team__in=teams).order_by().values_list("pk", flat=True)
    since, until = spent.start_of(month), spent.start_of(next_month(month))
    open_batches = spent.read_open(lists) if is_current else spent.OpenBatches()
    used: defaultdict[int, Decimal] = defaultdict(Decimal)
    in_flight: defaultdict[int, int] = defaultdict(int)
    rows = open_batches.rows + spent.read_outside(lists, since, until)
    team_of = dict(Upload.objects.filter(pk__in={row["upload_id"] for row in rows}).values_list("pk", "team_id"))
    for row in rows:
        team = team_of[row["upload_id"]]
        used[team] += row["credits"]
        in_flight[team] += row.get("in_flight", 0)
    for row in spent.sum_closed(spent.closed_between(lists, since, until, open_batches), "upload__team_id"):
        used[row["upload__team_id"]] += row["credits"]
    return used, in_flight


# Sending


def refuse_over_budget(upload: Upload, people: int, now: datetime) -> None:
    """Raise OverBudget if sending so many people could cost more than is left of the budget of the list's team.

    Call this in the transaction that claims their batch: the lock makes concurrent claims wait for it.
    """
    if upload.team_id is None or not TeamBudget.objects.filter(team=upload.team_id).exists():
        return
    limits.lock_spending()
    balances = load_balances(now, [upload.team_id])
    if balances and max_credits(people) > balances[0].left:
        raise OverBudget(balances[0].refusal)


# Setting


@transaction.atomic
def set_budget(team: Team, credits: Decimal | None, user: User | None) -> bool:
    """Set what a team may spend in this month and in each later one. None removes the limit.

    Its lists that wait for the budget are tried again. Return False if nothing changed.
    """
    require(user, Right.ADMINISTER)
    month = month_of(timezone.now())
    before = find_budget(team.pk, month)
    if credits == before:
        return False
    changes = {"credits": credits, "set_by": user, "set_at": timezone.now()}
    TeamBudget.objects.update_or_create(team=team, month=month, defaults=changes)
    waiting = Upload.objects.filter(team=team).exclude(wait_reason="")
    waiting.update(waits_until=None, wait_reason="")
    detail = f"Budget of the team {team} from {month:%B %Y}: {format_budget(credits)}, before: {format_budget(before)}"
    audit.record(AuditKind.TEAM_CHANGED, user, detail=detail)
    return True


def find_budget(team_id: int, month: date) -> Decimal | None:
    """Return what a team may spend in a month, in credits, or None if there is no limit."""
    return TeamBudget.objects.in_force(month).filter(team=team_id).values_list("credits", flat=True).first()


def format_budget(credits: Decimal | None) -> str:
    return "no limit" if credits is None else f"{format_cost(credits)} a month"
