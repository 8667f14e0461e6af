"""Mail a user all due notices in one mail: claim them, send the mail, and record the result."""

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from batches.delivery_attempts import RetryPolicy
from notices.models import Notice
from notices.preferences import find_mailed_kinds

logger = logging.getLogger(__name__)

RETRY_POLICY = RetryPolicy(
    count_field="mail_attempts",
    due_field="mail_due_at",
    # There are no later attempts, because a mail that is even later would hardly help.
    retry_delays=(
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=6),
    ),
    # While a mail is being sent, the mail server replies about eight times, each time within EMAIL_TIMEOUT.
    claim_timeout=timedelta(minutes=10),
)
MAX_NOTICES = 50
"""Maximum number of notices that one mail contains in full."""


def deliver(user_id: int) -> None:
    """Mail a user the notices that are due. No row is locked while the mail is being sent.

    If this process dies after the mail server has accepted the mail but before this is recorded, the mail is sent
    twice. That is better than not at all.
    """
    claim_id = claim(user_id, timezone.now())
    claimed = list(Notice.objects.filter(mail_claim=claim_id).order_by("pk")) if claim_id else []
    if not claim_id or not claimed:
        return
    # The user may have changed the choice of mails since the notices were created.
    kinds = find_mailed_kinds([user_id]).get(user_id, set())
    cancel_mails([notice for notice in claimed if notice.kind not in kinds])
    if wanted := [notice for notice in claimed if notice.kind in kinds]:
        finish_attempt(claim_id, wanted, send(user_id, wanted), timezone.now())


def claim(user_id: int, now: datetime) -> str | None:
    """Claim a user's due notices for one attempt. Return the id of the claim, or None if none are due.

    If two workers claim notices at once, each notice goes to only one of them.
    """
    claim_id = secrets.token_hex(8)
    due = Notice.objects.to_mail(now).filter(user=user_id)
    return claim_id if RETRY_POLICY.claim(due, now, mail_claim=claim_id) else None


def cancel_mails(notices: Sequence[Notice]) -> None:
    """Stop mailing notices whose user no longer wants them by mail."""
    if notices:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mail_due_at=None)


def send(user_id: int, notices: Sequence[Notice]) -> bool:
    """Send one mail. Return whether the mail server accepted it."""
    user = get_user_model().objects.get(pk=user_id)
    # This header prevents automatic replies ("I am on holiday").
    headers = {"Auto-Submitted": "auto-generated"}
    mail = EmailMessage(format_subject(notices), format_body(notices), to=[user.email], headers=headers)
    try:
        return mail.send() == 1
    except (OSError, ValueError) as problem:
        # Log the class only: the message of the error contains the address.
        logger.warning("Could not send a mail to user %s: %s", user_id, type(problem).__name__)
        return False


def finish_attempt(claim_id: str, notices: Sequence[Notice], is_sent: bool, now: datetime) -> None:
    """Record the result of an attempt.

    Notices that were mailed stay mailed, and only the latest attempt schedules the next one.
    """
    if is_sent:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=now, mail_due_at=None)
        return
    # Notices that have since been read are no longer due, and must not become due again.
    claimed = Notice.objects.filter(mail_claim=claim_id, mail_due_at__isnull=False)
    claimed.filter(mail_attempts__gt=len(RETRY_POLICY.retry_delays)).update(mail_due_at=None)
    if count := claimed.aggregate(most=Max("mail_attempts"))["most"]:
        claimed.update(mail_due_at=RETRY_POLICY.next_after(count, now))


def format_subject(notices: Sequence[Notice]) -> str:
    """Return the subject on one line, even if the name of a list contains line breaks."""
    text = str(notices[0]) if len(notices) == 1 else f"{len(notices)} notices"
    return " ".join(f"skipportal: {text}".split())


def format_body(notices: Sequence[Notice]) -> str:
    parts = [f"{notice}\n{settings.PUBLIC_URL}{notice.get_absolute_url()}" for notice in notices[:MAX_NOTICES]]
    if more := len(notices) - len(parts):
        parts.append(f"And {more} more: {settings.PUBLIC_URL}{reverse('notices')}")
    parts.append(f"Choose which notices you receive by mail: {settings.PUBLIC_URL}{reverse('settings')}")
    return "\n\n".join(parts) + "\n"
