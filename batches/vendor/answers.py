"""Reads the contact details out of an answer, in any of the three shapes of docs/vendor.md. Pure.

Only done when somebody looks or exports: filing an answer needs none of it. The vendor leaves things out and
changes types, so nothing here may fail on JSON of any shape.
"""

import json
import re

from batches.contacts import Contact, Email, Phone

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


def read_contact(text):
    """The contact details in an answer as it was stored; empty for an empty answer."""
    body = as_dict(load(text))
    for shape, read in SHAPES.items():
        if isinstance(body.get(shape), READABLE[shape]) and body[shape]:
            return read(body[shape])
    return Contact(is_known_shape=not text or any(shape in body for shape in SHAPES) or body.get("match") is False)


def load(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def read_output(output):
    """`output`: identity, demographics, relationships."""
    identity, demographics = as_dict(output.get("identity")), as_dict(output.get("demographics"))
    return Contact(
        names=texts(full_name(name) for name in dicts(identity.get("names"))),
        phones=[read_phone(phone) for phone in dicts(identity.get("phones"))],
        emails=read_emails(identity.get("emails")),
        address=one_line(identity.get("address")),
        former_addresses=texts(one_line(address) for address in dicts(identity.get("addressHistory"))),
        age=read_age(demographics.get("age")),
        deceased=as_flag(demographics.get("deceased")),
        relatives=texts(full_name(as_dict(other.get("name"))) for other in dicts(output.get("relationships"))),
    )


def read_data(data):
    """`data`: flat lists of phones, emails and names."""
    names = data.get("names") if isinstance(data.get("names"), list) else []
    return Contact(
        names=texts(full_name(name) if isinstance(name, dict) else as_text(name) for name in names),
        phones=[read_phone(phone) for phone in dicts(data.get("phones"))],
        emails=read_emails(data.get("emails")),
        address=one_line(data.get("address")),
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
        phones=[read_phone(phone) for phone in dicts(first.get("phones"))],
        emails=read_emails(first.get("emails")),
        address=one_line(first.get("address")),
        age=read_age(first.get("age")),
        deceased=as_flag(first.get("deceased")),
        relatives=texts(full_name(person) for person in people[1:]),
    )


SHAPES = {"output": read_output, "data": read_data, "persons": read_persons}
READABLE = {"output": dict, "data": dict, "persons": list}


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
    """The number in `49`, `"49"` or `"49 years old"`."""
    found = re.search(r"\d+", as_text(age))
    return found.group() if found else ""


def full_name(name):
    parts = [name.get(part) for part in ("prefix", "firstName", "middleName", "lastName", "suffix")]
    return as_text(name.get("fullName")) or " ".join(texts(map(as_text, parts)))


def one_line(address):
    """An address on one line; the vendor spells the field either way."""
    if isinstance(address, str):
        return address
    address = as_dict(address)
    if formatted := as_text(first_of(address, "formattedAddress", "formattedAdddress")):
        return formatted
    street = " ".join(texts(as_text(address.get(p)) for p in ("house", "preDir", "street", "strType", "postDir")))
    place = " ".join(texts(as_text(address.get(part)) for part in ("state", "zip")))
    return ", ".join(texts([street, as_text(address.get("city")), place]))


def first_of(mapping, *names):
    return next((mapping[name] for name in names if mapping.get(name) is not None), None)


def as_flag(value):
    """True, False, or None where the vendor did not say or said something else."""
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
