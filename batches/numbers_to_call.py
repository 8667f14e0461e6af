"""Load what was found about the people of a page, and which of their numbers and emails may be used."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from accounts.names import name_of
from batches.erased import Key, find_erased
from batches.intake.suppression import make_suppression_keys
from batches.models import Item, Suppression
from batches.numbers.facts import NO_FACTS, load_facts, read_rules
from batches.people.contacts import Contact, Email
from batches.people.match_decision import Decision
from batches.people.standing import (
    JudgedPhone,
    ListEntry,
    NumberFacts,
    PersonFacts,
    describe_list_entry,
    judge_phone,
    sort_by_standing,
)
from batches.statuses import SuppressionKind
from batches.vendor.protocol import PERSON_FIELDS

ERASED = "Someone who had it asked to be forgotten."
PERSON_LISTED = "This person is on your do-not-contact list."


class FoundPerson(NamedTuple):
    """A person with what was found."""

    item: Item
    contact: Contact | None
    verdict: str
    """The verdict of the match check."""
    answered_at: datetime | None
    """When the answer that counts arrived."""
    decision: Decision | None = None
    """What a user has decided about the match."""


@dataclass
class JudgedEmail:
    """An email address, and why it must not be used, or "" if it may be."""

    email: Email
    reason: str = ""
    entry: Suppression | None = None


@dataclass
class PersonNumbers:
    """The contact details of a person, with the numbers to call first."""

    contact: Contact = field(default_factory=Contact)
    phones: list[JudgedPhone] = field(default_factory=list)
    emails: list[JudgedEmail] = field(default_factory=list)
    person_entry: Suppression | None = None
    """The entry of the do-not-contact list about the person."""

    @property
    def best(self) -> JudgedPhone | None:
        return self.phones[0] if self.phones else None

    @property
    def to_call(self) -> list[JudgedPhone]:
        return [judged for judged in self.phones if judged.standing.is_callable]

    @property
    def not_to_call(self) -> list[JudgedPhone]:
        return [judged for judged in self.phones if not judged.standing.is_callable]


@dataclass(frozen=True)
class Known:
    """What is known about the people of a page besides their answers."""

    listed: Mapping[Key, Suppression]
    erased: Collection[Key]
    facts: Mapping[str, NumberFacts]


def load_numbers(people: Iterable[FoundPerson]) -> dict[int, PersonNumbers]:
    """Return item id → the numbers of the person. The number of queries does not depend on the number of people."""
    people = list(people)
    keys = {person.item.pk: find_keys(person.item, person.contact) for person in people}
    all_keys = set().union(*keys.values()) if keys else set()
    facts = load_facts(phone for person in people if person.contact for phone in person.contact.phones)
    known = Known(find_entries(all_keys), find_erased(all_keys), facts)
    return {person.item.pk: judge_person(person, keys[person.item.pk], known) for person in people}


def find_keys(item: Item, contact: Contact | None) -> set[Key]:
    """Return the keys under which a person and what was found for the person can be on the do-not-contact list."""
    keys: set[Key] = make_suppression_keys({name: value for name in PERSON_FIELDS if (value := getattr(item, name))})
    keys = {key for key in keys if key[0] == SuppressionKind.PERSON}
    if contact:
        keys |= {(SuppressionKind.PHONE.value, phone.digits) for phone in contact.phones if phone.digits}
        keys |= {(SuppressionKind.EMAIL.value, email.address.lower()) for email in contact.emails}
    return keys


def find_entries(keys: Collection[Key]) -> dict[Key, Suppression]:
    """Return the entries in force that have one of these keys."""
    found = Suppression.objects.blocking_contact().filter(key__in={key for _, key in keys}).select_related("created_by")
    return {(entry.kind, entry.key): entry for entry in found if (entry.kind, entry.key) in keys}


def judge_person(found: FoundPerson, keys: Collection[Key], known: Known) -> PersonNumbers:
    contact = found.contact or Contact()
    person_entry = next(
        (known.listed[key] for key in keys if key[0] == SuppressionKind.PERSON and key in known.listed), None
    )
    listed = PERSON_LISTED if person_entry else ""
    answered_on = timezone.localtime(found.answered_at).date() if found.answered_at else None
    rules, today = read_rules(), timezone.localdate()
    phones = []
    for phone in contact.phones:
        key = (SuppressionKind.PHONE.value, phone.digits)
        person = PersonFacts(
            found.verdict,
            contact.deceased,
            answered_on,
            ERASED if key in known.erased else listed,
            found.item.fingerprint,
            found.decision.by if found.decision else "",
            found.decision.on if found.decision else None,
        )
        judged = judge_phone(phone, person, known.facts.get(phone.digits, NO_FACTS), rules, today)
        phones.append(judged._replace(entry=known.listed.get(key)))
    emails = [judge_email(email, known, listed) for email in contact.emails]
    return PersonNumbers(contact, sort_by_standing(phones), emails, person_entry)


def judge_email(email: Email, known: Known, reason: str) -> JudgedEmail:
    key = (SuppressionKind.EMAIL.value, email.address.lower())
    entry = known.listed.get(key)
    if key in known.erased:
        reason = ERASED
    return JudgedEmail(email, describe_entry(entry) if entry else reason, entry)


def describe_entry(entry: Suppression, subject: str = "") -> str:
    """Return who added an entry to the do-not-contact list, when and why, as a sentence about `subject`."""
    return describe_list_entry(
        ListEntry(entry.kind, name_of(entry.created_by), entry.created_at.date(), entry.reason), subject
    )
