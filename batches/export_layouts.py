"""What columns a file of results has, as data: their names, their order, and what stands in each. Pure.

A layout is a list of (column name, field). `FIELDS` says every field that there is; teams write their own layouts.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from batches.contacts import YES_NO, Contact, Phone

PERSON, PHONE = "person", "phone"
MOST_NUMBERED = 40
"""Phones and emails of one person that can have columns of their own."""
ORIGINAL = "column "
"""Before the name of one of the list's own columns: `column Lead Id`."""


@dataclass(slots=True)
class Row:
    """What is known of one item when its row is written."""

    pk: int
    row: int
    cells: list
    outcome: str
    message: str
    credits: str
    """What its own answer cost; empty where it is another item's, or there is none."""
    traced_at: str
    match: str
    """The words of the match check."""
    asked: dict
    contact: Contact
    phones: list = field(default_factory=list)
    """Those that are wanted, the most useful first."""
    list: str = ""
    originals: dict = field(default_factory=dict)
    """The list's own column → its place in `cells`."""
    phone: Phone | None = None
    """Of a row about one phone."""


@dataclass(frozen=True)
class Layout:
    name: str
    columns: list
    per: str = PERSON
    originals: bool = False
    """Whether the list's own columns stand before these."""
    needs: str = ""
    """`phone`, `email` or `address`: who has none has no row."""
    types: tuple = ()
    """Types of phones that are taken; the empty one is for those of which the vendor did not say it. None: all."""
    most_phones: int = 0
    """Of one person; 0 for all."""

    @property
    def is_per_phone(self):
        return self.per == PHONE

    @property
    def is_asking(self):
        """Whether any of it is what was asked for."""
        return self.needs == "address" or any(name in ASKED or name.startswith("post_") for _, name in self.columns)

    @property
    def phone_places(self):
        """How many phones of one person it can show."""
        names = {name for _, name in self.columns}
        if self.is_per_phone or "phone_count" in names:
            return sys.maxsize
        numbers = (name.split("_")[1] for name in names if name.startswith("phone_"))
        return max([int(self.needs == PHONE), *(int(number) for number in numbers if number.isdecimal())])


class UnknownField(Exception):
    """A layout names a field that there is not; the text says which."""


ASKED = {
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "address": "Property's street",
    "unit": "Property's unit",
    "city": "Property's city",
    "state": "Property's state",
    "zip": "Property's ZIP",
    "mail_address": "Mailing street",
    "mail_unit": "Mailing unit",
    "mail_city": "Mailing city",
    "mail_state": "Mailing state",
    "mail_zip": "Mailing ZIP",
    "phone_asked": "Phone that was asked for",
    "email_asked": "Email that was asked for",
}
PHONE_PARTS: dict[str, Callable] = {
    "": lambda phone: phone.number,
    "_type": lambda phone: phone.type,
    "_dnc": lambda phone: YES_NO[phone.do_not_call],
    "_carrier": lambda phone: phone.carrier,
    "_last_seen": lambda phone: phone.last_seen,
    "_connected": lambda phone: YES_NO[phone.is_connected],
}
ASKED_FIELDS = [name.removesuffix("_asked") for name in ASKED]
POST = {"street": "address", "city": "city", "state": "state", "zip": "zip"}
"""Part of the address to write to → of what was asked for."""


def find_post(row):
    """Where to write to, as street, city, state and ZIP: the address found, else what was asked for."""
    found = row.contact.current
    if found.street and found.city:
        return found.street, found.city, found.state, found.zip
    prefix = "mail_" if row.asked.get("mail_address") else ""
    street, *place = (row.asked.get(prefix + name, "") for name in POST.values())
    return [f"{street} {row.asked.get(f'{prefix}unit', '')}".strip(), *place] if street else ["", "", "", ""]


FIELDS: dict[str, tuple[str, Callable]] = {
    "list": ("Name of the list", lambda row: row.list),
    "row": ("Row of the file", lambda row: row.row),
    "outcome": ("Outcome", lambda row: row.outcome),
    "message": ("Message", lambda row: row.message),
    "match": ("Match check", lambda row: row.match),
    "found_name": ("Name that was found", lambda row: row.contact.name),
    "current_address": ("Current address on one line", lambda row: row.contact.current.line),
    "found_street": ("Current address, street", lambda row: row.contact.current.street),
    "found_city": ("Current address, city", lambda row: row.contact.current.city),
    "found_state": ("Current address, state", lambda row: row.contact.current.state),
    "found_zip": ("Current address, ZIP", lambda row: row.contact.current.zip),
    "age": ("Age", lambda row: row.contact.age),
    "deceased": ("Deceased: yes or no", lambda row: YES_NO[row.contact.deceased]),
    "phone_count": ("Number of phones", lambda row: len(row.phones)),
    "credits": ("Credits", lambda row: row.credits),
    "traced_at": ("When it was traced", lambda row: row.traced_at),
}


def _add_fields():
    for place, part in enumerate(POST):
        label = f"Where to write to, {part}: found, else asked for"
        FIELDS[f"post_{part}"] = (label, lambda row, place=place: find_post(row)[place])
    for name, label in ASKED.items():
        asked = name.removesuffix("_asked")
        FIELDS[name] = (label, lambda row, asked=asked: row.asked.get(asked, ""))
    for suffix, read in PHONE_PARTS.items():
        what = suffix.strip("_").replace("_", " ") or "number"
        FIELDS[f"phone{suffix}"] = (
            f"The row's phone: {what}",
            lambda row, read=read: read(row.phone) if row.phone else "",
        )


_add_fields()
NUMBERED = {
    **{f"phone_N{suffix}": f"Phone N: {suffix.strip('_').replace('_', ' ') or 'number'}" for suffix in PHONE_PARTS},
    "email_N": "Email N",
    "email_N_type": "Email N: type",
}
"""Fields with a number, the most useful phone being 1."""


def find_reader(name):
    """What gives a field's value of a Row. Raises UnknownField."""
    if name in FIELDS:
        return FIELDS[name][1]
    if name.startswith(ORIGINAL):
        column = name.removeprefix(ORIGINAL)
        return lambda row: row.cells[row.originals[column]] if column in row.originals else ""
    kind, _, rest = name.partition("_")
    number, _, part = rest.partition("_")
    suffix = f"_{part}" if part else ""
    if number.isdecimal() and len(number) < 4 and 1 <= int(number) <= MOST_NUMBERED:
        place = int(number) - 1
        if kind == "phone" and suffix in PHONE_PARTS:
            read = PHONE_PARTS[suffix]
            return lambda row: read(row.phones[place]) if place < len(row.phones) else ""
        if kind == "email" and suffix in {"", "_type"}:
            what = suffix.strip("_") or "address"
            emails = lambda row: row.contact.emails  # noqa: E731
            return lambda row: getattr(emails(row)[place], what) if place < len(emails(row)) else ""
    raise UnknownField(f"There is no field “{name}”.")


def numbered(pattern, most):
    """Columns such as Phone 1, Phone 1 Type … for each of `most` numbers; {} stands for it in names and fields."""
    return [(name.format(n), field.format(n)) for n in range(1, most + 1) for name, field in pattern]


def name_columns(layout, originals=()):
    """The header row: the list's own columns where they stand before, and names that are taken marked."""
    originals = list(originals) if layout.originals else []
    taken = set(originals)
    return [*originals, *(f"{name} (trace)" if name in taken else name for name, _ in layout.columns)]


BEFORE = [("Outcome", "outcome"), ("Message", "message"), ("Matched Name", "found_name")]
AFTER = [
    ("Current Address", "current_address"),
    ("Age", "age"),
    ("Deceased", "deceased"),
    ("Credits", "credits"),
    ("Traced At", "traced_at"),
]
PHONE_N = [("Phone {}", "phone_{}"), ("Phone {} Type", "phone_{}_type"), ("Phone {} DNC", "phone_{}_dnc")]
MORE_N = [*PHONE_N, ("Phone {} Carrier", "phone_{}_carrier"), ("Phone {} Last Seen", "phone_{}_last_seen")]
EMAILS = numbered([("Email {}", "email_{}")], 3)
WIDE = Layout("wide", [*BEFORE, *numbered(PHONE_N, 5), *EMAILS, *AFTER], originals=True)
LONG = Layout(
    "long",
    [
        *BEFORE,
        *[("Phone", "phone"), ("Phone Type", "phone_type"), ("Phone DNC", "phone_dnc")],
        *EMAILS,
        *AFTER,
        *[("Match Check", "match"), ("Phone Carrier", "phone_carrier"), ("Phone Last Seen", "phone_last_seen")],
    ],
    per=PHONE,
    originals=True,
)
FULL = Layout(
    "full",
    [*BEFORE, ("Match Check", "match"), *numbered(MORE_N, 10), *numbered([("Email {}", "email_{}")], 5), *AFTER],
    originals=True,
)
BUILT_IN = {layout.name: layout for layout in (WIDE, LONG, FULL)}
