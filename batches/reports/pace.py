"""How quickly results come: by the minute for a chart, and by the second to tell when a list will be done."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Case, Count, DateTimeField, Max, Min, Q, When
from django.db.models.functions import TruncMinute

from batches.models import Batch, Item, Minute
from batches.statuses import ANSWERED

MINUTE = timedelta(minutes=1)
SHOWN = 60
"""Minutes of the chart."""
KEPT = timedelta(days=1)
SETTLED = timedelta(seconds=10)
"""After its end until a minute is counted: what came in it is stored within 8 s, or refused."""
SHORTEST = 5
"""Seconds: from less no pace is told."""


@dataclass
class Pace:
    """What came lately."""

    minutes: list = field(default_factory=list)
    """SHOWN of Minute, the running one last."""
    per_upload: dict = field(default_factory=dict)
    """Upload id → results a second, over the last minute or since the first of it."""
    in_last_minute: int = 0
    """Results."""
    per_second: float = 0
    """Of all lists together."""
    last_result_at: datetime | None = None
    """When the last result came; None where none came in the last hour."""


def tally_minutes(now):
    """Write down the minutes that are over, those of the last hour at the most. Two clocks write each once."""
    end = floor(now - SETTLED)
    last = Minute.objects.filter(at__lte=now).order_by("-at").values_list("at", flat=True).first()
    begin = max(last + MINUTE, end - SHOWN * MINUTE) if last else end - SHOWN * MINUTE
    if begin < end:
        counted = {minute.at: minute for minute in count_minutes(read_answers(begin).filter(answered_at__lt=end))}
        Minute.objects.bulk_create(
            [counted.get(at) or Minute(at=at) for at in steps(begin, end)], ignore_conflicts=True
        )


def forget_minutes(now):
    """Those that are of no use any more, and those that a clock wrote down that was ahead."""
    Minute.objects.filter(Q(at__lt=now - KEPT) | Q(at__gt=now)).delete()


def read_answers(since):
    """People who were answered since then. Late answers for batches that had closed before are not among them."""
    heard = Batch.objects.heard_since(since).order_by().values("pk")
    return Item.objects.filter(batch__in=heard, answered_at__gte=since, outcome__in=ANSWERED).order_by()


def count_minutes(answers):
    numbers = {str(outcome): Count("pk", filter=Q(outcome=outcome)) for outcome in ANSWERED}
    numbers["last_at"] = Max("answered_at")
    return [Minute(**row) for row in answers.values(at=TruncMinute("answered_at", tzinfo=UTC)).annotate(**numbers)]


def read_minutes(now):
    """Read the minutes of the chart that are written down, by when they began."""
    return {minute.at: minute for minute in Minute.objects.filter(at__gte=find_first(now), at__lte=now)}


def find_first(now):
    """When the first minute of the chart began."""
    return floor(now) - (SHOWN - 1) * MINUTE


def find_since(kept, now):
    """Since when answers are looked at: those of minutes that are not written down, and of the last sixty seconds."""
    untold = max(kept) + MINUTE if kept else find_first(now)
    return min(untold, now - MINUTE)


def group_lately(since, now):
    """Return annotations for `counts.grouped` from which the pace is told.

    They make a row for each minute since `since`, and one for everything before; each with how many came in the last
    sixty seconds, and when the first of these and the last of all did.
    """
    recent = Q(answered_at__gt=now - MINUTE)
    times = {"first": Min("answered_at", filter=recent), "last": Max("answered_at")}
    answered = Case(When(answered_at__gte=since, then="answered_at"), output_field=DateTimeField())
    return TruncMinute(answered, tzinfo=UTC), {"recent": Count("pk", filter=recent), **times}


def tell_pace(rows, kept, now):
    """Return the Pace, from rows with what `group_lately` asks for and from the minutes that are written down."""
    rows = [row for row in rows if row["minute"]]
    minutes = {at: kept.get(at) or Minute(at=at) for at in steps(find_first(now), floor(now) + MINUTE)}
    for row in rows:
        if row["minute"] in minutes and row["minute"] not in kept:
            add(minutes[row["minute"]], row)
    return Pace(
        minutes=list(minutes.values()),
        per_upload=rate_uploads(rows, now),
        in_last_minute=sum(row["recent"] for row in rows),
        per_second=rate(rows, now),
        last_result_at=find_last(rows, kept.values()),
    )


def add(minute, row):
    for name in ANSWERED:
        setattr(minute, name, getattr(minute, name) + row[name])


def rate_uploads(rows, now):
    uploads = {row["upload_id"] for row in rows}
    return {pk: rate([row for row in rows if row["upload_id"] == pk], now) for pk in uploads}


def rate(rows, now):
    """Results a second of these rows."""
    first = min((row["first"] for row in rows if row["first"]), default=now)
    return sum(row["recent"] for row in rows) / max((now - first).total_seconds(), SHORTEST)


def find_last(rows, minutes):
    times = [row["last"] for row in rows] + [minute.last_at for minute in minutes if minute.last_at]
    return max(times, default=None)


def floor(moment):
    return moment.replace(second=0, microsecond=0)


def steps(begin, end):
    return [begin + number * MINUTE for number in range((end - begin) // MINUTE)]
