"""Check found numbers with a provider, which costs money, so that no number is paid for twice by accident.

An order names the count and the price that the user has seen. Its worker claims a thousand numbers, commits that, and
only then asks. If it is not known whether the provider has charged for them, they stay claimed, and are not asked about
again until the answer would be stale. What the provider finds becomes a dated scrub file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.dateformat import format as format_date

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.database import read_now
from batches.models import PhoneNumber, ScrubCheck, ScrubSource
from batches.nouns import noun_for
from batches.numbers import scrubs
from batches.numbers.scrub_provider import ProviderRefused, ProviderUnsure, ScrubProvider, get_provider
from batches.statuses import ScrubCheckStatus, ScrubKind, ScrubStatus

CALL_SIZE = 1_000
"""Numbers that the provider is asked about at once."""
STALE_AFTER = timedelta(minutes=5)
"""No call takes this long. A check whose last heartbeat is older has lost its worker."""


class OrderRefused(Exception):
    """Nothing was ordered. The message says why."""


@dataclass(frozen=True)
class Offer:
    """What checking the numbers that are due would cost."""

    count: int
    price: Decimal


def find_due(now: datetime) -> QuerySet[PhoneNumber]:
    """Return the numbers that no provider was asked about, or so long ago that the answer is stale."""
    since = now - timedelta(days=settings.DNC_STALE_DAYS)
    first_recent = ScrubCheck.objects.filter(created_at__gte=since).order_by("pk").first()
    if first_recent is None:
        return PhoneNumber.objects.all()
    return PhoneNumber.objects.filter(Q(asked_in=None) | Q(asked_in__lt=first_recent.pk))


def make_offer(provider: ScrubProvider, now: datetime) -> Offer:
    count = find_due(now).count()
    return Offer(count, provider.price(count))


def order(user: User | None, seen: Offer) -> ScrubCheck:
    """Order a check of all numbers that are due. Raise OrderRefused if the user has seen another offer."""
    require(user, Right.START)
    provider = get_provider()
    if provider is None:
        raise OrderRefused("No provider is set up. Ask whoever runs the server to set SCRUB_PROVIDER_URL.")
    offer = make_offer(provider, read_now())
    if offer != seen:
        raise OrderRefused(
            "Nothing was ordered: the count of numbers or the price has changed. Check both, and order again."
        )
    if not offer.count:
        raise OrderRefused("There are no numbers to check.")
    try:
        with transaction.atomic():
            return create_order(user, offer)
    except IntegrityError:
        raise OrderRefused("A check is under way. Wait until it is done.") from None


def create_order(user: User | None, offer: Offer) -> ScrubCheck:
    today = timezone.localdate()
    # Each check has a name of its own: it asks only about numbers that are due, and must not replace an earlier one.
    name = f"Provider, {format_date(read_now(), 'M j, Y, g:i:s A')}"
    source = ScrubSource.objects.create(
        kind=ScrubKind.REGISTRY, name=name, as_of=today, created_by=user, status=ScrubStatus.ORDERED
    )
    check = ScrubCheck.objects.create(
        number_count=offer.count, price=offer.price, source=source, created_by=user, status=ScrubCheckStatus.WAITING
    )
    detail = f"ordered a check of {offer.count:,} {noun_for(offer.count, 'number,numbers')} for ${offer.price}"
    audit.record(AuditKind.SCRUB_CHANGED, user, detail=detail)
    return check


def run(pk: int) -> int | None:
    """Run an ordered check. Return the id of its scrub file, or None if another worker runs it, or it has ended."""
    waiting = ScrubCheck.objects.filter(pk=pk, status=ScrubCheckStatus.WAITING)
    if not waiting.update(status=ScrubCheckStatus.ASKING, heartbeat_at=read_now()):
        return None
    check = ScrubCheck.objects.select_related("source").get(pk=pk)
    provider = get_provider()
    try:
        if provider is None:
            raise ProviderRefused("The provider is no longer set up.")
        while numbers := claim(check):
            ask(provider, check, numbers)
    except (ProviderRefused, ProviderUnsure) as problem:
        end(check, ScrubCheckStatus.FAILED, str(problem))
    else:
        end(check, ScrubCheckStatus.DONE)
    return check.source_id


@transaction.atomic
def claim(check: ScrubCheck) -> list[int]:
    """Claim the next numbers for a check, at most as many as were ordered. Until they are answered, they are unsure."""
    row = ScrubCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
    left = row.number_count - row.asked_count - row.unsure_count
    due = find_due(read_now()).filter(found_at__lte=row.created_at).order_by("pk")
    numbers = list(due.values_list("pk", flat=True)[: max(0, min(left, CALL_SIZE))])
    if numbers:
        PhoneNumber.objects.filter(pk__in=numbers).update(asked_in=check.pk)
        ScrubCheck.objects.filter(pk=check.pk).update(
            unsure_count=F("unsure_count") + len(numbers), heartbeat_at=read_now()
        )
    return numbers


def ask(provider: ScrubProvider, check: ScrubCheck, numbers: Sequence[int]) -> None:
    """Ask about claimed numbers, and store what is found. If the provider refuses, release the numbers."""
    try:
        hits = provider.check(numbers)
    except ProviderRefused:
        with transaction.atomic():
            PhoneNumber.objects.filter(pk__in=numbers, asked_in=check.pk).update(asked_in=None)
            ScrubCheck.objects.filter(pk=check.pk).update(unsure_count=F("unsure_count") - len(numbers))
        raise
    with transaction.atomic():
        scrubs.store(check.source_id, sorted(hits))
        ScrubCheck.objects.filter(pk=check.pk).update(
            unsure_count=F("unsure_count") - len(numbers), asked_count=F("asked_count") + len(numbers)
        )


@transaction.atomic
def end(check: ScrubCheck, status: ScrubCheckStatus, problem: str = "") -> None:
    """End a check, and put in force what was found, because it has been paid for."""
    asking = ScrubCheck.objects.filter(pk=check.pk, status=ScrubCheckStatus.ASKING)
    if not asking.update(status=status, problem=problem, is_open=None):
        return
    check.refresh_from_db()
    ScrubSource.objects.filter(pk=check.source_id, status=ScrubStatus.ORDERED).update(
        status=ScrubStatus.READY if check.asked_count else ScrubStatus.FAILED,
        problem=describe_problem(check),
        number_count=check.source.lines.count(),
        line_count=check.asked_count,
        loaded_at=read_now(),
        changed_at=read_now(),
    )


def describe_problem(check: ScrubCheck) -> str:
    """Return what went wrong in a check and what is not known; empty if all went well."""
    if not check.problem:
        return ""
    unsure = check.unsure_count
    kept = (
        f" The provider may have charged for {unsure:,} {noun_for(unsure, 'number,numbers')} without an answer, "
        f"which will not be asked about again for {settings.DNC_STALE_DAYS} days."
    )
    asked = f" {check.asked_count:,} of {check.number_count:,} numbers were checked."
    return check.problem + asked + (kept if unsure else "")


def list_waiting(now: datetime) -> list[int]:
    """Return the orders whose job was lost before it began."""
    lost = ScrubCheck.objects.filter(status=ScrubCheckStatus.WAITING, created_at__lt=now - STALE_AFTER)
    return list(lost.values_list("pk", flat=True))


def end_interrupted(now: datetime) -> None:
    """End the checks whose worker has died. Numbers that it was asking about stay claimed."""
    is_stale = Q(status=ScrubCheckStatus.ASKING, heartbeat_at__lt=now - STALE_AFTER)
    for check in ScrubCheck.objects.filter(is_stale).select_related("source"):
        end(check, ScrubCheckStatus.FAILED, "The check was interrupted.")
