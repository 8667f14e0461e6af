"""Estimate what a list will cost, and decide who may start it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from batches.models import Batch, Correction, Event, Upload
from batches.statuses import BatchStatus, CorrectionStatus, Outcome, UploadStatus
from batches.tracing import limits
from batches.tracing.counts import format_people
from batches.tracing.credits import credits_per_match, format_credits
from batches.tracing.lifecycle import record, transition_upload
from batches.tracing.limits import OverLimit, max_credits

SPEND_SAMPLE_BATCHES = 200
"""Number of recently closed batches from which costs are estimated."""


@dataclass(frozen=True)
class SpendLine:
    """The rows of a list with one outcome."""

    outcome: str
    label: str
    count: int
    credits: Decimal | None = None
    """The most that they can cost, or None if they cost nothing."""

    @property
    def money(self) -> Decimal | None:
        return to_money(self.credits) if self.credits is not None else None


@dataclass(frozen=True)
class RecentCosts:
    """What recent answers have cost."""

    answered: int
    matched: int
    credits: Decimal

    @property
    def match_percent(self) -> int:
        return round(100 * self.matched / self.answered)

    @property
    def free_percent(self) -> int:
        """Percentage of matches that the vendor did not charge for, because it had the answer cached."""
        full = self.matched * credits_per_match()
        return max(0, round(100 * (1 - self.credits / full))) if full else 0


LINE_LABELS = {
    Outcome.REUSED: "reused from other lists",
    Outcome.DUPLICATE: "duplicates",
    Outcome.COMPANY: "companies, skipped",
    Outcome.SUPPRESSED: "on the do-not-contact list",
    Outcome.INVALID: "invalid rows",
}


def plan_spend(upload: Upload) -> list[SpendLine]:
    """Return the list's rows by outcome, each with its count and the most that it can cost."""
    persons = upload.item_count - upload.by_mail_count
    lines = [SpendLine(Outcome.MATCHED, "people to trace", persons, max_credits(persons))]
    if upload.by_mail_count:
        by_mail = upload.by_mail_count
        lines.append(SpendLine(Outcome.MATCHED, "companies, by mailing address", by_mail, max_credits(by_mail)))
    unsent = [SpendLine(outcome, label, upload.unsent_counts[outcome]) for outcome, label in LINE_LABELS.items()]
    return lines + [line for line in unsent if line.count]


def to_money(credits: Decimal) -> Decimal | None:
    """Return what credits cost in money, or None if PRICE_PER_CREDIT is not set."""
    return credits * Decimal(str(settings.PRICE_PER_CREDIT)) if settings.PRICE_PER_CREDIT else None


def recent_costs() -> RecentCosts | None:
    """Return what the batches that closed last have cost, or None if they have no answers."""
    last = Batch.objects.filter(status=BatchStatus.CLOSED).order_by("-closed_at").values("pk")[:SPEND_SAMPLE_BATCHES]
    names = ["matched", "no_match", "error", "credits"]
    sums = Batch.objects.filter(pk__in=list(last.values_list("pk", flat=True))).order_by()
    totals = sums.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in names})
    answered = totals["sum_matched"] + totals["sum_no_match"] + totals["sum_error"]
    return RecentCosts(answered, totals["sum_matched"], totals["sum_credits"]) if answered else None


def estimate_credits(upload: Upload, recent: RecentCosts | None) -> Decimal | None:
    """Return what a list will cost if its answers cost as much as recent ones, or None if there are none."""
    if recent is None:
        return None
    return (upload.item_count * recent.credits / recent.answered).quantize(Decimal(1))


# Who may start it

CHANGED_MESSAGE = "This list has changed since you opened the page. Please review it again."


def start(upload: Upload, user: User | None, revision: int | None = None) -> UploadStatus | None:
    """Start a reviewed list, or request approval if someone else has to approve it.

    `revision` is the one that `user` was shown; None accepts the list as it is. Return the new status, or None if there
    is nothing to trace or the list has been started already. Raise OverLimit if it may not be started.
    """
    with transaction.atomic():
        upload = lock_upload(upload)
        refuse_changed(upload, revision)
        # If everyone was traced before, nothing is sent and the list completes at once.
        if upload.status != UploadStatus.READY or not (upload.item_count or upload.reused_count):
            return None
        if upload.corrections.filter(status=CorrectionStatus.CHECKING).exists():
            raise OverLimit("A corrected file for this list is being checked. Please start the list when that is done.")
        limits.refuse_over_limits(upload, upload.item_count, limits.START, more_in_list=0)
        if settings.APPROVAL_ABOVE:
            limits.lock_spending()
        is_asked = needs_approval(upload, user)
        to = UploadStatus.APPROVAL if is_asked else UploadStatus.RUNNING
        changes = {"start_asked_by": user} if is_asked else {"started_at": timezone.now()}
        if not transition_upload(upload.pk, to, only_if={"status": UploadStatus.READY}, **changes):
            return None
        record(
            upload.pk, Event.APPROVAL_REQUESTED if is_asked else Event.STARTED, user=user, detail=spend_summary(upload)
        )
    return to


def approve(upload: Upload, user: User, revision: int | None) -> UploadStatus | None:
    """Approve and start a list for someone else, at the revision that `user` was shown.

    Return the new status, or None if the list no longer awaits approval. Raise OverLimit if `user` may not approve it.
    """
    if not user.has_perm("batches.approve_upload"):
        raise OverLimit("You do not have permission to approve lists.")
    with transaction.atomic():
        upload = lock_upload(upload)
        refuse_changed(upload, revision or 0)
        if upload.status != UploadStatus.APPROVAL:
            return None
        if user.pk in find_involved([upload])[upload.pk]:
            raise OverLimit(
                "You created or changed this list, or requested its approval, so someone else must approve it."
            )
        limits.refuse_over_limits(upload, upload.item_count, limits.START, more_in_list=0)
        as_shown = {"status": UploadStatus.APPROVAL, "revision": revision}
        if not transition_upload(upload.pk, UploadStatus.RUNNING, only_if=as_shown, started_at=timezone.now()):
            return None
        record(upload.pk, "approved and started", user=user, detail=spend_summary(upload))
    return UploadStatus.RUNNING


def withdraw(upload: Upload, user: User) -> bool:
    """Withdraw a request for approval. Return False if the list does not await approval.

    Raise OverLimit if `user` may not withdraw it.
    """
    with transaction.atomic():
        upload = lock_upload(upload)
        if upload.status != UploadStatus.APPROVAL:
            return False
        if not may_withdraw(upload, user):
            raise OverLimit(
                "Only the person who requested approval, or someone who may approve lists, can withdraw the request."
            )
        still_awaiting = {"status": UploadStatus.APPROVAL}
        if not transition_upload(upload.pk, UploadStatus.READY, only_if=still_awaiting, start_asked_by=None):
            return False
        record(upload.pk, "approval withdrawn", user=user)
    return True


def lock_upload(upload: Upload) -> Upload:
    return Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)


def refuse_changed(upload: Upload, revision: int | None) -> None:
    if revision is not None and revision != upload.revision:
        raise OverLimit(CHANGED_MESSAGE)


def spend_summary(upload: Upload) -> str:
    return f"{format_people(upload.item_count)}, at most {format_credits(max_credits(upload.item_count))}"


# Approval


def needs_approval(upload: Upload, user: User | None) -> bool:
    """Return whether someone else must approve the list before `user` may start it.

    Everything that a user starts on one day (UTC) counts together, so splitting a long list does not avoid approval.
    """
    if not settings.APPROVAL_ABOVE or not upload.item_count:
        return False
    return is_over_approval(upload.item_count + count_started_alone(user, timezone.now()))


def is_over_approval(people: int) -> bool:
    """Return whether someone else must approve the tracing of this many people."""
    return 0 < settings.APPROVAL_ABOVE < max_credits(people)


def count_started_alone(user: User | None, now: datetime) -> int:
    """Count the people whom `user` started today (UTC) without approval, in lists or as corrected rows of any list.

    Everything started without a user, from the shell, counts as one user's.
    """
    midnight = limits.start_of_day(now)
    starts = Event.objects.filter(user=user, what=Event.STARTED, at__gte=midnight)
    started = Upload.objects.filter(pk__in=list(starts.order_by().values_list("upload", flat=True)))
    corrected = Correction.objects.filter(
        created_by=user, created_at__gte=midnight, created_at__gt=F("upload__started_at")
    ).exclude(upload__in=started)
    people = corrected.aggregate(people=Sum("max_people", default=0))["people"]
    return sum(upload.item_count for upload in started.only(*limits.COUNT_FIELDS)) + people


def find_involved(uploads: Iterable[Upload]) -> dict[int, set[int]]:
    """Return list id → ids of users who created it, changed its file, columns or rows, or requested its approval."""
    involved = {
        upload.pk: {user_id for user_id in (upload.created_by_id, upload.start_asked_by_id) if user_id is not None}
        for upload in uploads
    }
    changes = Event.objects.filter(upload__in=involved, what__in=Event.INVOLVING, user__isnull=False).order_by()
    for upload_id, user_id in changes.values_list("upload_id", "user_id").distinct():
        if user_id is not None:
            involved[upload_id].add(user_id)
    return involved


def find_approvers() -> QuerySet[User]:
    """Return the active users who may approve lists."""
    return get_user_model().objects.with_perm("batches.approve_upload")


def list_approvers(upload: Upload) -> list[User]:
    """Return the users who may approve this list."""
    return list(find_approvers().exclude(pk__in=find_involved([upload])[upload.pk]).order_by("username"))


def may_withdraw(upload: Upload, user: User) -> bool:
    return user.pk == upload.start_asked_by_id or user.has_perm("batches.approve_upload")


def refuse_corrections(upload: Upload, people: int, user: User | None) -> None:
    """Raise OverLimit if corrected rows with this many people may not be added to a list. Its row must be locked.

    They are judged on their own: an earlier approval of the list does not include them.
    """
    if not upload.is_started_once:
        # The whole list is checked when it is started.
        limits.refuse_over_list(upload, people, limits.CORRECTIONS)
        return
    if settings.APPROVAL_ABOVE:
        limits.lock_spending()
        if is_over_approval(total := people + count_started_alone(user, timezone.now())):
            raise OverLimit(
                f"With these rows, what you started today without approval could cost {max_credits(total):,f} credits, "
                "which someone else must approve. Please upload the corrected rows as a separate list."
            )
    limits.refuse_over_limits(upload, people, limits.CORRECTIONS)
