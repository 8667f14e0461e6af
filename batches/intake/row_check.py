"""Check the cells of a row: what is sent, or what is wrong. Pure.

Unambiguous values are normalised (spelled-out states, ZIP+4, lost leading zeros, formatted phones, units inside
addresses, names in capitals). Unreadable values are left out with a warning. A row is invalid only if no person can
be traced with the rest. The rules are the vendor's (docs/vendor.md, 1), who refuses a whole batch for one bad
item.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from rapidfuzz.distance import OSA

from batches.people import addresses, cells, owner_kinds, owner_names, places, roll_words, zip_codes
from batches.people.owner_kinds import GIVEN, PERSON
from batches.people.owner_names import FIRST_LAST
from batches.people.surnames import SURNAMES
from batches.vendor.protocol import PERSON_FIELDS

MAX_FIELD_LENGTH = 255
"""Maximum length of a field. This is our own limit: it keeps every batch valid, and no real field is longer."""
MAX_LENGTH_READ = 1_000
"""Maximum number of characters read from a field, because some patterns take time that grows with their square."""
PLAIN_PHONE = re.compile(r"[2-9]\d\d[2-9]\d{6}")
"""Ten digits of the North American plan, which need no further check."""
ANY_PHONE = re.compile(r"(?<!\d)(?:\+?0{0,2}1[\s.-]*)?\(?\s*([2-9]\d{2})\s*\)?[\s./-]*([2-9]\d{2})[\s.-]*(\d{4})(?!\d)")
"""A number among other words: the first of two, or one with a label."""
FILLER_PHONE = re.compile(r"(\d)\1{6,}|1?234567\d*")
"""Placeholders in columns of phones: 9999999999, 5555555555, 2345678901."""
PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}", re.ASCII
)
"""An address that needs no further check: about half of what is allowed, and nearly all real addresses."""
NO_EMAIL = re.compile(
    r"(?:none|no|na|n/a|null|noemail|nomail|unknown)@.*|.*@(?:none|na|noemail|nomail|null)\.\w+", re.IGNORECASE
)
NAME_FIELDS = ["first_name", "middle_name", "last_name"]
PROPERTY_FIELDS = ["address", "unit", "city", "state", "zip"]
MAILING_FIELDS = [f"mail_{name}" for name in PROPERTY_FIELDS]
COMBINED_FIELDS = {"full_address", "place", "mail_full_address", "mail_place"}
"""Fields that are split into parts of an address."""
ON_LINES = {"address", "mail_address", *COMBINED_FIELDS}
"""Cells in which a line break separates like a comma."""
MAY_BE_NAMED = {"first_name": {"na", "x"}, "last_name": {"na", "x"}, "middle_name": {"x"}, "unit": {"x", "xx"}}
"""Placeholders that can also be a name or a unit."""
FULL_CITY = re.compile(r"\s*[(\[].*?(?:[)\]]|$)")
LAST_DOT = re.compile(r"(?<=[A-Za-z]{3})\.$")
"""A full stop after a whole word: not in D.C."""
CITY_OF = re.compile(r"(?:CITY|TOWN|VILLAGE|TOWNSHIP|BOROUGH) OF (?=\w)", re.IGNORECASE)
LOOSE_END = re.compile(r"(?:\s*[&+/;]|\s+(?:AND|OR))+$", re.IGNORECASE)
LOOSE_START = re.compile(r"(?:[&+/;]\s*|(?:AND|OR)\s+)+", re.IGNORECASE)
"""Words between two people that are left over at the end of one column, or the start of the next."""
IS_ABROAD = "the address is outside the United States."
NO_CITY = {
    *("UNINCORPORATED", "UNINCORP", "UNINCORP.", "UNINC", "COUNTY", "CO", "RURAL", "OUTSIDE", "CITY", "LIMITS", "ETJ"),
    *("NONE", "NO", "NOT", "UNKNOWN", "OTHER", "AREA", "OF", "IN", "THE", "TOWN", "LOCAL", "CTY"),
}
"""A text of these words alone is not a city."""


class WarningKind(StrEnum):
    """Why a part of a row is not sent, or should be checked."""

    UNREADABLE = "unreadable"
    FILLER = "filler"
    FOREIGN = "foreign"
    INCOMPLETE = "incomplete"
    ELSEWHERE = "elsewhere"


class ProblemKind(StrEnum):
    """Why nobody can be traced by a row."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    NOTHING = "nothing"
    """The row has nothing to search by."""
    UNADDRESSED = "unaddressed"
    """The owner is not a person, and has no address."""
    TOO_LONG = "too_long"
    TOO_WIDE = "too_wide"


@dataclass(frozen=True)
class RowProblem:
    field: str
    kind: ProblemKind
    sentence: str


@dataclass(frozen=True)
class RowWarning:
    """A part of a row that is not sent, or that is odd. The person is still traced."""

    field: str
    kind: WarningKind


@dataclass
class CheckedRow:
    """The result of checking a row: what is sent, and what is wrong."""

    fields: dict[str, str]
    problems: list[RowProblem] = field(default_factory=list)
    owner_kind: str = PERSON
    """`person`, or one of owner_kinds.OWNER_KINDS."""
    owner_name: str = ""
    """The name of an owner that is not a person, as in the file."""
    co_owner: owner_names.Person | None = None
    """The owner named after the first one."""
    warnings: list[RowWarning] = field(default_factory=list)
    generation: str = ""
    """SR, JR, II, III or IV."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Field that was left out → what is wrong with it."""

    @property
    def fingerprint(self) -> str:
        """Return a key that is equal for rows of one person at one address: their own, else the property's.

        Without a name or an address, it is equal for rows that would be sent alike.
        """
        at_addresses = fingerprints(self.fields)
        is_named = self.fields.get("first_name") or self.fields.get("last_name")
        return (is_named and next(at_addresses, None)) or digest(
            self.fields.get(name, "").lower() if name == "email" else fold(self.fields.get(name, ""))
            for name in PERSON_FIELDS
            if name != "middle_name"
        )

    def leave_out(self, name: str, kind: WarningKind, reason: str = "") -> None:
        """Leave a field out of what is sent, and record why."""
        if self.fields.pop(name, None) is not None:
            self.warnings.append(RowWarning(name, kind))
        if reason:
            self.reasons[name] = reason


def fingerprints(fields: dict[str, str]) -> Iterator[str]:
    """Return the keys of a person at each of their addresses, the owner's own first, or none without an address."""
    for street, *place in (MAILING_FIELDS, PROPERTY_FIELDS):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = key_of_name(fields.get("first_name", "")), key_of_surname(fields.get("last_name", ""))
            where = (
                addresses.key_of(fields[street]),
                addresses.key_of_unit(unit) if unit else "",
                addresses.key_of_city(city),
            )
            yield digest([*name, *where, state, zip_code])


def former_fingerprints(fields: dict[str, str]) -> Iterator[str]:
    """Yield the keys of a person from before names, roads and cities were normalised. Suppressions may have them."""
    for street, *place in (MAILING_FIELDS, PROPERTY_FIELDS):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = fold(fields.get("first_name", "")), fold(fields.get("last_name", ""))
            where = re.sub(r"[\W_]+", " ", fields[street].lower()).strip(), addresses.key_of_unit(unit) if unit else ""
            yield digest([*name, *where, fold(city), state, zip_code])


def digest(parts: Iterable[str]) -> str:
    """Return a hash of texts with 32 characters."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Return text without case, repeated spaces and punctuation."""
    return " ".join(re.sub(r"[^\w\s@+]", "", text.casefold()).split())


@lru_cache(maxsize=50_000)
def key_of_name(text: str) -> str:
    """Return the same key for a name with and without accents: `José` and `Jose`."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return fold(text)


@lru_cache(maxsize=50_000)
def key_of_surname(text: str) -> str:
    """Return the same key for `O'Neil`, `ONeil` and `O Neil`, and for `Smith-Jones` and `Smith Jones`."""
    return key_of_name(text).replace(" ", "")


def check(texts: dict[str, str], name_order: str = FIRST_LAST) -> CheckedRow:
    """Check one person, given as field → cell text, including combined fields. `name_order` is that of a full name.

    This never raises; see CheckedRow.problems.
    """
    fields = read_cells(texts)
    checked = CheckedRow(fields)
    split_places(fields)
    property_country, mailing_country = fields.pop("country", ""), fields.pop("mail_country", "")
    read_names(checked, name_order)
    read_address(checked, PROPERTY_FIELDS, property_country)
    read_address(checked, MAILING_FIELDS, mailing_country)
    if "phone" in fields:
        normalise_field(checked, "phone", normalise_phone)
    if "email" in fields:
        normalise_field(checked, "email", normalise_email)
    drop_partial_addresses(checked)
    if checked.owner_kind != PERSON:
        leave_out_names(fields)
    if not is_complete(checked):
        checked.problems = find_problems(checked)
    if fields and max(map(len, fields.values())) > MAX_FIELD_LENGTH:
        checked.problems = find_long_fields(checked) + checked.problems
    return checked


def read_cells(texts: dict[str, str]) -> dict[str, str]:
    """Return the cells that are not empty, cleaned."""
    fields = {}
    for name, text in texts.items():
        if not text:
            continue
        if (
            text.isascii()
            and text.isprintable()
            and text[0] not in " ='"
            and text[-1] != " "
            and "  " not in text
            and (text[0] in "123456789" or len(text) > cells.MAX_EMPTY_LENGTH or not cells.is_placeholder_text(text))
        ):
            # The common case.
            fields[name] = text[:MAX_LENGTH_READ]
            continue
        if ("\n" in text or "\r" in text) and name in ON_LINES:
            text = ", ".join(line.strip(" ,") for line in text.splitlines() if line.strip(" ,"))
        if cleaned := cells.clean(text[:MAX_LENGTH_READ]):
            fields[name] = cleaned
        elif name in MAY_BE_NAMED and (word := text.strip()).lower() in MAY_BE_NAMED[name]:
            fields[name] = word
    for name, other in (("first_name", "last_name"), ("last_name", "first_name")):
        if (
            (short := fields.get(name))
            and len(short) < 3
            and short.lower() in ("na", "x")
            and len(fields.get(other, "")) < 3
        ):
            del fields[name]
    return fields


def check_co_owner(checked: CheckedRow) -> CheckedRow:
    """Check the second owner of a row as a separate person at the same addresses."""
    person = checked.co_owner
    assert person  # noqa: S101 - the caller has checked
    named = {"first_name": person.first, "middle_name": person.middle, "last_name": person.last}
    fields = {name: text for name, text in checked.fields.items() if name not in {*NAME_FIELDS, "phone", "email"}}
    second = check(fields | {name: text for name, text in named.items() if text})
    second.generation = second.generation or person.generation
    second.warnings = []
    return second


def split_places(fields: dict[str, str]) -> None:
    """Split whole addresses and places into their parts. A part with its own column is kept."""
    if fields.keys().isdisjoint(COMBINED_FIELDS):
        return
    for prefix in ("", "mail_"):
        parts: dict[str, str] = {}
        if whole := fields.pop(f"{prefix}full_address", ""):
            if places.is_foreign(whole):
                fields.setdefault(f"{prefix}country", whole)
            parts = dict(zip(("address", "city", "state", "zip"), places.split_whole(whole), strict=True))
        if place := fields.pop(f"{prefix}place", ""):
            parts |= dict(zip(("city", "state", "zip"), places.split_place(place), strict=True))
        for part, text in parts.items():
            if text and not fields.get(prefix + part):
                fields[prefix + part] = text


# Names


def read_names(checked: CheckedRow, order: str) -> None:
    """Split full names, separate two owners, and find owners that are not people.

    A full name is used if neither a first nor a last name is given.
    """
    fields = checked.fields
    full, given, last = fields.pop("full_name", ""), fields.get("first_name", ""), fields.get("last_name", "")
    is_plain = given.isalpha() and last.isalpha()
    may_be_placeholder = not is_plain or owner_kinds.may_be_placeholder(given or last)
    if (given or last) and may_be_placeholder and owner_kinds.is_placeholder(f"{given} {last}"):
        given = last = ""
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if given and last and " " in given and given.upper() == last.upper() and is_repeated(given):
        # Both columns hold the full name.
        full, given, last, order = given, "", "", owner_names.find_order(given, FIRST_LAST)
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if is_plain and given and is_plainly_named(given.upper(), last.upper()):
        pass
    elif given or last:
        checked.owner_kind = owner_kinds.find_kind(f"{given} {last}".strip(), is_split=bool(given and last))
        if checked.owner_kind == PERSON:
            read_parts(checked, given, last)
    elif full and not owner_kinds.is_placeholder(full):
        checked.owner_kind = owner_kinds.find_kind(full)
        if checked.owner_kind == PERSON:
            set_owners(checked, owner_names.split_owners(full, order))
    if checked.owner_kind != PERSON:
        # The fields are in the order of the file.
        written = " ".join(text for name, text in fields.items() if name in NAME_FIELDS) if given or last else full
        checked.owner_name = written[:MAX_FIELD_LENGTH]
    for name in NAME_FIELDS:
        if name in fields:
            fields[name] = owner_names.capitalise(fields[name])


def is_plainly_named(given: str, last: str) -> bool:
    """Return quickly whether a first and a last name of one word each need no further reading."""
    return owner_names.UNPLAIN_WORDS.isdisjoint((given, last)) and owner_kinds.DISTINCTIVE.isdisjoint((given, last))


def is_repeated(text: str) -> bool:
    """Return whether a text in both columns is a whole name, not a given name or a surname of several words."""
    first, *_, last = map(owner_names.bare, text.split())
    is_name = is_whole_name(text, is_given=True) or (first not in GIVEN and last in GIVEN)
    return (is_name and first not in owner_names.SURNAME_STARTS) or owner_kinds.find_kind(text) != PERSON


def read_parts(checked: CheckedRow, given: str, last: str) -> None:
    """Read names from separate columns. Either can contain a full name, or two people."""
    if given and last:
        given, last = drop_loose_ends(given, last)
        for name, text in (("first_name", given), ("last_name", last)):
            if not text:
                checked.fields.pop(name, None)
    if given and last:
        if owners := split_two(given, last):
            set_owners(checked, owners)
            return
        if "," in given and "," not in last:
            given = owner_names.join_suffixes(given).partition(",")[0]
        clean_parts(checked, given, last)
        return
    text = given or last
    if (" " in text or "," in text) and is_whole_name(text, is_given=bool(given)):
        default = owner_names.FIRST_LAST if given else owner_names.LAST_FIRST
        order = owner_names.find_order(text, default)
        set_owners(checked, owner_names.split_owners(text, order))
    elif given:
        clean_parts(checked, given, "")
    else:
        checked.fields["last_name"] = owner_names.drop_suffix(last)


def is_whole_name(text: str, is_given: bool) -> bool:
    """Return whether a cell for a first or last name contains both: not in `Mary Beth` (first) and `De Leon` (last)."""
    words = [owner_names.bare(word) for word in text.split()]
    if "," in text or owner_names.JOINT.search(text):
        return True
    if is_given:
        return words[-1] not in GIVEN or len(words) > 2 or words[-1] in SURNAMES
    return any(word in GIVEN for word in words) and words[0] not in owner_names.SURNAME_STARTS


def drop_loose_ends(given: str, last: str) -> tuple[str, str]:
    """Drop an `and` between the columns: `John &` in the first. It is kept if another full name follows."""
    end, start = LOOSE_END.search(given), LOOSE_START.match(last)
    if not end and not start:
        return given, last
    given, last = given[: end.start()] if end else given, last[start.end() :] if start else last
    words = last.upper().split()
    if len(words) > 1 and words[0] in GIVEN:
        return f"{given} & {last}", ""
    return given, last


def split_two(given: str, last: str) -> list[owner_names.Person]:
    """Return the people in cells that name more than one, else nothing."""
    is_joint = bool(owner_names.JOINT.search(last))
    if not is_joint or not owner_names.JOINT.sub("", last):
        return owner_names.split_owners(f"{given} {last}") if owner_names.JOINT.search(given) else []
    firsts = [part for part in owner_names.JOINT.split(given) if part.strip()]
    lasts = [part for part in owner_names.JOINT.split(last) if part.strip()]
    if len(firsts) == len(lasts):
        return [
            person for pair in zip(firsts, lasts, strict=True) for person in owner_names.split_owners(" ".join(pair))
        ]
    if len(firsts) == 1:
        # Smith & Jones: the other word is another surname or a married name, not a first name.
        lasts = lasts[:1] + [part for part in lasts[1:] if " " in part or part.upper() in GIVEN]
        return owner_names.split_owners(" & ".join([f"{given} {lasts[0]}", *lasts[1:]]))
    return owner_names.split_owners(f"{given} {lasts[0]}")


def clean_parts(checked: CheckedRow, given: str, last: str) -> None:
    """Remove titles, suffixes, nicknames and roll words from a first and a last name."""
    fields = checked.fields
    words = roll_words.drop_roles(roll_words.cut_roll_words(given).split(), least=1)
    words, generation = owner_names.drop_suffixes(owner_names.drop_titles(words))
    last_words = roll_words.drop_roles(roll_words.cut_roll_words(last).replace(",", " ").split(), least=1)
    last_words, last_generation = owner_names.drop_suffixes(last_words)
    checked.generation = last_generation or generation
    upper_last = [word.upper() for word in last_words]
    if len(words) > len(last_words) > 0 and [word.upper() for word in words[-len(last_words) :]] == upper_last:
        # John Smith | Smith.
        words = words[: -len(last_words)]
    if len(last_words) > 1 and len(words) == 1 and words[0].upper() in (upper_last[0], upper_last[-1]):
        last_words = last_words[1:] if words[0].upper() == upper_last[0] else last_words[:-1]
    for name, kept in (("first_name", words), ("last_name", last_words)):
        if kept:
            fields[name] = " ".join(kept)


def set_owners(checked: CheckedRow, owners: list[owner_names.Person]) -> None:
    """Set the first of several people as the one asked for, and the next as the second owner."""
    if not owners:
        return
    first, *others = owners
    parts = {"first_name": first.first, "middle_name": first.middle, "last_name": first.last}
    for part, text in parts.items():
        if text:
            checked.fields[part] = text
        elif part != "middle_name" or not checked.fields.get("last_name"):
            checked.fields.pop(part, None)
    if not first.middle:
        checked.fields.pop("middle_name", None)
    checked.generation = first.generation
    checked.co_owner = others[0] if others and others[0].first and others[0].last else None


def leave_out_names(fields: dict[str, str]) -> None:
    """Remove the names of an owner that is not a person: only the mailing address is sent, as the vendor advises."""
    has_mailing = all(fields.get(name) for name in ("mail_address", "mail_city", "mail_state"))
    for name in NAME_FIELDS + (PROPERTY_FIELDS if has_mailing else []):
        fields.pop(name, None)


# Addresses


def read_address(checked: CheckedRow, parts: list[str], country: str) -> None:
    """Normalise the parts of an address, and derive its state from its ZIP if necessary."""
    fields = checked.fields
    street_name, unit_name, city_name, state_name, zip_name = parts
    if street := fields.get(street_name):
        street = fields[street_name] = addresses.tidy(street)
        if unit_name in fields or street[0] not in "123456789":
            read_street(checked, street_name, unit_name)
    city, state, zip_code = fields.get(city_name, ""), fields.get(state_name, ""), fields.get(zip_name, "")
    if city or state or zip_code or country:
        place = read_place(city, state, zip_code, country)
        for name, text in zip((city_name, state_name, zip_name), place.parts, strict=True):
            if text:
                fields[name] = text
            else:
                fields.pop(name, None)
        if place.warnings or place.reasons:
            prefix = "mail_" if parts is MAILING_FIELDS else ""
            checked.warnings += [RowWarning(f"{prefix}{part}", kind) for part, kind in place.warnings]
            checked.reasons |= {f"{prefix}{part}": reason for part, reason in place.reasons}
            if place.is_abroad:
                fields.pop(street_name, None)
                fields.pop(unit_name, None)
    if unit_name in fields:
        if is_city(fields[unit_name], fields.get(city_name, "")):
            del fields[unit_name]
        else:
            normalise_field(checked, unit_name, addresses.normalise_unit)
    if street := fields.get(street_name):
        split, unit = addresses.split_unit(street)
        written = fields.get(unit_name, "")
        if unit and (not written or addresses.key_of_unit(unit) == addresses.key_of_unit(written)):
            street, fields[unit_name] = split, unit
        fields[street_name] = addresses.shorten(street)


def is_city(text: str, city: str) -> bool:
    """Return whether the second line of an address repeats the city, alone or with its state and ZIP."""
    if not city or len(text) <= 3 or not text[0].isalpha():
        return False
    return addresses.key_of_city(places.split_place(text)[0]) == addresses.key_of_city(city)


@dataclass(frozen=True)
class ReadPlace:
    """Normalised city, state and ZIP, and what was odd about them."""

    parts: tuple[str, str, str]
    warnings: tuple[tuple[str, WarningKind], ...] = ()
    """Part of the address → the reason for a warning."""
    reasons: tuple[tuple[str, str], ...] = ()
    """Part that was left out → what is wrong with it."""
    is_abroad: bool = False


@lru_cache(maxsize=50_000)
def read_place(city: str, state_text: str, zip_text: str, country: str) -> ReadPlace:
    """Read a city, a state and a ZIP together. Cached, because a list has many rows but few places."""
    warnings, reasons = [], []
    if city:
        tidied, state_text, zip_text = tidy_city(city, state_text, zip_text)
        if not tidied:
            reasons.append(("city", f"“{shorten(city)}” is not a city."))
        city = tidied
    state = places.find_state(state_text) if state_text else ""
    zip_code, zip_problem = read_zip(zip_text, state)
    if zip_problem:
        warnings.append(("zip", zip_problem))
        reasons.append(("zip", f"“{shorten(zip_text)}” is not a ZIP: give five digits, or five and four."))
    if is_abroad(country, state, zip_code, zip_text):
        reasons = [("state", IS_ABROAD)]
        return ReadPlace(("", "", ""), (("address", WarningKind.FOREIGN),), tuple(reasons), is_abroad=True)
    by_zip = zip_codes.find_state(zip_code) if zip_code else ""
    if not state and by_zip and (not state_text or is_like_state(state_text, by_zip)):
        state = by_zip
    if state and by_zip and by_zip != state:
        warnings.append(("zip", WarningKind.ELSEWHERE))
    if state_text and not state:
        warnings.append(("state", WarningKind.UNREADABLE))
        reasons.append(("state", f"“{shorten(state_text)}” is not a state: give its two letters or its name."))
    return ReadPlace((city, state, zip_code), tuple(warnings), tuple(reasons))


def read_street(checked: CheckedRow, street_name: str, unit_name: str) -> None:
    """Find the street on its line or the next one, and remove placeholders for addresses."""
    fields = checked.fields
    street, second = fields[street_name], fields.get(unit_name, "")
    if second and not second.isalnum():
        second = addresses.tidy(second)
        if addresses.is_care_of(second):
            second = ""
        elif addresses.is_street(second) and not addresses.is_unit(second):
            street, second = read_two_lines(checked, street, second, unit_name)
        if second:
            fields[unit_name] = second
        else:
            fields.pop(unit_name, None)
    if street[0] in "123456789":
        fields[street_name] = street
        return
    if "," in street and not addresses.is_street(street) and not addresses.IS_UNIT.match(street):
        lines = [line.strip() for line in street.split(",")]
        street = next((", ".join(lines[at:]) for at, line in enumerate(lines) if addresses.is_street(line)), street)
    if addresses.is_no_address(street) or addresses.is_care_of(street):
        del fields[street_name]
        fields.pop(unit_name, None)
        checked.reasons[street_name] = f"“{shorten(street)}” is not an address."
        return
    fields[street_name] = street


def read_two_lines(checked: CheckedRow, first: str, second: str, unit_name: str) -> tuple[str, str]:
    """Return the street and the unit of two lines. The second is a street, and the first may be its unit."""
    if addresses.is_line_of_unit(first):
        street, unit = addresses.split_unit(second)
        return street, f"{first} {unit}".strip()
    if not addresses.is_street(first):
        return second, ""
    # Of two streets, use the first.
    checked.leave_out(unit_name, WarningKind.UNREADABLE, f"“{shorten(second)}” is not a unit.")
    return first, ""


def tidy_city(city: str, state_text: str, zip_text: str) -> tuple[str, str, str]:
    """Remove a county in brackets, a state and a ZIP from a city. Return city, state and ZIP.

    The state and the ZIP in the city's cell are used if their own cells are empty.
    """
    city = LAST_DOT.sub("", FULL_CITY.sub("", city).strip(" ,;")) or city
    words = re.findall(r"[A-Z]+\.?", city.upper())
    if not any(map(str.isalpha, city)):
        return "", state_text, zip_text or places.split_place(city)[2]
    if words and words[0].startswith("UNINC"):
        return "", state_text, zip_text
    if NO_CITY.issuperset(words) and not any(map(str.isdigit, city)):
        return "", state_text, zip_text
    state = places.find_state(state_text) if state_text else ""
    place = places.read_place(city) if re.search(r"[\d,]|\s\w\w$|\s\w{4,}$", city) else None
    if place and place.city and (not place.state or not state or place.state == state):
        is_sure = place.zip or "," in city or (state and len(city.split()[-1]) == 2)
        if is_sure:
            city, state_text, zip_text = place.city, state_text or place.state, zip_text or place.zip
    return CITY_OF.sub("", city).strip(" ,;"), state_text, zip_text


def read_zip(text: str, state: str) -> tuple[str, WarningKind | None]:
    """Return a ZIP of five digits, or "" and the reason."""
    if not text:
        return "", None
    try:
        zip_code = normalise_zip(text, state)
    except ValueError:
        return "", WarningKind.UNREADABLE
    return ("", WarningKind.FILLER) if zip_codes.is_filler(zip_code, state) else (zip_code, None)


def is_abroad(country: str, state: str, zip_code: str, zip_text: str) -> bool:
    """Return whether an address is outside the United States, by its country or postal code."""
    if state and (not zip_code or zip_codes.find_state(zip_code) == state):
        return False
    if country:
        return places.is_foreign(country)
    return not zip_code and not state and bool(places.FOREIGN_CODE.search(zip_text))


def is_like_state(text: str, state: str) -> bool:
    """Return whether a text is a misspelt name of this state."""
    name = places.NAME_OF[state]
    return len(text) > 3 and bool(name) and OSA.distance(text.lower(), name, score_cutoff=2) <= 2


def normalise_zip(text: str, state: str) -> str:
    """Return the first five digits of a ZIP or ZIP+4, with leading zeros restored if the state's ZIPs have them.

    Raises ValueError.
    """
    if len(text) == 5 and text.isdecimal() and text.isascii():
        return text
    plain = cells.level_dashes(text)
    plain = cells.write_out(re.sub(r"\.0$", "", plain.strip("'\"")))
    plain = places.COUNTRY.sub("", plain)
    words = re.findall(r"[A-Za-z]+", plain)
    # TX 75201, ZIP: 75201. Letters among the digits are typos.
    is_labelled = all(word.lower() in ("zip", "code") or places.find_state(word) for word in words)
    if words and is_labelled and not re.search(r"\d[A-Za-z]|[A-Za-z]\d{1,4}\b", plain):
        plain = re.sub(r"[A-Za-z:]+", "", plain)
    digits = re.sub(r"[\s-]", "", re.sub(r"[-_ ]+$", "", plain))
    if digits.isdecimal() and len(digits) in (3, 4, 7, 8):
        padded = digits.zfill(5 if len(digits) < 5 else 9)
        if state and (
            zip_codes.find_state(padded) == state or (padded[:3] in zip_codes.SHARED and zip_codes.is_in(padded, state))
        ):
            digits = padded
    if not re.fullmatch(r"\d{5}(\d{4})?", digits, re.ASCII):
        raise ValueError(f"“{shorten(text)}” is not a ZIP: give five digits, or five and four")
    return digits[:5]


def normalise_phone(text: str) -> str:
    """Return the ten digits of a US number in any usual format: the first of several, without label and extension.

    Raises ValueError.
    """
    if not (PLAIN_PHONE.fullmatch(digits := re.sub(r"[\s().-]", "", text)) and digits.isascii()):
        digits = find_phone(cells.level_dashes(text))
    if len(digits) != 10 or FILLER_PHONE.fullmatch(digits) or FILLER_PHONE.fullmatch(digits[3:]):
        raise ValueError(f"“{shorten(text)}” is not a US phone number: give ten digits")
    return digits


def find_phone(text: str) -> str:
    try:
        text = cells.write_out(re.sub(r"\.0$", "", text))
    except ValueError:
        return ""
    for found in ANY_PHONE.finditer(text):
        digits = "".join(found.groups())
        if not FILLER_PHONE.fullmatch(digits[3:]):
            return digits
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return ""
    return str(number.national_number) if number.country_code == 1 else ""


def normalise_email(text: str) -> str:
    """Return the first of several addresses, without surrounding text. Raises ValueError.

    This is stricter than Django's check, because an address at a host without a dot could get a batch refused.
    """
    if not (PLAIN_EMAIL.fullmatch(text) and len(text) < 64):
        found = re.search(r"[^\s<>,;:'\"()]+@[^\s<>,;:'\"()]+", text)
        rest = text.replace(found[0], "", 1).strip() if found else ""
        email = found[0].rstrip(".") if found and (not rest or re.search(r"[<>,;:'\"()@]", rest)) else text
        try:
            validate_email(email)
        except ValidationError:
            is_email = False
        else:
            is_email = bool(email.isascii() and re.fullmatch(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", email))
        if not is_email:
            raise ValueError(f"“{shorten(text)}” is not an email address")
        text = email
    if NO_EMAIL.fullmatch(text):
        raise ValueError(f"“{shorten(text)}” is not an email address")
    return text


def normalise_field(checked: CheckedRow, name: str, normalise: Callable[[str], str]) -> None:
    """Normalise one field, or leave it out."""
    try:
        checked.fields[name] = normalise(checked.fields[name])
    except ValueError as problem:
        checked.leave_out(name, WarningKind.UNREADABLE, f"{problem}.")


def shorten(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


# Checking the rest


def find_long_fields(checked: CheckedRow) -> list[RowProblem]:
    """Return a problem for each field that is too long to be stored: its row is probably misread."""
    problems = []
    for name, text in checked.fields.items():
        if len(text) > MAX_FIELD_LENGTH:
            count = f"{len(text):,}" if len(text) < MAX_LENGTH_READ else f"{MAX_LENGTH_READ:,} or more"
            sentence = f"{count} characters; {MAX_FIELD_LENGTH} is the most."
            problems.append(RowProblem(name, ProblemKind.TOO_LONG, sentence))
    return problems


def drop_partial_addresses(checked: CheckedRow) -> None:
    """Leave out incomplete addresses, and places without a street, if the rest can be traced.

    Land without a street number is common in county lists, and the vendor would require more than the row has.
    """
    fields = checked.fields
    if is_complete(checked):
        return
    has_contact = "phone" in fields or "email" in fields
    for own, other in ((PROPERTY_FIELDS, MAILING_FIELDS), (MAILING_FIELDS, PROPERTY_FIELDS)):
        street, unit, city, state, _ = own
        if fields.keys().isdisjoint(own):
            continue
        is_elsewhere = all(name in fields for name in (other[0], other[2], other[3]))
        if street in fields:
            if (city not in fields or state not in fields) and (is_elsewhere or has_contact):
                checked.warnings.append(RowWarning(street, WarningKind.INCOMPLETE))
                for part in own:
                    fields.pop(part, None)
        elif is_elsewhere or (has_contact and not is_known_place(checked, own)):
            for part in own:
                fields.pop(part, None)
        elif unit in fields:
            del fields[unit]


def is_known_place(checked: CheckedRow, parts: list[str]) -> bool:
    """Return whether a city without a street may be sent: only with the name of a person."""
    fields = checked.fields
    return checked.owner_kind == PERSON and all(
        name in fields for name in ("first_name", "last_name", parts[2], parts[3], parts[4])
    )


def is_complete(checked: CheckedRow) -> bool:
    """Return quickly whether the vendor's requirements are met."""
    fields = checked.fields
    has_property, has_mailing = "address" in fields, "mail_address" in fields
    if not (has_property or has_mailing):
        return False
    is_property_whole = (
        "city" in fields and "state" in fields if has_property else fields.keys().isdisjoint(PROPERTY_FIELDS)
    )
    is_mailing_whole = (
        "mail_city" in fields and "mail_state" in fields if has_mailing else fields.keys().isdisjoint(MAILING_FIELDS)
    )
    return is_property_whole and is_mailing_whole


def find_problems(checked: CheckedRow) -> list[RowProblem]:
    """Return the vendor's requirements between fields that are not met, each sentence once."""
    if checked.owner_kind != PERSON and not {"address", "mail_address", "email", "phone"} & checked.fields.keys():
        sentence = "Companies, trusts and the like are traced by mailing address, and this row has none."
        return [RowProblem("", ProblemKind.UNADDRESSED, sentence)]
    missing = list(find_missing_parts(checked.fields))
    if not missing:
        return []
    if not missing[0].field and checked.reasons:
        # There are cells to trace by, but they cannot be read.
        missing = []
    reasons = {name: read_reason(name, reason) for name, reason in checked.reasons.items()}
    found = {each.field: reasons.get(each.field, each) for each in missing}
    if not missing or any(each.field in checked.reasons for each in missing):
        # Report everything that is wrong, so that all of it can be fixed in one go.
        found |= {name: problem for name, problem in reasons.items() if name not in found}
    return list(found.values())


def read_reason(name: str, reason: str) -> RowProblem:
    return RowProblem(name, ProblemKind.FOREIGN if reason == IS_ABROAD else ProblemKind.UNREADABLE, reason)


def find_missing_parts(fields: dict[str, str]) -> Iterator[RowProblem]:
    if not any(fields.get(name) for name in ("address", "mail_address", "city", "mail_city", "email", "phone")):
        yield RowProblem("", ProblemKind.NOTHING, "Nothing to trace by: give an address, a city, an email or a phone.")
    for street, unit, city, state, zip_code in (PROPERTY_FIELDS, MAILING_FIELDS):
        if fields.get(street):
            for part, what in ((city, "city"), (state, "state")):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, f"empty; an address needs its {what}.")
            continue
        if fields.get(unit):
            yield RowProblem(street, ProblemKind.EMPTY, "empty; a unit needs its address.")
        if fields.get(city):
            for part in ("first_name", "last_name", state, zip_code):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, "empty; a city without a street address needs it.")
