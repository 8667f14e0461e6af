"""Define the columns of exports as data: their names, their order and their fields. Pure: no database.

A layout is a list of (column name, field). `LAYOUT_FIELDS` and `NUMBERED_FIELDS` list all fields; teams can save their
own layouts. The value of every field is text.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, cast

import msgspec

from batches.mapping.fields import LABELS
from batches.people.contacts import Address, Contact, Phone
from batches.vendor.protocol import PERSON_FIELDS as FIELDS_SENT

PER_PERSON, PER_PHONE = "person", "phone"
MAX_NUMBERED = 40
"""The highest number of a phone or email that can have a column."""
NO_PHONE = Phone("")
ORIGINAL_PREFIX = "column "
"""Prefix of a field that is one of the list's own columns: `column Lead Id`."""

AMBIGUOUS = {"phone", "email"}
"""Fields of the person asked for that layouts call phone_asked and email_asked, because phone is what was found."""
FIELDS_READ = [*FIELDS_SENT, "owner_name"]
"""The fields of an item that an Asked holds: those that were sent, and the name of a company, which is not sent."""
Asked = msgspec.defstruct("Asked", [(name, str, "") for name in FIELDS_READ], frozen=True)


class ExportRow(msgspec.Struct):
    """Everything known about one item when its row is written."""

    pk: int
    number: str
    """Row number in the file."""
    cells: list[str]
    outcome: str
    message: str
    credits: str
    """Cost of its answer. Empty if it has none, or if the answer is another item's."""
    traced_at: str
    match: str
    """Label of the match check's verdict."""
    contact: Contact
    asked: Any = Asked()
    """An Asked: the FIELDS_READ, if the layout needs them."""
    list: str = ""
    """The list's name."""
    originals: dict[str, int] = {}
    """The list's own column, normalised by fold_name() → its position in `cells`."""
    phones: Sequence[Phone] = []
    """The phones to write, the most useful first."""
    phone: Phone = NO_PHONE
    """The phone of this row, in a layout per phone."""

    @property
    def addressee(self) -> str:
        """The name for letters: that of a company as in the file, otherwise that of the person asked for."""
        asked = self.asked
        person = " ".join(filter(None, [asked.first_name, asked.middle_name, asked.last_name]))
        return asked.owner_name or person

    @property
    def post(self) -> Address:
        """The address for letters: the address found, else the mailing address, else the property's."""
        found, asked = self.contact.current, self.asked
        if found.street and found.city:
            return found
        if asked.mail_address:
            street = f"{asked.mail_address} {asked.mail_unit}".strip()
            return Address("", street, asked.mail_city, asked.mail_state, asked.mail_zip)
        street = f"{asked.address} {asked.unit}".strip()
        return Address("", street, asked.city, asked.state, asked.zip)


@dataclass(frozen=True)
class Layout:
    """The columns of an export, and which people and phones it includes."""

    name: str
    columns: list[tuple[str, str]]
    """(column name, field) each."""
    per: str = PER_PERSON
    originals: bool = False
    """Whether the list's own columns come first."""
    needs: str = ""
    """`phone`, `email` or `address`: people without one are left out."""
    types: tuple[str, ...] = ()
    """Phone types to include; "" stands for phones without a type. Empty: all."""
    max_phones: int = 0
    """Phones per person at most. 0: all."""

    @property
    def is_per_phone(self) -> bool:
        return self.per == PER_PHONE

    @property
    def is_asking(self) -> bool:
        """Whether it contains any fields of the person asked for."""
        return self.needs == "address" or any(
            find_source(name)[2].startswith(("asked", "post", "addressee")) for _, name in self.columns
        )

    @property
    def phone_places(self) -> int:
        """The most phones per person that its columns can hold."""
        numbers = (name.split("_")[1] for _, name in self.columns if name.startswith("phone_"))
        return (
            sys.maxsize if self.is_per_phone else max([0, *(int(number) for number in numbers if number.isdecimal())])
        )

    @property
    def named_originals(self) -> list[str]:
        """The names of the list's own columns among its columns."""
        return [name.removeprefix(ORIGINAL_PREFIX) for _, name in self.columns if name.startswith(ORIGINAL_PREFIX)]


class UnknownField(Exception):
    """A layout has a field that does not exist. The text names it."""


PHONE_PARTS = {
    "": "number",
    "_type": "type",
    "_dnc": "dnc",
    "_carrier": "carrier",
    "_last_seen": "last_seen",
    "_connected": "connected",
}
"""Suffix of a phone's field → attribute of a phone."""
EMAIL_PARTS = {"": "address", "_type": "type"}
LAYOUT_FIELDS = {
    "list": ("List name", "list"),
    "row": ("Row in the file", "number"),
    "outcome": ("Outcome", "outcome"),
    "message": ("Message", "message"),
    "match": ("Match check", "match"),
    "found_name": ("Name found", "contact.name"),
    "current_address": ("Current address, one line", "contact.current.line"),
    "found_street": ("Current address, street", "contact.current.street"),
    "found_city": ("Current address, city", "contact.current.city"),
    "found_state": ("Current address, state", "contact.current.state"),
    "found_zip": ("Current address, ZIP", "contact.current.zip"),
    "addressee": ("Addressee: the company as in the file, otherwise the person asked for", "addressee"),
    "post_street": ("Letter address, street (as found, otherwise as asked for)", "post.street"),
    "post_city": ("Letter address, city", "post.city"),
    "post_state": ("Letter address, state", "post.state"),
    "post_zip": ("Letter address, ZIP", "post.zip"),
    "age": ("Age", "contact.age"),
    "deceased": ("Deceased (yes or no)", "contact.deceased_words"),
    "phone_count": ("Number of phones found", "contact.phone_count"),
    "credits": ("Credits", "credits"),
    "traced_at": ("Time of the answer (UTC)", "traced_at"),
    **{
        name + "_asked" * (name in AMBIGUOUS): (f"{LABELS[name]}, as asked for", f"asked.{name}")
        for name in FIELDS_SENT
    },
    **{
        f"phone{suffix}": (f"Phone in this row: {part.replace('_', ' ')}", f"phone.{part}")
        for suffix, part in PHONE_PARTS.items()
    },
}
"""Field → its label, and its path in an ExportRow."""
NUMBERED_FIELDS = {
    **{f"phone_N{suffix}": f"Phone N: {part.replace('_', ' ')}" for suffix, part in PHONE_PARTS.items()},
    **{f"email_N{suffix}": f"Email N: {part}" for suffix, part in EMAIL_PARTS.items()},
}
"""Fields with a number N → label. Phone 1 is the most useful phone."""
NUMBERED_SOURCES = {"phone": ("phones", PHONE_PARTS), "email": ("contact.emails", EMAIL_PARTS)}


def find_source(name: str) -> tuple[str, int, str]:
    """Return where a field's value is found: the place, the position there, and the attribute. Raise UnknownField.

    The place is "row", the path of one of the row's lists, or ORIGINAL_PREFIX for the list's own columns.
    """
    if name in LAYOUT_FIELDS:
        return "row", 0, LAYOUT_FIELDS[name][1]
    if name.startswith(ORIGINAL_PREFIX):
        return ORIGINAL_PREFIX, 0, name.removeprefix(ORIGINAL_PREFIX)
    kind, _, rest = name.partition("_")
    number, _, part = rest.partition("_")
    path, parts = NUMBERED_SOURCES.get(kind, ("", dict[str, str]()))
    suffix = f"_{part}" if part else ""
    if suffix in parts and number.isdecimal() and len(number) < 3 and 1 <= int(number) <= MAX_NUMBERED:
        return path, int(number) - 1, parts[suffix]
    raise UnknownField(f"There is no field “{name}”.")


def compile_columns(columns: Iterable[tuple[str, str]]) -> Callable[[ExportRow], list[str]]:
    """Return a function that reads the cells of a layout's columns, adjacent ones from one place together."""
    sources = [find_source(name) for _, name in columns]
    runs = [(where, list(run)) for where, run in groupby(sources, key=lambda source: source[0])]
    readers = [make_reader(where, [(place, name) for _, place, name in run]) for where, run in runs]
    return lambda row: [cell for read in readers for cell in read(row)]


def make_reader(where: str, wanted: list[tuple[int, str]]) -> Callable[[ExportRow], Iterable[str]]:
    """Return a function that reads the cells of adjacent columns, each given as (position, attribute)."""
    if where == ORIGINAL_PREFIX:
        names = [fold_name(name) for _, name in wanted]
        return lambda row: [row.cells[row.originals[name]] if name in row.originals else "" for name in names]
    if where == "row":
        return make_getter([name for _, name in wanted])
    pattern = [name for place, name in wanted if place == wanted[0][0]]
    if wanted == [(place, name) for place in range(len(wanted) // len(pattern)) for name in pattern]:
        return make_block_reader(where, pattern, len(wanted) // len(pattern))
    find = attrgetter(where)
    return lambda row: [
        getattr(found[place], name) if place < len(found) else "" for found in [find(row)] for place, name in wanted
    ]


def make_block_reader(where: str, pattern: list[str], places: int) -> Callable[[ExportRow], list[str]]:
    """Return a function that reads the same attributes of the first `places` entries of a list.

    Most layouts have their phones and emails like this.
    """
    find, get, blanks = attrgetter(where), make_getter(pattern), [""] * (len(pattern) * places)

    def read(row: ExportRow) -> list[str]:
        cells = [cell for found in find(row)[:places] for cell in get(found)]
        return cells + blanks[len(cells) :]

    return read


def make_getter(names: Sequence[str]) -> Callable[[Any], tuple[str, ...]]:
    """Return a function that reads these attributes, as a tuple."""
    get: Callable[[Any], Any] = attrgetter(*names)
    return cast(Callable[[Any], tuple[str, ...]], get) if len(names) > 1 else lambda record: (get(record),)


def fold_name(name: str) -> str:
    """Normalise a column name: ignore case and surrounding spaces."""
    return name.strip().casefold()


def number_columns(pattern: Iterable[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Return columns such as Phone 1, Phone 1 Type … for the numbers 1 to `count`, which replace {} in `pattern`."""
    return [(name.format(n), field.format(n)) for n in range(1, count + 1) for name, field in pattern]


def name_columns(layout: Layout, originals: Iterable[str] = ()) -> list[str]:
    """Return the header row, with the list's own columns first if wanted. Duplicate names get the suffix (trace)."""
    originals = list(originals) if layout.originals else []
    taken = set(originals)
    return [*originals, *(f"{name} (trace)" if name in taken else name for name, _ in layout.columns)]


LEADING_COLUMNS = [("Outcome", "outcome"), ("Message", "message"), ("Matched Name", "found_name")]
TRAILING_COLUMNS = [
    ("Current Address", "current_address"),
    ("Age", "age"),
    ("Deceased", "deceased"),
    ("Credits", "credits"),
    ("Traced At", "traced_at"),
]
NUMBERED_PHONE = [("Phone {}", "phone_{}"), ("Phone {} Type", "phone_{}_type"), ("Phone {} DNC", "phone_{}_dnc")]
NUMBERED_PHONE_DETAILS = [
    *NUMBERED_PHONE,
    ("Phone {} Carrier", "phone_{}_carrier"),
    ("Phone {} Last Seen", "phone_{}_last_seen"),
]
EMAIL_COLUMNS = number_columns([("Email {}", "email_{}")], 3)
PHONE_COLUMNS = [("Phone", "phone"), ("Phone Type", "phone_type"), ("Phone DNC", "phone_dnc")]
PHONE_DETAILS = [("Match Check", "match"), ("Phone Carrier", "phone_carrier"), ("Phone Last Seen", "phone_last_seen")]
WIDE = Layout(
    "wide", [*LEADING_COLUMNS, *number_columns(NUMBERED_PHONE, 5), *EMAIL_COLUMNS, *TRAILING_COLUMNS], originals=True
)
LONG = Layout(
    "long",
    [*LEADING_COLUMNS, *PHONE_COLUMNS, *EMAIL_COLUMNS, *TRAILING_COLUMNS, *PHONE_DETAILS],
    per=PER_PHONE,
    originals=True,
)
FULL = Layout(
    "full",
    [
        *LEADING_COLUMNS,
        ("Match Check", "match"),
        *number_columns(NUMBERED_PHONE_DETAILS, 10),
        *number_columns([("Email {}", "email_{}")], 5),
        *TRAILING_COLUMNS,
    ],
    originals=True,
)
BUILT_IN = {layout.name: layout for layout in (WIDE, LONG, FULL)}
