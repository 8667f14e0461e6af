"""Describe the contact details of a person, whatever the shape of the vendor's answer. Pure.

Contact details are stored as JSON lists (batches/results/digests.py), so a new field must be added at the end and have
a default. Otherwise, those that were stored earlier could not be read.
"""

from collections.abc import Iterable

import msgspec

MOBILE, LANDLINE, VOIP = "mobile", "landline", "voip"
YES_NO = {True: "yes", False: "no", None: ""}
"""The words for a fact in exports. None means that the vendor did not say."""
RANK_BY_TYPE = {MOBILE: 0, LANDLINE: 1, VOIP: 2}
"""Type of phone → its rank, the most useful first. All other types come last."""


class Phone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: str
    type: str = ""
    """mobile, landline, voip, another word of the vendor, or "" if it gave none."""
    do_not_call: bool | None = None
    """None if the vendor did not say."""
    carrier: str = ""
    last_seen: str = ""
    is_connected: bool | None = None
    valid_since: str = ""
    """Since when the number has belonged to the person, as the vendor writes it."""
    usage: str = ""
    """In how many of the last 12 months the number was used, as the vendor writes it."""

    @property
    def digits(self) -> str:
        """The last ten digits, without any formatting."""
        if len(self.number) == 10 and self.number.isdecimal():
            return self.number
        return "".join(filter(str.isdecimal, self.number))[-10:]

    @property
    def display(self) -> str:
        """The number as it is shown: (512) 555-0123, or unchanged if it does not have ten digits."""
        number = self.number
        return f"({number[:3]}) {number[3:6]}-{number[6:]}" if len(number) == 10 and number.isdigit() else number

    @property
    def dnc(self) -> str:
        """The word for `do_not_call` in exports: yes, no, or empty."""
        return YES_NO[self.do_not_call]

    @property
    def connected(self) -> str:
        """The word for `is_connected` in exports: yes, no, or empty."""
        return YES_NO[self.is_connected]

    @property
    def is_mobile(self) -> bool:
        return self.type == MOBILE

    @property
    def is_callable(self) -> bool:
        """Whether the vendor gave no reason not to call."""
        return self.do_not_call is not True and self.is_connected is not False


class Email(msgspec.Struct, frozen=True, array_like=True, gc=False):
    address: str
    type: str = ""


class Address(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An address. `line` is all of it. The parts are empty if the vendor did not separate them."""

    line: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


HOUSEHOLD, RELATIVE, OTHER = "household", "relative", "other"
"""How another person in an answer is related to the one who was found."""
RELATION_LABELS = {HOUSEHOLD: "Same address", RELATIVE: "Same surname", OTHER: "Elsewhere"}


class OtherPerson(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody else in an answer, who lives or lived at the address, or is a relative."""

    name: str
    relation: str
    """HOUSEHOLD for the same address, RELATIVE for the same surname elsewhere, otherwise OTHER."""
    phones: list[Phone] = []
    emails: list[Email] = []
    address: str = ""

    @property
    def relation_label(self) -> str:
        """What pages call the relation."""
        return RELATION_LABELS.get(self.relation, RELATION_LABELS[OTHER])

    @property
    def summary(self) -> str:
        """The name, with the most useful phone in parentheses if there is one."""
        return f"{self.name} ({self.phones[0].digits})" if self.phones else self.name


class Contact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The contact details in an answer. Those that it does not have are empty."""

    names: list[str] = []
    phones: list[Phone] = []
    """Phones, the most useful first."""
    emails: list[Email] = []
    current: Address = Address()
    age: str = ""
    deceased: bool | None = None
    is_known_shape: bool = True
    """Whether the shape of the answer is known. If it is not, the answer is shown unchanged."""
    former_addresses: list[str] = []
    relatives: list[str] = []
    profiles: list[str] = []
    """URLs of social profiles."""
    others: list[OtherPerson] = []
    """The other people in an answer about several."""

    @property
    def name(self) -> str:
        return self.names[0] if self.names else ""

    @property
    def address(self) -> str:
        return self.current.line

    @property
    def phone_count(self) -> str:
        return str(len(self.phones))

    @property
    def deceased_word(self) -> str:
        """The word for `deceased` in exports: yes, no, or empty."""
        return YES_NO[self.deceased]

    @property
    def household(self) -> list[OtherPerson]:
        return [other for other in self.others if other.relation == HOUSEHOLD]

    @property
    def household_text(self) -> str:
        """Everybody else at the address on one line, for exports."""
        return "; ".join(other.summary for other in self.household)

    @property
    def relatives_text(self) -> str:
        return "; ".join(self.relatives)

    @property
    def former_addresses_text(self) -> str:
        return "; ".join(self.former_addresses)

    @property
    def profiles_text(self) -> str:
        return "; ".join(self.profiles)


def sort_by_usefulness(phones: Iterable[Phone]) -> list[Phone]:
    """Sort phones by usefulness: callable, mobile, known to be connected and recently seen ones first.

    Disconnected and do-not-call phones come after all others, whatever their type.
    """
    # Sort twice, because only the dates are in descending order. The second sort is stable.
    recent = sorted(phones, key=lambda phone: phone.last_seen, reverse=True)
    return sorted(recent, key=rank_phone)


def rank_phone(phone: Phone) -> tuple[bool, bool, int, bool]:
    """Return a sort key. It is lower for a more useful phone."""
    return rank_use(phone.type, phone.is_connected, phone.do_not_call)


def rank_use(kind: str, is_connected: bool | None, do_not_call: bool | None) -> tuple[bool, bool, int, bool]:
    rank_of_type = RANK_BY_TYPE.get(kind, len(RANK_BY_TYPE))
    return is_connected is False, do_not_call is True, rank_of_type, is_connected is None
