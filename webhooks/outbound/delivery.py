"""Deliver one message: claim it, send it, and record the result."""

from datetime import datetime, timedelta

from django.utils import timezone
from urllib3.exceptions import HTTPError

from batches.delivery_attempts import Attempts
from webhooks.models import Endpoint, Message
from webhooks.outbound import http
from webhooks.signing import sign

ATTEMPTS = Attempts(
    count_field="attempts",
    due_field="next_try_at",
    # Close to the schedule that the Standard Webhooks specification recommends.
    retry_delays=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    ),
    # A call takes up to TIMEOUT, and resolving the host as long again.
    claim_timeout=timedelta(seconds=90),
)


def deliver(message_id: int) -> None:
    """Send a message if it is due. Nothing is locked while the call is in progress."""
    message = Message.objects.select_related("endpoint").filter(pk=message_id).first()
    if message is None or not claim(message, timezone.now()):
        return
    status, problem = call(message)
    finish_attempt(message, status, problem, timezone.now())


def claim(message: Message, now: datetime) -> bool:
    """Claim a due message for one attempt. Return False if it is not due or another worker has it."""
    if not message.endpoint.is_active:
        return False
    same_attempt = {"status": Message.Status.WAITING, "attempts": message.attempts, "next_try_at__lte": now}
    if not ATTEMPTS.claim(Message.objects.filter(pk=message.pk, **same_attempt), now):
        return False
    message.attempts += 1
    return True


def call(message: Message) -> tuple[int | None, str]:
    """Send a message. Return the status of the answer, or None without one, and the problem, or ""."""
    body = message.body.encode()
    headers = sign(message.endpoint.secret, message.message_id, int(timezone.now().timestamp()), body)
    try:
        status = http.post(message.endpoint.url, body, headers)
    except http.Forbidden as problem:
        return None, str(problem)
    except (HTTPError, OSError, ValueError) as problem:
        return None, f"No answer: {type(problem).__name__}."
    return status, "" if 200 <= status < 300 else f"It answered {status}."


def finish_attempt(message: Message, status: int | None, problem: str, now: datetime) -> None:
    """Record the result of an attempt.

    A message that was delivered stays delivered, and only the latest attempt schedules the next one.
    """
    waiting = Message.objects.filter(pk=message.pk, status=Message.Status.WAITING)
    if not problem:
        waiting.update(status=Message.Status.DELIVERED, last_status_code=status, delivered_at=now)
        return
    changes: dict[str, object]
    if status == http.GONE or ATTEMPTS.is_last(message.attempts):
        changes = {"status": Message.Status.FAILED}
    else:
        changes = {"next_try_at": ATTEMPTS.next_after(message.attempts, now)}
    waiting.filter(attempts=message.attempts).update(last_status_code=status, **changes)
    deactivated = {"is_active": False} if status == http.GONE else {}
    note = f"{now:%Y-%m-%d %H:%M} UTC: {problem}"[:200]
    Endpoint.objects.filter(pk=message.endpoint_id).update(note=note, **deactivated)
