"""Limit what one list, and one day (UTC), may cost. People are counted when they are sent.

A transaction that is about to spend checks the limits here, after it has locked its rows of lists, batches and people.
Only one transaction at a time can check the daily limit, because each locks the row "spending" of the leases. So each
sees what the ones before it have started.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from batches.models import Batch, Correction, Lease, SentCount, Upload
from batches.statuses import OUTCOME_NOT_SENT, UPLOAD_STARTED, BatchStatus, CorrectionStatus
from batches.tracing.credits import credits_per_match, format_cost

COUNT_FIELDS = ["row_count", "co_owner_count", *(f"{outcome}_count" for outcome in OUTCOME_NOT_SENT)]
"""The fields that `Upload.item_count` reads."""
BATCH_TO_BE_SENT = [BatchStatus.PLANNED, BatchStatus.REFUSED]
"""Statuses of batches whose people are still to be sent. People of a refused batch no longer count as sent."""


class SpendingRefused(Exception):
    """Spending is not allowed, or not for this user. The message tells users why, and what to do."""


@dataclass(frozen=True)
class Intent:
    """What a user wants to start, as the parts of the message that refuses it."""

    whole_list: str
    """The list including what is to be started, at the beginning of a sentence."""
    part: str
    """Only what is to be started."""
    if_too_large: str
    """What to do if the limit would be exceeded on any day."""
    if_too_much_today: str
    """What to do if only today's limit would be exceeded."""


START = Intent(
    whole_list="This list",
    part="this list",
    if_too_large="Please split it.",
    if_too_much_today="Please start it tomorrow.",
)
RERUN = Intent(
    whole_list="With this re-run, the list",
    part="this re-run",
    if_too_large="Please choose fewer people.",
    if_too_much_today="Please try again tomorrow.",
)
CORRECTIONS = Intent(
    whole_list="With these rows, the list",
    part="these rows",
    if_too_large="Please upload them as a separate list.",
    if_too_much_today="Please upload them tomorrow.",
)
RESEND = Intent(
    whole_list="With this batch sent again, the list",
    part="this batch",
    if_too_large="Please close the batch, and upload its people as a separate list.",
    if_too_much_today="Please try again tomorrow.",
)


def max_credits(people: int) -> Decimal:
    """Return the most that this many people can cost."""
    return people * credits_per_match()


# Days


def day_of(moment: datetime) -> date:
    """Return the day (UTC) for which people sent at this moment are counted."""
    return moment.astimezone(UTC).date()


def start_of_day(now: datetime) -> datetime:
    return datetime.combine(day_of(now), datetime.min.time(), UTC)


def end_of_day(now: datetime) -> datetime:
    return start_of_day(now) + timedelta(days=1)


# Counting


def lock_spending() -> None:
    """Wait for all other transactions that are about to spend. Acquire this lock last."""
    Lease.lock("spending")


def add_sent(upload_id: int, people: int, now: datetime) -> None:
    """Add people who are about to be sent to the daily count, in the transaction that claims their batch.

    Raise SpendingRefused if they could cost more than is left for today.
    """
    if settings.DAILY_CREDIT_LIMIT:
        lock_spending()
        sent = count_sent_on(day_of(now))
        if max_credits(sent + people) > settings.DAILY_CREDIT_LIMIT:
            raise SpendingRefused(
                f"People sent today could already cost {format_cost(max_credits(sent))}, and the next batch "
                f"could cost {format_cost(max_credits(people))} more. "
                f"The daily limit is {format_cost(Decimal(settings.DAILY_CREDIT_LIMIT))} (UTC)."
            )
    sent_count, _ = SentCount.objects.get_or_create(upload_id=upload_id, day=day_of(now))
    SentCount.objects.filter(pk=sent_count.pk).update(people=F("people") + people)


def subtract_sent(batch: Batch, people: int) -> None:
    """Subtract people whom the vendor did not accept from the daily count, in the transaction that records this."""
    if batch.submitted_at:
        sent_count = SentCount.objects.filter(upload=batch.upload_id, day=day_of(batch.submitted_at))
        sent_count.update(people=F("people") - people)


def count_sent_on(day: date) -> int:
    return SentCount.objects.filter(day=day).aggregate(people=Sum("people", default=0))["people"]


def count_unsent(uploads: QuerySet[Upload]) -> int:
    """Count the people of lists who are still to be sent.

    This adds up the sizes of batches, because there are too many items to count.
    """
    people = sum(upload.item_count for upload in uploads.only(*COUNT_FIELDS))
    sent = Batch.objects.filter(upload__in=uploads.values("pk")).exclude(status__in=BATCH_TO_BE_SENT).order_by()
    return people - sent.aggregate(people=Sum(F("size") - F("moved"), default=0))["people"]


def count_under_correction(**conditions: object) -> int:
    """Count the people in corrected files that are being checked for started lists."""
    checking = Correction.objects.filter(
        status=CorrectionStatus.CHECKING, upload__started_at__isnull=False, **conditions
    )
    return checking.aggregate(people=Sum("max_people", default=0))["people"]


def credits_committed_today() -> Decimal:
    """Return the most that all people can cost who were sent today or are still to be sent in started lists."""
    sent = count_sent_on(day_of(timezone.now()))
    # Before the unsent people, so that a correction that ends in between is counted twice rather than not at all.
    under_correction = count_under_correction()
    unsent = count_unsent(Upload.objects.filter(status__in=UPLOAD_STARTED))
    return max_credits(sent + under_correction + unsent)


def credits_left_today() -> Decimal | None:
    """Return how many credits may still be spent today, or None if there is no limit."""
    limit = settings.DAILY_CREDIT_LIMIT
    return max(limit - credits_committed_today(), Decimal(0)) if limit else None


def count_total(upload: Upload) -> int:
    """Count the people of a list who were sent, once for each time, and those who are still to be sent."""
    sent = SentCount.objects.filter(upload=upload.pk).aggregate(people=Sum("people", default=0))["people"]
    return sent + count_unsent(Upload.objects.filter(pk=upload.pk)) + count_under_correction(upload=upload.pk)


# Checking the limits


def has_room(upload: Upload, people: int) -> bool:
    """Return whether the list's limit allows this many more people. The upload's row must be locked."""
    limit = settings.UPLOAD_CREDIT_LIMIT
    return not limit or max_credits(count_total(upload) + people) <= limit


def refuse_over_limits(upload: Upload, people: int, intent: Intent, *, more_in_list: int | None = None) -> None:
    """Raise SpendingRefused if `people` more could exceed the limit of the list or the daily limit.

    `more_in_list` is how many of them `count_total` does not include yet. By default, it includes none of them.
    """
    refuse_over_list_limit(upload, people if more_in_list is None else more_in_list, intent)
    refuse_over_daily_limit(people, intent)


def refuse_over_list_limit(upload: Upload, people: int, intent: Intent) -> None:
    """Raise SpendingRefused if `people` more could exceed the limit of the list. The upload's row must be locked."""
    limit = settings.UPLOAD_CREDIT_LIMIT
    if not limit:
        return
    total = max_credits(count_total(upload) + people)
    if total > limit:
        raise SpendingRefused(
            f"{intent.whole_list} could cost up to {format_cost(total)}, above the limit of "
            f"{format_cost(Decimal(limit))} per list. "
            f"{intent.if_too_large}"
        )


def refuse_over_daily_limit(people: int, intent: Intent) -> None:
    """Raise SpendingRefused if `people` more could exceed the daily limit."""
    limit = settings.DAILY_CREDIT_LIMIT
    if not limit:
        return
    lock_spending()
    committed = credits_committed_today()
    more = max_credits(people)
    if committed + more > limit:
        raise SpendingRefused(
            f"Sending today could already cost {format_cost(committed)}, and {intent.part} could cost "
            f"{format_cost(more)} more. The daily limit is {format_cost(Decimal(limit))} (UTC). "
            f"{intent.if_too_large if more > limit else intent.if_too_much_today}"
        )
