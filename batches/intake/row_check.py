"""One row's cells → what is sent of a person, or what is wrong with it. Pure.

Brings what is certain into its normal form (spelled-out states, ZIP+4, lost leading zeros, formatted phones, units
inside of addresses, names in capitals) and says of everything else which field is wrong and why. The rules are the
vendor's (docs/vendor.md, 1): it refuses a whole batch for one bad item.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from localflavor.us.us_states import STATES_NORMALIZED

from batches.people import addresses, owner_names
from batches.people.owner_names import FIRST_LAST, PERSON
from batches.vendor.protocol import FIELDS

LONGEST = 255
"""Most characters of a field. Ours: it keeps every batch lawful, and no real field is longer."""
ZERO_STATES = {"CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VI", "VT"}
"""Where ZIPs begin with a zero, which spreadsheets drop (USPS Publication 65)."""
PLAIN_PHONE = re.compile(r"[2-9]\d\d[2-9]\d{6}")
"""Ten digits of the North American plan, which need not be looked at any closer."""
NOTHING = {"n/a", "na", "none", "null", "nan", "0", "-", "--"}
"""What stands where there is no phone and no email."""
PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}", re.ASCII
)
"""An address that need not be looked at any closer: some half of what is allowed, and nearly all that there are."""
NAMES = ["first_name", "middle_name", "last_name"]
PROPERTY = ["address", "unit", "city", "state", "zip"]
MAILING = [f"mail_{name}" for name in PROPERTY]
IN_ONE = {"full_address", "place", "mail_full_address", "mail_place"}
"""What is split into parts of an address."""
STATES = {str(name): str(code) for name, code in STATES_NORMALIZED.items()}
"""Plain texts: those of the library are translated each time that they are looked at."""


@dataclass(frozen=True)
class Problem:
    field: str
    sentence: str


@dataclass
class Checked:
    fields: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    owner_kind: str = PERSON
    """`person`, or one of names.KINDS."""
    co_owner: owner_names.Person | None = None
    """Who is named beside the first owner."""

    @property
    def fingerprint(self):
        """Return a key that is the same for rows of one person at one address: their own, else the property's.

        Without a name or an address, it is the same for rows that would be sent alike.
        """
        at_addresses = fingerprints(self.fields)
        is_named = self.fields.get("first_name") or self.fields.get("last_name")
        return (is_named and next(at_addresses, None)) or digest(
            self.fields.get(name, "").lower() if name == "email" else fold(self.fields.get(name, ""))
            for name in FIELDS
            if name != "middle_name"
        )


def fingerprints(fields):
    """One person at each of their addresses, in normal form: the owner's own first; none where there is no address."""
    for street, *place in (MAILING, PROPERTY):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = fold(fields.get("first_name", "")), fold(fields.get("last_name", ""))
            where = addresses.key_of(fields[street]), addresses.key_of_unit(unit) if unit else "", fold(city)
            yield digest([*name, *where, state, zip_code])


def digest(parts):
    """Return the same 32 characters for the same texts."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=50_000)
def fold(text):
    """Text without case, doubled spaces and what stands between letters."""
    return " ".join(re.sub(r"[^\w\s@+]", "", text.casefold()).split())


def check(cells, name_order=FIRST_LAST):
    """Check one person, given as field → cell text (what is split included); `name_order` is that of a full name.

    Never raises; see Checked.problems.
    """
    fields = {name: " ".join(text.split()) for name, text in cells.items() if text.strip()}
    for name in ("phone", "email"):
        if fields.get(name, "").lower() in NOTHING:
            del fields[name]
    split_places(fields)
    checked = Checked(fields)
    read_names(checked, name_order)
    leave_out_bare_places(fields)
    for name, mend in MENDERS.items():
        if name in fields:
            mend_field(checked, name, mend)
    split_units(fields)
    for name, text in fields.items():
        if len(text) > LONGEST:
            checked.problems.append(Problem(name, f"{len(text):,} characters; {LONGEST} is the most."))
    checked.problems += find_missing_parts(fields)
    return checked


def check_co_owner(checked):
    """Check the second owner of a row as a person of their own, at the same addresses."""
    person = checked.co_owner
    named = {"first_name": person.first, "middle_name": person.middle, "last_name": person.last}
    fields = {name: text for name, text in checked.fields.items() if name not in {*NAMES, "phone", "email"}}
    return check(fields | {name: text for name, text in named.items() if text})


def split_places(fields):
    """Whole addresses and places in one column into their parts; a part with a column of its own stays."""
    if fields.keys().isdisjoint(IN_ONE):
        return
    for prefix in ("", "mail_"):
        parts = {}
        if whole := fields.pop(f"{prefix}full_address", ""):
            parts = dict(zip(("address", "city", "state", "zip"), addresses.split_whole(whole), strict=True))
        if place := fields.pop(f"{prefix}place", ""):
            parts |= dict(zip(("city", "state", "zip"), addresses.split_place(place), strict=True))
        for part, text in parts.items():
            if text and not fields.get(prefix + part):
                fields[prefix + part] = text


def read_names(checked, order):
    """Split full names and name two owners apart. What is no person goes without names, by its mailing address alone.

    So the vendor advises (docs/vendor.md, 1).
    """
    fields = checked.fields
    full, given, last = fields.pop("full_name", ""), fields.get("first_name", ""), fields.get("last_name", "")
    if full.upper() in owner_names.PLACEHOLDERS:
        full = ""
    if given or last:
        checked.owner_kind = owner_names.find_kind(f"{given} {last}".strip(), is_split=bool(given and last))
    elif full:
        checked.owner_kind = owner_names.find_kind(full)
    if checked.owner_kind != PERSON:
        has_mailing = all(fields.get(name) for name in ("mail_address", "mail_city", "mail_state"))
        for name in NAMES + (PROPERTY if has_mailing else []):
            fields.pop(name, None)
        return
    if full and not (given or last):
        put_owners(checked, owner_names.split_owners(full, order))
    elif owner_names.JOINT.search(given):
        put_owners(checked, owner_names.split_owners(f"{given} {last}".strip()))
    if last := fields.get("last_name"):
        fields["last_name"] = owner_names.drop_suffix(last)
    for name in NAMES:
        if name in fields:
            fields[name] = owner_names.capitalise(fields[name])


def put_owners(checked, owners):
    if owners:
        first, *others = owners
        parts = {"first_name": first.first, "middle_name": first.middle, "last_name": first.last}
        checked.fields.update({part: text for part, text in parts.items() if text})
        if not parts["middle_name"]:
            checked.fields.pop("middle_name", None)
        checked.co_owner = others[0] if others and others[0].first and others[0].last else None


def split_units(fields):
    """Move a unit that is part of an address to the field in which the vendor looks for it."""
    for name, unit_name in ((PROPERTY[0], PROPERTY[1]), (MAILING[0], MAILING[1])):
        if street := fields.get(name):
            if unit_name not in fields:
                street, unit = addresses.split_unit(street)
                if unit:
                    fields[unit_name] = unit
            fields[name] = addresses.shorten(street)


def mend_field(checked, name, mend):
    fields = checked.fields
    try:
        fields[name] = mend(fields[name], fields.get(STATE_OF[name], ""))
    except ValueError as problem:
        checked.problems.append(Problem(name, f"{problem}."))


@lru_cache(maxsize=10_000)
def mend_state(text, _):
    """`Virginia`, `va`, `Va.` → VA."""
    code = find_state(text)
    if not code:
        raise ValueError(f"“{shorten(text)}” is not a state: give its two letters or its name")
    return code


def find_state(text):
    return STATES.get(text.lower()) or STATES.get(text.lower().replace(".", "").strip(), "")


@lru_cache(maxsize=50_000)
def mend_zip(text, state):
    """Return the first five digits of a ZIP or ZIP+4, with leading zeros restored if the state's ZIPs have them."""
    digits = re.sub(r"[\s-]", "", re.sub(r"\.0$", "", text))
    lost = {3, 4, 7, 8}
    if digits.isdecimal() and len(digits) in lost and find_state(state) in ZERO_STATES:
        digits = digits.zfill(5 if len(digits) < 5 else 9)
    if not re.fullmatch(r"\d{5}(\d{4})?", digits, re.ASCII):
        raise ValueError(f"“{shorten(text)}” is not a ZIP: give five digits, or five and four")
    return digits[:5]


def mend_phone(text, _):
    """Ten digits out of any usual way to write a US number; an extension is left out."""
    if PLAIN_PHONE.fullmatch(digits := re.sub(r"[\s().-]", "", text)) and digits.isascii():
        return digits
    try:
        number = phonenumbers.parse(re.sub(r"\.0$", "", text), "US")
    except phonenumbers.NumberParseException:
        number = None
    digits = str(number.national_number) if number and number.country_code == 1 else ""
    if len(digits) != 10:
        raise ValueError(f"“{shorten(text)}” is not a US phone number: give ten digits")
    return digits


def mend_email(text, _):
    """As it is. Stricter than Django's check: an address at a host without a dot could cost a refused batch."""
    if PLAIN_EMAIL.fullmatch(text) and len(text) < 64:
        return text
    try:
        validate_email(text)
    except ValidationError:
        is_email = False
    else:
        is_email = text.isascii() and re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", text)
    if not is_email:
        raise ValueError(f"“{shorten(text)}” is not an email address")
    return text


def mend_unit(text, _):
    return addresses.mend_unit(text)


MENDERS = {
    "unit": mend_unit,
    "state": mend_state,
    "zip": mend_zip,
    "mail_unit": mend_unit,
    "mail_state": mend_state,
    "mail_zip": mend_zip,
    "phone": mend_phone,
    "email": mend_email,
}
STATE_OF = {name: name.replace("zip", "state") for name in MENDERS}


def shorten(text):
    return text if len(text) <= 40 else f"{text[:39]}…"


def leave_out_bare_places(fields):
    """Leave out the place of an address that has no street where the other address is whole.

    Land without a street number is common in county rolls; the vendor would ask for more than the row has.
    """
    for own, other in ((PROPERTY, MAILING), (MAILING, PROPERTY)):
        if own[0] not in fields and other[0] in fields:
            for part in own[1:]:
                fields.pop(part, None)


def find_missing_parts(fields):
    """Find what the vendor requires of fields together."""
    if not any(fields.get(name) for name in ("address", "mail_address", "city", "mail_city", "email", "phone")):
        yield Problem("", "Nothing to trace by: give an address, a city, an email or a phone.")
    for street, unit, city, state, zip_code in (PROPERTY, MAILING):
        if fields.get(street):
            for part, what in ((city, "city"), (state, "state")):
                if not fields.get(part):
                    yield Problem(part, f"empty; an address needs its {what}.")
            continue
        if fields.get(unit):
            yield Problem(street, "empty; a unit needs its address.")
        if fields.get(city):
            for part in ("first_name", "last_name", state, zip_code):
                if not fields.get(part):
                    yield Problem(part, "empty; a city without a street address needs it.")
