"""Estimate what a list will cost, and decide who may start it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from accounts.access import holders
from accounts.rights import Right, can, require
from batches.models import Batch, Correction, Event, Upload
from batches.statuses import BatchStatus, CorrectionStatus, Outcome, UploadStatus
from batches.tracing import limits, purposes
from batches.tracing.counts import format_people
from batches.tracing.credits import credits_per_match, format_cost, to_money
from batches.tracing.lifecycle import record, transition_upload
from batches.tracing.limits import SpendingRefused, max_credits
from batches.tracing.purposes import StatedPurpose

SPEND_SAMPLE_BATCHES = 200
"""Number of recently closed batches from which costs are estimated."""


@dataclass(frozen=True)
class SpendLine:
    """A number of people in a list, with the most that they can cost."""

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
    """The number and cost of recent answers."""

    answered: int
    matched: int
    credits: Decimal

    @property
    def match_percent(self) -> int:
        return round(100 * self.matched / self.answered)

    @property
    def free_percent(self) -> int:
        """Estimated percentage of matches that the vendor did not charge for, because it answered from its cache."""
        full_price = self.matched * credits_per_match()
        return max(0, round(100 * (1 - self.credits / full_price))) if full_price else 0


UNSENT_LABELS = {
    Outcome.REUSED: "reused from other lists",
    Outcome.DUPLICATE: "duplicates",
    Outcome.COMPANY: "companies, skipped",
    Outcome.SUPPRESSED: "on the do-not-contact list",
    Outcome.INVALID: "invalid rows",
}


def list_spend_lines(upload: Upload) -> list[SpendLine]:
    """Return a line for the people to trace, and one for each outcome of rows that are not sent.

    People who are to be traced have the outcome `matched`, because only matches cost anything.
    """
    companies = upload.by_mail_count
    people = upload.item_count - companies
    lines = [SpendLine(Outcome.MATCHED, "people to trace", people, max_credits(people))]
    if companies:
        lines.append(SpendLine(Outcome.MATCHED, "companies, by mailing address", companies, max_credits(companies)))
    unsent = [SpendLine(outcome, label, upload.unsent_counts[outcome]) for outcome, label in UNSENT_LABELS.items()]
    return lines + [line for line in unsent if line.count]


def recent_costs() -> RecentCosts | None:
    """Return what the answers in the batches that closed last have cost, or None if there are none."""
    last = Batch.objects.filter(status=BatchStatus.CLOSED).order_by("-closed_at").values("pk")[:SPEND_SAMPLE_BATCHES]
    sampled = Batch.objects.filter(pk__in=list(last.values_list("pk", flat=True))).order_by()
    names = ["matched", "no_match", "error", "credits"]
    totals = sampled.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in names})
    answered = totals["sum_matched"] + totals["sum_no_match"] + totals["sum_error"]
    return RecentCosts(answered, totals["sum_matched"], totals["sum_credits"]) if answered else None


def estimate_credits(upload: Upload, recent: RecentCosts | None) -> Decimal | None:
    """Return what a list will cost if its answers cost as much as recent ones, or None if `recent` is None."""
    if recent is None:
        return None
    return (upload.item_count * recent.credits / recent.answered).quantize(Decimal(1))


# Starting

CHANGED_MESSAGE = "This list has changed since you opened the page. Please review it again."


def start(
    upload: Upload, user: User | None, revision: int | None = None, stated: StatedPurpose | None = None
) -> UploadStatus | None:
    """Start a reviewed list, or request approval if someone else has to approve it.

    `revision` is the one that `user` was shown; None accepts the list as it is. `stated` is what the list is used for,
    by default what is suggested to the user. Return the new status, or None if there is nothing to trace or the list
    has been started already. Raise SpendingRefused if it may not be started.
    """
    require(user, Right.START)
    with transaction.atomic():
        upload = lock_upload(upload)
        refuse_changed(upload, revision)
        # A list in which everyone was traced before may be started: nobody is sent, and it is complete at once.
        if upload.status != UploadStatus.READY or not (upload.item_count or upload.reused_count):
            return None
        if upload.corrections.filter(status=CorrectionStatus.CHECKING).exists():
            raise SpendingRefused(
                "A corrected file for this list is being checked. Please start the list when that is done."
            )
        limits.refuse_over_limits(upload, upload.item_count, limits.START, more_in_list=0)
        if settings.APPROVAL_ABOVE:
            limits.lock_spending()
        changes: dict[str, Any]
        if needs_approval(upload, user):
            status, what = UploadStatus.APPROVAL, Event.APPROVAL_REQUESTED
            changes = {"start_asked_by": user}
        else:
            status, what = UploadStatus.RUNNING, Event.STARTED
            changes = {"started_at": timezone.now()}
        stated = stated or purposes.state("", "", user)
        if stated:
            changes |= {"purpose": stated.purpose, "purpose_note": stated.note}
        if not transition_upload(upload.pk, status, only_if={"status": UploadStatus.READY}, **changes):
            return None
        if stated:
            record(upload.pk, Event.PURPOSE_STATED, user=user, detail=str(stated))
        record(upload.pk, what, user=user, detail=spend_summary(upload))
    return status


def approve(upload: Upload, user: User, revision: int | None) -> UploadStatus | None:
    """Approve and start a list for someone else, at the revision that `user` was shown.

    Return the new status, or None if the list no longer awaits approval. Raise SpendingRefused if `user` was
    involved in it, or if the list has changed or exceeds a limit.
    """
    require(user, Right.APPROVE)
    with transaction.atomic():
        upload = lock_upload(upload)
        # Unlike a start, an approval always applies to one revision. No list has revision 0.
        refuse_changed(upload, revision or 0)
        if upload.status != UploadStatus.APPROVAL:
            return None
        if user.pk in find_involved([upload])[upload.pk]:
            raise SpendingRefused(
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

    Raise SpendingRefused if `user` may not withdraw it.
    """
    with transaction.atomic():
        upload = lock_upload(upload)
        if upload.status != UploadStatus.APPROVAL:
            return False
        if not may_withdraw(upload, user):
            raise SpendingRefused(
                "Only the person who requested approval, or someone who may approve lists, can withdraw the request."
            )
        still_awaiting = {"status": UploadStatus.APPROVAL}
        if not transition_upload(upload.pk, UploadStatus.READY, only_if=still_awaiting, start_asked_by=None):
            return False
        record(upload.pk, "approval withdrawn", user=user)
    return True


def decline(upload: Upload, user: User, reason: str) -> bool:
    """Decline a request for approval, for a reason that the requester is told. The list can then be changed.

    Return False if the list no longer awaits approval. Raise SpendingRefused if no reason is given.
    """
    require(user, Right.APPROVE)
    if not reason.strip():
        raise SpendingRefused("Please say why you decline, so that the requester knows what to change.")
    with transaction.atomic():
        upload = lock_upload(upload)
        awaiting = {"status": UploadStatus.APPROVAL}
        if not transition_upload(upload.pk, UploadStatus.READY, only_if=awaiting, start_asked_by=None):
            return False
        record(upload.pk, Event.APPROVAL_DECLINED, user=user, detail=reason.strip())
    return True


def find_refusal(upload: Upload) -> Event | None:
    """Return the event by which a ready list's last request for approval was declined, or None."""
    if upload.status != UploadStatus.READY:
        return None
    events = upload.events.filter(what__in=[Event.APPROVAL_REQUESTED, Event.APPROVAL_DECLINED]).select_related("user")
    last = events.order_by("-at", "-pk").first()
    return last if last and last.what == Event.APPROVAL_DECLINED else None


def lock_upload(upload: Upload) -> Upload:
    """Lock an upload's row until the transaction ends. Return the upload as it is now."""
    return Upload.objects.select_for_update(no_key=True).get(pk=upload.pk)


def refuse_changed(upload: Upload, revision: int | None) -> None:
    """Raise SpendingRefused if the list is no longer at this revision. None accepts any revision."""
    if revision is not None and revision != upload.revision:
        raise SpendingRefused(CHANGED_MESSAGE)


def spend_summary(upload: Upload) -> str:
    return f"{format_people(upload.item_count)}, at most {format_cost(max_credits(upload.item_count))}"


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


def is_costly(credits: Decimal, *, if_unknown: bool) -> bool:
    """Return whether users are asked before they spend this many credits: if they cost more than CONFIRM_ABOVE dollars.

    Return `if_unknown` if no price per credit is set.
    """
    price = to_money(credits)
    return if_unknown if price is None else 0 < settings.CONFIRM_ABOVE < price


def count_started_alone(user: User | None, now: datetime) -> int:
    """Count the people whom `user` started today (UTC) without approval, in lists or as corrected rows of other lists.

    Everything that was started from the shell, without a user, counts as if one user had started it.
    """
    midnight = limits.start_of_day(now)
    starts = Event.objects.filter(user=user, what=Event.STARTED, at__gte=midnight)
    started = Upload.objects.filter(pk__in=list(starts.order_by().values_list("upload", flat=True)))
    corrected = Correction.objects.filter(
        created_by=user, created_at__gte=midnight, created_at__gt=F("upload__started_at")
    ).exclude(upload__in=started)
    people_in_lists = sum(upload.item_count for upload in started.only(*limits.COUNT_FIELDS))
    people_in_corrections = corrected.aggregate(people=Sum("max_people", default=0))["people"]
    return people_in_lists + people_in_corrections


def find_involved(uploads: Iterable[Upload]) -> dict[int, set[int]]:
    """Return, by list id, the ids of users who created or changed the list, or requested its approval."""
    involved = {
        upload.pk: {user_id for user_id in (upload.created_by_id, upload.start_asked_by_id) if user_id is not None}
        for upload in uploads
    }
    changes = Event.objects.filter(
        upload__in=involved, what__in=Event.RULES_OUT_APPROVING, user__isnull=False
    ).order_by()
    for upload_id, user_id in changes.values_list("upload_id", "user_id").distinct():
        if user_id is not None:
            involved[upload_id].add(user_id)
    return involved


def find_approvers() -> QuerySet[User]:
    """Return the active users who may approve lists."""
    return holders(Right.APPROVE)


def list_approvers(upload: Upload) -> list[User]:
    """Return the users who may approve this list, by name: those who see it and are not involved in it."""
    approvers = find_approvers().exclude(pk__in=find_involved([upload])[upload.pk]).order_by("username")
    return [user for user in approvers if upload.is_visible_to(user)]


def may_withdraw(upload: Upload, user: User) -> bool:
    return user.pk == upload.start_asked_by_id or can(user, Right.APPROVE)


def refuse_corrections(upload: Upload, people: int, user: User | None) -> None:
    """Raise SpendingRefused if corrected rows with this many people may not be added to a list.

    An earlier approval of the list does not include these rows. The list's row must be locked.
    """
    if not upload.was_ever_started:
        # The other limits are checked for the whole list when it is started.
        limits.refuse_over_list_limit(upload, people, limits.CORRECTIONS)
        return
    if settings.APPROVAL_ABOVE:
        limits.lock_spending()
        total = people + count_started_alone(user, timezone.now())
        if is_over_approval(total):
            raise SpendingRefused(
                "With these rows, what you started today without approval could cost "
                f"{format_cost(max_credits(total))}, which someone else must approve. "
                "Please upload the corrected rows as a separate list."
            )
    limits.refuse_over_limits(upload, people, limits.CORRECTIONS)
