"""One row's cells → what is sent of a person, or what is wrong with it. Pure.

Mends what is certain (spelled-out states, ZIP+4, lost leading zeros, formatted phones) and says of everything
else which field is wrong and why. The rules are the vendor's (docs/vendor.md, 1): it refuses a whole batch for
one bad item.
"""

import hashlib
import re
from dataclasses import dataclass, field

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from localflavor.us.us_states import STATES_NORMALIZED
from nameparser import HumanName

from batches.vendor.protocol import FIELDS

LONGEST = 255
"""Most characters of a field. Ours: it keeps every batch lawful, and no real field is longer."""
ZERO_STATES = {"CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VI", "VT"}
"""Where ZIPs begin with a zero, which spreadsheets drop (USPS Publication 65)."""
COMPANY = re.compile(
    r"\b(LLC|L L C|INC|CORP|CORPORATION|COMPANY|LTD|LP|LLP|TRUST|TRUSTEES?|ESTATE OF|CITY OF|COUNTY OF|STATE OF"
    r"|CHURCH OF|BANK OF|ASSOCIATION|ASSN|PARTNERSHIP|HOLDINGS|PROPERTIES|INVESTMENTS)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Problem:
    field: str
    sentence: str


@dataclass
class Checked:
    fields: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    @property
    def fingerprint(self):
        """The same for rows that would be sent alike: their fields without case and doubled spaces."""
        text = "\x1f".join(" ".join(self.fields.get(name, "").casefold().split()) for name in FIELDS)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def check(cells):
    """Check one person, given as field → cell text (full_name included). Never raises; see Checked.problems."""
    fields = {name: " ".join(text.split()) for name, text in cells.items() if text.strip()}
    split_full_name(fields)
    leave_out_bare_places(fields)
    checked = Checked(fields)
    for name in [name for name in FIELDS if name in fields]:
        mend_field(checked, name)
    checked.problems += find_missing_parts(fields)
    return checked


def split_full_name(fields):
    """Replace full_name by its parts; a company's name is left out, as the vendor advises."""
    full = fields.pop("full_name", "")
    if not full or COMPANY.search(full) or fields.get("first_name") or fields.get("last_name"):
        return
    name = HumanName(re.split(r" (?:&|and) ", full, maxsplit=1, flags=re.IGNORECASE)[0] if "," in full else full)
    first = re.split(r" (?:&|and) ", name.first, maxsplit=1, flags=re.IGNORECASE)[0]
    parts = {"first_name": first, "middle_name": name.middle, "last_name": name.last}
    fields.update({part: text for part, text in parts.items() if text})


def mend_field(checked, name):
    fields = checked.fields
    kind = name.removeprefix("mail_")
    try:
        if kind in MENDERS:
            fields[name] = MENDERS[kind](fields[name], fields.get(name.replace("zip", "state"), ""))
        elif len(fields[name]) > LONGEST:
            raise ValueError(f"{len(fields[name]):,} characters; {LONGEST} is the most")
    except ValueError as problem:
        checked.problems.append(Problem(name, f"{problem}."))


def mend_state(text, _):
    """`Virginia`, `va`, `Va.` → VA."""
    code = STATES_NORMALIZED.get(text.lower()) or STATES_NORMALIZED.get(text.lower().replace(".", "").strip())
    if not code:
        raise ValueError(f"“{shorten(text)}” is not a state: give its two letters or its name")
    return code


def mend_zip(text, state):
    """The first five digits of a ZIP or ZIP+4; leading zeros come back where the state's ZIPs have them."""
    digits = re.sub(r"[\s-]", "", re.sub(r"\.0$", "", text))
    lost = {3, 4, 7, 8}
    if digits.isdecimal() and len(digits) in lost and mend_known_state(state) in ZERO_STATES:
        digits = digits.zfill(5 if len(digits) < 5 else 9)
    if not re.fullmatch(r"\d{5}(\d{4})?", digits, re.ASCII):
        raise ValueError(f"“{shorten(text)}” is not a ZIP: give five digits, or five and four")
    return digits[:5]


def mend_known_state(text):
    return STATES_NORMALIZED.get(text.lower(), "")


def mend_phone(text, _):
    """Ten digits out of any usual way to write a US number; an extension is left out."""
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
    try:
        validate_email(text)
    except ValidationError:
        is_email = False
    else:
        is_email = text.isascii() and re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", text)
    if not is_email:
        raise ValueError(f"“{shorten(text)}” is not an email address")
    if len(text) > LONGEST:
        raise ValueError(f"{len(text):,} characters; {LONGEST} is the most")
    return text


MENDERS = {"state": mend_state, "zip": mend_zip, "phone": mend_phone, "email": mend_email}


def shorten(text):
    return text if len(text) <= 40 else f"{text[:39]}…"


def leave_out_bare_places(fields):
    """Leave out the place of an address that has no street where the other address is whole.

    Land without a street number is common in county rolls; the vendor would ask for more than the row has.
    """
    for prefix, other in (("", "mail_"), ("mail_", "")):
        if not fields.get(prefix + "address") and fields.get(other + "address"):
            for part in ("unit", "city", "state", "zip"):
                fields.pop(prefix + part, None)


def find_missing_parts(fields):
    """What the vendor asks for between fields."""
    if not any(fields.get(name) for name in ("address", "mail_address", "city", "mail_city", "email", "phone")):
        yield Problem("", "Nothing to trace by: give an address, a city, an email or a phone.")
    for prefix in ("", "mail_"):
        lacking = [part for part in ("city", "state") if not fields.get(prefix + part)]
        if fields.get(prefix + "address") and lacking:
            for part in lacking:
                yield Problem(prefix + part, f"empty; an address needs its {part}.")
        if fields.get(prefix + "unit") and not fields.get(prefix + "address"):
            yield Problem(prefix + "address", "empty; a unit needs its address.")
        if fields.get(prefix + "city") and not fields.get(prefix + "address"):
            for part in ("first_name", "last_name", prefix + "state", prefix + "zip"):
                if not fields.get(part):
                    yield Problem(part, "empty; a city without a street address needs it.")
