"""Read the contact details from an answer, in any of the shapes in docs/vendor.md. Pure: no database.

Answers are read when they are digested, viewed or exported, but not when they are filed. The vendor leaves out fields
and changes their types, so nothing here may fail, whatever shape the JSON has.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from batches.people import address_keys, addresses, match_check
from batches.people.contacts import (
    HOUSEHOLD,
    OTHER,
    RELATIVE,
    Address,
    Contact,
    Email,
    OtherPerson,
    Phone,
    sort_by_usefulness,
)

AskedName = tuple[str, str, str]
"""The first, middle and last name that was asked for."""
NO_NAME: AskedName = ("", "", "")

PHONE_TYPES = {
    "mobile": "mobile",
    "m": "mobile",
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


def read_contact(text: str, asked: AskedName = NO_NAME) -> Contact:
    """Return the contact details in a stored answer. For an empty answer they are empty.

    If an answer is about several people, the one whose name was asked for counts, or the first if no name was.
    """
    body = find_body(load_json(text))
    for shape, read in SHAPE_READERS.items():
        if isinstance(body.get(shape), SHAPE_TYPES[shape]) and body[shape]:
            return read(body[shape], asked)
    return Contact(is_known_shape=not text or body.get("match") is False or is_empty(body))


def find_body(answer: Any) -> dict[str, Any]:
    """Return the part of an answer that holds the contact details: without its envelope, or from a list of answers.

    The envelopes are `{"data": {"persons": […]}}`, `{"data": […]}` and `{"results": […]}`. A list contains people, or
    whole answers, one per person, as from the bulk endpoint that waits for its results. Of these, the first counts.
    """
    body = as_dict(answer)
    for name in ("data", "results"):
        inner = body.get(name)
        if isinstance(inner, dict) and not inner.keys().isdisjoint(INNER_SHAPES):
            return find_body(inner)
        if people := only_dicts(inner):
            return find_body(people[0]) if is_answer(people[0]) else {"persons": people}
    return body


def is_answer(entry: dict[str, Any]) -> bool:
    """Return whether an entry of a list is a whole answer, not a person."""
    return "input" in entry or "match" in entry or not entry.keys().isdisjoint(INNER_SHAPES)


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


def read_output(output: dict[str, Any], asked: AskedName = NO_NAME) -> Contact:
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


def read_data(data: dict[str, Any], asked: AskedName = NO_NAME) -> Contact:
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


def read_persons(persons: list[Any], asked: AskedName = NO_NAME) -> Contact:
    """Read the shape `persons`: one is the person asked for, and the others live or lived at the address."""
    people = only_dicts(persons)
    if not people:
        return Contact(is_known_shape=False)
    found = choose_person(people, asked)
    current = read_address(found.get("address"))
    former = [read_address(found.get(name)).line for name in ("previousAddress", "previous_address")]
    others = [read_other(person, found, current) for person in people if person is not found]
    return Contact(
        names=non_empty([full_name(found)]),
        phones=read_phones(found.get("phones")),
        emails=read_emails(found.get("emails")),
        current=current,
        age=read_age(found.get("age")),
        deceased=as_flag(found.get("deceased")),
        former_addresses=non_empty(former),
        relatives=non_empty(other.name for other in others if other.relation == RELATIVE),
        others=[other for other in others if other.name or other.phones],
    )


def choose_person(people: list[dict[str, Any]], asked: AskedName) -> dict[str, Any]:
    """Return the person whose name is most like the one asked for. If several are alike, the first counts."""
    if len(people) == 1 or not any(asked):
        return people[0]
    ranks = {"": -1, **match_check.RANK_BY_VERDICT}
    return max(people, key=lambda person: ranks[match_check.compare(*asked, non_empty([full_name(person)]))])


def read_other(person: dict[str, Any], found: dict[str, Any], address: Address) -> OtherPerson:
    """Read somebody else in an answer. `address` is the current address of the person who was found."""
    own = read_address(person.get("address"))
    if key_of_address(own) and key_of_address(own) == key_of_address(address):
        relation = HOUSEHOLD
    elif surname_of(person) and surname_of(person) == surname_of(found):
        relation = RELATIVE
    else:
        relation = OTHER
    name, phones, emails = full_name(person), read_phones(person.get("phones")), read_emails(person.get("emails"))
    return OtherPerson(name, relation, phones, emails, own.line)


def surname_of(person: dict[str, Any]) -> str:
    words = (as_text(person.get("lastName")) or full_name(person)).lower().split()
    return words[-1] if words else ""


def key_of_address(address: Address) -> tuple[str, str]:
    """Return a key that is equal for the same street and ZIP, however they are written. Parts not known are ""."""
    street = address.street or address.line.split(",")[0]
    return address_keys.key_of(addresses.shorten(street)) if street else "", address.zip[:5]


SHAPE_READERS: dict[str, Callable[[Any, AskedName], Contact]] = {
    "output": read_output,
    "data": read_data,
    "persons": read_persons,
}
SHAPE_TYPES: dict[str, type] = {"output": dict, "data": dict, "persons": list}
INNER_SHAPES = {"output", "persons"}
"""The shapes that may be inside an envelope."""
STREET_PARTS = ["house", "preDir", "street", "strType", "postDir", "aptType", "aptNbr"]


def read_phones(phones: Any) -> list[Phone]:
    """Return the phones in order of usefulness, without entries that have no number."""
    return sort_by_usefulness([found for phone in only_dicts(phones) if (found := read_phone(phone)).number])


def read_phone(phone: dict[str, Any]) -> Phone:
    kind = as_text(first_of(phone, "phoneType", "type"))
    return Phone(
        number=as_text(phone.get("phone")),
        type=PHONE_TYPES.get(kind.lower(), kind),
        do_not_call=as_flag(first_of(phone, "doNotCall", "dnc", "phoneFtcDnc")),
        carrier=as_text(phone.get("telcoName")),
        last_seen=as_text(first_of(phone, "lastSeen", "phoneLastSeen")),
        is_connected=as_flag(phone.get("isConnected")),
        valid_since=as_text(phone.get("validSince")),
        usage=as_text(phone.get("phoneUsage12Month")),
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
    """Read an address, given as text or in parts. The vendor has three names for the whole line."""
    if isinstance(address, str):
        return Address(as_text(address))
    address = as_dict(address)
    city, state, zip_code = (as_text(address.get(part)) for part in ("city", "state", "zip"))
    parts = " ".join(non_empty(as_text(address.get(part)) for part in STREET_PARTS))
    street = parts or as_text(address.get("streetAddress"))
    line = as_text(first_of(address, "formattedAddress", "formattedAdddress", "address"))
    if not street and city and city in line:
        street = line[: line.rindex(city)].rstrip(" ,")
    state_and_zip = " ".join(non_empty([state, zip_code]))
    joined = ", ".join(non_empty([street, city, state_and_zip]))
    return Address(line or joined, street, city, state, zip_code)


def first_of(mapping: dict[str, Any], *names: str) -> Any:
    """Return the first value that is present under one of these names."""
    return next((mapping[name] for name in names if mapping.get(name) is not None), None)


def as_flag(value: Any) -> bool | None:
    """Return True or False, or None if the value is missing or unknown."""
    if isinstance(value, str):
        value = value.lower()
    return FLAG_VALUES.get(value) if isinstance(value, bool | str) else None


def as_text(value: Any) -> str:
    """Return a string or number as a string. Return "" for anything else.

    PostgreSQL stores neither NUL characters, which are removed, nor unpaired surrogates, which become `?`.
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
