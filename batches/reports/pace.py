"""Measure how quickly results arrive: per minute for the plot, and per second for estimates."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any, cast

from django.core.cache import cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Count, DateTimeField, Max, Min, Q, QuerySet, When
from django.db.models.functions import TruncMinute
from django.db.models.sql.compiler import SQLCompiler

from batches.models import Batch, Item, Minute, VendorAccount
from batches.reports.forecast import SHORT_WINDOW_SECONDS, Measured, Span, measure, measure_newest
from batches.statuses import OUTCOME_ANSWERED, BatchKind, BatchStatus
from batches.tracing.account_choice import AccountId

ONE_MINUTE = timedelta(minutes=1)
CHART_MINUTES = 60
"""Minutes that are loaded for the plot."""
MINUTE_RETENTION = timedelta(days=1)
TALLY_DELAY = timedelta(seconds=10)
"""How long after its end a minute is counted: by then its results are stored or refused, which takes 8 seconds."""
MIN_SPAN_SECONDS = 5
"""Results per second are averaged over at least this time."""
USUAL_BATCHES = 40
"""Number of recently closed batches that the usual pace is measured with."""
USUAL_SECONDS = 20
"""How long the usual pace is cached."""
DEFAULT_LATENCY = 3.0
MAX_LATENCY = 30.0
MAX_PER_SECOND = 200
"""More results per second than the vendor delivers. A batch that had more was completed before its answers came."""


class UtcMinute(TruncMinute):
    """The minute of a time, in UTC.

    SQLite cuts it off itself. Django's function would call Python for each row, which took most of a page's time.
    """

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, tzinfo=UTC)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        sql, params = compiler.compile(self.lhs)
        # Times are stored as text, like 2026-03-02 12:00:30.5. SQLite's own functions would round the seconds.
        return f"substr({sql}, 1, 16) || ':00'", params


@dataclass(frozen=True)
class RecentPace:
    """How quickly results have arrived recently over a vendor account, or over all of them."""

    recent: Measured = field(default_factory=Measured)
    """What arrived in the last minute, without the pauses between batches."""
    latest: Measured = field(default_factory=Measured)
    """What arrived in the last SHORT_WINDOW_SECONDS."""
    last_result_at: datetime | None = None
    """When the last result of a batch in progress arrived, if one has."""


@dataclass
class Pace:
    """How quickly results have arrived recently."""

    minutes: list[Minute] = field(default_factory=list)
    """The last CHART_MINUTES, the current one last."""
    per_upload: dict[int, float] = field(default_factory=dict)
    """Upload id → results per second, over the last minute or since its first result in that minute."""
    in_last_minute: int = 0
    """Results in the last minute."""
    per_second: float = 0
    """Results per second of all lists."""
    last_result_at: datetime | None = None
    """When the last result arrived, or None if none arrived in the last hour."""
    recent: Measured = field(default_factory=Measured)
    """What arrived in the last minute over all accounts, without the pauses between batches."""
    per_account: dict[AccountId, RecentPace] = field(default_factory=dict)
    """Vendor account → pace, for the accounts with batches in progress."""


@dataclass(frozen=True)
class UsualPace:
    """How quickly the vendor answered the batches that closed last over an account."""

    measured: Measured = field(default_factory=Measured)
    latency: float = DEFAULT_LATENCY
    """Seconds from a call until the first answer, if the vendor has nothing else to do."""


def tally_minutes(now: datetime) -> None:
    """Store the counts of the minutes that are over, as far back as the chart goes.

    If two clocks do so at once, each minute is stored once.
    """
    end = floor_minute(now - TALLY_DELAY)
    begin = end - CHART_MINUTES * ONE_MINUTE
    last = Minute.objects.filter(at__lte=now).order_by("-at").values_list("at", flat=True).first()
    if last:
        begin = max(last + ONE_MINUTE, begin)
    if begin < end:
        counted = {minute.at: minute for minute in count_minutes(read_answers(begin).filter(answered_at__lt=end))}
        minutes = [counted.get(at) or Minute(at=at) for at in list_minutes(begin, end)]
        Minute.objects.bulk_create(minutes, ignore_conflicts=True)


def purge_minutes(now: datetime) -> None:
    """Delete minutes that are no longer shown, and minutes in the future, from a clock that was ahead."""
    Minute.objects.filter(Q(at__lt=now - MINUTE_RETENTION) | Q(at__gt=now)).delete()


def read_answers(since: datetime) -> QuerySet[Item]:
    """Return the people answered since then, without late answers for batches that had closed before."""
    batches = Batch.objects.possibly_answered_since(since).order_by().values("pk")
    return Item.objects.filter(batch__in=batches, answered_at__gte=since, outcome__in=OUTCOME_ANSWERED).order_by()


def count_minutes(answers: QuerySet[Item]) -> list[Minute]:
    """Count answers by the minute in which they arrived. Minutes without any are left out."""
    counts: dict[str, Any] = {str(outcome): Count("pk", filter=Q(outcome=outcome)) for outcome in OUTCOME_ANSWERED}
    counts["last_at"] = Max("answered_at")
    return [Minute(**row) for row in answers.values(at=UtcMinute("answered_at")).annotate(**counts)]


def read_minutes(now: datetime) -> dict[datetime, Minute]:
    """Return the stored minutes of the chart by their start."""
    return {minute.at: minute for minute in Minute.objects.filter(at__gte=chart_start(now), at__lte=now)}


def usual_pace(now: datetime, accounts: Collection[AccountId]) -> float:
    """Return the usual results per second over these vendor accounts together, or 0 if it is not known.

    They are those in the batches that closed last, or else, if there is only the default account, in the minutes of the
    last day in which results arrived.
    """
    other_accounts = VendorAccount.objects.count()
    usual = measure_usual(now, 1 + other_accounts)
    measured = sum(usual[account].measured.per_second for account in accounts if account in usual)
    if measured or other_accounts:
        return measured
    recent = Minute.objects.filter(at__gt=now - MINUTE_RETENTION, at__lte=now).exclude(matched=0, no_match=0, error=0)
    totals = [minute.total for minute in recent]
    return sum(totals) / (60 * len(totals)) if totals else 0


def load_usual_pace(now: datetime, account_count: int) -> dict[AccountId, UsualPace]:
    """Return vendor account → its usual pace, as far as it is known. It may be USUAL_SECONDS old."""
    found = cache.get_or_set("usual-pace-of-accounts", lambda: measure_usual(now, account_count), USUAL_SECONDS)
    return cast(dict[AccountId, UsualPace], found)


def measure_usual(now: datetime, account_count: int) -> dict[AccountId, UsualPace]:
    """Measure the usual pace of each of so many vendor accounts in the batches that closed last, within a day."""
    closed = Batch.objects.filter(closed_at__gt=now - MINUTE_RETENTION, closed_at__lte=now).order_by("-closed_at")
    names = [
        "account_id",
        "matched",
        "no_match",
        "error",
        "submitted_at",
        "first_result_at",
        "completed_at",
        "closed_at",
    ]
    newest = closed.filter(kind=BatchKind.BULK, status=BatchStatus.CLOSED, first_result_at__isnull=False)
    batches: defaultdict[AccountId, list[Batch]] = defaultdict(list)
    for batch in newest.only(*names)[: USUAL_BATCHES * account_count]:
        batches[batch.account_id].append(batch)
    return {account: measure_closed(each[:USUAL_BATCHES]) for account, each in batches.items()}


def measure_closed(batches: list[Batch]) -> UsualPace:
    """Measure the pace in closed batches of one account, the newest first."""
    spans = [span for batch in batches if (span := span_of(batch))]
    return UsualPace(measure_newest(spans), measure_latency(batches))


def span_of(batch: Batch) -> Span | None:
    """Return when the answers of a closed batch arrived, or None if that is not known."""
    count = batch.matched + batch.no_match + batch.error
    if not count or not batch.first_result_at:
        return None
    first = batch.first_result_at.timestamp()
    for end in filter(None, [batch.completed_at, batch.closed_at]):
        if end.timestamp() - first > count / MAX_PER_SECOND:
            return Span(count, first, end.timestamp())
    return None


def measure_latency(batches: Iterable[Batch]) -> float:
    """Return how soon the first answer comes. Most batches wait for others, so only the quick ones show it."""
    waits = [
        (batch.first_result_at - batch.submitted_at).total_seconds()
        for batch in batches
        if batch.first_result_at and batch.submitted_at
    ]
    if not waits:
        return DEFAULT_LATENCY
    quick = quantiles(waits, n=10)[0] if len(waits) > 1 else waits[0]
    return min(max(quick, 0.5), MAX_LATENCY)


def chart_start(now: datetime) -> datetime:
    """Return the start of the chart's first minute."""
    return floor_minute(now) - (CHART_MINUTES - 1) * ONE_MINUTE


def uncounted_since(stored: Collection[datetime], now: datetime) -> datetime:
    """Return the time since which answers must be counted: those of minutes not stored, and of the last minute."""
    uncounted = max(stored) + ONE_MINUTE if stored else chart_start(now)
    return min(uncounted, now - ONE_MINUTE)


def recent_annotations(since: datetime, now: datetime) -> tuple[UtcMinute, dict[str, Any]]:
    """Return what `counts.count_outcomes()` needs for the pace: the minute to group by, and further aggregates.

    There is one row per minute from `since` on; earlier results share one row. Each row has the number of its results
    in the last sixty seconds and in the last SHORT_WINDOW_SECONDS, the times of the first of these, and the time of its
    last result.
    """
    recent = Q(answered_at__gt=now - ONE_MINUTE)
    latest = Q(answered_at__gt=now - timedelta(seconds=SHORT_WINDOW_SECONDS))
    aggregates = {
        "recent": Count("pk", filter=recent),
        "first": Min("answered_at", filter=recent),
        "latest": Count("pk", filter=latest),
        "latest_first": Min("answered_at", filter=latest),
        "last": Max("answered_at"),
    }
    answered = Case(When(answered_at__gte=since, then="answered_at"), output_field=DateTimeField())
    return UtcMinute(answered), aggregates


def compute_pace(
    rows: list[dict[str, Any]], stored: dict[datetime, Minute], now: datetime, batches: Mapping[int, Batch]
) -> Pace:
    """Compute the pace from rows with `recent_annotations`, their batches, and the stored minutes."""
    rows = [row for row in rows if row["minute"]]
    shown = list_minutes(chart_start(now), floor_minute(now) + ONE_MINUTE)
    minutes = {at: stored.get(at) or Minute(at=at) for at in shown}
    for row in rows:
        if row["minute"] in minutes and row["minute"] not in stored:
            add_row(minutes[row["minute"]], row)
    return Pace(
        minutes=list(minutes.values()),
        per_upload=rates_by_upload(rows, now),
        in_last_minute=sum(row["recent"] for row in rows),
        per_second=results_per_second(rows, now),
        last_result_at=find_last_result(rows, stored.values()),
        recent=measure_rows(rows, "recent", "first"),
        per_account=measure_accounts(rows, batches),
    )


def measure_accounts(rows: list[dict[str, Any]], batches: Mapping[int, Batch]) -> dict[AccountId, RecentPace]:
    """Measure the pace of each vendor account in rows with `recent_annotations`."""
    rows_of: defaultdict[AccountId, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        rows_of[batches[row["batch_id"]].account_id].append(row)
    return {
        account: RecentPace(
            measure_rows(its, "recent", "first"),
            measure_rows(its, "latest", "latest_first"),
            find_last_result(its, []),
        )
        for account, its in rows_of.items()
    }


def measure_rows(rows: list[dict[str, Any]], count: str, first: str) -> Measured:
    """Measure the pace in rows with `recent_annotations`, by the names of their count and of the first time."""
    spans = (Span(row[count], row[first].timestamp(), row["last"].timestamp()) for row in rows if row[count])
    return measure(spans)


def add_row(minute: Minute, row: dict[str, Any]) -> None:
    for name in OUTCOME_ANSWERED:
        setattr(minute, name, getattr(minute, name) + row[name])


def rates_by_upload(rows: list[dict[str, Any]], now: datetime) -> dict[int, float]:
    uploads = {row["upload_id"] for row in rows}
    return {pk: results_per_second([row for row in rows if row["upload_id"] == pk], now) for pk in uploads}


def results_per_second(rows: list[dict[str, Any]], now: datetime) -> float:
    """Return the results per second in these rows."""
    first = min((row["first"] for row in rows if row["first"]), default=now)
    return sum(row["recent"] for row in rows) / max((now - first).total_seconds(), MIN_SPAN_SECONDS)


def find_last_result(rows: Iterable[dict[str, Any]], minutes: Iterable[Minute]) -> datetime | None:
    times = [row["last"] for row in rows] + [minute.last_at for minute in minutes if minute.last_at]
    return max(times, default=None)


def floor_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def list_minutes(begin: datetime, end: datetime) -> list[datetime]:
    """Return the start of each minute from `begin` to before `end`."""
    return [begin + number * ONE_MINUTE for number in range((end - begin) // ONE_MINUTE)]
