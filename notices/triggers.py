"""Create notices: steps of the clock that look every second for events to report to users.

Each step makes one query for recent records in a certain state, answered by an index. It makes more queries only if it
finds something that has not been reported yet, and then as many for one record as for a hundred. Notices contain no
personal data other than the names of lists.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from batches.models import IS_IN_DOUBT, Batch, Event, SendingBlock, Upload
from batches.reports import reconciliation
from batches.reports.books import Books, format_remark
from batches.statuses import OUTCOME_NOT_SENT, BatchStatus, UploadStatus
from batches.tracing.counts import Counts, count_uploads, format_people
from batches.tracing.credits import format_credits
from batches.tracing.spending import find_approvers, find_involved, max_credits
from notices.models import Kind, Notice
from notices.preferences import find_mailed_kinds

LOOKBACK = timedelta(days=1)
"""Older events are not reported, so that introducing notices does not report years of lists."""
RETENTION = timedelta(days=90)
"""How long notices are kept."""
BATCH_SIZE = 100
"""Maximum number of records of a kind that one tick reports."""
LONG_CHECK = timedelta(minutes=1)
"""If checking a list took longer than this, its user may have left the page."""


def find_unreported(records: QuerySet[Any], kind: Kind, at: str, since: datetime) -> list[Any]:
    """Return the records whose field `at` is after `since` and for which there is no notice of this kind."""
    reported = Notice.objects.filter(kind=kind, at__gt=since, at=OuterRef(at), subject=OuterRef("pk"))
    return list(records.filter(**{f"{at}__gt": since}).exclude(Exists(reported)).order_by(at)[:BATCH_SIZE])


def save_notices(notices: Sequence[Notice], now: datetime) -> None:
    """Save notices and schedule their mails. If two clocks do so at once, each notice is saved once."""
    mailed_kinds = find_mailed_kinds({notice.user_id for notice in notices}) if notices else {}
    for notice in notices:
        notice.created_at = now
        if notice.kind in mailed_kinds.get(notice.user_id, ()):
            notice.mail_due_at = choose_mail_time(now)
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def choose_mail_time(now: datetime) -> datetime:
    """Return a time one to two minutes from now, the same for all notices of a minute.

    So notices that belong together go into one mail, and those that are read meanwhile into none.
    """
    return now.replace(second=0, microsecond=0) + timedelta(minutes=2)


# Lists


def notify_complete(now: datetime) -> None:
    """Notify users that a list of theirs is complete, and again if it completes again after a re-run."""
    complete = Upload.objects.filter(status=UploadStatus.COMPLETE, created_by__is_active=True)
    uploads = find_unreported(complete, Kind.COMPLETE, "completed_at", now - LOOKBACK)
    counts = count_uploads(uploads) if uploads else {}
    save_notices([make_complete(upload, counts[upload.pk]) for upload in uploads], now)


def make_complete(upload: Upload, counts: Counts) -> Notice:
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


NOT_SENT_COUNT = sum((F(f"{outcome}_count") for outcome in OUTCOME_NOT_SENT[1:]), F(f"{OUTCOME_NOT_SENT[0]}_count"))
HAS_NOBODY = Q(reused_count=0, row_count=NOT_SENT_COUNT - F("co_owner_count"))
TOOK_LONG = Q(heartbeat_at__gt=F("checking_since") + LONG_CHECK)
CHECK_RESULTS = {
    Kind.FAILED: (Q(status=UploadStatus.FAILED), "“{}” could not be read. Open the list to see why."),
    Kind.NOBODY: (
        Q(status=UploadStatus.READY) & HAS_NOBODY,
        "Nobody in “{}” can be traced. Open the list to see why.",
    ),
    Kind.READY: (Q(status=UploadStatus.READY) & TOOK_LONG & ~HAS_NOBODY, "“{}” has been read and is ready to start."),
}
"""Results of checking a list that users are notified of: their condition and the text."""


def notify_checked(now: datetime) -> None:
    """Notify users that a list of theirs has been checked, if it cannot be started or the check took long."""
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
    approvers = list(find_approvers().values_list("pk", flat=True)) if uploads else []
    involved = find_involved(uploads) if uploads else {}
    asked = [(upload, pk) for upload in uploads for pk in approvers if pk not in involved[upload.pk]]
    save_notices([make_approval(upload, upload.requested_at, pk) for upload, pk in asked], now)


def make_approval(upload: Upload, at: datetime, user_id: int) -> Notice:
    text = f"“{upload}” needs your approval: it could cost up to {format_credits(max_credits(upload.item_count))}."
    return Notice(user_id=user_id, kind=Kind.APPROVAL, upload=upload, subject=upload.pk, at=at, text=text)


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
    save_batch_notices(unconfirmed, Kind.UNCONFIRMED, text, now - wait - LOOKBACK, now)
    refused = Batch.objects.filter(status=BatchStatus.REFUSED)
    text = "The vendor refused batch {} of “{}”. Send it again or close it."
    save_batch_notices(refused, Kind.REFUSED, text, now - LOOKBACK, now)


def save_batch_notices(batches: QuerySet[Batch], kind: Kind, text: str, since: datetime, now: datetime) -> None:
    """Save a notice for each batch and attempt: every attempt has its own `submitted_at`."""
    found = find_unreported(with_active_creator(batches), kind, "submitted_at", since)
    save_notices(
        [make_batch_notice(batch, kind, batch.submitted_at, text.format(batch, batch.upload)) for batch in found], now
    )


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
    """Notify users of batches with so many missing people that these were not re-run automatically."""
    lost = with_active_creator(Batch.objects.filter(status=BatchStatus.CLOSED, lost_many=True, missing__gt=0))
    batches = find_unreported(lost, Kind.MISSING, "closed_at", now - LOOKBACK)
    save_notices([make_missing(batch) for batch in batches], now)


def make_missing(batch: Batch) -> Notice:
    people = format_people(batch.missing)
    text = f"{people} in batch {batch} of “{batch.upload}” got no answer. Decide whether to re-run them."
    return make_batch_notice(batch, Kind.MISSING, batch.closed_at, text)


# The whole system


def notify_blocks(now: datetime) -> None:
    """Notify staff that sending is blocked. The reason may quote the vendor, so only the dashboard shows it."""
    blocks = find_unreported(SendingBlock.objects.in_force(now), Kind.SENDING_BLOCKED, "since", now - LOOKBACK)
    staff = find_staff() if blocks else []
    text = "Sending is blocked. See the dashboard for the reason."
    notices = [
        Notice(user=user, kind=Kind.SENDING_BLOCKED, subject=block.pk, at=block.since, text=text)
        for block in blocks
        for user in staff
    ]
    save_notices(notices, now)


def notify_reconciliation(now: datetime) -> None:
    """Notify staff once a day (UTC) of answers that the vendor counts and we have not received or cannot count."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if Notice.objects.filter(kind=Kind.RECONCILIATION, subject=0, at=midnight).exists():
        return
    books = reconciliation.total_books(reconciliation.sent_batches().filter(closed_at__gt=now - LOOKBACK))
    if text := format_differences(books):
        notices = [
            Notice(user=user, kind=Kind.RECONCILIATION, subject=0, at=midnight, text=text) for user in find_staff()
        ]
        save_notices(notices, now)


def format_differences(books: Books) -> str:
    """Return a sentence about the differences in a day's books, or "" if there are none."""
    remarks = [format_remark(books, name) for name in ("lost_answers", "lost_matches", "odd_credits")]
    return (
        f"Reconciliation of the last 24 hours: {', '.join(filter(None, remarks))}. See Reconciliation for the batches."
        if any(remarks)
        else ""
    )


def find_staff() -> list[User]:
    return list(get_user_model().objects.filter(is_active=True, is_staff=True))


def delete_old(now: datetime) -> None:
    Notice.objects.filter(created_at__lt=now - RETENTION).delete()
