"""Read the contact details from an answer, in any of the three shapes in docs/vendor.md. Pure: no database.

This happens when someone views or exports an answer; filing one does not need it. The vendor leaves out fields and
changes their types, so nothing here may fail on JSON of any shape.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from batches.people.contacts import Address, Contact, Email, Phone, by_usefulness

PHONE_TYPES = {
    "mobile": "mobile",
    "w": "mobile",
    "wireless": "mobile",
    "landline": "landline",
    "home_phone": "landline",
    "l": "landline",
    "voip": "voip",
    "v": "voip",
}
FLAG_VALUES: dict[bool | str, bool] = {
    True: True,
    False: False,
    "y": True,
    "n": False,
    "yes": True,
    "no": False,
    "true": True,
    "false": False,
}


class CacheFlag(msgspec.Struct):
    cached: Any = None


CACHE_FLAG_DECODER = msgspec.json.Decoder(CacheFlag)


def read_contact(text: str) -> Contact:
    """Return the contact details in a stored answer. They are empty if the answer is."""
    body = as_dict(load_json(text))
    for shape, read in SHAPE_READERS.items():
        if isinstance(body.get(shape), SHAPE_TYPES[shape]) and body[shape]:
            return read(body[shape])
    return Contact(is_known_shape=not text or body.get("match") is False or is_empty(body))


def is_empty(body: dict[str, Any]) -> bool:
    """Return whether an answer has a field for contact details, but nothing in it."""
    return any(shape in body for shape in SHAPE_READERS) and not any(body.get(shape) for shape in SHAPE_READERS)


def is_cached(text: str) -> bool:
    """Return whether the vendor answered from its cache, at no cost."""
    try:
        return CACHE_FLAG_DECODER.decode(text).cached is True
    except (msgspec.MsgspecError, RecursionError):
        return as_dict(load_json(text)).get("cached") is True


def load_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return load_leniently(text)


def load_leniently(text: str) -> Any:
    """Load JSON that only Python's parser accepts, such as NaN and unpaired surrogates. Return None if it fails."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_output(output: dict[str, Any]) -> Contact:
    """Read the shape `output`: identity, demographics, relationships."""
    identity, demographics = as_dict(output.get("identity")), as_dict(output.get("demographics"))
    return Contact(
        names=non_empty(full_name(name) for name in only_dicts(identity.get("names"))),
        phones=read_phones(identity.get("phones")),
        emails=read_emails(identity.get("emails")),
        current=read_address(identity.get("address")),
        age=read_age(demographics.get("age")),
        deceased=as_flag(demographics.get("deceased")),
        former_addresses=non_empty(
            read_address(address).line for address in only_dicts(identity.get("addressHistory"))
        ),
        relatives=non_empty(full_name(as_dict(other.get("name"))) for other in only_dicts(output.get("relationships"))),
        profiles=non_empty(as_text(profile.get("url")) for profile in only_dicts(demographics.get("social"))),
    )


def read_data(data: dict[str, Any]) -> Contact:
    """Read the shape `data`: flat lists of phones, emails and names."""
    names = as_list(data.get("names"))
    return Contact(
        names=non_empty(full_name(name) if isinstance(name, dict) else as_text(name) for name in names),
        phones=read_phones(data.get("phones")),
        emails=read_emails(data.get("emails")),
        current=read_address(data.get("address")),
        age=read_age(data.get("age")),
        deceased=as_flag(data.get("deceased")),
    )


def read_persons(persons: list[Any]) -> Contact:
    """Read the shape `persons`: the first is the person found, the others are relatives."""
    people = only_dicts(persons)
    if not people:
        return Contact(is_known_shape=False)
    first = people[0]
    return Contact(
        names=non_empty([full_name(first)]),
        phones=read_phones(first.get("phones")),
        emails=read_emails(first.get("emails")),
        current=read_address(first.get("address")),
        age=read_age(first.get("age")),
        deceased=as_flag(first.get("deceased")),
        relatives=non_empty(full_name(person) for person in people[1:]),
    )


SHAPE_READERS: dict[str, Callable[[Any], Contact]] = {"output": read_output, "data": read_data, "persons": read_persons}
STREET_PARTS = ["house", "preDir", "street", "strType", "postDir", "aptType", "aptNbr"]
SHAPE_TYPES: dict[str, type] = {"output": dict, "data": dict, "persons": list}


def read_phones(phones: Any) -> list[Phone]:
    """Return the phones in order of usefulness, without entries that have no number."""
    return by_usefulness([found for phone in only_dicts(phones) if (found := read_phone(phone)).number])


def read_phone(phone: dict[str, Any]) -> Phone:
    kind = as_text(first_of(phone, "phoneType", "type"))
    return Phone(
        number=as_text(phone.get("phone")),
        type=PHONE_TYPES.get(kind.lower(), kind),
        do_not_call=as_flag(first_of(phone, "doNotCall", "dnc", "phoneFtcDnc")),
        carrier=as_text(phone.get("telcoName")),
        last_seen=as_text(first_of(phone, "lastSeen", "phoneLastSeen")),
        is_connected=as_flag(phone.get("isConnected")),
    )


def read_emails(emails: Any) -> list[Email]:
    found = [
        Email(as_text(email.get("email")), as_text(first_of(email, "emailType", "type")))
        if isinstance(email, dict)
        else Email(as_text(email))
        for email in as_list(emails)
    ]
    return [email for email in found if email.address]


def read_age(age: Any) -> str:
    """Return the number in `49`, `"49"` or `"49 years old"`."""
    found = re.search(r"\d+", as_text(age))
    return found.group() if found else ""


def full_name(name: dict[str, Any]) -> str:
    parts = [name.get(part) for part in ("prefix", "firstName", "middleName", "lastName", "suffix")]
    return as_text(name.get("fullName")) or " ".join(non_empty(map(as_text, parts)))


def read_address(address: Any) -> Address:
    """Read an address, given as text or in parts. The vendor uses two spellings for the name of its one-line form."""
    if isinstance(address, str):
        return Address(as_text(address))
    address = as_dict(address)
    city, state, zip_code = (as_text(address.get(part)) for part in ("city", "state", "zip"))
    street = " ".join(non_empty(as_text(address.get(part)) for part in STREET_PARTS))
    line = as_text(first_of(address, "formattedAddress", "formattedAdddress"))
    if not street and city and city in line:
        street = line[: line.rindex(city)].rstrip(" ,")
    made = ", ".join(non_empty([street, city, " ".join(non_empty([state, zip_code]))]))
    return Address(line or made, street, city, state, zip_code)


def first_of(mapping: dict[str, Any], *names: str) -> Any:
    return next((mapping[name] for name in names if mapping.get(name) is not None), None)


def as_flag(value: Any) -> bool | None:
    """Return True or False, or None if the value is missing or unknown."""
    return (
        FLAG_VALUES.get(value.lower() if isinstance(value, str) else value) if isinstance(value, bool | str) else None
    )


def as_text(value: Any) -> str:
    """Return a string or number as text, without characters that no database stores. Return "" for anything else.

    Removed are NUL characters and unpaired surrogates.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def only_dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in as_list(values) if isinstance(value, dict)]


def non_empty(values: Iterable[str]) -> list[str]:
    return [value for value in values if value]
