"""Mail users about their accounts. Mails are sent in threads, so that no page waits for the mail server."""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)

HEADERS = {"Auto-Submitted": "auto-generated"}


def run(task: Callable[[], None]) -> None:
    """Run a task in a thread of its own."""
    threading.Thread(target=task, daemon=True).start()


def post(mail: EmailMessage) -> None:
    """Send a mail, unless there is no mail server."""
    if settings.IS_MAILING:
        run(lambda: send(mail))


def send(mail: EmailMessage) -> None:
    try:
        mail.send()
    except (OSError, ValueError) as problem:
        # Log the class only: the message contains the address.
        logger.warning("Could not send a mail about an account: %s", type(problem).__name__)


def mail_user(user: User, subject: str, text: str) -> None:
    if user.email:
        post(EmailMessage(f"skipportal: {subject}", f"{text}\n", to=[user.email], headers=HEADERS))
