"""What a person's contact details are, whichever shape the vendor sent them in. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Phone:
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
        return "".join(filter(str.isdigit, self.number))[-10:]

    @property
    def display(self):
        digits = self.number
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits.isdigit() else digits

    @property
    def dnc(self):
        """As exports say it: yes, no, or empty."""
        return {True: "yes", False: "no", None: ""}[self.do_not_call]


@dataclass(frozen=True)
class Email:
    address: str
    type: str = ""


@dataclass(frozen=True)
class Contact:
    """What an answer brought about one person; empty where it brought nothing."""

    names: list[str] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    emails: list[Email] = field(default_factory=list)
    address: str = ""
    former_addresses: list[str] = field(default_factory=list)
    age: str = ""
    deceased: bool | None = None
    relatives: list[str] = field(default_factory=list)
    is_known_shape: bool = True
    """False where the answer is in a shape that we cannot read; it is then shown as it came."""

    @property
    def name(self):
        return self.names[0] if self.names else ""
