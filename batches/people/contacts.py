"""The contact details of a person, the same for all shapes of the vendor's answers. Pure.

They are also stored with an answer, as JSON lists (batches/results/digests.py), so a new field must be added at the
end and have a default. Otherwise older ones could not be read.
"""

from collections.abc import Iterable

import msgspec

MOBILE, LANDLINE, VOIP = "mobile", "landline", "voip"
YES_NO = {True: "yes", False: "no", None: ""}
"""The words in exports."""
USEFUL_TYPES = {MOBILE: 0, LANDLINE: 1, VOIP: 2}
"""Types of phones, the most useful first. Other types of the vendor count as unknown, and come last."""


class Phone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: str
    type: str = ""
    """mobile, landline, voip, another word of the vendor, or "" if it gave none."""
    do_not_call: bool | None = None
    """None if the vendor did not say."""
    carrier: str = ""
    last_seen: str = ""
    is_connected: bool | None = None

    @property
    def digits(self) -> str:
        """The last ten digits, without any formatting."""
        number = self.number
        return number if len(number) == 10 and number.isdecimal() else "".join(filter(str.isdecimal, number))[-10:]

    @property
    def display(self) -> str:
        digits = self.number
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits.isdigit() else digits

    @property
    def dnc(self) -> str:
        """The word in exports: yes, no, or empty."""
        return YES_NO[self.do_not_call]

    @property
    def connected(self) -> str:
        return YES_NO[self.is_connected]

    @property
    def is_mobile(self) -> bool:
        return self.type == MOBILE

    @property
    def is_callable(self) -> bool:
        """Whether nothing that the vendor said is a reason not to call."""
        return self.do_not_call is not True and self.is_connected is not False


class Email(msgspec.Struct, frozen=True, array_like=True, gc=False):
    address: str
    type: str = ""


class Address(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An address. `line` is the whole address; the parts are empty if the vendor did not separate them."""

    line: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


class Contact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The contact details in an answer. Fields without any are empty."""

    names: list[str] = []
    phones: list[Phone] = []
    """The most useful first."""
    emails: list[Email] = []
    current: Address = Address()
    age: str = ""
    deceased: bool | None = None
    is_known_shape: bool = True
    """False if the answer has an unknown shape; it is then shown unchanged."""
    former_addresses: list[str] = []
    relatives: list[str] = []
    profiles: list[str] = []
    """URLs of social profiles."""

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
    def deceased_words(self) -> str:
        return YES_NO[self.deceased]


def by_usefulness(phones: Iterable[Phone]) -> list[Phone]:
    """Sort phones by usefulness: callable, mobile, known to be connected, seen recently.

    A phone that is disconnected or do-not-call comes after all others, whatever its type.
    """
    # Sort twice, because only dates are in descending order; the second sort is stable.
    recent = sorted(phones, key=lambda phone: phone.last_seen, reverse=True)
    return sorted(recent, key=rank)


def rank(phone: Phone) -> tuple[bool, bool, int, bool]:
    kind = USEFUL_TYPES.get(phone.type, len(USEFUL_TYPES))
    return phone.is_connected is False, phone.do_not_call is True, kind, phone.is_connected is None
