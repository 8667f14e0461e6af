"""Record what came of calls, and undo it. Whatever is recorded counts for the number in all lists at once.

An outcome belongs to a number and to the person who was called, who is recognised in other lists by the fingerprint.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.intake import suppression
from batches.intake.suppression import Terms
from batches.models import CallOutcome, CallOutcomeQuerySet, Item, PersonNote, Suppression
from batches.numbers.refresh import refresh
from batches.people.contacts import Contact
from batches.people_audit import record_people
from batches.retention import Retained, delete_records
from batches.statuses import AskedHow, CallResult, CallSource, SuppressionKind, SuppressionReason
from batches.vendor.answers import read_contact

REPEAT_SECONDS = 10
"""If a user records the same outcome of the same number again within this many seconds, it is a double click."""
MAX_SHOWN = 100
"""Maximum number of outcomes, and of notes, that the page of a person shows, the latest first."""
ASKED = "Asked on the phone not to be called."


class NotTheirNumber(Exception):
    """The number was not found for the person. The message says what to do."""


@dataclass(frozen=True)
class Call:
    """A call whose outcome is to be recorded."""

    item_id: int
    number: str
    """Ten digits."""
    outcome: CallResult
    note: str = ""
    key: str = ""
    """Chosen by the sender. A second call with this key is not recorded if it is by the same user or from a file."""
    at: datetime | None = None
    """When it was, if not now."""


def record(call: Call, user: User | None, via: CallSource = CallSource.PAGE) -> bool:
    """Record the outcome of a call. Return False if it was recorded before.

    Raise Item.DoesNotExist if the user does not see the person, and NotTheirNumber if the person lacks the number.
    """
    require(user, Right.SEE_CONTACTS)
    with transaction.atomic():
        # The lock makes the second of two clicks wait for the first.
        item = Item.objects.visible_to(user).select_for_update(no_key=True, of=("self",)).get(pk=call.item_id)
        if call.number not in {phone.digits for phone in read_found(item).phones if len(phone.digits) == 10}:
            raise NotTheirNumber("This number was not found for this person. Check the person and the number.")
        if is_repeated(call, user, via):
            return False
        CallOutcome.objects.create(
            item=item,
            number=int(call.number),
            outcome=call.outcome,
            note=call.note[:300],
            by=user,
            via=via,
            key=call.key or None,
            at=call.at or timezone.now(),
            entry=suppress_number(call.number, user) if call.outcome == CallResult.DO_NOT_CALL else None,
        )
        refresh([call.number])
        record_people(AuditKind.CALL_RECORDED, user, [(item.upload_id, item.pk)])
    return True


def read_found(item: Item) -> Contact:
    """Return what was found for a person."""
    answer = item.answer_item.answer
    return read_contact(answer, item.name_parts) if answer else Contact()


def is_repeated(call: Call, user: User | None, via: CallSource) -> bool:
    """Return whether a call was recorded before: with its key, or seconds ago."""
    made = CallOutcome.objects.filter(by=user)
    if call.key and made.filter(key=call.key).exists():
        return True
    if via == CallSource.FILE:
        return CallOutcome.objects.filter(number=int(call.number), key=call.key, via=via).exists()
    since = timezone.now() - timedelta(seconds=REPEAT_SECONDS)
    alike = made.in_force().filter(item=call.item_id, number=int(call.number), outcome=call.outcome, at__gt=since)
    return not call.key and alike.exists()


def suppress_number(number: str, user: User | None) -> Suppression | None:
    """Add a number to the do-not-contact list, and return its new entry.

    Return None if the number has an entry already. The existing entry becomes as strict as a request, and stays if the
    outcome is undone, because it has reasons of its own.
    """
    entries = Suppression.objects.in_force().filter(kind=SuppressionKind.PHONE, key=number)
    is_listed = entries.exists()
    terms = Terms(SuppressionReason.REQUEST, asked_how=AskedHow.PHONE)
    suppression.add_entries({(SuppressionKind.PHONE.value, number): number}, user, ASKED, terms)
    return None if is_listed else entries.get()


@transaction.atomic
def undo(pk: int, user: User | None) -> bool:
    """Undo an outcome, and lift the do-not-contact entry that it made. Return False if it was undone before."""
    require(user, Right.SEE_CONTACTS)
    outcome = visible_outcomes(user).in_force().filter(pk=pk).select_related("item").first()
    if not outcome:
        return False
    is_undone = CallOutcome.objects.in_force().filter(pk=pk).update(undone_at=timezone.now(), undone_by=user) == 1
    if is_undone:
        if outcome.entry_id:
            suppression.lift_entry(outcome.entry_id, user)
        refresh([f"{outcome.number:010d}"])
        record_people(AuditKind.CALL_RECORDED, user, [(outcome.item.upload_id, outcome.item_id)], "undone")
    return is_undone


def visible_outcomes(user: User | None) -> CallOutcomeQuerySet:
    """Return the outcomes that were recorded for people whom a user sees."""
    return CallOutcome.objects.filter(item__in=Item.objects.visible_to(user))


def about_person(item: Item) -> Q:
    """Return the condition for what was recorded about a person, in whatever list."""
    return Q(item__fingerprint=item.fingerprint) if item.fingerprint else Q(item=item)


def list_calls(item: Item) -> dict[str, list[CallOutcome]]:
    """Return ten digits → the outcomes of calls to this person in all lists, the latest first."""
    calls: defaultdict[str, list[CallOutcome]] = defaultdict(list)
    made = CallOutcome.objects.in_force().filter(about_person(item)).select_related("by")
    for outcome in made.order_by("-at", "-pk")[:MAX_SHOWN]:
        calls[f"{outcome.number:010d}"].append(outcome)
    return dict(calls)


# Notes


def add_note(item: Item, text: str, user: User) -> PersonNote | None:
    """Add a note to a person, unless it is empty or repeats the latest. Return it, if it is new."""
    require(user, Right.SEE_CONTACTS)
    text = " ".join(text.split())[:1000]
    latest = list_notes(item)[:1]
    if not text or (latest and latest[0].text == text and latest[0].by_id == user.pk):
        return None
    return PersonNote.objects.create(item=item, text=text, by=user)


def list_notes(item: Item) -> list[PersonNote]:
    """Return the notes on a person in all lists, the latest first."""
    notes = PersonNote.objects.filter(about_person(item)).select_related("by")
    return list(notes.order_by("-at", "-pk")[:MAX_SHOWN])


# Deleting


def forget_people(item_ids: Collection[int]) -> int:
    """Delete the notes on people who are erased, and the outcomes of calls to them. Return how many there were."""
    notes, outcomes = PersonNote.objects.filter(item__in=item_ids), CallOutcome.objects.filter(item__in=item_ids)
    return delete_records(notes) + delete_outcomes(outcomes)


def delete_outcomes(outcomes: QuerySet[CallOutcome]) -> int:
    """Delete outcomes. They no longer count for their numbers. Return how many there were."""
    numbers = set(outcomes.order_by().values_list("number", flat=True))
    deleted = delete_records(outcomes)
    refresh(numbers)
    return deleted


RETAINED_CALLS = [
    Retained("Outcomes of calls", CallOutcome.objects.all(), "at", delete_outcomes),
    Retained("Notes on people", PersonNote.objects.all(), "at", delete_records),
]
