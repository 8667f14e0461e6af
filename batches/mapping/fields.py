"""What columns can say of a person: the vendor's fields, and what is split into them. Pure."""

from batches.vendor.protocol import FIELDS

FULL_NAME = "full_name"
NAME_PARTS = {"first_name", "last_name"}
"""A full name is split only where none of these has a column of its own."""
SPLIT = {
    "full_address": {"address", "city", "state", "zip"},
    "place": {"city", "state", "zip"},
    "mail_full_address": {"mail_address", "mail_city", "mail_state", "mail_zip"},
    "mail_place": {"mail_city", "mail_state", "mail_zip"},
}
"""Columns that hold several fields → the fields that they are split into."""
MAPPABLE = [FULL_NAME, *FIELDS, *SPLIT]
"""What columns can be mapped to: the vendor's fields, and what is split into them."""

FIXABLE = ["city", "state", "zip", "mail_city", "mail_state", "mail_zip"]
"""Fields that may be the same for every row: a county's roll has no column for its state."""

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
    "full_address": "Whole property address (is split)",
    "place": "Property city, state and ZIP in one (is split)",
    "mail_address": "Mailing address",
    "mail_unit": "Mailing unit",
    "mail_city": "Mailing city",
    "mail_state": "Mailing state",
    "mail_zip": "Mailing ZIP",
    "mail_full_address": "Whole mailing address (is split)",
    "mail_place": "Mailing city, state and ZIP in one (is split)",
    "phone": "Phone",
    "email": "Email",
}


def expand(fields):
    """Fields with those that are split out of them."""
    return set(fields).union(*(SPLIT.get(name, set()) for name in fields))


def find_lacking(fields):
    """City and state that an address needs, where nothing says them."""
    fields = expand(fields)
    wanted = [
        f"{prefix}{part}" for prefix in ("", "mail_") if f"{prefix}address" in fields for part in ("city", "state")
    ]
    return [name for name in wanted if name not in fields]


def find_gaps(fields):
    """Return what a mapping lacks before any row can be traced, one sentence each; `fields` are those with a source."""
    fields = expand(fields)
    gaps = []
    if not fields & {"address", "mail_address", "city", "mail_city", "email", "phone"}:
        gaps.append("Choose a column for at least one of: an address, a city, an email, a phone.")
    for prefix, whose in (("", "property"), ("mail_", "mailing")):
        if prefix + "address" in fields and not {prefix + "city", prefix + "state"} <= fields:
            gaps.append(f"A {whose} address needs its city and its state.")
        if prefix + "unit" in fields and prefix + "address" not in fields:
            gaps.append(f"A {whose} unit needs its address.")
    return gaps
