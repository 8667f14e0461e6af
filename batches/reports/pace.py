"""Measure how quickly results arrive: per minute for the chart, and per second for estimates."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, DateTimeField, Max, Min, Q, QuerySet, When
from django.db.models.functions import TruncMinute

from batches.models import Batch, Item, Minute
from batches.statuses import OUTCOME_ANSWERED

ONE_MINUTE = timedelta(minutes=1)
CHART_MINUTES = 60
"""Minutes in the chart."""
MINUTE_RETENTION = timedelta(days=1)
TALLY_DELAY = timedelta(seconds=10)
"""How long after its end a minute is counted. Its results are stored within 8 seconds, or refused."""
MIN_SPAN_SECONDS = 5
"""Results are averaged over at least this time."""


@dataclass
class Pace:
    """The recent results."""

    minutes: list[Minute] = field(default_factory=list)
    """CHART_MINUTES minutes, the current one last."""
    per_upload: dict[int, float] = field(default_factory=dict)
    """Upload id → results per second, over the last minute or since its first result in that minute."""
    in_last_minute: int = 0
    """Results in the last minute."""
    per_second: float = 0
    """Results per second of all lists."""
    last_result_at: datetime | None = None
    """When the last result arrived, or None if none arrived in the last hour."""


def tally_minutes(now: datetime) -> None:
    """Store the counts of the minutes that are over, as far back as the chart goes. Two clocks store each only once."""
    end = floor_minute(now - TALLY_DELAY)
    last = Minute.objects.filter(at__lte=now).order_by("-at").values_list("at", flat=True).first()
    begin = max(last + ONE_MINUTE, end - CHART_MINUTES * ONE_MINUTE) if last else end - CHART_MINUTES * ONE_MINUTE
    if begin < end:
        counted = {minute.at: minute for minute in count_minutes(read_answers(begin).filter(answered_at__lt=end))}
        Minute.objects.bulk_create(
            [counted.get(at) or Minute(at=at) for at in list_minutes(begin, end)], ignore_conflicts=True
        )


def purge_minutes(now: datetime) -> None:
    """Delete minutes that are no longer shown, and minutes in the future, from a clock that was ahead."""
    Minute.objects.filter(Q(at__lt=now - MINUTE_RETENTION) | Q(at__gt=now)).delete()


def read_answers(since: datetime) -> QuerySet[Item]:
    """Return the people answered since then, without late answers for batches that had closed before."""
    batches = Batch.objects.possibly_answered_since(since).order_by().values("pk")
    return Item.objects.filter(batch__in=batches, answered_at__gte=since, outcome__in=OUTCOME_ANSWERED).order_by()


def count_minutes(answers: QuerySet[Item]) -> list[Minute]:
    numbers: dict[str, Any] = {str(outcome): Count("pk", filter=Q(outcome=outcome)) for outcome in OUTCOME_ANSWERED}
    numbers["last_at"] = Max("answered_at")
    return [Minute(**row) for row in answers.values(at=TruncMinute("answered_at", tzinfo=UTC)).annotate(**numbers)]


def read_minutes(now: datetime) -> dict[datetime, Minute]:
    """Return the stored minutes of the chart by their start."""
    return {minute.at: minute for minute in Minute.objects.filter(at__gte=chart_start(now), at__lte=now)}


def usual_pace(now: datetime) -> float:
    """Return the results per second in the minutes of the last day in which results arrived; 0 if none did."""
    recent = Minute.objects.filter(at__gt=now - MINUTE_RETENTION, at__lte=now).exclude(matched=0, no_match=0, error=0)
    totals = [minute.total for minute in recent]
    return sum(totals) / (60 * len(totals)) if totals else 0


def chart_start(now: datetime) -> datetime:
    """Return the start of the chart's first minute."""
    return floor_minute(now) - (CHART_MINUTES - 1) * ONE_MINUTE


def uncounted_since(kept: Collection[datetime], now: datetime) -> datetime:
    """Return from when on answers must be read: minutes that are not stored, and the last sixty seconds."""
    uncounted = max(kept) + ONE_MINUTE if kept else chart_start(now)
    return min(uncounted, now - ONE_MINUTE)


def recent_annotations(since: datetime, now: datetime) -> tuple[TruncMinute, dict[str, Any]]:
    """Return a minute to group by, and further aggregates for `counts.count_outcomes()`, to compute the pace from.

    They give one row per minute since `since`; earlier results share one row. Each row has the number of results in the
    last sixty seconds and the time of the first of these, and the time of its last result.
    """
    recent = Q(answered_at__gt=now - ONE_MINUTE)
    times = {"first": Min("answered_at", filter=recent), "last": Max("answered_at")}
    answered = Case(When(answered_at__gte=since, then="answered_at"), output_field=DateTimeField())
    return TruncMinute(answered, tzinfo=UTC), {"recent": Count("pk", filter=recent), **times}


def compute_pace(rows: list[dict[str, Any]], kept: dict[datetime, Minute], now: datetime) -> Pace:
    """Compute the pace from rows with `recent_annotations` and from the stored minutes."""
    rows = [row for row in rows if row["minute"]]
    minutes = {
        at: kept.get(at) or Minute(at=at) for at in list_minutes(chart_start(now), floor_minute(now) + ONE_MINUTE)
    }
    for row in rows:
        if row["minute"] in minutes and row["minute"] not in kept:
            add_row(minutes[row["minute"]], row)
    return Pace(
        minutes=list(minutes.values()),
        per_upload=rates_by_upload(rows, now),
        in_last_minute=sum(row["recent"] for row in rows),
        per_second=results_per_second(rows, now),
        last_result_at=last_result_at(rows, kept.values()),
    )


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


def last_result_at(rows: Iterable[dict[str, Any]], minutes: Iterable[Minute]) -> datetime | None:
    times = [row["last"] for row in rows] + [minute.last_at for minute in minutes if minute.last_at]
    return max(times, default=None)


def floor_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def list_minutes(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + number * ONE_MINUTE for number in range((end - begin) // ONE_MINUTE)]
