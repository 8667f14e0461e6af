"""What a person's contact details are, whichever shape the vendor sent them in. Pure.

As structs they are also what is kept beside an answer, as JSON lists (batches/results/digests.py): a new field goes to
the end and has a default, so that what was kept before can still be read.
"""

import msgspec

MOBILE, LANDLINE, VOIP = "mobile", "landline", "voip"
YES_NO = {True: "yes", False: "no", None: ""}
"""As exports say it."""
USEFUL_TYPES = {MOBILE: 0, LANDLINE: 1, VOIP: 2}
"""Types of phones, the most useful first; other words of the vendor's are like none and come last."""


class Phone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    number: str
    type: str = ""
    """One of mobile, landline, voip; another word of the vendor's as it was; empty if it did not say."""
    do_not_call: bool | None = None
    """None where the vendor did not say."""
    carrier: str = ""
    last_seen: str = ""
    is_connected: bool | None = None

    @property
    def digits(self):
        """The last ten, without whatever the vendor has written around them."""
        number = self.number
        return number if len(number) == 10 and number.isdecimal() else "".join(filter(str.isdecimal, number))[-10:]

    @property
    def display(self):
        digits = self.number
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits.isdigit() else digits

    @property
    def dnc(self):
        """As exports say it: yes, no, or empty."""
        return YES_NO[self.do_not_call]

    @property
    def connected(self):
        return YES_NO[self.is_connected]

    @property
    def is_mobile(self):
        return self.type == MOBILE

    @property
    def is_callable(self):
        """Nothing that the vendor said speaks against calling it."""
        return self.do_not_call is not True and self.is_connected is not False


class Email(msgspec.Struct, frozen=True, array_like=True, gc=False):
    address: str
    type: str = ""


class Address(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`line` is all of it; the parts are empty where the vendor did not tell them apart."""

    line: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


class Contact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an answer brought about one person; empty where it brought nothing."""

    names: list[str] = []
    phones: list[Phone] = []
    """The most useful first."""
    emails: list[Email] = []
    current: Address = Address()
    age: str = ""
    deceased: bool | None = None
    is_known_shape: bool = True
    """False where the answer is in a shape that we cannot read; it is then shown as it came."""
    former_addresses: list[str] = []
    relatives: list[str] = []
    profiles: list[str] = []
    """Addresses of social profiles."""

    @property
    def name(self):
        return self.names[0] if self.names else ""

    @property
    def address(self):
        return self.current.line

    @property
    def phone_count(self):
        return str(len(self.phones))

    @property
    def deceased_words(self):
        return YES_NO[self.deceased]


def by_usefulness(phones):
    """Phones with the most useful first: those that may be called, mobiles, known to be connected, seen lately.

    A phone that is disconnected or do-not-call stands behind all others, whatever its type.
    """
    # Two sorts, as dates go down and all else up; the second leaves the order of the first among equals.
    recent = sorted(phones, key=lambda phone: phone.last_seen, reverse=True)
    return sorted(recent, key=rank)


def rank(phone):
    kind = USEFUL_TYPES.get(phone.type, len(USEFUL_TYPES))
    return phone.is_connected is False, phone.do_not_call is True, kind, phone.is_connected is None
