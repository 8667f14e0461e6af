"""Recognise one person in stored values, and remove them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from batches.models import Item
from batches.people.contacts import Contact
from batches.statuses import MatchCheck
from batches.vendor.answers import read_contact

ERASED_TEXT = "(erased)"
ANY_PHONE = re.compile(r"(?<!\d)(?:\+?1[\s.-]*)?\(?(\d{3})\)?[\s./-]*(\d{3})[\s.-]*(\d{4})(?!\d)")
INITIAL = r"[^\W\d_]"
"""A middle initial, which may stand between the words of a name."""
WORD = re.compile(r"[^\W_]+")


@dataclass
class Identity:
    """Everything by which one person is recognised."""

    names: set[tuple[str, ...]] = field(default_factory=set)
    """The words of each name, starting with the first name."""
    streets: set[tuple[str, ...]] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)

    def add_item(self, item: Item) -> None:
        """Add what was sent about a person, and what was found unless it is about someone else."""
        self.add_name(f"{item.first_name} {item.last_name}")
        self.add_name(item.asked_name)
        self.add_name(item.owner_name)
        for street in (item.address, item.mail_address):
            self.add_street(street)
        self.phones |= {item.phone} - {""}
        self.emails |= {item.email.lower()} - {""}
        digest = getattr(item, "digest", None)
        if item.answer and not (digest and digest.match == MatchCheck.OTHER):
            self.add_contact(read_contact(item.answer, item.name_parts))

    def add_contact(self, contact: Contact) -> None:
        for name in contact.names:
            self.add_name(name)
        self.add_street(contact.current.street)
        self.phones |= {phone.digits for phone in contact.phones if len(phone.digits) == 10}
        self.emails |= {email.address.lower() for email in contact.emails}

    def add_name(self, text: str) -> None:
        """Add a name, unless it is a single word, which would be found in too many places."""
        if len(words := WORD.findall(text)) > 1:
            self.names.add(tuple(words))

    def add_street(self, text: str) -> None:
        if len(words := WORD.findall(text)) > 1:
            self.streets.add(tuple(words))

    @cached_property
    def name_pattern(self) -> re.Pattern[str] | None:
        orders = {order for first, *rest in self.names for order in [(first, *rest), (*rest, first)]}
        return compile_words(orders, rf"[\W_]+(?:{INITIAL}[\W_]+)?")

    @cached_property
    def street_pattern(self) -> re.Pattern[str] | None:
        return compile_words(self.streets)

    @cached_property
    def email_pattern(self) -> re.Pattern[str] | None:
        longest_first = sorted(self.emails, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    def scrub(self, value: Any) -> Any:
        """Return a value without the person: a string, or JSON that contains strings."""
        if isinstance(value, str):
            return self.scrub_text(value)
        if isinstance(value, list):
            return [self.scrub(each) for each in value]
        if isinstance(value, dict):
            return {self.scrub(key): self.scrub(each) for key, each in value.items()}
        return value

    def scrub_text(self, text: str) -> str:
        for pattern in (self.email_pattern, self.name_pattern, self.street_pattern):
            text = pattern.sub(ERASED_TEXT, text) if pattern else text
        return ANY_PHONE.sub(lambda found: ERASED_TEXT if "".join(found.groups()) in self.phones else found[0], text)

    def is_in(self, text: str) -> bool:
        """Return whether a string is about the person: it contains a phone or an email, or a name and a street."""
        if self.phones and any("".join(found) in self.phones for found in ANY_PHONE.findall(text)):
            return True
        if self.email_pattern and self.email_pattern.search(text):
            return True
        patterns = (self.name_pattern, self.street_pattern)
        return all(pattern is not None and pattern.search(text) for pattern in patterns)


def compile_words(sequences: Iterable[tuple[str, ...]], between: str = r"[\W_]+") -> re.Pattern[str] | None:
    """Return a pattern that finds each sequence of words, separated by `between`, or None if there are none."""
    longest_first = sorted(sequences, key=lambda words: sum(map(len, words)), reverse=True)
    texts = [between.join(map(re.escape, words)) for words in longest_first]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(texts)})(?![^\W_])", re.IGNORECASE) if texts else None
