"""What a list costs before it is started, and who may start it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from batches.models import Batch, Continuation, Event, Lease, Upload
from batches.statuses import UNSENT, BatchStatus, ContinuationStatus, Outcome, UploadStatus
from batches.tracing.lifecycle import move_upload, record

PAST = 200
"""Batches that closed last: what they cost is what the next ones are expected to."""


class OverLimit(Exception):
    """A list may not be started; the text says why and what to do."""


@dataclass(frozen=True)
class Line:
    """One fate of a list's rows."""

    outcome: str
    label: str
    count: int
    credits: Decimal | None = None
    """The most that it costs; None where it costs nothing."""

    @property
    def money(self):
        return to_money(self.credits) if self.credits is not None else None


@dataclass(frozen=True)
class Past:
    """What answers have cost lately."""

    answered: int
    matched: int
    credits: Decimal

    @property
    def match_percent(self):
        return round(100 * self.matched / self.answered)

    @property
    def free_percent(self):
        """Of the matches, those that the vendor had at hand and did not charge."""
        full = self.matched * settings.CREDITS_PER_MATCH
        return max(0, round(100 * (1 - float(self.credits) / full))) if full else 0


LABELS = {
    Outcome.REUSED: "traced before, answered from then",
    Outcome.DUPLICATE: "duplicates, answered with their first",
    Outcome.COMPANY: "companies and the like, left out",
    Outcome.SUPPRESSED: "on the suppression list",
    Outcome.INVALID: "invalid rows",
}


def plan_spend(upload):
    """Return the list's fates, each with its count and the most that it can cost."""
    persons = upload.item_count - upload.by_mail_count
    lines = [Line(Outcome.MATCHED, "people to trace", persons, most_credits(persons))]
    if upload.by_mail_count:
        by_mail = upload.by_mail_count
        lines.append(Line(Outcome.MATCHED, "companies and the like, by mail address", by_mail, most_credits(by_mail)))
    fates = [Line(fate, LABELS[fate], upload.unsent_counts[fate]) for fate in LABELS]
    return lines + [line for line in fates if line.count]


def most_credits(people):
    return people * Decimal(str(settings.CREDITS_PER_MATCH))


def to_money(credits):
    """None where no price is set."""
    return credits * Decimal(str(settings.PRICE_PER_CREDIT)) if settings.PRICE_PER_CREDIT else None


def look_at_past():
    """Return the Past, or None if nothing has been answered yet."""
    last = Batch.objects.filter(status=BatchStatus.CLOSED).order_by("-closed_at").values("pk")[:PAST]
    names = ["matched", "no_match", "error", "credits"]
    sums = Batch.objects.filter(pk__in=list(last.values_list("pk", flat=True))).order_by()
    totals = sums.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in names})
    answered = totals["sum_matched"] + totals["sum_no_match"] + totals["sum_error"]
    return Past(answered, totals["sum_matched"], totals["sum_credits"]) if answered else None


def expect_credits(upload, past):
    """Return what a list will cost if it goes as others went lately; None without a past."""
    return past and (upload.item_count * past.credits / past.answered).quantize(Decimal(1))


# Who may start it


def start(upload, user):
    """Start a list that was reviewed, or have its start approved by somebody else where it costs over APPROVAL_ABOVE.

    Return the status that it has then; None if there is nothing to trace or it was started already. Raises OverLimit.
    """
    with transaction.atomic():
        upload = Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)
        # Where all were traced before, nothing is sent, and the list is complete at once.
        if upload.status != UploadStatus.READY or not (upload.item_count or upload.reused_count):
            return None
        if upload.continuations.filter(status=ContinuationStatus.CHECKING).exists():
            raise OverLimit("Mended rows of this list are being read: start it when they are in their places.")
        most = most_credits(upload.item_count)
        needs_approval = is_over_approval(most)
        refuse_over_limits(most, more=most)
        to = UploadStatus.APPROVAL if needs_approval else UploadStatus.RUNNING
        changes = {"start_asked_by": user} if needs_approval else {"started_at": timezone.now()}
        if not move_upload(upload.pk, to, only_if={"status": UploadStatus.READY}, **changes):
            return None
        record(upload.pk, Event.APPROVAL_ASKED if needs_approval else "started", user=user, detail=describe(upload))
    return to


def approve(upload, user):
    """Start a list that somebody else wants to start. Return its status; None if it does not wait for that any more.

    Raises OverLimit.
    """
    if not user.has_perm("batches.approve_upload"):
        raise OverLimit("You do not have the right to approve lists.")
    if upload.start_asked_by_id == user.pk:
        raise OverLimit("You have asked for this list to be started: somebody else must approve it.")
    with transaction.atomic():
        most = most_credits(upload.item_count)
        refuse_over_limits(most, more=most)
        as_asked = {"status": UploadStatus.APPROVAL, "start_asked_by": upload.start_asked_by_id}
        if not move_upload(upload.pk, UploadStatus.RUNNING, only_if=as_asked, started_at=timezone.now()):
            return None
        record(upload.pk, "approved and started", user=user, detail=describe(upload))
    return UploadStatus.RUNNING


def withdraw(upload, user):
    """Take a list back that waits for approval. False if it does not."""
    with transaction.atomic():
        if not move_upload(
            upload.pk, UploadStatus.READY, only_if={"status": UploadStatus.APPROVAL}, start_asked_by=None
        ):
            return False
        record(upload.pk, "not approved", user=user)
    return True


def describe(upload):
    return f"{upload.item_count} items, at most {most_credits(upload.item_count):f} credits"


def is_over_approval(most):
    """Whether somebody else must approve of so many credits."""
    return 0 < settings.APPROVAL_ABOVE < most


def refuse_mended(upload):
    """Raise OverLimit where the invalid rows of a list, mended, would take it over a limit. In a transaction."""
    people = upload.invalid_count * (2 if upload.co_owners else 1)
    most = most_credits(upload.item_count + people)
    if upload.is_started_once and is_over_approval(most):
        raise OverLimit(
            f"With these rows the list can cost {most:,f} credits, which somebody else must approve; it is started "
            "already. Upload the mended rows as a list of their own."
        )
    refuse_over_limits(most, more=most_credits(people))


def refuse_over_limits(most, more):
    """Raise OverLimit if a list may cost more than one list may, or than is left for today. In a transaction.

    `most` is the credits that the list may cost, `more` those that are begun now.
    """
    if 0 < settings.UPLOAD_CREDIT_LIMIT < most:
        raise OverLimit(
            f"This list can cost {most:,f} credits; {settings.UPLOAD_CREDIT_LIMIT:,} is the most for one. Split it."
        )
    if settings.DAILY_CREDIT_LIMIT:
        # One starts after the other: two at once would both find room for themselves.
        Lease.objects.get_or_create(name="spending", defaults={"holder": "", "until": timezone.now()})
        Lease.objects.select_for_update().get(name="spending")
        begun = credits_begun_today()
        if begun + more > settings.DAILY_CREDIT_LIMIT:
            raise OverLimit(
                f"Lists started today can cost {begun:,f} credits already, and this one {more:,f}; "
                f"{settings.DAILY_CREDIT_LIMIT:,} is the most for a day (UTC). Start it tomorrow."
            )


def credits_begun_today():
    """Return the most that lists started today can cost, and rows corrected today of lists started before."""
    midnight = datetime.combine(timezone.now().astimezone(UTC).date(), datetime.min.time(), UTC)
    counts = ["row_count", "co_owner_count", *(f"{fate}_count" for fate in UNSENT)]
    started = Upload.objects.filter(started_at__gte=midnight).only(*counts)
    mended = Continuation.objects.filter(created_at__gte=midnight, upload__started_at__lt=midnight)
    people = mended.aggregate(people=Sum("mended_count", default=0))["people"]
    return most_credits(sum(upload.item_count for upload in started) + people)
