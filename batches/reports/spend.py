"""Report what was spent in a period: in total, by day, and by source, list, uploader or team.

Days are those of the portal's time zone, so that all readers see the same sums and budgets agree with them. An answer
counts for the day on which its batch closes, and until then for today.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Subquery, Sum
from django.urls import reverse

from accounts.access import sees_all_lists, team_ids
from accounts.models import Team
from accounts.rights import Right, can
from batches.models import TeamBudget, Upload, UploadQuerySet
from batches.tracing import budgets, spent
from batches.tracing.budgets import Balance
from batches.tracing.counts import Counts
from batches.tracing.credits import format_cost, format_money, to_money

PERIODS = {
    "week": "This week",
    "month": "This month",
    "last-month": "Last month",
    "quarter": "This quarter",
    "custom": "Custom",
}
"""Period → its name."""
MAX_DAYS = 3 * 366
"""The longest period."""
MAX_DAILY_BARS = 92
"""The longest period in days for which there is a bar for each day."""
MAX_WEEKLY_BARS = 53
MAX_GROUPS = 100
"""Maximum number of groups shown. The others are in the file."""
GRID_TOP = 8 / 9
"""Share of a chart's height at which its highest label stands."""
NICE_STEPS = (1, 2, 3, 4, 5, 6, 8, 10)


class Grouping(NamedTuple):
    """How spend is grouped: by which field of a list, and which field names the group."""

    label: str
    key: str
    name: str
    unnamed: str
    """The name of the group without one."""


GROUPINGS = {
    "source": Grouping("Source", "list_source", "list_source", "No source given"),
    "list": Grouping("List", "pk", "name", ""),
    "uploader": Grouping("Uploaded by", "created_by", "created_by__username", "Command line"),
    "team": Grouping("Team", "team", "team__name", "No team"),
}


class SortOrder(NamedTuple):
    """By which figure the groups are sorted, and in which direction."""

    column: str
    is_descending: bool

    @property
    def address(self) -> str:
        """The order as addresses name it, such as `-spent`."""
        return f"{'-' if self.is_descending else ''}{self.column}"


DEFAULT_ORDER = SortOrder("spent", is_descending=True)

# Periods


@dataclass(frozen=True)
class Period:
    """A period of whole days, and the one that it is compared with. The last days are included."""

    key: str
    first: date
    last: date
    before_first: date
    before_last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def find_period(key: str, today: date, first: date | None = None, last: date | None = None) -> Period:
    """Return a period of PERIODS. `first` and `last` are the days of the custom one.

    A period that has not ended is compared with as many days of the one before it.
    """
    if key == "custom" and first and last:
        length = (last - first).days + 1
        return Period(key, first, last, first - timedelta(length), first - timedelta(1))
    if key == "week":
        monday = today - timedelta(today.weekday())
        return Period(key, monday, today, monday - timedelta(7), today - timedelta(7))
    month = today.replace(day=1)
    if key == "last-month":
        start = month_before(month)
        return Period(key, start, month - timedelta(1), month_before(start), start - timedelta(1))
    if key == "quarter":
        start = month.replace(month=month.month - (month.month - 1) % 3)
        before = month_before(month_before(month_before(start)))
        return Period(key, start, today, before, find_comparable_day(before, today - start, start))
    before = month_before(month)
    return Period("month", month, today, before, find_comparable_day(before, today - month, month))


def month_before(month: date) -> date:
    return (month - timedelta(1)).replace(day=1)


def find_comparable_day(start: date, elapsed: timedelta, end: date) -> date:
    """Return the day that is `elapsed` after `start`, or the last day before `end` if that is earlier."""
    return min(start + elapsed, end - timedelta(1))


# Sums


@dataclass
class Group(Counts):
    """What one group of lists has cost, or all of them."""

    name: str = ""
    address: str = ""
    share: float = 0
    """Percentage of the total."""

    @property
    def cost_per_match(self) -> Decimal | None:
        return self.credits / self.matched if self.matched else None

    @property
    def bar_width(self) -> str:
        return f"{self.share:.1f}"

    @property
    def share_text(self) -> str:
        return f"{self.share:.0f}%" if self.share >= 1 or not self.share else "under 1%"


@dataclass(frozen=True)
class Bar:
    """A day, week or month of the chart."""

    first: date
    last: date
    counts: Counts
    x: str = ""
    y: str = ""
    height: str = ""

    @property
    def label(self) -> str:
        return format_day(self.first) if self.first == self.last else format_days(self.first, self.last)

    @property
    def title(self) -> str:
        return f"{self.label}: {format_cost(self.counts.credits)}"


@dataclass(frozen=True)
class Plot:
    """The chart of a period."""

    bars: list[Bar]
    width: int
    ticks: list[str]
    """The labels of the scale, the highest first."""
    labels: list[str]
    """The labels of some of the bars, from the first to the last."""
    unit: str
    """What a bar stands for: `day`, `week` or `month`."""

    @property
    def used_bars(self) -> list[Bar]:
        """The bars on which anything was traced, for the table."""
        return [bar for bar in self.bars if bar.counts.credits or bar.counts.done]

    @property
    def description(self) -> str:
        """The chart in words, for screen readers."""
        highest = max(self.bars, key=lambda bar: bar.counts.credits)
        return f"Spend per {self.unit}, at most {format_cost(highest.counts.credits)} ({highest.label})"


@dataclass(frozen=True)
class Spend:
    """Everything that the Spend page shows."""

    period: Period
    total: Group
    before: Group
    """The total of the period before."""
    groups: list[Group]
    """The groups that cost or traced anything, in the order that was asked for."""
    plot: Plot
    reused: int
    """People of lists started in the period who were answered from earlier lists, free."""
    balances: list[Balance] = field(default_factory=list)
    """The budgets that the reader sees, in the current month."""

    @property
    def shown_groups(self) -> list[Group]:
        return self.groups[:MAX_GROUPS]

    @property
    def others(self) -> Group | None:
        """The groups beyond MAX_GROUPS as one, or None."""
        hidden = self.groups[MAX_GROUPS:]
        return add_up(f"{len(hidden):,} more", hidden) if hidden else None

    @property
    def busy_bars(self) -> int:
        """The number of bars with costs."""
        return sum(bar.counts.credits > 0 for bar in self.plot.bars)

    @property
    def average(self) -> Decimal:
        """Average cost per bar with costs."""
        return self.total.credits / self.busy_bars if self.busy_bars else Decimal(0)

    @property
    def budget(self) -> Balance | None:
        """All budgets that the reader sees as one, or None without any."""
        if not self.balances:
            return None
        budget, left = (sum((getattr(each, name) for each in self.balances), Decimal(0)) for name in ("budget", "left"))
        # A team that has spent more than its budget takes nothing from the others.
        return Balance(0, "", self.balances[0].month, budget, spent=budget - left, in_flight=Decimal(0))

    @property
    def change(self) -> str:
        """The total compared with that of the period before, as a phrase."""
        days = format_days(self.period.before_first, self.period.before_last)
        if not self.before.credits:
            return f"nothing in {days}"
        cost = format_cost(self.before.credits)
        percent = round(100 * (self.total.credits - self.before.credits) / self.before.credits)
        if not percent:
            return f"as in {days} ({cost})"
        return f"{abs(percent):,}% {'more' if percent > 0 else 'less'} than {days} ({cost})"


def visible_spend(user: User | None) -> UploadQuerySet:
    """Return the lists whose cost a user sees.

    Leads and administrators see the cost of every list that they see, others only that of their own lists.
    """
    lists = Upload.objects.visible_to(user)
    return lists if user is None or can(user, Right.DECIDE) else lists.filter(created_by=user)


def load_spend(user: User | None, period: Period, by: str, now: datetime, order: SortOrder = DEFAULT_ORDER) -> Spend:
    """Load what was spent in a period, grouped by one of GROUPINGS, in lists whose cost `user` sees.

    The number of queries is constant, and only people of open batches are read.
    """
    uploads = visible_spend(user)
    lists = None if sees_all_lists(user) else uploads.order_by().values_list("pk", flat=True)
    grouping, today = GROUPINGS[by], spent.portal_day(now)
    since, until = spent.start_of(period.first), spent.start_of(period.last + timedelta(1))
    before_since, before_until = spent.start_of(period.before_first), spent.start_of(period.before_last + timedelta(1))
    open_batches = spent.read_open(lists)
    in_progress = [row | {"day": today} for row in open_batches.rows] if period.first <= today <= period.last else []
    outside = spent.read_outside(lists, before_since, until)
    current = in_progress + [row for row in outside if row["day"] >= period.first]
    earlier = [row for row in outside if row["day"] <= period.before_last]
    closed = spent.closed_between(lists, since, until, open_batches)
    key = f"upload__{grouping.key}"
    by_group = spent.sum_closed(closed, group=F(key), group_name=F(f"upload__{grouping.name}"))
    groups = sort_groups(group_rows(by_group + name_groups(current, grouping), grouping, by), order)
    closed_before = spent.closed_between(lists, before_since, before_until, open_batches)
    return Spend(
        period=period,
        total=with_shares(groups),
        before=add_up("", [as_group(row) for row in [*spent.sum_closed(closed_before), *earlier]]),
        groups=groups,
        plot=draw_plot(period, spent.sum_closed_by_day(closed) + current, today),
        reused=uploads.filter(started_at__gte=since, started_at__lt=until).aggregate(
            people=Sum("reused_count", default=0)
        )["people"],
        balances=load_visible_balances(user, now),
    )


def load_visible_balances(user: User | None, now: datetime) -> list[Balance]:
    """Return the balances of the budgets that a user sees.

    Administrators see all of them, and leads those of their teams.
    """
    if sees_all_lists(user):
        return budgets.load_balances(now)
    return budgets.load_balances(now, team_ids(user)) if user and can(user, Right.DECIDE) else []


def load_month_budget(user: User | None, now: datetime) -> Decimal | None:
    """Return the budgets of this month of all teams whose spend a user sees, together and in credits.

    Return None if one of these teams has lists but no budget: the sum would be compared with what that team spends too.
    """
    if user and not can(user, Right.DECIDE):
        return None
    teams = Team.objects.all() if user is None or sees_all_lists(user) else Team.objects.filter(pk__in=team_ids(user))
    teams = teams.filter(Exists(Upload.objects.filter(team=OuterRef("pk"))))
    in_force = TeamBudget.objects.in_force(budgets.month_of(now)).filter(team=OuterRef("pk"))
    found = list(teams.order_by().values_list(Subquery(in_force.values("credits")[:1]), flat=True))
    return sum(found, Decimal(0)) if found and None not in found else None


def name_groups(rows: list[spent.Row], grouping: Grouping) -> list[spent.Row]:
    """Return rows of lists with the group that each list belongs to."""
    ids = {row["upload_id"] for row in rows}
    uploads = Upload.objects.filter(pk__in=ids).values_list("pk", grouping.key, grouping.name) if ids else []
    group_of = {pk: {"group": key, "group_name": name} for pk, key, name in uploads}
    return [row | group_of[row["upload_id"]] for row in rows if row["upload_id"] in group_of]


def group_rows(rows: Iterable[spent.Row], grouping: Grouping, by: str) -> list[Group]:
    """Add up the rows of each group. Return the groups, the most expensive first."""
    groups: dict[Any, Group] = {}
    for row in rows:
        key = row["group"]
        if key not in groups:
            address = reverse("upload", args=[key]) if by == "list" else ""
            groups[key] = Group(name=row["group_name"] or grouping.unnamed, address=address)
        groups[key].add(row)
    used = [group for group in groups.values() if group.credits or group.done]
    return sorted(used, key=lambda group: (-group.credits, -group.done, group.name))


COLUMNS: dict[str, Callable[[Group], Any]] = {
    "name": lambda group: group.name.casefold(),
    "spent": lambda group: group.credits,
    "people": lambda group: group.done,
    "matches": lambda group: group.matched,
    "rate": lambda group: group.match_rate,
    "cost-per-match": lambda group: group.cost_per_match,
}
"""Column of the table of groups → the figure in it."""


def read_order(text: str) -> SortOrder:
    """Return the order that an address names, such as `-people`, or the default for an unknown one."""
    column = text.removeprefix("-")
    return SortOrder(column, text.startswith("-")) if column in COLUMNS else DEFAULT_ORDER


def sort_groups(groups: list[Group], order: SortOrder) -> list[Group]:
    """Return groups in an order. Those without the figure come last, whichever the direction."""
    read = COLUMNS[order.column]
    known = [group for group in groups if read(group) is not None]
    unknown = [group for group in groups if read(group) is None]
    return sorted(known, key=read, reverse=order.is_descending) + unknown


def as_group(row: spent.Row) -> Group:
    group = Group()
    group.add(row)
    return group


def add_up(name: str, groups: Iterable[Group]) -> Group:
    total = Group(name=name, share=sum(group.share for group in groups))
    for group in groups:
        total.add({outcome: getattr(group, outcome) for outcome in spent.as_row({})})
    return total


def with_shares(groups: list[Group]) -> Group:
    """Set each group's share of the total, and return the total."""
    total = add_up("Total", groups)
    for group in [*groups, total]:
        group.share = float(100 * group.credits / total.credits) if total.credits else 0
    return total


# The chart


def draw_plot(period: Period, rows: Iterable[spent.Row], today: date) -> Plot:
    """Draw a bar for each day of a period, or for each week or month of a long one."""
    unit, spans = split_period(period)
    counts = [Counts() for _ in spans]
    position_of = {
        first + timedelta(offset): position
        for position, (first, last) in enumerate(spans)
        for offset in range((last - first).days + 1)
    }
    for row in rows:
        counts[position_of[row["day"]]].add(row)
    amounts = [to_shown(each.credits) for each in counts]
    top = round_up_scale(max(amounts))
    bars = []
    for position, ((first, last), each, amount) in enumerate(zip(spans, counts, amounts, strict=True)):
        height = 100 * GRID_TOP * float(amount / top)
        bars.append(Bar(first, last, each, f"{10 * position + 2}", f"{100 - height:.1f}", f"{height:.1f}"))
    ticks = [format_tick(top), format_tick(top / 2), format_tick(Decimal(0))]
    return Plot(bars, 10 * len(bars), ticks, choose_labels(bars, today), unit)


def split_period(period: Period) -> tuple[str, list[tuple[date, date]]]:
    """Return the unit of a period's bars, and the first and last day of each."""
    if period.days <= MAX_DAILY_BARS:
        days = [period.first + timedelta(offset) for offset in range(period.days)]
        return "day", [(day, day) for day in days]
    unit = "week" if period.days <= 7 * MAX_WEEKLY_BARS else "month"
    spans, first = [], period.first
    while first <= period.last:
        next_first = first + timedelta(7 - first.weekday()) if unit == "week" else budgets.next_month(first)
        spans.append((first, min(next_first - timedelta(1), period.last)))
        first = next_first
    return unit, spans


def to_shown(credits: Decimal) -> Decimal:
    """Return credits as pages show them: in dollars, or as they are if they have no price."""
    dollars = to_money(credits)
    return credits if dollars is None else dollars


def round_up_scale(amount: Decimal) -> Decimal:
    """Return the round number at the top of a scale. An amount of 0 has a scale too."""
    power = Decimal(1)
    while power * 10 < amount:
        power *= 10
    while amount and power >= amount:
        power /= 10
    return next(step * power for step in NICE_STEPS if step * power >= amount)


def format_tick(amount: Decimal) -> str:
    is_whole = amount == amount.to_integral_value()
    if to_money(Decimal(1)) is None:
        return f"{amount.normalize():,f}"
    return f"${amount:,.0f}" if is_whole else format_money(amount)


def choose_labels(bars: list[Bar], today: date) -> list[str]:
    """Return the labels of at most five bars at equal distances."""
    last = len(bars) - 1
    positions = sorted({last * quarter // 4 for quarter in range(5)})
    return [
        "Today" if bars[each].last == today == bars[each].first else format_day(bars[each].first) for each in positions
    ]


def format_day(day: date) -> str:
    return f"{day:%b} {day.day}"


def format_days(first: date, last: date) -> str:
    """Return a range of days: `Nov 26`, `Nov 1 to 26`, `Oct 28 to Nov 3` or, across years, with the years."""
    if first == last:
        return format_day(first)
    if first.year != last.year:
        return f"{format_day(first)}, {first.year} to {format_day(last)}, {last.year}"
    if first.month == last.month:
        return f"{format_day(first)} to {last.day}"
    return f"{format_day(first)} to {format_day(last)}"


# The file

CSV_HEADINGS = ["People", "Matches", "Match Rate", "Credits", "Cost (USD)", "Cost Per Match (USD)", "Share"]


def export_rows(spend: Spend, by: str) -> Iterable[list[str]]:
    """Yield the rows of the CSV file: a header, each group, and the total. Without a price, costs are empty."""
    yield [GROUPINGS[by].label, *CSV_HEADINGS]
    for group in [*spend.groups, spend.total]:
        yield [
            group.name,
            str(group.done),
            str(group.matched),
            "" if group.match_rate is None else f"{group.match_rate}%",
            f"{group.credits:.2f}",
            plain_money(group.credits),
            plain_money(group.cost_per_match),
            f"{group.share:.1f}%",
        ]


def plain_money(credits: Decimal | None) -> str:
    dollars = None if credits is None else to_money(credits)
    return "" if dollars is None else f"{dollars:.2f}"
