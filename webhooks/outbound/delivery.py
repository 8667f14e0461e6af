"""Send one message: claim it, send it, and record the result."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateformat import format as format_date
from urllib3.exceptions import HTTPError

from accounts.encryption import CannotDecrypt
from batches.delivery_attempts import RetryPolicy
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbound import http
from webhooks.signing import sign

RETRY_POLICY = RetryPolicy(
    count_field="attempts",
    due_field="next_try_at",
    # Similar to the schedule that the Standard Webhooks specification recommends.
    retry_delays=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    ),
    # Much longer than `http.TIMEOUT`, which is the longest time that a call takes.
    claim_timeout=timedelta(seconds=90),
)


@dataclass(frozen=True)
class Result:
    """The result of one call."""

    at: datetime
    seconds: float
    status: int | None
    """The status of the answer, or None if there was no answer."""
    problem: str
    """What went wrong, or "" if the message was delivered."""
    answer: str
    """The beginning of the answer, for people to read."""


def deliver(message_id: int) -> None:
    """Send a message if it is due. Nothing is locked while the call is in progress."""
    message = Message.objects.select_related("endpoint").filter(pk=message_id).first()
    if message is None or not claim(message, timezone.now()):
        return
    result = call(message)
    finish_attempt(message, result.status, result.problem, timezone.now())
    record_attempt(message, result)


def claim(message: Message, now: datetime) -> bool:
    """Claim a due message for one attempt.

    Return False if it is not due, if its endpoint is turned off, or if another worker has it.
    """
    if not message.endpoint.is_active:
        return False
    claimable = {"status": Message.Status.WAITING, "attempts": message.attempts, "next_try_at__lte": now}
    if not RETRY_POLICY.claim(Message.objects.filter(pk=message.pk, **claimable), now):
        return False
    message.attempts += 1
    return True


def call(message: Message) -> Result:
    """Send a message, and return the result."""
    at, begun = timezone.now(), time.monotonic()
    reply, problem = post(message)
    answer = clean_answer(reply.beginning) if reply else ""
    return Result(at, time.monotonic() - begun, reply.status if reply else None, problem, answer)


def post(message: Message) -> tuple[http.Reply | None, str]:
    """Send a message. Return the answer, if there was one, and the problem ("" if there was none)."""
    body = message.body.encode()
    try:
        headers = sign(message.endpoint.secret, message.message_id, int(timezone.now().timestamp()), body)
        reply = http.post(message.endpoint.url, body, headers)
    except (http.Forbidden, CannotDecrypt) as problem:
        return None, str(problem)
    except (HTTPError, OSError, ValueError) as problem:
        return None, f"No answer: {type(problem).__name__}."
    return reply, "" if 200 <= reply.status < 300 else f"The endpoint answered {reply.status}."


def clean_answer(beginning: bytes) -> str:
    """Return the beginning of an answer on one line. Characters that cannot be shown or stored become U+FFFD."""
    text = " ".join(beginning.decode(errors="replace").split())
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return shown[: Attempt.MAX_ANSWER]


def record_attempt(message: Message, result: Result) -> None:
    """Keep the result of a call for the endpoint's page, unless the endpoint has just been deleted."""
    with suppress(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            endpoint_id=message.endpoint_id,
            message=message,
            at=result.at,
            milliseconds=round(result.seconds * 1000),
            status_code=result.status,
            problem=result.problem[:200],
            answer=result.answer,
        )


def delete_old_attempts(now: datetime) -> None:
    Attempt.objects.filter(at__lt=now - Attempt.KEPT).delete()


def finish_attempt(message: Message, status: int | None, problem: str, now: datetime) -> None:
    """Record the result of an attempt.

    A message that was delivered stays delivered, and only the latest attempt schedules the next one.
    """
    waiting = Message.objects.filter(pk=message.pk, status=Message.Status.WAITING)
    if not problem:
        waiting.update(status=Message.Status.DELIVERED, last_status_code=status, delivered_at=now)
        return
    changes: dict[str, object]
    if status == http.GONE or RETRY_POLICY.is_last(message.attempts):
        changes = {"status": Message.Status.FAILED}
    else:
        changes = {"next_try_at": RETRY_POLICY.next_after(message.attempts, now)}
    waiting.filter(attempts=message.attempts).update(last_status_code=status, **changes)
    turned_off = {"is_active": False} if status == http.GONE else {}
    note = f"{format_date(now.astimezone(UTC), 'M j, Y, g:i A')} UTC: {problem}"[:200]
    Endpoint.objects.filter(pk=message.endpoint_id).update(note=note, **turned_off)
