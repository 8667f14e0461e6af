"""Record what answers say about each number, and delete it when the person is erased."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.db import transaction
from django.utils import timezone

from batches.models import PhoneNumber
from batches.numbers.refresh import refresh
from batches.people.contacts import Contact, Phone
from batches.people.search_terms import split
from batches.people.standing import NumberFacts, add_answer
from batches.retention import Retained, delete_records

MAX_PEOPLE = 20
"""Maximum number of people counted for one number: nobody needs to know whether it is 20 or 200."""
FOUND_FIELDS = ["flag", "flag_at", "is_connected", "connected_at", "last_seen", "people", "people_count", "found_at"]


@dataclass(frozen=True)
class FoundContact:
    """What one answer says about a person, and when it arrived."""

    contact: Contact
    name: str
    """The name of the person asked for, which counts if none was found."""
    answered_at: datetime


def read_digits(digits: str) -> int | None:
    """Return a number as it is stored, or None if it does not have ten digits."""
    return int(digits) if len(digits) == 10 else None


def record_found(contacts: Iterable[FoundContact]) -> None:
    """Add what answers say about numbers to what is known. Adding the same answer again changes nothing.

    Rows are locked in one order, so that two processes that have found the same numbers do not wait for each other.
    """
    found: dict[int, list[tuple[Phone, FoundContact]]] = {}
    for each in contacts:
        for phone in each.contact.phones:
            if digits := read_digits(phone.digits):
                found.setdefault(digits, []).append((phone, each))
    if not found:
        return
    with transaction.atomic():
        new = create_missing(found)
        known = {row.pk: row for row in PhoneNumber.objects.filter(pk__in=found).order_by("pk").select_for_update()}
        for digits, row in known.items():
            for phone, each in found[digits]:
                add_to(row, phone, each)
        PhoneNumber.objects.bulk_create(
            known.values(), update_conflicts=True, unique_fields=["digits"], update_fields=FOUND_FIELDS
        )
        refresh(new)


def create_missing(found: dict[int, list[tuple[Phone, FoundContact]]]) -> set[int]:
    """Create the rows that do not exist, without facts. Return their numbers."""
    known = set(PhoneNumber.objects.filter(pk__in=found).values_list("pk", flat=True))
    new = sorted(found.keys() - known)
    rows = (PhoneNumber(digits=digits, found_at=found[digits][0][1].answered_at) for digits in new)
    PhoneNumber.objects.bulk_create(rows, ignore_conflicts=True)
    return set(new)


def add_to(row: PhoneNumber, phone: Phone, found: FoundContact) -> None:
    """Add what an answer says about a number to its row."""
    day = found.answered_at.date()
    known = NumberFacts(row.flag, row.flag_at, row.is_connected, row.connected_at, row.last_seen)
    facts = add_answer(known, phone, day)
    row.flag, row.flag_at = facts.flag, facts.flag_at
    row.is_connected, row.connected_at = facts.is_connected, facts.connected_at
    row.last_seen = facts.last_seen[:10]
    people = row.people.split()
    key = hash_name(found.contact.name or found.name)
    if key and key not in people and len(people) < MAX_PEOPLE:
        people.append(key)
    row.people, row.people_count = " ".join(people), len(people)
    row.found_at = max(row.found_at, found.answered_at)


def hash_name(name: str) -> str:
    """Return a short hash of the first and last word of a name, by which different people are told apart."""
    words = split(name)
    return blake2b(f"{words[0]} {words[-1]}".encode(), digest_size=4).hexdigest() if words else ""


def forget_numbers(contacts: Iterable[Contact]) -> set[int]:
    """Delete what is known about the numbers of people who are erased. Return these numbers.

    What other answers and our own lists say about such a number is read from them, until an answer names it again.
    """
    digits = {number for contact in contacts for phone in contact.phones if (number := read_digits(phone.digits))}
    PhoneNumber.objects.filter(pk__in=digits).delete()
    return digits


def keep_numbers(digits: Collection[int]) -> None:
    """Write down numbers that other people have too, with what our own lists say about them."""
    rows = (PhoneNumber(digits=number, found_at=timezone.now()) for number in sorted(digits))
    PhoneNumber.objects.bulk_create(rows, ignore_conflicts=True)
    refresh(digits)


RETAINED_NUMBERS = Retained("Numbers", PhoneNumber.objects.all(), "found_at", delete_records)
