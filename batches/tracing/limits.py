"""Limit what one list, and one day (UTC), may cost. People are counted when they are sent.

A transaction that starts to spend asks here after it has locked its rows of lists, batches and people. The lease row
"spending" lets one transaction at a time ask, so that each sees what the ones before it have started.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from batches.models import Batch, Correction, Lease, SentCount, Upload
from batches.statuses import OUTCOME_NOT_SENT, UPLOAD_STARTED, BatchStatus, CorrectionStatus
from batches.tracing.credits import credits_per_match, format_credits

COUNT_FIELDS = ["row_count", "co_owner_count", *(f"{fate}_count" for fate in OUTCOME_NOT_SENT)]
BATCH_TO_BE_SENT = [BatchStatus.PLANNED, BatchStatus.REFUSED]
"""Batches whose people are still to be sent. What was counted for a refused batch has been uncounted."""


class OverLimit(Exception):
    """The spending is not allowed, or not for this user. The text says why and what to do."""


@dataclass(frozen=True)
class Intent:
    """The parts of the sentence that refuses what a user wants to start."""

    whole: str
    """The list including what is started."""
    part: str
    """What is started."""
    smaller: str
    """What to do if it exceeds the limit on any day."""
    later: str
    """What to do if it exceeds only what is left today."""


START = Intent("This list", "this list", "Please split it.", "Please start it tomorrow.")
RERUN = Intent("With this re-run, the list", "this re-run", "Please choose fewer people.", "Please try again tomorrow.")
CORRECTIONS = Intent(
    "With these rows, the list", "these rows", "Please upload them as a separate list.", "Please upload them tomorrow."
)
SEND_AGAIN = Intent(
    "With this batch sent again, the list",
    "this batch",
    "Please close the batch, and upload its people as a separate list.",
    "Please try again tomorrow.",
)


def max_credits(people: int) -> Decimal:
    """Return the most that this many people can cost."""
    return people * credits_per_match()


# Days


def day_of(moment: datetime) -> date:
    """Return the day towards which people sent at this moment count."""
    return moment.astimezone(UTC).date()


def start_of_day(now: datetime) -> datetime:
    return datetime.combine(day_of(now), datetime.min.time(), UTC)


def end_of_day(now: datetime) -> datetime:
    return start_of_day(now) + timedelta(days=1)


# Counting


def lock_spending() -> None:
    """Wait for all other transactions that start to spend. Take this lock last."""
    Lease.lock("spending")


def count_sent(upload_id: int, people: int, now: datetime) -> None:
    """Count people who are about to be sent, in the transaction that claims their batch.

    Raise OverLimit if they cost more than is left for today.
    """
    if settings.DAILY_CREDIT_LIMIT:
        lock_spending()
        sent = count_sent_on(day_of(now))
        if max_credits(sent + people) > settings.DAILY_CREDIT_LIMIT:
            raise OverLimit(
                f"People sent today could already cost {format_credits(max_credits(sent))}, and the next batch "
                f"could cost {max_credits(people):,f} more. "
                f"The daily limit is {settings.DAILY_CREDIT_LIMIT:,} credits (UTC)."
            )
    row, _ = SentCount.objects.get_or_create(upload_id=upload_id, day=day_of(now))
    SentCount.objects.filter(pk=row.pk).update(people=F("people") + people)


def uncount_sent(batch: Batch, people: int) -> None:
    """Uncount people whom the vendor did not accept, in the transaction that records it."""
    if batch.submitted_at:
        counted = SentCount.objects.filter(upload=batch.upload_id, day=day_of(batch.submitted_at))
        counted.update(people=F("people") - people)


def count_sent_on(day: date) -> int:
    return SentCount.objects.filter(day=day).aggregate(people=Sum("people", default=0))["people"]


def count_unsent(uploads: QuerySet[Upload]) -> int:
    """Count the people of lists who are still to be sent, from the batches' sizes, because items are too many."""
    people = sum(upload.item_count for upload in uploads.only(*COUNT_FIELDS))
    gone = Batch.objects.filter(upload__in=uploads.values("pk")).exclude(status__in=BATCH_TO_BE_SENT).order_by()
    return people - gone.aggregate(people=Sum(F("size") - F("moved"), default=0))["people"]


def count_under_correction(**conditions: object) -> int:
    """Count the people in corrected files that are being checked for started lists."""
    reading = Correction.objects.filter(
        status=CorrectionStatus.CHECKING, upload__started_at__isnull=False, **conditions
    )
    return reading.aggregate(people=Sum("max_people", default=0))["people"]


def credits_committed_today() -> Decimal:
    """Return the most that people can cost who were sent today, or who are still to be sent in started lists."""
    begun = count_sent_on(day_of(timezone.now())) + count_under_correction()
    return max_credits(begun + count_unsent(Upload.objects.filter(status__in=UPLOAD_STARTED)))


def credits_left_today() -> Decimal | None:
    """Return what may still be spent today, or None if there is no limit."""
    limit = settings.DAILY_CREDIT_LIMIT
    return max(limit - credits_committed_today(), Decimal(0)) if limit else None


def count_total(upload: Upload) -> int:
    """Count the people of a list who were sent, each time they were, and those who are still to be sent."""
    sent = SentCount.objects.filter(upload=upload.pk).aggregate(people=Sum("people", default=0))["people"]
    return sent + count_unsent(Upload.objects.filter(pk=upload.pk)) + count_under_correction(upload=upload.pk)


# Refusing


def has_room(upload: Upload, people: int) -> bool:
    """Return whether the list's limit allows this many more people. The upload's row must be locked."""
    limit = settings.UPLOAD_CREDIT_LIMIT
    return not limit or max_credits(count_total(upload) + people) <= limit


def refuse_over_limits(upload: Upload, people: int, intent: Intent, *, more_in_list: int | None = None) -> None:
    """Raise OverLimit if `people` more could exceed the limit of the list, or of the day.

    `more_in_list` says how many of them the list does not count yet, if not all.
    """
    refuse_over_list(upload, people if more_in_list is None else more_in_list, intent)
    refuse_over_day(people, intent)


def refuse_over_list(upload: Upload, people: int, intent: Intent) -> None:
    """Raise OverLimit if `people` more could exceed the limit of the list. The upload's row must be locked."""
    limit = settings.UPLOAD_CREDIT_LIMIT
    if limit and (total := max_credits(count_total(upload) + people)) > limit:
        raise OverLimit(
            f"{intent.whole} could cost up to {format_credits(total)}, above the limit of {limit:,} per list. "
            + intent.smaller
        )


def refuse_over_day(people: int, intent: Intent) -> None:
    """Raise OverLimit if `people` more could exceed the daily limit."""
    if not (limit := settings.DAILY_CREDIT_LIMIT):
        return
    lock_spending()
    committed, more = credits_committed_today(), max_credits(people)
    if committed + more > limit:
        raise OverLimit(
            f"Sending today could already cost {format_credits(committed)}, and {intent.part} could cost "
            f"{more:,f} more. The daily limit is {limit:,} credits (UTC). "
            f"{intent.smaller if more > limit else intent.later}"
        )
