"""The result of checking a row, which the modules about names, addresses and contacts fill in. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from batches.intake.person_keys import fold, hash_strings, make_fingerprints
from batches.people import name_parts, owner_kinds
from batches.people.owner_words import PERSON
from batches.vendor.protocol import PERSON_FIELDS

MAX_FIELD_LENGTH = 255
"""Maximum length of a field. This is our own limit: it keeps every batch valid, and no real field is longer."""
MAX_QUOTED_LENGTH = 40
"""Maximum length of a cell's content in a sentence about what is wrong with it."""


class WarningKind(StrEnum):
    """Why a part of a row is not sent, or looks odd."""

    UNREADABLE = "unreadable"
    FILLER = "filler"
    """The value is a placeholder."""
    FOREIGN = "foreign"
    INCOMPLETE = "incomplete"
    ELSEWHERE = "elsewhere"
    """The ZIP is not in the row's state."""
    ONE_WORD = owner_kinds.Doubt.ONE_WORD.value
    NO_NAME = owner_kinds.Doubt.NO_NAME.value
    PERHAPS_COMPANY = owner_kinds.Doubt.PERHAPS_COMPANY.value
    PERHAPS_PERSON = owner_kinds.Doubt.PERHAPS_PERSON.value
    NO_SURNAME = owner_kinds.Doubt.NO_SURNAME.value


class ProblemKind(StrEnum):
    """Why nobody can be traced with a row."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    NOTHING = "nothing"
    """The row has nothing to search by."""
    UNADDRESSED = "unaddressed"
    """The owner is not a person and has no address."""
    TOO_LONG = "too_long"
    TOO_WIDE = "too_wide"


@dataclass(frozen=True)
class RowProblem:
    field: str
    kind: ProblemKind
    sentence: str


@dataclass(frozen=True)
class RowWarning:
    """A part of a row that is not sent, or that is odd. The person is still traced."""

    field: str
    kind: WarningKind


@dataclass
class CheckedRow:
    """The result of checking a row: what is sent, and what is wrong."""

    fields: dict[str, str]
    problems: list[RowProblem] = field(default_factory=list)
    owner_kind: str = PERSON
    """`person`, or one of owner_words.OWNER_KINDS."""
    owner_name: str = ""
    """The name of an owner that is not a person, as in the file."""
    co_owner: name_parts.Person | None = None
    """The second owner."""
    warnings: list[RowWarning] = field(default_factory=list)
    generation: str = ""
    """SR, JR, II, III or IV."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Field that was left out → what is wrong with it."""

    @property
    def fingerprint(self) -> str:
        """Return a key that is equal for rows about the same person at the same address.

        The address is the person's own, or else the property's. Without a name or an address, the key is equal for rows
        that would be sent alike.
        """
        if self.fields.get("first_name") or self.fields.get("last_name"):
            for key in make_fingerprints(self.fields):
                return key
        return hash_strings(
            self.fields.get(name, "").lower() if name == "email" else fold(self.fields.get(name, ""))
            for name in PERSON_FIELDS
            if name != "middle_name"
        )

    def leave_out(self, name: str, kind: WarningKind, reason: str = "") -> None:
        """Leave a field out of what is sent, and record why."""
        if self.fields.pop(name, None) is not None:
            self.warnings.append(RowWarning(name, kind))
        if reason:
            self.reasons[name] = reason

    def normalise(self, name: str, normalise: Callable[[str], str]) -> None:
        """Normalise a field, or leave it out if it cannot be read."""
        try:
            self.fields[name] = normalise(self.fields[name])
        except ValueError as problem:
            self.leave_out(name, WarningKind.UNREADABLE, f"{problem}.")


def shorten(text: str) -> str:
    """Return the content of a cell as a sentence about it quotes it."""
    return text if len(text) <= MAX_QUOTED_LENGTH else f"{text[: MAX_QUOTED_LENGTH - 1]}…"
