"""Reads the contact details out of an answer, in any of the three shapes of docs/vendor.md. Pure.

Only done when somebody looks or exports: filing an answer needs none of it. The vendor leaves things out and
changes types, so nothing here may fail on JSON of any shape.
"""

import json
import re
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
FLAGS = {True: True, False: False, "y": True, "n": False, "yes": True, "no": False, "true": True, "false": False}


class Head(msgspec.Struct):
    cached: Any = None


HEAD = msgspec.json.Decoder(Head)


def read_contact(text):
    """Return the contact details in an answer as it was stored; empty for an empty answer."""
    body = as_dict(load(text))
    for shape, read in SHAPES.items():
        if isinstance(body.get(shape), READABLE[shape]) and body[shape]:
            return read(body[shape])
    return Contact(is_known_shape=not text or body.get("match") is False or is_empty(body))


def is_empty(body):
    """Whether it has a place for what was found, and nothing stands there."""
    return any(shape in body for shape in SHAPES) and not any(body.get(shape) for shape in SHAPES)


def is_cached(text):
    """Whether the vendor had the answer at hand, and charged nothing for looking."""
    try:
        return HEAD.decode(text).cached is True
    except (msgspec.MsgspecError, RecursionError):
        return as_dict(load(text)).get("cached") is True


def load(text):
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return load_odd(text)


def load_odd(text):
    """Load what Python takes for JSON and the quicker reader does not: NaN, unpaired surrogates."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_output(output):
    """`output`: identity, demographics, relationships."""
    identity, demographics = as_dict(output.get("identity")), as_dict(output.get("demographics"))
    return Contact(
        names=texts(full_name(name) for name in dicts(identity.get("names"))),
        phones=read_phones(identity.get("phones")),
        emails=read_emails(identity.get("emails")),
        current=read_address(identity.get("address")),
        age=read_age(demographics.get("age")),
        deceased=as_flag(demographics.get("deceased")),
        former_addresses=texts(read_address(address).line for address in dicts(identity.get("addressHistory"))),
        relatives=texts(full_name(as_dict(other.get("name"))) for other in dicts(output.get("relationships"))),
        profiles=texts(as_text(profile.get("url")) for profile in dicts(demographics.get("social"))),
    )


def read_data(data):
    """Read `data`: flat lists of phones, emails and names."""
    names = data.get("names") if isinstance(data.get("names"), list) else []
    return Contact(
        names=texts(full_name(name) if isinstance(name, dict) else as_text(name) for name in names),
        phones=read_phones(data.get("phones")),
        emails=read_emails(data.get("emails")),
        current=read_address(data.get("address")),
        age=read_age(data.get("age")),
        deceased=as_flag(data.get("deceased")),
    )


def read_persons(persons):
    """`persons`: the first is who was found; the others are named as relatives."""
    people = dicts(persons)
    if not people:
        return Contact(is_known_shape=False)
    first = people[0]
    return Contact(
        names=texts([full_name(first)]),
        phones=read_phones(first.get("phones")),
        emails=read_emails(first.get("emails")),
        current=read_address(first.get("address")),
        age=read_age(first.get("age")),
        deceased=as_flag(first.get("deceased")),
        relatives=texts(full_name(person) for person in people[1:]),
    )


SHAPES = {"output": read_output, "data": read_data, "persons": read_persons}
STREET = ["house", "preDir", "street", "strType", "postDir", "aptType", "aptNbr"]
READABLE = {"output": dict, "data": dict, "persons": list}


def read_phones(phones):
    """Phones in order; what has no number is none, whatever is said of it."""
    return by_usefulness([found for phone in dicts(phones) if (found := read_phone(phone)).number])


def read_phone(phone):
    kind = as_text(first_of(phone, "phoneType", "type"))
    return Phone(
        number=as_text(phone.get("phone")),
        type=PHONE_TYPES.get(kind.lower(), kind),
        do_not_call=as_flag(first_of(phone, "doNotCall", "dnc", "phoneFtcDnc")),
        carrier=as_text(phone.get("telcoName")),
        last_seen=as_text(first_of(phone, "lastSeen", "phoneLastSeen")),
        is_connected=as_flag(phone.get("isConnected")),
    )


def read_emails(emails):
    if not isinstance(emails, list):
        return []
    found = [
        Email(as_text(email.get("email")), as_text(first_of(email, "emailType", "type")))
        if isinstance(email, dict)
        else Email(as_text(email))
        for email in emails
    ]
    return [email for email in found if email.address]


def read_age(age):
    """Return the number in `49`, `"49"` or `"49 years old"`."""
    found = re.search(r"\d+", as_text(age))
    return found.group() if found else ""


def full_name(name):
    parts = [name.get(part) for part in ("prefix", "firstName", "middleName", "lastName", "suffix")]
    return as_text(name.get("fullName")) or " ".join(texts(map(as_text, parts)))


def read_address(address):
    """Read an address, as text or in parts; the vendor spells its line either way."""
    if isinstance(address, str):
        return Address(as_text(address))
    address = as_dict(address)
    city, state, zip_code = (as_text(address.get(part)) for part in ("city", "state", "zip"))
    street = " ".join(texts(as_text(address.get(part)) for part in STREET))
    line = as_text(first_of(address, "formattedAddress", "formattedAdddress"))
    if not street and city and city in line:
        street = line[: line.rindex(city)].rstrip(" ,")
    made = ", ".join(texts([street, city, " ".join(texts([state, zip_code]))]))
    return Address(line or made, street, city, state, zip_code)


def first_of(mapping, *names):
    return next((mapping[name] for name in names if mapping.get(name) is not None), None)


def as_flag(value):
    """Return True, False, or None if the vendor did not say or said something else."""
    return FLAGS.get(value.lower() if isinstance(value, str) else value) if isinstance(value, bool | str) else None


def as_text(value):
    """Text of a string or number, without what no database keeps (NUL, lone surrogates); empty for all else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()


def as_dict(value):
    return value if isinstance(value, dict) else {}


def dicts(values):
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def texts(values):
    return [value for value in values if value]
