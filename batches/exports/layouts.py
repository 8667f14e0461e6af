"""What columns a file of results has, as data: their names, their order, and what stands in each. Pure.

A layout is a list of (column name, field). `FIELDS` and `NUMBERED` say every field that there is; teams write layouts
of their own. All that a field gives is text.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import msgspec

from batches.mapping.fields import LABELS
from batches.people.contacts import Address, Contact, Phone
from batches.vendor.protocol import FIELDS as FIELDS_SENT

PERSON, PHONE = "person", "phone"
MOST_NUMBERED = 40
"""Phones and emails of one person that can have columns of their own."""
NO_PHONE = Phone("")
ORIGINAL = "column "
"""Before the name of one of the list's own columns: `column Lead Id`."""

AMBIGUOUS = {"phone", "email"}
"""Of what was asked for: called phone_asked and email_asked in a layout, where phone is what was found."""
Asked = msgspec.defstruct("Asked", [(name, str, "") for name in FIELDS_SENT], frozen=True)


class Row(msgspec.Struct):
    """What is known of one item when its row is written."""

    pk: int
    number: str
    """The row of the file."""
    cells: list
    outcome: str
    message: str
    credits: str
    """What its own answer cost; empty where it is another item's, or there is none."""
    traced_at: str
    match: str
    """The words of the match check."""
    contact: Contact
    asked: Asked = Asked()
    list: str = ""
    """The list's name."""
    originals: dict = {}
    """The list's own column, as fold_name() gives it → its place in `cells`."""
    phones: list = []
    """Those that are wanted, the most useful first."""
    phone: Phone = NO_PHONE
    """Of a row about one phone."""

    @property
    def post(self):
        """Where to write to: the address found, else the mailing address, else the property's."""
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
        return self.needs == "address" or any(
            find_source(name)[2].startswith(("asked", "post")) for _, name in self.columns
        )

    @property
    def phone_places(self):
        """How many phones of one person it can show."""
        numbers = (name.split("_")[1] for _, name in self.columns if name.startswith("phone_"))
        return (
            sys.maxsize if self.is_per_phone else max([0, *(int(number) for number in numbers if number.isdecimal())])
        )

    @property
    def named_originals(self):
        """The list's own columns that it names."""
        return [name.removeprefix(ORIGINAL) for _, name in self.columns if name.startswith(ORIGINAL)]


class UnknownField(Exception):
    """A layout names a field that there is not; the text says which."""


PHONE_PARTS = {
    "": "number",
    "_type": "type",
    "_dnc": "dnc",
    "_carrier": "carrier",
    "_last_seen": "last_seen",
    "_connected": "connected",
}
"""Behind the name of a phone's field → attribute of a phone."""
EMAIL_PARTS = {"": "address", "_type": "type"}
FIELDS = {
    "list": ("Name of the list", "list"),
    "row": ("Row of the file", "number"),
    "outcome": ("Outcome", "outcome"),
    "message": ("Message", "message"),
    "match": ("Match check", "match"),
    "found_name": ("Name that was found", "contact.name"),
    "current_address": ("Current address on one line", "contact.current.line"),
    "found_street": ("Current address, street", "contact.current.street"),
    "found_city": ("Current address, city", "contact.current.city"),
    "found_state": ("Current address, state", "contact.current.state"),
    "found_zip": ("Current address, ZIP", "contact.current.zip"),
    "post_street": ("Where to write to, street: found, else asked for", "post.street"),
    "post_city": ("Where to write to, city", "post.city"),
    "post_state": ("Where to write to, state", "post.state"),
    "post_zip": ("Where to write to, ZIP", "post.zip"),
    "age": ("Age", "contact.age"),
    "deceased": ("Deceased: yes or no", "contact.deceased_words"),
    "phone_count": ("Number of phones that were found", "contact.phone_count"),
    "credits": ("Credits", "credits"),
    "traced_at": ("When it was traced", "traced_at"),
    **{
        name + "_asked" * (name in AMBIGUOUS): (f"{LABELS[name]}, as asked for", f"asked.{name}")
        for name in FIELDS_SENT
    },
    **{
        f"phone{suffix}": (f"The row's phone: {part.replace('_', ' ')}", f"phone.{part}")
        for suffix, part in PHONE_PARTS.items()
    },
}
"""Field → how people call it, and where it stands in a Row."""
NUMBERED = {
    **{f"phone_N{suffix}": f"Phone N: {part.replace('_', ' ')}" for suffix, part in PHONE_PARTS.items()},
    **{f"email_N{suffix}": f"Email N: {part}" for suffix, part in EMAIL_PARTS.items()},
}
"""Fields with a number, the most useful phone being 1."""
LISTS = {"phone": ("phones", PHONE_PARTS), "email": ("contact.emails", EMAIL_PARTS)}


def find_source(name):
    """Where a field's value stands: what it is looked for in, its place there, and its attribute. Raises UnknownField.

    In the row; in one of the row's lists, at a place from 0; or in the list's own columns, which is ORIGINAL.
    """
    if name in FIELDS:
        return "row", 0, FIELDS[name][1]
    if name.startswith(ORIGINAL):
        return ORIGINAL, 0, name.removeprefix(ORIGINAL)
    kind, _, rest = name.partition("_")
    number, _, part = rest.partition("_")
    path, parts = LISTS.get(kind, ("", {}))
    suffix = f"_{part}" if part else ""
    if suffix in parts and number.isdecimal() and len(number) < 3 and 1 <= int(number) <= MOST_NUMBERED:
        return path, int(number) - 1, parts[suffix]
    raise UnknownField(f"There is no field “{name}”.")


def compile_columns(columns) -> Callable:
    """Return a function from a Row to the cells of a layout's columns; neighbours from one place are read together."""
    sources = [find_source(name) for _, name in columns]
    runs = [(where, list(run)) for where, run in groupby(sources, key=lambda source: source[0])]
    readers = [make_reader(where, [(place, name) for _, place, name in run]) for where, run in runs]
    return lambda row: [cell for read in readers for cell in read(row)]


def make_reader(where, wanted):
    """Return a function that reads the cells of neighbouring columns, each given as (place, attribute)."""
    if where == ORIGINAL:
        names = [fold_name(name) for _, name in wanted]
        return lambda row: [row.cells[row.originals[name]] if name in row.originals else "" for name in names]
    if where == "row":
        return get_all([name for _, name in wanted])
    pattern = [name for place, name in wanted if place == wanted[0][0]]
    if wanted == [(place, name) for place in range(len(wanted) // len(pattern)) for name in pattern]:
        return make_block_reader(where, pattern, len(wanted) // len(pattern))
    find = attrgetter(where)
    return lambda row: [
        getattr(found[place], name) if place < len(found) else "" for found in [find(row)] for place, name in wanted
    ]


def make_block_reader(where, pattern, places):
    """Return a reader of the same attributes of the first, the second… of a list, as most layouts have them."""
    find, get, blanks = attrgetter(where), get_all(pattern), [""] * (len(pattern) * places)

    def read(row):
        cells = [cell for found in find(row)[:places] for cell in get(found)]
        return cells + blanks[len(cells) :]

    return read


def get_all(names):
    """Return a function that reads the attributes of these names as a sequence."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda of: (get(of),)


def fold_name(name):
    """Normalise a column's name: no case, no surrounding blanks."""
    return name.strip().casefold()


def numbered(pattern, most):
    """Columns such as Phone 1, Phone 1 Type … for each of `most` numbers; {} stands for it in names and fields."""
    return [(name.format(n), field.format(n)) for n in range(1, most + 1) for name, field in pattern]


def name_columns(layout, originals=()):
    """Return the header row: the list's own columns first if wanted, and names that are taken marked."""
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
THE_PHONE = [("Phone", "phone"), ("Phone Type", "phone_type"), ("Phone DNC", "phone_dnc")]
MORE = [("Match Check", "match"), ("Phone Carrier", "phone_carrier"), ("Phone Last Seen", "phone_last_seen")]
WIDE = Layout("wide", [*BEFORE, *numbered(PHONE_N, 5), *EMAILS, *AFTER], originals=True)
LONG = Layout("long", [*BEFORE, *THE_PHONE, *EMAILS, *AFTER, *MORE], per=PHONE, originals=True)
FULL = Layout(
    "full",
    [*BEFORE, ("Match Check", "match"), *numbered(MORE_N, 10), *numbered([("Email {}", "email_{}")], 5), *AFTER],
    originals=True,
)
BUILT_IN = {layout.name: layout for layout in (WIDE, LONG, FULL)}
