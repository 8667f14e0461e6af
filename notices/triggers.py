"""Create notices. The clock runs these steps, most of them every second, to look for events to report to users.

Each step looks for recent records in a certain state, with one query that uses an index. If some records have not been
reported yet, the step makes a few more queries: as many for one record as for a hundred. Notices contain no personal
data other than the names of lists.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.access import holders
from accounts.rights import Right
from batches.models import IS_IN_DOUBT, Batch, Event, SendingBlock, Upload
from batches.reports import reconciliation
from batches.reports.books import Books, format_remark
from batches.statuses import OUTCOME_NOT_SENT, BatchStatus, UploadStatus
from batches.tracing import budgets, spent
from batches.tracing.budgets import Balance
from batches.tracing.counts import Counts, count_uploads, format_people
from batches.tracing.credits import format_cost
from batches.tracing.spending import find_approvers, find_involved, max_credits
from notices.models import Kind, Notice
from notices.preferences import find_mailed_kinds

LOOKBACK = timedelta(days=1)
"""Events older than this are not reported. Otherwise, an update that adds a kind of notice would report years of lists.
"""
RETENTION = timedelta(days=90)
"""How long notices are kept."""
BATCH_SIZE = 100
"""Maximum number of events of one kind that one tick reports."""
BUDGET_KINDS = [Kind.BUDGET, Kind.BUDGET_USED_UP]
LONG_CHECK = timedelta(minutes=1)
"""If checking a list took longer than this, the user may have left the page."""


def find_unreported(records: QuerySet[Any], kind: Kind, time_field: str, since: datetime) -> list[Any]:
    """Return the records whose `time_field` is after `since` and for which there is no notice of this kind."""
    reported = Notice.objects.filter(kind=kind, at__gt=since, at=OuterRef(time_field), subject=OuterRef("pk"))
    recent = records.filter(**{f"{time_field}__gt": since})
    return list(recent.exclude(Exists(reported)).order_by(time_field)[:BATCH_SIZE])


def save_notices(notices: Sequence[Notice], now: datetime) -> None:
    """Save notices and schedule their mails. If two clocks do this at once, each notice is still saved only once."""
    mailed_kinds = find_mailed_kinds({notice.user_id for notice in notices}) if notices else {}
    for notice in notices:
        notice.created_at = now
        if notice.kind in mailed_kinds.get(notice.user_id, ()):
            notice.mail_due_at = choose_mail_time(now)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def notify_account(user: User, text: str, **_: Any) -> None:
    """Create a notice about a user's account. It is not mailed, because `accounts.events` mails the user at once."""
    notice = Notice(user=user, kind=Kind.SECURITY, subject=user.pk, at=timezone.now(), text=text)
    Notice.objects.bulk_create([notice], ignore_conflicts=True)


def choose_mail_time(now: datetime) -> datetime:
    """Return a time one to two minutes from now, the same for all notices of a minute.

    This puts notices that belong together into one mail. Notices that are read before that time are not mailed.
    """
    return now.replace(second=0, microsecond=0) + timedelta(minutes=2)


# Lists


def notify_complete(now: datetime) -> None:
    """Notify users that one of their lists is complete, and notify them again if a re-run completes it again."""
    complete = Upload.objects.filter(status=UploadStatus.COMPLETE, created_by__is_active=True)
    uploads = find_unreported(complete, Kind.COMPLETE, "completed_at", now - LOOKBACK)
    counts = count_uploads(uploads) if uploads else {}
    save_notices([make_completion_notice(upload, counts[upload.pk]) for upload in uploads], now)


def make_completion_notice(upload: Upload, counts: Counts) -> Notice:
    text = f"“{upload}” is complete: {counts.matched:,} of {format_people(counts.total)} matched."
    return make_list_notice(upload, Kind.COMPLETE, upload.completed_at, text)


def make_list_notice(upload: Upload, kind: Kind, at: datetime | None, text: str) -> Notice:
    """Return a notice to the creator of a list, who must be known."""
    return Notice(
        user_id=cast(int, upload.created_by_id),
        kind=kind,
        upload=upload,
        subject=upload.pk,
        at=cast(datetime, at),
        text=text,
    )


NOT_SENT_COUNT = reduce(add, [F(f"{outcome}_count") for outcome in OUTCOME_NOT_SENT])
"""The number of people of a list who are not sent."""
HAS_NOBODY = Q(reused_count=0, row_count=NOT_SENT_COUNT - F("co_owner_count"))
"""The condition that nobody in the list can be traced. A second owner is a person without a row of their own."""
TOOK_LONG = Q(heartbeat_at__gt=F("checking_since") + LONG_CHECK)
CHECK_RESULTS = {
    Kind.FAILED: (Q(status=UploadStatus.FAILED), "“{}” could not be read. Open the list to see why."),
    Kind.NOBODY: (
        Q(status=UploadStatus.READY) & HAS_NOBODY,
        "Nobody in “{}” can be traced. Open the list to see why.",
    ),
    Kind.READY: (Q(status=UploadStatus.READY) & TOOK_LONG & ~HAS_NOBODY, "“{}” has been read and is ready to start."),
}
"""Kind of notice about the check of a list → the condition on the list, and the notice's text."""


def notify_checked(now: datetime) -> None:
    """Notify users that one of their lists has been checked, if it cannot be started or the check took long."""
    for kind, (condition, text) in CHECK_RESULTS.items():
        found = Upload.objects.filter(condition, created_by__is_active=True)
        uploads = find_unreported(found, kind, "checking_since", now - LOOKBACK)
        notices = [make_list_notice(upload, kind, upload.checking_since, text.format(upload)) for upload in uploads]
        save_notices(notices, now)


def notify_approvals(now: datetime) -> None:
    """Notify approvers of each request to approve a list, except those who are involved in the list."""
    requested = Event.objects.filter(upload=OuterRef("pk"), what=Event.APPROVAL_REQUESTED).order_by("-at")
    waiting = Upload.objects.filter(status=UploadStatus.APPROVAL)
    waiting = waiting.annotate(requested_at=Subquery(requested.values("at")[:1]))
    uploads = find_unreported(waiting, Kind.APPROVAL, "requested_at", now - LOOKBACK)
    approvers = list(find_approvers()) if uploads else []
    involved = find_involved(uploads) if uploads else {}
    notices = [
        make_approval_notice(upload, upload.requested_at, user.pk)
        for upload in uploads
        for user in approvers
        if user.pk not in involved[upload.pk] and upload.is_visible_to(user)
    ]
    save_notices(notices, now)


def make_approval_notice(upload: Upload, at: datetime, user_id: int) -> Notice:
    text = f"“{upload}” needs your approval: it could cost up to {format_cost(max_credits(upload.item_count))}."
    return Notice(user_id=user_id, kind=Kind.APPROVAL, upload=upload, subject=upload.pk, at=at, text=text)


def notify_declined(now: datetime) -> None:
    """Notify users that their request for approval was declined, as long as the list is ready to start again."""
    events = Event.objects.filter(upload=OuterRef("pk")).order_by("-at")
    asked = events.filter(what=Event.APPROVAL_REQUESTED)
    declined = events.filter(what=Event.APPROVAL_DECLINED)
    ready = Upload.objects.filter(status=UploadStatus.READY).annotate(
        declined_at=Subquery(declined.values("at")[:1]),
        declined_by=Subquery(declined.values("user__username")[:1]),
        asked_by=Subquery(asked.values("user")[:1]),
    )
    uploads = find_unreported(ready.exclude(asked_by=None), Kind.DECLINED, "declined_at", now - LOOKBACK)
    notices = [
        Notice(
            user_id=upload.asked_by,
            kind=Kind.DECLINED,
            upload=upload,
            subject=upload.pk,
            at=upload.declined_at,
            text=f"{upload.declined_by} declined to approve “{upload}”. Open the list to see why.",
        )
        for upload in uploads
    ]
    save_notices(notices, now)


# Batches


def notify_batch_decisions(now: datetime) -> None:
    """Notify users of batches in their lists that need a decision, once for each attempt.

    Batches in doubt are left out: there may be thousands, and the notice that sending is blocked covers them.
    """
    wait = timedelta(seconds=settings.UNCONFIRMED_WAIT)
    unconfirmed = Batch.objects.filter(~IS_IN_DOUBT, status=BatchStatus.UNCONFIRMED, submitted_at__lte=now - wait)
    if settings.UNCONFIRMED_POLICY == "resend":
        unconfirmed = unconfirmed.annotate_resent().filter(Q(was_resent=True))
    text = "Batch {} of “{}” is unconfirmed: the vendor may or may not have it. Send it again or close it."
    save_batch_notices(unconfirmed, Kind.UNCONFIRMED, text, since=now - wait - LOOKBACK, now=now)
    refused = Batch.objects.filter(status=BatchStatus.REFUSED)
    text = "The vendor refused batch {} of “{}”. Send it again or close it."
    save_batch_notices(refused, Kind.REFUSED, text, since=now - LOOKBACK, now=now)


def save_batch_notices(batches: QuerySet[Batch], kind: Kind, text: str, since: datetime, now: datetime) -> None:
    """Save a notice for each attempt of each batch: every attempt has its own `submitted_at`."""
    unreported = find_unreported(with_active_creator(batches), kind, "submitted_at", since)
    notices = [
        make_batch_notice(batch, kind, batch.submitted_at, text.format(batch, batch.upload)) for batch in unreported
    ]
    save_notices(notices, now)


def with_active_creator(batches: Any) -> QuerySet[Batch]:
    return batches.filter(upload__created_by__is_active=True).for_tables()


def make_batch_notice(batch: Batch, kind: Kind, at: datetime | None, text: str) -> Notice:
    return Notice(
        user_id=cast(int, batch.upload.created_by_id),
        kind=kind,
        upload=batch.upload,
        batch=batch,
        subject=batch.pk,
        at=cast(datetime, at),
        text=text,
    )


def notify_missing(now: datetime) -> None:
    """Notify users of batches with so many missing people that they were not re-run automatically."""
    with_many_missing = with_active_creator(
        Batch.objects.filter(status=BatchStatus.CLOSED, lost_many=True, missing__gt=0)
    )
    batches = find_unreported(with_many_missing, Kind.MISSING, "closed_at", now - LOOKBACK)
    save_notices([make_missing_notice(batch) for batch in batches], now)


def make_missing_notice(batch: Batch) -> Notice:
    people = format_people(batch.missing)
    text = f"{people} in batch {batch} of “{batch.upload}” got no answer. Decide whether to re-run them."
    return make_batch_notice(batch, Kind.MISSING, batch.closed_at, text)


# The whole system


def notify_blocks(now: datetime) -> None:
    """Notify those who may unblock sending. Only the dashboard shows a block's reason, which may quote the vendor."""
    blocks = find_unreported(SendingBlock.objects.in_force(now), Kind.SENDING_BLOCKED, "since", now - LOOKBACK)
    deciders = find_deciders() if blocks else []
    notices = [
        Notice(user=user, kind=Kind.SENDING_BLOCKED, subject=block.pk, at=block.since, text=describe_block(block))
        for block in blocks
        for user in deciders
    ]
    save_notices(notices, now)


def describe_block(block: SendingBlock) -> str:
    what = "Sending is blocked" if block.concerns_everything else block.effect
    return f"{what}. See the dashboard for the reason."


def notify_reconciliation(now: datetime) -> None:
    """Notify administrators once a day (UTC) of answers that are missing or whose credits cannot be counted."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if Notice.objects.filter(kind=Kind.RECONCILIATION, subject=0, at=midnight).exists():
        return
    books = reconciliation.total_books(reconciliation.sent_batches().filter(closed_at__gt=now - LOOKBACK))
    if text := format_differences(books):
        notices = [
            Notice(user=user, kind=Kind.RECONCILIATION, subject=0, at=midnight, text=text)
            for user in find_administrators()
        ]
        save_notices(notices, now)


def format_differences(books: Books) -> str:
    """Return a sentence about the differences in a day's books, or "" if there are none."""
    remarks = [format_remark(books, name) for name in ("lost_answers", "lost_matches", "odd_credits")]
    if not any(remarks):
        return ""
    return (
        f"Reconciliation of the last 24 hours: {', '.join(filter(None, remarks))}. See Reconciliation for the batches."
    )


def notify_budgets(now: datetime) -> None:
    """Notify leads and administrators once a month of a budget that is nearly used up, and once if it is used up."""
    balances = budgets.load_balances(now)
    if not balances:
        return
    since = spent.start_of(balances[0].month)
    reported = set(Notice.objects.filter(kind__in=BUDGET_KINDS, at=since).values_list("kind", "subject"))
    waiting = set(Upload.objects.waiting_for_budget().values_list("team_id", flat=True))
    for balance in balances:
        for kind, text in list_budget_warnings(balance, has_waiting=balance.team_id in waiting):
            if (kind, balance.team_id) not in reported:
                users = find_budget_holders(balance.team_id)
                notices = [Notice(user=user, kind=kind, subject=balance.team_id, at=since, text=text) for user in users]
                save_notices(notices, now)


def list_budget_warnings(balance: Balance, *, has_waiting: bool) -> list[tuple[Kind, str]]:
    """Return the kinds of notices that a budget calls for, with their texts.

    A list may also wait because people in flight could cost too much. In that case it continues by itself.
    """
    if balance.percent >= 100 or (has_waiting and not balance.in_flight):
        return [(Kind.BUDGET_USED_UP, f"{balance.refusal} Until then, or until the month ends, its lists wait.")]
    if not balance.is_nearly_used_up:
        return []
    text = (
        f"Team {balance.team} has spent {balance.percent}% of its budget for {balance.month_name}: "
        f"{format_cost(balance.spent)} of {format_cost(balance.budget)}."
    )
    return [(Kind.BUDGET, text)]


def find_budget_holders(team_id: int) -> list[User]:
    """Return the leads of a team, and the administrators."""
    leads = holders(Right.DECIDE).filter(teams=team_id)
    return list(User.objects.filter(Q(pk__in=leads.values("pk")) | Q(pk__in=holders(Right.ADMINISTER).values("pk"))))


def find_deciders() -> list[User]:
    """Return the users who may unblock sending."""
    return list(holders(Right.DECIDE))


def delete_old(now: datetime) -> None:
    Notice.objects.filter(created_at__lt=now - RETENTION).delete()


def find_administrators() -> list[User]:
    return list(holders(Right.ADMINISTER))


EVERY_SECOND = (
    notify_complete,
    notify_checked,
    notify_approvals,
    notify_declined,
    notify_batch_decisions,
    notify_missing,
    notify_blocks,
)
"""The triggers that run every second. `notify_reconciliation` and `notify_budgets` take longer and run every minute."""
