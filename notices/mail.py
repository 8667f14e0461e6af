"""Mails of notices: all of a person's that are due in one; claimed, sent, and what follows."""

import logging
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from batches.delivery_attempts import Attempts
from notices.models import Notice
from notices.preferences import find_wishes

logger = logging.getLogger(__name__)
ATTEMPTS = Attempts(
    count_field="mail_attempts",
    due_field="mail_due_at",
    # A day later a mail would help nobody.
    pauses=(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6)),
    # A mail takes some eight answers of the server, each within EMAIL_TIMEOUT.
    claim_time=timedelta(minutes=10),
)
MOST = 50
"""Most notices that one mail tells in full."""


def deliver(user_id):
    """Mail a user what is due. Nothing is locked while it is under way.

    A sender that dies between the mail server's answer and our writing it down has it sent twice: better than never.
    """
    claim_id = claim(user_id, timezone.now())
    claimed = list(Notice.objects.filter(mail_claim=claim_id).order_by("pk")) if claim_id else []
    kinds = find_wishes([user_id]).get(user_id, set()) if claimed else set()
    drop([notice for notice in claimed if notice.kind not in kinds])
    if wanted := [notice for notice in claimed if notice.kind in kinds]:
        settle(claim_id, wanted, send(user_id, wanted), timezone.now())


def claim(user_id, now):
    """Take a user's due notices for one try; gives its name, or None where none are. Of two workers one gets each."""
    claim_id = secrets.token_hex(8)
    due = Notice.objects.to_mail(now).filter(user=user_id)
    return claim_id if ATTEMPTS.claim(due, now, mail_claim=claim_id) else None


def drop(notices):
    """Their user wants them mailed no more."""
    if notices:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mail_due_at=None)


def send(user_id, notices):
    """Whether the mail server took it."""
    user = get_user_model().objects.get(pk=user_id)
    # So that nobody's "I am on holiday" comes back.
    headers = {"Auto-Submitted": "auto-generated"}
    mail = EmailMessage(write_subject(notices), write_body(notices), to=[user.email], headers=headers)
    try:
        return mail.send() == 1
    except (OSError, ValueError) as problem:
        # Its class only: the text names the address.
        logger.warning("A mail to user %s could not be sent: %s", user_id, type(problem).__name__)
        return False


def settle(claim_id, notices, is_sent, now):
    """Write down what became of a try: what is mailed stays so, and only the last try decides about the next."""
    if is_sent:
        Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=now, mail_due_at=None)
        return
    # What was read meanwhile is not due any more, and stays so.
    mine = Notice.objects.filter(mail_claim=claim_id, mail_due_at__isnull=False)
    mine.filter(mail_attempts__gt=len(ATTEMPTS.pauses)).update(mail_due_at=None)
    if count := mine.aggregate(most=Max("mail_attempts"))["most"]:
        mine.update(mail_due_at=ATTEMPTS.next_after(count, now))


def write_subject(notices):
    """One line, whatever a list is called."""
    said = str(notices[0]) if len(notices) == 1 else f"{len(notices)} notices"
    return " ".join(f"skipportal: {said}".split())


def write_body(notices):
    parts = [f"{notice}\n{settings.PUBLIC_URL}{notice.get_absolute_url()}" for notice in notices[:MOST]]
    if more := len(notices) - len(parts):
        parts.append(f"And {more} more: {settings.PUBLIC_URL}{reverse('notices')}")
    parts.append(f"Which of this you are mailed is yours to choose: {settings.PUBLIC_URL}{reverse('settings')}")
    return "\n\n".join(parts) + "\n"
