"""Do what administrators do with endpoints: add them, turn them on and off, test them, and send messages again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.dateformat import format as format_date

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import jobs
from batches.nouns import noun_for
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbound.delivery import RETRY_POLICY
from webhooks.outbound.events import make_test_message

COUNTED_PERIOD = timedelta(days=7)
"""How far back the counts of messages on the pages reach."""


def add(user: User, url: str) -> Endpoint:
    """Add an endpoint, which gets messages from now on."""
    require(user, Right.ADMINISTER)
    endpoint = Endpoint.objects.create(url=url, created_by=user)
    record(user, endpoint, "Added")
    return endpoint


def replace_secret(user: User, endpoint: Endpoint) -> None:
    """Give an endpoint a new secret. The old one stops working at once."""
    require(user, Right.ADMINISTER)
    endpoint.replace_secret()
    record(user, endpoint, "Replaced the secret")


def set_active(user: User, endpoint: Endpoint, is_active: bool) -> bool:
    """Turn an endpoint on or off. Return whether this changed anything."""
    require(user, Right.ADMINISTER)
    changed = Endpoint.objects.filter(pk=endpoint.pk, is_active=not is_active).update(is_active=is_active)
    if changed:
        record(user, endpoint, "Turned on" if is_active else "Turned off")
    return bool(changed)


def send_test(user: User, endpoint: Endpoint) -> Message:
    """Create a test message, which is sent within seconds."""
    require(user, Right.ADMINISTER)
    message = make_test_message(endpoint, timezone.now())
    message.save(force_insert=True)
    record(user, endpoint, "Sent a test message")
    jobs.wake_clock()
    return message


def send_again(user: User, message: Message) -> bool:
    """Send one message again, with the same id, so that the endpoint can recognise it.

    Messages that failed or were delivered begin a new series of attempts. Those that wait for their next attempt are
    tried now. Return False if the message is being sent at this moment.
    """
    require(user, Right.ADMINISTER)
    now = timezone.now()
    waits_for_retry = Q(status=Message.Status.WAITING, next_try_at__gt=now + RETRY_POLICY.claim_timeout)
    same = Message.objects.filter(pk=message.pk)
    again = same.finished().update(status=Message.Status.WAITING, attempts=0, next_try_at=now)
    if not again and not same.filter(waits_for_retry).update(next_try_at=now):
        return False
    record(user, message.endpoint, f"Sent message {message.message_id} again")
    jobs.wake_clock()
    return True


def find_replayable(endpoint: Endpoint, since: datetime, newest: int | None = None) -> QuerySet[Message]:
    """Return the messages about lists that an endpoint was sent since a time. Those that still wait are left out.

    `newest` is the id of the last message to include: messages that are created while somebody confirms are left out.
    """
    messages = endpoint.messages.finished().filter(created_at__gte=since).exclude(upload=None)
    return messages.filter(pk__lte=newest) if newest is not None else messages


def replay(user: User, endpoint: Endpoint, since: datetime, newest: int) -> int:
    """Send an endpoint the messages of `find_replayable` again, each with the same id as before. Return how many."""
    require(user, Right.ADMINISTER)
    now = timezone.now()
    count = find_replayable(endpoint, since, newest).update(status=Message.Status.WAITING, attempts=0, next_try_at=now)
    if count:
        began = format_date(since.astimezone(UTC), "M j, Y, g:i A")
        record(user, endpoint, f"Replayed {count:,} {noun_for(count, 'message')} since {began} UTC")
    return count


def record(user: User, endpoint: Endpoint, action: str) -> None:
    """Write to the audit log. Only the host is named, because the rest of an address may be a secret."""
    host = urlsplit(endpoint.url).hostname or "?"
    audit.record(AuditKind.ENDPOINT_CHANGED, user, detail=f"{action}: endpoint {endpoint.pk} ({host})")


# What the pages show


def with_state(now: datetime) -> QuerySet[Endpoint]:
    """Return all endpoints with their last attempt and the number of messages of the last days by status."""
    last = Attempt.objects.filter(endpoint=OuterRef("pk")).order_by("-id")
    recent = Q(messages__created_at__gte=now - COUNTED_PERIOD)

    def count(status: Message.Status, condition: Q = recent) -> Count:
        return Count("messages", filter=condition & Q(messages__status=status))

    return Endpoint.objects.annotate(
        last_at=Subquery(last.values("at")[:1]),
        last_problem=Subquery(last.values("problem")[:1]),
        delivered_count=count(Message.Status.DELIVERED),
        failed_count=count(Message.Status.FAILED),
        waiting_count=count(Message.Status.WAITING, Q()),
    )


@dataclass(frozen=True)
class State:
    """The state of an endpoint: a word, an icon and a tone."""

    word: str
    icon: str
    tone: str = ""
    """The class of the chip: good, warn, bad, or empty."""


OFF = State("Turned off", "pause")
FAILING = State("Failing", "circle-alert", "bad")
WORKING = State("Working", "circle-check")
UNUSED = State("Not called yet", "clock")


def find_state(endpoint: Endpoint) -> State:
    """Return the state of an endpoint of `with_state`: off, or how its last attempt went."""
    if not endpoint.is_active:
        return OFF
    if endpoint.last_at is None:  # type: ignore[attr-defined]
        return UNUSED
    return FAILING if endpoint.last_problem else WORKING  # type: ignore[attr-defined]


@dataclass(frozen=True)
class AttemptRow:
    """One row in the list of an endpoint's attempts."""

    attempt: Attempt
    action: str
    """The label of the button, or empty if the message cannot be sent again from this row."""


def make_rows(attempts: list[Attempt], now: datetime) -> list[AttemptRow]:
    """Return a row for each attempt. Only a message's last attempt, which comes first, offers to send it again."""
    last = find_last_attempts([attempt.message_id for attempt in attempts])
    return [AttemptRow(each, find_action(each.message, now) if each.pk in last else "") for each in attempts]


def find_last_attempts(message_ids: list[int]) -> set[int]:
    """Return the ids of the last attempts of these messages."""
    pairs = Attempt.objects.filter(message__in=message_ids).order_by("id").values_list("message_id", "pk")
    return set(dict(pairs).values())


def find_action(message: Message, now: datetime) -> str:
    """Return the label of the button that sends a message again, or "" while that is not possible."""
    if message.status != Message.Status.WAITING:
        return "Send again"
    return "Try now" if message.next_try_at > now + RETRY_POLICY.claim_timeout else ""
