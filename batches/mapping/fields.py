"""The fields that columns can hold: the vendor's fields, and fields that are split into them. Pure."""

from collections.abc import Collection, Iterable

from batches.vendor.protocol import PERSON_FIELDS

NAME_FIELDS, PROPERTY_FIELDS, MAILING_FIELDS = PERSON_FIELDS[:3], PERSON_FIELDS[3:8], PERSON_FIELDS[8:13]
FULL_NAME = "full_name"
NAME_PARTS = {"first_name", "last_name"}
"""A full name is split only if no column holds one of these."""
SPLIT = {
    "full_address": {"address", "city", "state", "zip"},
    "place": {"city", "state", "zip"},
    "mail_full_address": {"mail_address", "mail_city", "mail_state", "mail_zip"},
    "mail_place": {"mail_city", "mail_state", "mail_zip"},
}
"""Field that is split → the fields that it is split into."""
MAPPABLE = [FULL_NAME, *PERSON_FIELDS, *SPLIT]
"""Fields that columns can be mapped to: the vendor's fields, and fields that are split into them."""

FIXABLE = ["city", "state", "zip", "mail_city", "mail_state", "mail_zip"]
"""Fields that may have a fixed value: a county's list often has no column for the state."""

JOINABLE = {FULL_NAME, "address", "mail_address"}
"""Fields that several columns can be joined into: two lines of owners, or a house number and a street."""
MAX_JOINED_COLUMNS = 5
"""Maximum number of columns joined into one field: house number, direction, street, type and direction."""

GROUPS = {
    "Person": [FULL_NAME, *NAME_FIELDS, "phone", "email"],
    "Property": [*PROPERTY_FIELDS, "full_address", "place"],
    "Mailing": [*MAILING_FIELDS, "mail_full_address", "mail_place"],
}
"""Heading → the fields under it, in the order of the screen."""
GROUP_OF = {name: heading for heading, names in GROUPS.items() for name in names}
"""Field → the heading that it is under."""

SPLIT_NOTES = {
    FULL_NAME: "We split it into first, middle and last name.",
    "full_address": "We split it into street, city, state and ZIP.",
    "place": "We split it into city, state and ZIP.",
    "mail_full_address": "We split it into street, city, state and ZIP.",
    "mail_place": "We split it into city, state and ZIP.",
}
"""Field → what is done with its column."""

LABELS = {
    "full_name": "Full name (we split it)",
    "first_name": "First name",
    "middle_name": "Middle name",
    "last_name": "Last name",
    "address": "Property address",
    "unit": "Property unit",
    "city": "Property city",
    "state": "Property state",
    "zip": "Property ZIP",
    "full_address": "Whole property address (we split it)",
    "place": "Property city, state and ZIP (we split it)",
    "mail_address": "Mailing address",
    "mail_unit": "Mailing unit",
    "mail_city": "Mailing city",
    "mail_state": "Mailing state",
    "mail_zip": "Mailing ZIP",
    "mail_full_address": "Whole mailing address (we split it)",
    "mail_place": "Mailing city, state and ZIP (we split it)",
    "phone": "Phone",
    "email": "Email",
}
"""Field → its name on the screen."""


def expand_split_fields(fields: Iterable[str]) -> set[str]:
    """Return the fields and those that they are split into."""
    return set(fields).union(*(SPLIT.get(name, set()) for name in fields))


def is_derived(name: str, fields: Iterable[str]) -> bool:
    """Return whether a field is a state that no column holds, and that is taken from the ZIP."""
    fields = expand_split_fields(fields)
    return name in ("state", "mail_state") and name not in fields and name.replace("state", "zip") in fields


def describe_missing(name: str, fields: Iterable[str]) -> str:
    """Return what the screen says about a field that no column holds."""
    sentence = f"We found no column for the {name.removeprefix('mail_').replace('_', ' ')}."
    if name not in FIXABLE:
        return sentence
    follow_up = "We take it from the ZIP." if is_derived(name, fields) else "Is it the same for every row?"
    return f"{sentence} {follow_up}"


def find_lacking_fields(fields: Iterable[str]) -> list[str]:
    """Return the fields that the others need but no column provides: names, streets, cities and states."""
    fields = expand_split_fields(fields)
    wanted = find_lacking_names(fields)
    for prefix in ("", "mail_"):
        if f"{prefix}address" in fields:
            wanted += [f"{prefix}city", f"{prefix}state"]
        elif {f"{prefix}city", f"{prefix}state"} <= fields:
            wanted.append(f"{prefix}address")
    return [name for name in wanted if name not in fields]


def find_settled(before: Iterable[str], after: Iterable[str]) -> set[str]:
    """Return the fields that were lacking before a change of the mapping, and are not after it.

    They may be mapped now, or no longer needed, as a last name is once there is a full name.
    """
    return set(find_lacking_fields(before)) - set(find_lacking_fields(after))


def find_lacking_names(fields: Collection[str]) -> list[str]:
    """Return the name fields that these fields need: both parts of a name if there is one of them, or a full name.

    A list may do without names if it has one address and nothing else, or only phones and emails.
    """
    if FULL_NAME in fields:
        return []
    if NAME_PARTS & set(fields):
        return sorted(NAME_PARTS)
    known = {"address", "mail_address", "phone", "email"} & set(fields)
    return [FULL_NAME] if len(known) > 1 and known & {"address", "mail_address"} else []


def find_gaps(fields: Iterable[str]) -> list[str]:
    """Return what must be added to these mapped and fixed fields before any row can be traced, one sentence each."""
    fields = expand_split_fields(fields)
    gaps = []
    if not fields & {"address", "mail_address", "city", "mail_city", "email", "phone"}:
        gaps.append("Choose a column for at least one of: an address, a city, an email, a phone.")
    for prefix, whose in (("", "property"), ("mail_", "mailing")):
        has_street, has_city = f"{prefix}address" in fields, f"{prefix}city" in fields
        has_state = f"{prefix}state" in fields or is_derived(f"{prefix}state", fields)
        if has_street and not (has_city and has_state):
            gaps.append(f"A {whose} address needs a city and a state.")
        if f"{prefix}unit" in fields and not has_street:
            gaps.append(f"A {whose} unit needs an address.")
    return gaps
