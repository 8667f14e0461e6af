"""A message on its way: claimed, sent, and what follows from the answer."""

from datetime import timedelta

from django.utils import timezone
from urllib3.exceptions import HTTPError

from batches.delivery_attempts import Attempts
from webhooks.models import Endpoint, Message
from webhooks.outbound import http
from webhooks.signing import sign

ATTEMPTS = Attempts(
    count_field="attempts",
    due_field="next_try_at",
    # About as the specification proposes.
    pauses=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    ),
    # A call takes TIMEOUT, and as long again to find the host.
    claim_time=timedelta(seconds=90),
)


def deliver(message_id):
    """Send a message if it is due. Nothing is locked while it is under way."""
    message = Message.objects.select_related("endpoint").filter(pk=message_id).first()
    if message is None or not claim(message, timezone.now()):
        return
    status, problem = call(message)
    settle(message, status, problem, timezone.now())


def claim(message, now):
    """Take a due message for one try. Return False if it is not due, or another worker has it."""
    if not message.endpoint.is_active:
        return False
    same_try = {"status": Message.Status.WAITING, "attempts": message.attempts, "next_try_at__lte": now}
    if not ATTEMPTS.claim(Message.objects.filter(pk=message.pk, **same_try), now):
        return False
    message.attempts += 1
    return True


def call(message):
    """Return the status of the answer, or None, and what went wrong, or nothing."""
    body = message.body.encode()
    headers = sign(message.endpoint.secret, message.message_id, int(timezone.now().timestamp()), body)
    try:
        status = http.post(message.endpoint.url, body, headers)
    except http.Forbidden as problem:
        return None, str(problem)
    except (HTTPError, OSError, ValueError) as problem:
        return None, f"No answer: {type(problem).__name__}."
    return status, "" if 200 <= status < 300 else f"It answered {status}."


def settle(message, status, problem, now):
    """Write down what became of a try: what is delivered stays so, and only the last try decides about the next."""
    waiting = Message.objects.filter(pk=message.pk, status=Message.Status.WAITING)
    if not problem:
        waiting.update(status=Message.Status.DELIVERED, last_status_code=status, delivered_at=now)
        return
    if status == http.NO_MORE or ATTEMPTS.is_last(message.attempts):
        follows = {"status": Message.Status.FAILED}
    else:
        follows = {"next_try_at": ATTEMPTS.next_after(message.attempts, now)}
    waiting.filter(attempts=message.attempts).update(last_status_code=status, **follows)
    ended = {"is_active": False} if status == http.NO_MORE else {}
    note = f"{now:%Y-%m-%d %H:%M} UTC: {problem}"[:200]
    Endpoint.objects.filter(pk=message.endpoint_id).update(note=note, **ended)
