"""Column names → what they say of a person. Pure.

A name is cut into words; family words (mailing, property, owner) decide whose address it is, and what is left
must be exactly one known part. Nothing is guessed from a word somewhere inside a name: `MLS Status` is no state.
"""

import re
from dataclasses import dataclass

from batches.vendor.protocol import FIELDS

FULL_NAME = "full_name"
NAME_PARTS = {"first_name", "last_name"}
"""A full name is split only where none of these has a column of its own."""
MAPPABLE = [FULL_NAME, *FIELDS]
"""What a column can be mapped to: the vendor's fields, and a full name that is split."""

LABELS = {
    "full_name": "Full name (is split)",
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "address": "Property address",
    "unit": "Property unit",
    "city": "Property city",
    "state": "Property state",
    "zip": "Property ZIP",
    "mail_address": "Mailing address",
    "mail_unit": "Mailing unit",
    "mail_city": "Mailing city",
    "mail_state": "Mailing state",
    "mail_zip": "Mailing ZIP",
    "phone": "Phone",
    "email": "Email",
}

SAME_WORD = {
    "addr": "address",
    "add": "address",
    "street": "address",
    "zipcode": "zip",
    "zipcd": "zip",
    "postal": "zip",
    "postcode": "zip",
    "st": "state",
    "fname": "first name",
    "firstname": "first name",
    "lname": "last name",
    "lastname": "last name",
    "surname": "last name",
    "middlename": "middle name",
    "mi": "middle name",
    "fullname": "name",
    "apt": "unit",
    "apartment": "unit",
    "suite": "unit",
    "ste": "unit",
    "own": "owner",
    "ownr": "owner",
    "mail": "mailing",
    "prop": "property",
    "phy": "property",
    "physical": "property",
    "situs": "property",
    "site": "property",
    "tel": "phone",
    "telephone": "phone",
    "mobile": "phone",
    "cell": "phone",
    "mailaddress": "mailing address",
}

PARTS = {
    "address": "address",
    "address line": "address",
    "address address": "address",
    "unit": "unit",
    "unit number": "unit",
    "unit no": "unit",
    "address unit": "unit",
    "address 2": "unit",
    "address line 2": "unit",
    "city": "city",
    "address city": "city",
    "state": "state",
    "address state": "state",
    "state code": "state",
    "zip": "zip",
    "zip code": "zip",
    "zip 5": "zip",
    "address zip": "zip",
    "address zip code": "zip",
    "first": "first_name",
    "first name": "first_name",
    "last": "last_name",
    "last name": "last_name",
    "middle": "middle_name",
    "middle name": "middle_name",
    "middle initial": "middle_name",
    "name": "full_name",
    "full name": "full_name",
    "label name": "full_name",
    "": "full_name",
    "phone": "phone",
    "phone phone": "phone",
    "phone number": "phone",
    "email": "email",
    "email address": "email",
}
ADDRESS_PARTS = {"address", "unit", "city", "state", "zip"}
FAMILIES = {"mailing", "property", "owner", "primary", "contact"}


@dataclass(frozen=True)
class Guess:
    field: str
    weight: int
    """How sure: where two columns mean the same field, the heavier is taken, then the first."""


def guess_mapping(columns):
    """Field → position of the column that says it, for as many fields as the names tell.

    A full name is only guessed where first and last name have no columns of their own.
    """
    best = {}
    for position, column in enumerate(columns):
        guess = guess_field(column)
        if guess and guess.weight > best.get(guess.field, (0, 0))[0]:
            best[guess.field] = (guess.weight, position)
    mapping = {field: best[field][1] for field in MAPPABLE if field in best}
    if NAME_PARTS & set(mapping):
        mapping.pop(FULL_NAME, None)
    return mapping


def guess_field(column):
    """The Guess for one column name, or None where it says nothing of a person."""
    words = split_words(column)
    families = [word for word in words if word in FAMILIES]
    # "1" is the first of several: Owner 1, Phone 1, ADDR1. "2" is somebody else, or a second line.
    rest = " ".join(word for word in words if word not in FAMILIES and word != "1")
    part = PARTS.get(rest)
    if part is None or (not rest and "owner" not in families):
        return None
    if part in ADDRESS_PARTS:
        belongs_to_owner = "mailing" in families or ("owner" in families and "property" not in families)
        return Guess(f"mail_{part}" if belongs_to_owner else part, 3 if families else 2)
    if "mailing" in families or "property" in families:
        return None
    return Guess(part, weigh_name(families))


def weigh_name(families):
    """A name or number of the owner's before one without an owner, before a contact's."""
    if "owner" in families:
        return 4
    return 2 if families else 3


def split_words(column):
    """`OWN_ZIPCD` → owner zip; `Unit #` → unit number; `Phone1` → phone 1; `firstName` → first name."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("#", " number ").replace("+", " plus ")
    words = re.findall(r"[a-z]+|\d+", re.sub(r"e-?mail", "email", text.lower()))
    return " ".join(SAME_WORD.get(word, word) for word in words).split()


def find_gaps(fields):
    """What a mapping lacks before any row can be traced, one sentence each; `fields` are those that have a source."""
    fields = set(fields)
    gaps = []
    if not fields & {"address", "mail_address", "city", "mail_city", "email", "phone"}:
        gaps.append("Choose a column for at least one of: an address, a city, an email, a phone.")
    for prefix, whose in (("", "property"), ("mail_", "mailing")):
        if prefix + "address" in fields and not {prefix + "city", prefix + "state"} <= fields:
            gaps.append(f"A {whose} address needs its city and its state.")
        if prefix + "unit" in fields and prefix + "address" not in fields:
            gaps.append(f"A {whose} unit needs its address.")
    return gaps
