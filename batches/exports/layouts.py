"""Define the columns of exports as data: their names, their order and their fields. Pure: no database.

A layout is a list of pairs of a column name and a field. `LAYOUT_FIELDS` and `NUMBERED_FIELDS` list all fields; teams
can save their own layouts. The value of every field is text.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, cast

import msgspec

from batches.mapping.fields import LABELS
from batches.people.contacts import Address, Contact, Phone
from batches.people.standing import StandingPhone
from batches.vendor.protocol import PERSON_FIELDS as FIELDS_SENT

PER_PERSON, PER_PHONE = "person", "phone"
MAX_NUMBERED = 40
"""The highest number of a phone or an email that can have a column."""
NO_PHONE = StandingPhone("")
ORIGINAL_PREFIX = "column "
"""Prefix of a field that is one of the list's own columns: `column Lead Id`."""

ALSO_FOUND = {"phone", "email"}
"""Fields that layouts call phone_asked and email_asked, because their `phone` and `email` are those found."""
FIELDS_READ = [*FIELDS_SENT, "owner_name"]
"""The fields of AskedFields: those that are sent, and the name of a company, which is not sent."""
AskedFields = msgspec.defstruct("AskedFields", [(name, str, "") for name in FIELDS_READ], frozen=True)


class ExportRow(msgspec.Struct):
    """Everything known about one item when its row is written."""

    pk: int
    number: str
    """Row number in the file."""
    cells: list[str]
    outcome: str
    message: str
    credits: str
    """Cost of the item's answer. Empty if it has none, or if the answer is another item's."""
    traced_at: str
    match: str
    """Label of the match check's verdict."""
    contact: Contact
    asked: Any = AskedFields()
    """The AskedFields of the item. They are empty unless the layout needs them."""
    list: str = ""
    """The list's name."""
    outcome_word: str = ""
    """The outcome as pages name it."""
    originals: dict[str, int] = {}
    """The list's own column, normalised by fold_name() → its position in `cells`."""
    phones: Sequence[Phone] = []
    """The phones to write, the most useful first."""
    phone: Phone = NO_PHONE
    """The phone of this row, in a layout per phone."""

    @property
    def person_id(self) -> str:
        """The id by which a file of outcomes names the person."""
        return str(self.pk)

    @property
    def addressee(self) -> str:
        """The name for letters: that of a company as in the file, otherwise that of the person asked for."""
        asked = self.asked
        person = " ".join(filter(None, [asked.first_name, asked.middle_name, asked.last_name]))
        return asked.owner_name or person

    @property
    def letter_address(self) -> Address:
        """The address for letters: the one found, otherwise the mailing address, otherwise the property's."""
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
    """Pairs of a column name and a field."""
    per: str = PER_PERSON
    originals: bool = False
    """Whether the list's own columns come first."""
    needs: str = ""
    """`phone`, `email` or `address`: people without one are left out."""
    types: tuple[str, ...] = ()
    """Phone types to include; "" stands for phones without a type. If empty, all types are included."""
    max_phones: int = 0
    """Maximum number of phones per person, or 0 for all."""

    @property
    def is_per_phone(self) -> bool:
        return self.per == PER_PHONE

    @property
    def needs_asked(self) -> bool:
        """Whether the layout uses any fields of the person asked for."""
        attributes = (find_source(name).attribute for _, name in self.columns)
        return self.needs == "address" or any(
            attribute.startswith(("asked", "letter_address", "addressee")) for attribute in attributes
        )

    @property
    def needs_answer(self) -> bool:
        """Whether the layout uses any contact details that digests leave out."""
        return any(name in FIELDS_OF_ANSWER for _, name in self.columns)

    @property
    def needs_standing(self) -> bool:
        """Whether the layout says which numbers may be called."""
        return any(name.startswith("phone_") and name.endswith(STANDING_SUFFIXES) for _, name in self.columns)

    @property
    def phone_capacity(self) -> int:
        """The largest number of phones per person that the layout's columns can hold."""
        if self.is_per_phone:
            return sys.maxsize
        parts = [name.split("_")[1] for _, name in self.columns if name.startswith("phone_")]
        return max((int(part) for part in parts if part.isdecimal()), default=0)

    @property
    def named_originals(self) -> list[str]:
        """The names of the list's own columns that the layout includes."""
        return [name.removeprefix(ORIGINAL_PREFIX) for _, name in self.columns if name.startswith(ORIGINAL_PREFIX)]


class UnknownField(Exception):
    """A field of a layout that does not exist. The message names it."""


PHONE_PARTS = {
    "": "number",
    "_type": "type",
    "_dnc": "dnc",
    "_carrier": "carrier",
    "_last_seen": "last_seen",
    "_connected": "connected",
    "_valid_since": "valid_since",
    "_usage": "usage",
    "_standing": "standing",
    "_reason": "reason",
    "_flag_as_of": "flag_as_of",
}
"""Suffix of a phone's field → attribute of a phone."""
STANDING_SUFFIXES = ("_standing", "_reason", "_flag_as_of")
"""Suffixes of the fields for which a phone is judged."""
EMAIL_PARTS = {"": "address", "_type": "type"}
LAYOUT_FIELDS = {
    "list": ("List name", "list"),
    "row": ("Row in the file", "number"),
    "person_id": ("Person id", "person_id"),
    "outcome": ("Outcome, as a code such as no_match", "outcome"),
    "outcome_word": ("Outcome, in the words of the screen", "outcome_word"),
    "message": ("Message", "message"),
    "match": ("Match check", "match"),
    "found_name": ("Name found", "contact.name"),
    "current_address": ("Current address, one line", "contact.current.line"),
    "found_street": ("Current address, street", "contact.current.street"),
    "found_city": ("Current address, city", "contact.current.city"),
    "found_state": ("Current address, state", "contact.current.state"),
    "found_zip": ("Current address, ZIP", "contact.current.zip"),
    "addressee": ("Addressee: the company as in the file, otherwise the person asked for", "addressee"),
    "post_street": ("Letter address, street (as found, otherwise as asked for)", "letter_address.street"),
    "post_city": ("Letter address, city", "letter_address.city"),
    "post_state": ("Letter address, state", "letter_address.state"),
    "post_zip": ("Letter address, ZIP", "letter_address.zip"),
    "age": ("Age", "contact.age"),
    "deceased": ("Deceased (yes or no)", "contact.deceased_word"),
    "household": ("Others at the address, with their first phones", "contact.household_text"),
    "relatives": ("Relatives", "contact.relatives_text"),
    "former_addresses": ("Former addresses", "contact.former_addresses_text"),
    "profiles": ("Social profiles", "contact.profiles_text"),
    "phone_count": ("Number of phones found", "contact.phone_count"),
    "credits": ("Credits", "credits"),
    "traced_at": ("Time of the answer (UTC)", "traced_at"),
    **{
        f"{name}_asked" if name in ALSO_FOUND else name: (f"{LABELS[name]}, as asked for", f"asked.{name}")
        for name in FIELDS_SENT
    },
    **{
        f"phone{suffix}": (f"Phone in this row: {part.replace('_', ' ')}", f"phone.{part}")
        for suffix, part in PHONE_PARTS.items()
    },
}
"""Field → its label, and its path in an ExportRow."""
FIELDS_OF_ANSWER = {"household", "relatives", "former_addresses", "profiles"}
"""The fields that digests leave out, so that the answer itself must be read."""
NUMBERED_FIELDS = {
    **{f"phone_N{suffix}": f"Phone N: {part.replace('_', ' ')}" for suffix, part in PHONE_PARTS.items()},
    **{f"email_N{suffix}": f"Email N: {part}" for suffix, part in EMAIL_PARTS.items()},
}
"""Field with a number N → its label. Phone 1 is the most useful phone."""
NUMBERED_LISTS = {"phone": ("phones", PHONE_PARTS), "email": ("contact.emails", EMAIL_PARTS)}
"""Kind of a numbered field → the path of its list in an ExportRow, and the attributes of the list's entries."""
FROM_ROW = "row"


class Source(NamedTuple):
    """Where the value of a field is found."""

    origin: str
    """FROM_ROW, the path of one of the row's lists, or ORIGINAL_PREFIX for the list's own columns."""
    position: int
    """The position in the row's list, from 0."""
    attribute: str
    """The path of an attribute, or the name of the list's own column."""


def find_source(name: str) -> Source:
    """Return where a field's value is found. Raise UnknownField if there is no such field."""
    if name in LAYOUT_FIELDS:
        _, path = LAYOUT_FIELDS[name]
        return Source(FROM_ROW, 0, path)
    if name.startswith(ORIGINAL_PREFIX):
        return Source(ORIGINAL_PREFIX, 0, name.removeprefix(ORIGINAL_PREFIX))
    kind, _, rest = name.partition("_")
    number, _, part = rest.partition("_")
    path, parts = NUMBERED_LISTS.get(kind, ("", dict[str, str]()))
    suffix = f"_{part}" if part else ""
    if suffix in parts and number.isdecimal() and len(number) < 3 and 1 <= int(number) <= MAX_NUMBERED:
        return Source(path, int(number) - 1, parts[suffix])
    raise UnknownField(f"There is no field “{name}”.")


def compile_columns(columns: Iterable[tuple[str, str]]) -> Callable[[ExportRow], list[str]]:
    """Return a function that reads the cells of a layout's columns, adjacent ones of one origin together."""
    sources = [find_source(name) for _, name in columns]
    readers = [make_reader(origin, list(run)) for origin, run in groupby(sources, key=lambda source: source.origin)]

    def read_cells(row: ExportRow) -> list[str]:
        # This runs for each row of a file. Extending a list is faster than going through the cells.
        cells: list[str] = []
        for read in readers:
            cells += read(row)
        return cells

    return read_cells


def make_reader(origin: str, sources: list[Source]) -> Callable[[ExportRow], Iterable[str]]:
    """Return a function that reads the cells of adjacent columns, which all have this origin."""
    if origin == ORIGINAL_PREFIX:
        names = [fold_name(source.attribute) for source in sources]
        return lambda row: [row.cells[row.originals[name]] if name in row.originals else "" for name in names]
    if origin == FROM_ROW:
        return make_getter([source.attribute for source in sources])
    first = sources[0].position
    attributes = [source.attribute for source in sources if source.position == first]
    count = len(sources) // len(attributes)
    if sources == [Source(origin, position, attribute) for position in range(count) for attribute in attributes]:
        return make_block_reader(origin, attributes, count)
    return make_entry_reader(origin, sources)


def make_block_reader(path: str, attributes: list[str], count: int) -> Callable[[ExportRow], list[str]]:
    """Return a function that reads the same attributes of the first `count` entries of a list.

    Most layouts have their phones and emails like this.
    """
    get_list, get_cells, blanks = attrgetter(path), make_getter(attributes), [""] * (len(attributes) * count)

    def read(row: ExportRow) -> list[str]:
        cells: list[str] = []
        for entry in get_list(row)[:count]:
            cells += get_cells(entry)
        cells += blanks[len(cells) :]
        return cells

    return read


def make_entry_reader(path: str, sources: list[Source]) -> Callable[[ExportRow], list[str]]:
    """Return a function that reads any attributes of any entries of a list."""
    get_list = attrgetter(path)

    def read(row: ExportRow) -> list[str]:
        entries = get_list(row)
        return [
            getattr(entries[source.position], source.attribute) if source.position < len(entries) else ""
            for source in sources
        ]

    return read


def make_getter(names: Sequence[str]) -> Callable[[Any], tuple[str, ...]]:
    """Return a function that reads these attributes as a tuple, even if there is only one."""
    get: Callable[[Any], Any] = attrgetter(*names)
    if len(names) == 1:
        return lambda record: (get(record),)
    return cast(Callable[[Any], tuple[str, ...]], get)


def fold_name(name: str) -> str:
    """Normalise a column name: ignore case and surrounding spaces."""
    return name.strip().casefold()


def number_columns(pattern: Iterable[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Return the columns of `pattern` for each number from 1 to `count`, which replaces {} in them."""
    return [(name.format(n), field.format(n)) for n in range(1, count + 1) for name, field in pattern]


def name_columns(layout: Layout, originals: Iterable[str] = ()) -> list[str]:
    """Return the header row, with the list's own columns first if wanted.

    A name that one of these columns already has gets the suffix (trace).
    """
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
