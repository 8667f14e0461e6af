"""The fields that columns can hold: the vendor's fields, and fields that are split into them. Pure."""

from collections.abc import Collection, Iterable

from batches.vendor.protocol import PERSON_FIELDS

FULL_NAME = "full_name"
NAME_PARTS = {"first_name", "last_name"}
"""A full name is split only if none of these has its own column."""
SPLIT = {
    "full_address": {"address", "city", "state", "zip"},
    "place": {"city", "state", "zip"},
    "mail_full_address": {"mail_address", "mail_city", "mail_state", "mail_zip"},
    "mail_place": {"mail_city", "mail_state", "mail_zip"},
}
"""Columns that hold several fields → the fields that they are split into."""
MAPPABLE = [FULL_NAME, *PERSON_FIELDS, *SPLIT]
"""Fields that columns can be mapped to: the vendor's fields, and fields that are split into them."""

FIXABLE = ["city", "state", "zip", "mail_city", "mail_state", "mail_zip"]
"""Fields that may have one value for every row: a county's list often has no column for the state."""

JOINABLE = {FULL_NAME, "address", "mail_address"}
"""Fields whose columns are joined if there are several: first and second owner line, house number and street."""
MAX_JOINED_COLUMNS = 5
"""Maximum number of columns joined into one field: house number, direction, street, type, direction."""

GROUPS = {
    "Person": [FULL_NAME, *PERSON_FIELDS[:3], "phone", "email"],
    "Property": [*PERSON_FIELDS[3:8], "full_address", "place"],
    "Mailing": [*PERSON_FIELDS[8:13], "mail_full_address", "mail_place"],
}
"""Heading → the fields under it, in the order of the screen."""
GROUP_OF = {name: heading for heading, names in GROUPS.items() for name in names}

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


def expand(fields: Iterable[str]) -> set[str]:
    """Return the fields, including those that are split out of them."""
    return set(fields).union(*(SPLIT.get(name, set()) for name in fields))


def is_derived(name: str, fields: Iterable[str]) -> bool:
    """Return whether a field without a column is derived from another one, such as the state from the ZIP."""
    fields = expand(fields)
    return name in ("state", "mail_state") and name not in fields and name.replace("state", "zip") in fields


def ask_for(name: str, fields: Iterable[str]) -> str:
    """Return what the screen says about a field that no column holds."""
    sentence = f"We found no column for the {name.removeprefix('mail_').replace('_', ' ')}."
    if name not in FIXABLE:
        return sentence
    rest = "We take it from the ZIP." if is_derived(name, fields) else "Is it the same for every row?"
    return f"{sentence} {rest}"


def find_lacking(fields: Iterable[str]) -> list[str]:
    """Return the fields that the others need but no column provides: names, streets, cities and states."""
    fields = expand(fields)
    wanted = find_lacking_names(fields)
    for prefix in ("", "mail_"):
        if f"{prefix}address" in fields:
            wanted += [f"{prefix}city", f"{prefix}state"]
        elif {f"{prefix}city", f"{prefix}state"} <= fields:
            wanted.append(f"{prefix}address")
    return [name for name in wanted if name not in fields]


def find_settled(before: Iterable[str], after: Iterable[str]) -> set[str]:
    """Return the fields that a mapping lacked and a later one does not need any more: a last name beside a full one."""
    return set(find_lacking(before)) - set(find_lacking(after))


def find_lacking_names(fields: Collection[str]) -> list[str]:
    """Return the other half of a name, or the name of an owner whose address is not all that is known.

    A list may have one address and nothing else, or only phones and emails.
    """
    if FULL_NAME in fields:
        return []
    if NAME_PARTS & set(fields):
        return sorted(NAME_PARTS)
    known = {"address", "mail_address", "phone", "email"} & set(fields)
    return [FULL_NAME] if len(known) > 1 and known & {"address", "mail_address"} else []


def find_gaps(fields: Iterable[str]) -> list[str]:
    """Return what a mapping lacks before any row can be traced, one sentence each; `fields` include fixed ones."""
    fields = expand(fields)
    gaps = []
    if not fields & {"address", "mail_address", "city", "mail_city", "email", "phone"}:
        gaps.append("Choose a column for at least one of: an address, a city, an email, a phone.")
    for prefix, whose in (("", "property"), ("mail_", "mailing")):
        has_state = prefix + "state" in fields or is_derived(prefix + "state", fields)
        if prefix + "address" in fields and not (prefix + "city" in fields and has_state):
            gaps.append(f"A {whose} address needs a city and a state.")
        if prefix + "unit" in fields and prefix + "address" not in fields:
            gaps.append(f"A {whose} unit needs an address.")
    return gaps
