"""Check the cells of a row: find what is sent, or what is wrong. Pure.

Unambiguous values are normalised (spelled-out states, ZIP+4, lost leading zeros, formatted phones, units inside
addresses, names in capitals). Unreadable values are left out with a warning. A row is invalid only if no person can
be traced with the rest. The rules are those of the vendor (docs/vendor.md, section 1), which refuses a whole batch for
one bad item.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from rapidfuzz.distance import OSA

from batches.people import (
    addresses,
    cells,
    name_words,
    owner_kinds,
    owner_names,
    owner_placeholders,
    owner_words,
    places,
    roll_words,
    states,
    whole_addresses,
    zip_codes,
)
from batches.people.first_names import FIRST_NAMES
from batches.people.name_words import KNOWN_GIVEN_NAMES
from batches.people.owner_names import FIRST_LAST
from batches.people.owner_words import PERSON
from batches.people.surnames import SURNAMES
from batches.vendor.protocol import PERSON_FIELDS

MAX_FIELD_LENGTH = 255
"""Maximum length of a field. This is our own limit: it keeps every batch valid, and no real field is longer."""
MAX_LENGTH_READ = 1_000
"""Maximum number of characters read from a cell: some patterns take time that grows with the square of the length."""
MAX_QUOTED_LENGTH = 40
"""Maximum length of a cell's content in a sentence about what is wrong with it."""
MAX_LOCAL_PART_LENGTH = 64
"""Maximum length of the part before the @ of an email address (RFC 5321)."""
WITHOUT_PHONE_MARKS = str.maketrans("", "", " ().-\xa0")
PLAIN_PHONE = re.compile(r"[2-9]\d\d[2-9]\d{6}")
"""Ten digits of the North American numbering plan, which need no further check."""
ANY_PHONE = re.compile(r"(?<!\d)(?:\+?0{0,2}1[\s.-]*)?\(?\s*([2-9]\d{2})\s*\)?[\s./-]*([2-9]\d{2})[\s.-]*(\d{4})(?!\d)")
"""A phone number within other text, such as a label or a second number."""
FILLER_PHONE = re.compile(r"(\d)\1{6,}|1?234567\d*")
"""A placeholder for a phone: 9999999999, 5555555555, 2345678901."""
PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}", re.ASCII
)
"""An address that needs no further check: about half of what is allowed, and nearly all real addresses."""
FILLER_EMAIL = re.compile(
    r"(?:none|no|na|n/a|null|noemail|nomail|unknown)@.*|.*@(?:none|na|noemail|nomail|null)\.\w+", re.IGNORECASE
)
"""A placeholder for an email: none@example.com, ada@noemail.com."""
NAME_FIELDS = ["first_name", "middle_name", "last_name"]
PROPERTY_FIELDS = ["address", "unit", "city", "state", "zip"]
MAILING_FIELDS = [f"mail_{name}" for name in PROPERTY_FIELDS]
COMBINED_FIELDS = {"full_address", "place", "mail_full_address", "mail_place"}
"""Fields whose cells hold several parts of an address."""
MULTILINE_FIELDS = {"address", "mail_address", *COMBINED_FIELDS}
"""Fields in whose cells a line break separates parts as a comma does."""
AMBIGUOUS_PLACEHOLDERS = {
    "first_name": {"na", "x"},
    "last_name": {"na", "x"},
    "middle_name": {"x"},
    "unit": {"x", "xx"},
}
"""Field → placeholders that can also be a real value of it."""
BRACKETS = re.compile(r"\s*[(\[].*?(?:[)\]]|$)")
"""Anything in brackets after a city, such as its county."""
LAST_DOT = re.compile(r"(?<=[A-Za-z]{3})\.$")
"""A full stop after a city, but not that of D.C."""
ZIP_AND_MORE = re.compile(r"(\d{5})(?:\s?\+\s?\d{4}|-X{4}|\s?/\s?\d{5})", re.ASCII | re.IGNORECASE)
"""A ZIP with a plus sign, with letters for unknown digits, or before a second ZIP."""
CITY_OF = re.compile(r"(?:CITY|TOWN|VILLAGE|TOWNSHIP|BOROUGH) OF (?=\w)", re.IGNORECASE)
FORMER_UNITS = {"Lowr": ("dn", "down"), "Uppr": ("up",)}
"""Unit → the words for it that were formerly read as part of the street."""
SHORT_DIRECTION = re.compile(r"\b([ns])([ew])\b")
FLOOR = re.compile(r"Fl (\d{1,2})")
LOOSE_END = re.compile(r"(?:\s*[&+/;]|\s+(?:AND|OR))+$", re.IGNORECASE)
LOOSE_START = re.compile(r"(?:[&+/;]\s*|(?:AND|OR)\s+)+", re.IGNORECASE)
"""Words between two people that are left over at the end of the first name, or at the start of the last name."""
ABROAD_REASON = "the address is outside the United States."
NOT_CITY_WORDS = {
    "UNINCORPORATED",
    "UNINCORP",
    "UNINCORP.",
    "UNINC",
    "COUNTY",
    "CO",
    "RURAL",
    "OUTSIDE",
    "CITY",
    "LIMITS",
    "ETJ",
    "NONE",
    "NO",
    "NOT",
    "UNKNOWN",
    "OTHER",
    "AREA",
    "OF",
    "IN",
    "THE",
    "TOWN",
    "LOCAL",
    "CTY",
}
"""A cell that consists of these words alone is not a city."""


class WarningKind(StrEnum):
    """Why a part of a row is not sent, or looks odd."""

    UNREADABLE = "unreadable"
    FILLER = "filler"
    """The value is a placeholder."""
    FOREIGN = "foreign"
    INCOMPLETE = "incomplete"
    ELSEWHERE = "elsewhere"
    """The ZIP is not in the row's state."""
    ONE_WORD = owner_kinds.Doubt.ONE_WORD.value
    NO_NAME = owner_kinds.Doubt.NO_NAME.value
    PERHAPS_COMPANY = owner_kinds.Doubt.PERHAPS_COMPANY.value
    PERHAPS_PERSON = owner_kinds.Doubt.PERHAPS_PERSON.value
    NO_SURNAME = owner_kinds.Doubt.NO_SURNAME.value


class ProblemKind(StrEnum):
    """Why nobody can be traced with a row."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    NOTHING = "nothing"
    """The row has nothing to search by."""
    UNADDRESSED = "unaddressed"
    """The owner is not a person and has no address."""
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
    """`person`, or one of owner_words.OWNER_KINDS."""
    owner_name: str = ""
    """The name of an owner that is not a person, as in the file."""
    co_owner: owner_names.Person | None = None
    """The second owner."""
    warnings: list[RowWarning] = field(default_factory=list)
    generation: str = ""
    """SR, JR, II, III or IV."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Field that was left out → what is wrong with it."""

    @property
    def fingerprint(self) -> str:
        """Return a key that is equal for rows about the same person at the same address.

        The address is the person's own, or else the property's. Without a name or an address, the key is equal for rows
        that would be sent alike.
        """
        if self.fields.get("first_name") or self.fields.get("last_name"):
            for key in make_fingerprints(self.fields):
                return key
        return hash_strings(
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


def make_fingerprints(fields: dict[str, str]) -> Iterator[str]:
    """Yield the key of a person at each address of a row, the mailing address first."""
    for street, *place in (MAILING_FIELDS, PROPERTY_FIELDS):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = key_of_given_name(fields.get("first_name", "")), key_of_surname(fields.get("last_name", ""))
            where = (
                addresses.key_of(fields[street]),
                addresses.key_of_unit(unit) if unit else "",
                addresses.key_of_city(city),
            )
            yield hash_strings([*name, *where, state, zip_code])


def make_former_fingerprints(fields: dict[str, str]) -> Iterator[str]:
    """Yield the keys that a person had before names, roads, cities and more units were normalised.

    Suppressions may have them.
    """
    first, last = fields.get("first_name", ""), fields.get("last_name", "")
    for street, *place in (MAILING_FIELDS, PROPERTY_FIELDS):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = fold(first), fold(last)
            where = re.sub(r"[\W_]+", " ", fields[street].lower()).strip(), addresses.key_of_unit_as_written(unit)
            yield hash_strings([*name, *where, fold(city), state, zip_code])
            keys = key_of_name(first), key_of_surname(last)
            place_keys = addresses.key_of_city(city), state, zip_code
            for written in list_former_spellings(unit):
                # The unit was left at the end of the street.
                street_key = addresses.key_as_written(f"{fields[street]} {written}")
                yield hash_strings([*keys, street_key, "", *place_keys])
            if found := FLOOR.fullmatch(unit):
                # The unit was `2FL`.
                yield hash_strings([*keys, addresses.key_as_written(fields[street]), f"{found[1]}fl", *place_keys])
            if addresses.GRID_PARTS.search(lower := fields[street].lower()):
                # A grid number with and without a space was not the same.
                unit_key = addresses.key_of_unit_as_written(unit)
                street_key = addresses.key_of_spelling(lower)
                yield hash_strings([*keys, street_key, unit_key, *place_keys])
            for street_key, unit_key in list_former_address_keys(fields[street], unit):
                yield hash_strings([key_of_given_name(first), keys[1], street_key, unit_key, *place_keys])
    if len(surnames := last.split()) == 2 and first:
        # The second of two surnames was read as the first name.
        yield from make_fingerprints(fields | {"first_name": surnames[1], "last_name": surnames[0]})
    if "-" in first:
        # The hyphen was left out.
        yield from make_fingerprints(fields | {"first_name": first.replace("-", "")})
    if len(middle := fields.get("middle_name", "")) == 1 and first:
        # The initial was left at the end of the first name.
        yield from make_fingerprints(fields | {"first_name": f"{first} {middle}"})


def list_former_address_keys(street: str, unit: str) -> Iterator[tuple[str, str]]:
    """Yield the former keys of a street and its unit: zeros and ordinals counted, and stops divided directions."""
    street_key, unit_key = addresses.key_as_written(street), addresses.key_of_unit_as_written(unit)
    if (street_key, unit_key) != (addresses.key_of(street), addresses.key_of_unit(unit)):
        yield street_key, unit_key
    if (divided := SHORT_DIRECTION.sub(r"\1 \2", street_key)) != street_key:
        yield divided, unit_key


def list_former_spellings(unit: str) -> Sequence[str]:
    """Return how a unit was written that was formerly read as part of the street: `4`, `4B`, `2FL`."""
    if unit.isdigit() or addresses.NUMBER_AND_LETTER.fullmatch(unit.upper()):
        return (unit,)
    if found := FLOOR.fullmatch(unit):
        return [f"{found[1]}{written}" for written in ("fl", "flr", " fl", "floor")]
    return FORMER_UNITS.get(unit, ())


def hash_strings(parts: Iterable[str]) -> str:
    """Return a hash of these strings as 32 hexadecimal digits."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Return a string in lower case, without punctuation or repeated spaces."""
    return " ".join(re.sub(r"[^\w\s@+]", "", text.casefold()).split())


@lru_cache(maxsize=50_000)
def key_of_name(text: str) -> str:
    """Return a key that is equal for a name with and without accents: `José` and `Jose`."""
    return fold(name_words.drop_accents(text))


def key_of_given_name(text: str) -> str:
    """Return a key that is equal for `Mary-Ann` and `Mary Ann`."""
    return key_of_name(text.replace("-", " ") if "-" in text else text)


@lru_cache(maxsize=50_000)
def key_of_surname(text: str) -> str:
    """Return a key that is equal for `O'Neil`, `ONeil` and `O Neil`, and for `Smith-Jones` and `Smith Jones`."""
    return key_of_name(text).replace(" ", "")


def check(texts: dict[str, str], name_order: str = FIRST_LAST) -> CheckedRow:
    """Check the row of one person, given as field → text of its cell. `name_order` is the order of a full name.

    Nothing is raised: what is wrong is in `CheckedRow.problems`.
    """
    fields = read_cells(texts)
    checked = CheckedRow(fields)
    split_combined_fields(fields)
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
    if not has_complete_addresses(checked):
        checked.problems = find_problems(checked)
    if fields and max(map(len, fields.values())) > MAX_FIELD_LENGTH:
        checked.problems = find_length_problems(checked) + checked.problems
    return checked


FIRST_DIGITS = frozenset("123456789")
"""A cell that begins with one of these is not a placeholder."""


def read_cells(texts: dict[str, str]) -> dict[str, str]:
    """Return the cleaned cells that are neither empty nor a placeholder."""
    fields = {}
    are_clean = are_clean_cells(texts.values())
    for name, text in texts.items():
        if not text:
            continue
        if are_clean and (
            text[0] in FIRST_DIGITS
            or (
                len(text) > cells.MAX_PLACEHOLDER_LENGTH
                and (text[0] != text[-1] or len(text) > cells.MAX_REPEATED_LENGTH)
            )
            or not cells.is_placeholder_text(text)
        ):
            fields[name] = text
        elif cleaned := clean_cell(name, text):
            fields[name] = cleaned
    # `NA` and `X` are placeholders after all if the other name is no longer than an initial or two.
    for name, other in (("first_name", "last_name"), ("last_name", "first_name")):
        if (
            (short := fields.get(name))
            and len(short) < 3
            and short.lower() in ("na", "x")
            and len(fields.get(other, "")) < 3
        ):
            del fields[name]
    return fields


def are_clean_cells(texts: Iterable[str]) -> bool:
    """Return whether no cell of a row needs cleaning, unless it is a placeholder. This is a quick check for most rows.

    Their text is printable ASCII, without spaces at its ends, repeated spaces, or the start of a formula.
    """
    row = f"|{'|'.join(texts)}|"
    return (
        len(row) <= MAX_LENGTH_READ
        and row.isascii()
        and row.isprintable()
        and "  " not in row
        and "| " not in row
        and " |" not in row
        and "|'" not in row
        and "|=" not in row
    )


def clean_cell(name: str, text: str) -> str:
    """Return the cleaned text of a field's cell, or "" if it is a placeholder."""
    if ("\n" in text or "\r" in text) and name in MULTILINE_FIELDS:
        text = ", ".join(line.strip(" ,") for line in text.splitlines() if line.strip(" ,"))
    if cleaned := cells.clean(text[:MAX_LENGTH_READ]):
        return cleaned
    word = text.strip()
    return word if word.lower() in AMBIGUOUS_PLACEHOLDERS.get(name, ()) else ""


def check_co_owner(checked: CheckedRow) -> CheckedRow:
    """Check the second owner of a row as a separate person at the same addresses."""
    person = checked.co_owner
    assert person  # noqa: S101 - callers check it
    names = {"first_name": person.first, "middle_name": person.middle, "last_name": person.last}
    fields = {name: text for name, text in checked.fields.items() if name not in {*NAME_FIELDS, "phone", "email"}}
    second = check(fields | {name: text for name, text in names.items() if text})
    second.generation = second.generation or person.generation
    second.warnings = []
    return second


def split_combined_fields(fields: dict[str, str]) -> None:
    """Split whole addresses and places into their parts. A part with a column of its own is not replaced."""
    if fields.keys().isdisjoint(COMBINED_FIELDS):
        return
    for prefix in ("", "mail_"):
        parts: dict[str, str] = {}
        if whole := fields.pop(f"{prefix}full_address", ""):
            if places.is_foreign(whole):
                fields.setdefault(f"{prefix}country", whole)
            parts = dict(zip(("address", "city", "state", "zip"), whole_addresses.split_whole(whole), strict=True))
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
    may_be_placeholder = not is_plain or owner_placeholders.may_be_placeholder(given or last)
    if (given or last) and may_be_placeholder and owner_placeholders.is_placeholder(f"{given} {last}"):
        given = last = ""
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if given and last and not (is_plain and are_plain_names(given.upper(), last.upper())):
        given, last = drop_nameless_cell(fields, given, last)
        is_plain = bool(given and last) and is_plain
    if given and last and " " in given and given.upper() == last.upper() and is_repeated_whole_name(given):
        # Both columns hold the full name.
        full, given, last, order = given, "", "", owner_names.find_order(given, FIRST_LAST)
        for name in NAME_FIELDS:
            fields.pop(name, None)
    if is_plain and given and are_plain_names(given.upper(), last.upper()):
        # Most names are not read any further.
        pass
    elif given or last:
        checked.owner_kind = owner_kinds.find_kind(f"{given} {last}".strip(), is_split=bool(given and last))
        if checked.owner_kind == PERSON:
            read_parts(checked, given, last)
    elif full and not owner_placeholders.is_placeholder(full):
        checked.owner_kind, doubt = owner_kinds.judge_full_name(full)
        if checked.owner_kind == PERSON:
            set_owners(checked, owner_names.split_owners(full, order))
            if (len(fields.get("first_name", "")) < 3 or "last_name" not in fields) and may_lack_surname(fields):
                doubt = doubt or owner_kinds.Doubt.NO_SURNAME
        if doubt:
            checked.warnings.append(RowWarning("full_name", WarningKind(doubt)))
    if checked.owner_kind != PERSON:
        owner_name = full
        if given or last:
            # The fields are in the order of the file.
            owner_name = " ".join(text for name, text in fields.items() if name in NAME_FIELDS)
        checked.owner_name = owner_name[:MAX_FIELD_LENGTH]
    for name in NAME_FIELDS:
        if name in fields:
            fields[name] = owner_names.capitalise(fields[name])


def drop_nameless_cell(fields: dict[str, str], given: str, last: str) -> tuple[str, str]:
    """Drop a first or a last name that is a placeholder or a roll word: `Owner`, `Etal`. Return both names."""
    for name, text in (("first_name", given), ("last_name", last)):
        if not name_words.is_rare_or_listed_name(text.upper()) and (
            owner_placeholders.is_placeholder(text) or roll_words.is_roll_phrase(text)
        ):
            del fields[name]
    return fields.get("first_name", ""), fields.get("last_name", "")


def may_lack_surname(fields: dict[str, str]) -> bool:
    """Return whether a name is an initial and a given name, or a surname that is also a given name: `PERRY J`."""
    first, middle, last = (fields.get(name, "").strip(".") for name in NAME_FIELDS)
    return (not last and len(middle) == 1) or (not middle and len(first) == 1 and last.upper() in FIRST_NAMES)


def are_plain_names(given: str, last: str) -> bool:
    """Return whether a first and a last name of one word each need no further reading. This is a quick check."""
    words = (given, last)
    return (
        owner_names.UNPLAIN_WORDS.isdisjoint(words)
        and owner_words.DISTINCTIVE_WORDS.isdisjoint(words)
        and owner_placeholders.DECISIVE_PLACEHOLDER_WORDS.isdisjoint(words)
    )


def is_repeated_whole_name(text: str) -> bool:
    """Return whether the content of both name columns is a whole name, not only a given name or a surname."""
    first, *_, last = map(owner_names.bare, text.split())
    is_name = is_whole_name(text, is_given=True) or (first not in KNOWN_GIVEN_NAMES and last in KNOWN_GIVEN_NAMES)
    return (is_name and first not in owner_names.SURNAME_STARTS) or owner_kinds.find_kind(text) != PERSON


def read_parts(checked: CheckedRow, given: str, last: str) -> None:
    """Read a first and a last name from separate cells. Either can contain a full name, or two people."""
    if given and last:
        given, last = drop_loose_ends(given, last)
        for name, text in (("first_name", given), ("last_name", last)):
            if not text:
                checked.fields.pop(name, None)
    if given and last:
        if owners := split_people(given, last):
            set_owners(checked, owners)
            return
        if "," in given and "," not in last:
            given = owner_names.join_suffixes(given).partition(",")[0]
        set_cleaned_names(checked, given, last)
        return
    text = given or last
    if (" " in text or "," in text) and is_whole_name(text, is_given=bool(given)):
        default = owner_names.FIRST_LAST if given else owner_names.LAST_FIRST
        order = owner_names.find_order(text, default)
        set_owners(checked, owner_names.split_owners(text, order))
    elif given:
        set_cleaned_names(checked, given, "")
    else:
        checked.fields["last_name"] = owner_names.drop_suffix(last)


def is_whole_name(text: str, is_given: bool) -> bool:
    """Return whether a cell for a first or last name contains both, unlike `Mary Beth` (first) or `De Leon` (last)."""
    words = [owner_names.bare(word) for word in text.split()]
    if "," in text or owner_names.JOINT.search(text):
        return True
    if is_given:
        return words[-1] not in KNOWN_GIVEN_NAMES or len(words) > 2 or words[-1] in SURNAMES
    return any(word in KNOWN_GIVEN_NAMES for word in words) and words[0] not in owner_names.SURNAME_STARTS


def drop_loose_ends(given: str, last: str) -> tuple[str, str]:
    """Return the first and the last name without an `and` between them, as in `John &` and `Smith`.

    If a full name follows the `and`, return both people as the first name.
    """
    end, start = LOOSE_END.search(given), LOOSE_START.match(last)
    if not end and not start:
        return given, last
    if end:
        given = given[: end.start()]
    if start:
        last = last[start.end() :]
    words = last.upper().split()
    if len(words) > 1 and words[0] in KNOWN_GIVEN_NAMES:
        return f"{given} & {last}", ""
    return given, last


def split_people(given: str, last: str) -> list[owner_names.Person]:
    """Return the people named by a first and a last name if there are several. Otherwise return nothing."""
    is_joint = bool(owner_names.JOINT.search(last))
    if not is_joint or not owner_names.JOINT.sub("", last):
        return owner_names.split_owners(f"{given} {last}") if owner_names.JOINT.search(given) else []
    firsts = [part for part in owner_names.JOINT.split(given) if part.strip()]
    lasts = [part for part in owner_names.JOINT.split(last) if part.strip()]
    if len(firsts) == len(lasts):
        names = map(" ".join, zip(firsts, lasts, strict=True))
        return [person for name in names for person in owner_names.split_owners(name)]
    if len(firsts) == 1:
        # In `Smith & Jones`, `Jones` is another surname or a married name, and not a person.
        lasts = lasts[:1] + [part for part in lasts[1:] if " " in part or part.upper() in KNOWN_GIVEN_NAMES]
        return owner_names.split_owners(" & ".join([f"{given} {lasts[0]}", *lasts[1:]]))
    return owner_names.split_owners(f"{given} {lasts[0]}")


def set_cleaned_names(checked: CheckedRow, given: str, last: str) -> None:
    """Set the first and the last name, without titles, suffixes, nicknames, roll words and words of the other name."""
    fields = checked.fields
    words = roll_words.drop_roll_words(roll_words.cut_roll_words(given).split(), min_words=1)
    words = owner_names.drop_full_titles(owner_names.drop_titles(words), min_words=1)
    words, generation = owner_names.drop_suffixes(words)
    last_words = roll_words.drop_roll_words(roll_words.cut_roll_words(last).replace(",", " ").split(), min_words=1)
    last_words, last_generation = owner_names.drop_suffixes(last_words)
    checked.generation = last_generation or generation
    upper_last = [word.upper() for word in last_words]
    if len(words) > len(last_words) > 0 and [word.upper() for word in words[-len(last_words) :]] == upper_last:
        # The first name ends with the last name, as in `John Smith` and `Smith`.
        words = words[: -len(last_words)]
    elif len(words) > len(last_words) > 0 and [word.upper() for word in words[: len(last_words)]] == upper_last:
        # The first name begins with the last name, as in `Smith John` and `Smith`, unless both are one: `Ada Ada`.
        words = words[len(last_words) :] if owner_names.bare(words[-1]) in KNOWN_GIVEN_NAMES else words
    if len(words) > 1 and len(owner_names.bare(words[0])) > 1 and name_words.is_letter(owner_names.bare(words[-1])):
        # An initial after the given name, as in `Leonard C`.
        fields.setdefault("middle_name", words.pop().strip(",."))
    if len(last_words) > 1 and len(words) == 1 and words[0].upper() in (upper_last[0], upper_last[-1]):
        # The last name contains the first name, as in `John` and `John Smith`.
        last_words = last_words[1:] if words[0].upper() == upper_last[0] else last_words[:-1]
    for name, kept in (("first_name", words), ("last_name", last_words)):
        if kept:
            fields[name] = " ".join(kept)


def set_owners(checked: CheckedRow, owners: list[owner_names.Person]) -> None:
    """Set the first of these people as the one to trace, and the next as the second owner."""
    if not owners:
        return
    first, *others = owners
    parts = {"first_name": first.first, "middle_name": first.middle, "last_name": first.last}
    for part, text in parts.items():
        if text:
            checked.fields[part] = text
        else:
            checked.fields.pop(part, None)
    checked.generation = first.generation
    checked.co_owner = others[0] if others and others[0].first and others[0].last else None


def leave_out_names(fields: dict[str, str]) -> None:
    """Remove what is not sent for an owner that is not a person: names, and the property if there is a mailing address.

    The vendor advises sending such owners by mailing address only.
    """
    has_mailing = all(fields.get(name) for name in ("mail_address", "mail_city", "mail_state"))
    for name in NAME_FIELDS + (PROPERTY_FIELDS if has_mailing else []):
        fields.pop(name, None)


# Addresses


def read_address(checked: CheckedRow, parts: list[str], country: str) -> None:
    """Normalise the parts of an address. Take a missing state from the ZIP."""
    fields = checked.fields
    street_name, unit_name, city_name, state_name, zip_name = parts
    plain = None
    if street := fields.get(street_name):
        if city_name not in fields and "," in street:
            street = split_off_city(checked, parts)
        plain = None if unit_name in fields else addresses.read_plain(street)
        if not plain:
            street = fields[street_name] = addresses.tidy(street)
            if unit_name in fields or street[0] not in "123456789":
                read_street(checked, street_name, unit_name)
    city, state, zip_code = fields.get(city_name, ""), fields.get(state_name, ""), fields.get(zip_name, "")
    if city or state or zip_code or country:
        place = read_place(city, state, zip_code, country)
        if place.parts != (city, state, zip_code):
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
        if repeats_city(fields[unit_name], fields.get(city_name, "")):
            del fields[unit_name]
        else:
            normalise_field(checked, unit_name, addresses.normalise_unit)
    if plain and street_name in fields:
        fields[street_name], unit = plain
        if unit:
            fields[unit_name] = unit
    elif street := fields.get(street_name):
        split, unit = addresses.split_unit(street)
        written = fields.get(unit_name, "")
        if unit and (not written or addresses.key_of_unit(unit) == addresses.key_of_unit(written)):
            street, fields[unit_name] = split, unit
        fields[street_name] = addresses.shorten(street)


def split_off_city(checked: CheckedRow, parts: list[str]) -> str:
    """Split a street that ends with its city, if the city has no cell of its own. Return the street."""
    fields = checked.fields
    street_name, _, *place_names = parts
    street, *place = whole_addresses.split_whole(fields[street_name])
    if street and place[0]:
        fields[street_name] = street
        for name, text in zip(place_names, place, strict=True):
            if text:
                fields.setdefault(name, text)
    return fields[street_name]


def repeats_city(text: str, city: str) -> bool:
    """Return whether the second line of an address is the city again, alone or with its state and ZIP."""
    if not city or len(text) <= 3 or not text[0].isalpha():
        return False
    return addresses.key_of_city(places.split_place(text)[0]) == addresses.key_of_city(city)


@dataclass(frozen=True)
class CheckedPlace:
    """A normalised city, state and ZIP, and what is odd about them."""

    parts: tuple[str, str, str]
    """City, state and ZIP; empty if left out."""
    warnings: tuple[tuple[str, WarningKind], ...] = ()
    """Pairs of a part of the address, and the kind of warning about it."""
    reasons: tuple[tuple[str, str], ...] = ()
    """Pairs of a part that was left out, and what is wrong with it."""
    is_abroad: bool = False


@lru_cache(maxsize=50_000)
def read_place(city: str, state_text: str, zip_text: str, country: str) -> CheckedPlace:
    """Read a city, a state and a ZIP together. Results are cached, because a list has many rows but few places."""
    warnings, reasons = [], []
    if city:
        tidied, state_text, zip_text = tidy_city(city, state_text, zip_text)
        if not tidied:
            reasons.append(("city", f"“{shorten(city)}” is not a city."))
        city = tidied
    state = states.find_state(state_text) if state_text else ""
    zip_code, zip_problem = read_zip(zip_text, state)
    if zip_problem:
        warnings.append(("zip", zip_problem))
        reasons.append(("zip", f"“{shorten(zip_text)}” is not a ZIP: give five digits, or five and four."))
    if is_abroad(country, state, zip_code, zip_text):
        reasons = [("state", ABROAD_REASON)]
        return CheckedPlace(("", "", ""), (("address", WarningKind.FOREIGN),), tuple(reasons), is_abroad=True)
    by_zip = zip_codes.find_state(zip_code) if zip_code else ""
    if not state and by_zip and (not state_text or is_misspelt_state(state_text, by_zip)):
        state = by_zip
    if state and by_zip and by_zip != state:
        warnings.append(("zip", WarningKind.ELSEWHERE))
    if state_text and not state:
        warnings.append(("state", WarningKind.UNREADABLE))
        reasons.append(("state", f"“{shorten(state_text)}” is not a state: give its two letters or its name."))
    return CheckedPlace((city, state, zip_code), tuple(warnings), tuple(reasons))


def read_street(checked: CheckedRow, street_name: str, unit_name: str) -> None:
    """Set the street, which may be on the second line, and remove placeholders for addresses."""
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
    if "," in street and not addresses.is_street(street) and not addresses.UNIT_START.match(street):
        street = drop_lines_before_street(street)
    if "#" in street or street[:2].upper() == "NO":
        street = addresses.put_number_first(street)
    if addresses.is_address_placeholder(street) or addresses.is_care_of(street):
        del fields[street_name]
        fields.pop(unit_name, None)
        checked.reasons[street_name] = f"“{shorten(street)}” is not an address."
        return
    fields[street_name] = street


def drop_lines_before_street(text: str) -> str:
    """Drop the comma-separated lines of an address before its first street. If there is none, keep all of them."""
    lines = [line.strip() for line in text.split(",")]
    for index, line in enumerate(lines):
        if addresses.is_street(line):
            return ", ".join(lines[index:])
    return text


def read_two_lines(checked: CheckedRow, first: str, second: str, unit_name: str) -> tuple[str, str]:
    """Return the street and the unit from two lines. The second is a street, and the first may be its unit."""
    if addresses.is_unit_line(first):
        street, unit = addresses.split_unit(second)
        return street, f"{first} {unit}".strip()
    if not addresses.is_street(first):
        return second, ""
    # Both lines are streets: use the first.
    checked.leave_out(unit_name, WarningKind.UNREADABLE, f"“{shorten(second)}” is not a unit.")
    return first, ""


def tidy_city(city: str, state_text: str, zip_text: str) -> tuple[str, str, str]:
    """Remove the state, the ZIP and anything in brackets from a city. Return city, state and ZIP.

    The state and the ZIP in the city's cell are used if the cells for them are empty.
    """
    city = LAST_DOT.sub("", BRACKETS.sub("", city).strip(" ,;")) or city
    words = re.findall(r"[A-Z]+\.?", city.upper())
    if not any(map(str.isalpha, city)):
        return "", state_text, zip_text or places.split_place(city)[2]
    if words and words[0].startswith("UNINC"):
        return "", state_text, zip_text
    if NOT_CITY_WORDS.issuperset(words) and not any(map(str.isdigit, city)):
        return "", state_text, zip_text
    state = states.find_state(state_text) if state_text else ""
    # A state or a ZIP shows in a digit, a comma, or a last word of two, four or more letters.
    place = places.read_place(city) if re.search(r"[\d,]|\s\w\w$|\s\w{4,}$|\sD\.\s?C\.?$", city) else None
    if place and not place.city and place.state and place.zip:
        # The city is missing: `FL 33859`.
        return "", state_text or place.state, zip_text or place.zip
    if place and place.city and (not place.state or not state or place.state == state):
        # `Mount Penn` is in Pennsylvania, but `Tampa Florida` is no name of a city.
        is_named = state and len(city.split()[-1]) not in (3, 4)
        is_sure = place.zip or "," in city or is_named or place.state == "DC"
        if is_sure:
            city, state_text, zip_text = place.city, state_text or place.state, zip_text or place.zip
    return CITY_OF.sub("", city).strip(" ,;"), state_text, zip_text


def read_zip(text: str, state: str) -> tuple[str, WarningKind | None]:
    """Return a ZIP of five digits and None. If it cannot be used, return "" and the kind of warning about it."""
    if not text:
        return "", None
    try:
        zip_code = normalise_zip(text, state)
    except ValueError:
        return "", WarningKind.UNREADABLE
    return ("", WarningKind.FILLER) if zip_codes.is_filler(zip_code, state) else (zip_code, None)


def is_abroad(country: str, state: str, zip_code: str, zip_text: str) -> bool:
    """Return whether the country or the postal code of an address is outside the United States."""
    if state and (not zip_code or zip_codes.find_state(zip_code) == state):
        return False
    if country:
        return places.is_foreign(country)
    return not zip_code and not state and bool(places.FOREIGN_CODE.search(zip_text))


def is_misspelt_state(text: str, state: str) -> bool:
    """Return whether `text` is the name of this state with at most two typos."""
    name = states.LONGEST_STATE_NAME[state]
    return len(text) > 3 and bool(name) and OSA.distance(text.lower(), name, score_cutoff=2) <= 2


def normalise_zip(text: str, state: str) -> str:
    """Return the first five digits of a ZIP or ZIP+4, with leading zeros restored if the state's ZIPs have them.

    Raise ValueError if it is not a ZIP.
    """
    if len(text) == 5 and text.isdecimal() and text.isascii():
        return text
    plain = cells.normalise_dashes(text)
    plain = cells.write_out_exponent(re.sub(r"\.0+$", "", plain.strip("'\"")))
    plain = places.COUNTRY.sub("", plain)
    words = re.findall(r"[A-Za-z]+", plain)
    # `TX 75201` and `ZIP: 75201` are ZIPs. Letters among the digits are typos, and not removed.
    is_labelled = all(word.lower() in ("zip", "code") or states.find_state(word) for word in words)
    if words and is_labelled and not re.search(r"\d[A-Za-z]|[A-Za-z]\d{1,4}\b", plain):
        plain = re.sub(r"[A-Za-z:]+", "", plain)
    if found := ZIP_AND_MORE.fullmatch(plain):
        return found[1]
    digits = re.sub(r"[\s-]", "", re.sub(r"[-_. ]+$", "", plain))
    if digits.isdecimal() and len(digits) in (3, 4, 7, 8):
        padded = digits.zfill(5 if len(digits) < 5 else 9)
        if state and (
            zip_codes.find_state(padded) == state
            or (padded[:3] in zip_codes.SHARED_PREFIXES and zip_codes.can_be_in(padded, state))
        ):
            digits = padded
    if not re.fullmatch(r"\d{5}(\d{4})?", digits, re.ASCII):
        raise ValueError(f"“{shorten(text)}” is not a ZIP: give five digits, or five and four")
    return digits[:5]


def normalise_phone(text: str) -> str:
    """Return the ten digits of the first US phone number in a cell, without label and extension.

    Raise ValueError if there is none.
    """
    if not (PLAIN_PHONE.fullmatch(digits := text.translate(WITHOUT_PHONE_MARKS)) and digits.isascii()):
        digits = find_phone(cells.normalise_dashes(text))
    if len(digits) != 10 or FILLER_PHONE.fullmatch(digits) or FILLER_PHONE.fullmatch(digits[3:]):
        raise ValueError(f"“{shorten(text)}” is not a US phone number: give ten digits")
    return digits


def find_phone(text: str) -> str:
    """Return the digits of the first US phone number in a cell. Return "" if there is none."""
    try:
        text = cells.write_out_exponent(re.sub(r"\.0$", "", text))
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
    """Return the first email address in a cell. Raise ValueError if there is none.

    This is stricter than Django's check: the vendor could refuse a whole batch for an address whose host has no dot.
    """
    if not (PLAIN_EMAIL.fullmatch(text) and len(text) < MAX_LOCAL_PART_LENGTH):
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
    if FILLER_EMAIL.fullmatch(text):
        raise ValueError(f"“{shorten(text)}” is not an email address")
    return text


def normalise_field(checked: CheckedRow, name: str, normalise: Callable[[str], str]) -> None:
    """Normalise a field, or leave it out if it cannot be read."""
    try:
        checked.fields[name] = normalise(checked.fields[name])
    except ValueError as problem:
        checked.leave_out(name, WarningKind.UNREADABLE, f"{problem}.")


def shorten(text: str) -> str:
    return text if len(text) <= MAX_QUOTED_LENGTH else f"{text[: MAX_QUOTED_LENGTH - 1]}…"


# Rules for the whole row


def find_length_problems(checked: CheckedRow) -> list[RowProblem]:
    """Return a problem for each field that is too long to be stored, which usually means that the row was misread."""
    problems = []
    for name, text in checked.fields.items():
        if len(text) > MAX_FIELD_LENGTH:
            count = f"{len(text):,}" if len(text) < MAX_LENGTH_READ else f"{MAX_LENGTH_READ:,} or more"
            sentence = f"{count} characters; {MAX_FIELD_LENGTH} is the most."
            problems.append(RowProblem(name, ProblemKind.TOO_LONG, sentence))
    return problems


def drop_partial_addresses(checked: CheckedRow) -> None:
    """Leave out incomplete addresses, and places without a street, if the person can be traced with the rest.

    Land without a street address is common in county lists, and the vendor would require more fields than the row has.
    """
    fields = checked.fields
    if has_complete_addresses(checked):
        return
    has_contact = "phone" in fields or "email" in fields
    for own, other in ((PROPERTY_FIELDS, MAILING_FIELDS), (MAILING_FIELDS, PROPERTY_FIELDS)):
        street, unit, city, state, _ = own
        other_street, _, other_city, other_state, _ = other
        if fields.keys().isdisjoint(own):
            continue
        has_other_address = all(name in fields for name in (other_street, other_city, other_state))
        if street in fields:
            if (city not in fields or state not in fields) and (has_other_address or has_contact):
                checked.warnings.append(RowWarning(street, WarningKind.INCOMPLETE))
                for part in own:
                    fields.pop(part, None)
        elif has_other_address or (has_contact and not can_be_sent_without_street(checked, own)):
            for part in own:
                fields.pop(part, None)
        elif unit in fields:
            del fields[unit]


def can_be_sent_without_street(checked: CheckedRow, parts: list[str]) -> bool:
    """Return whether a city without a street may be sent: it needs its state and ZIP, and a person's whole name."""
    _, _, city, state, zip_code = parts
    required = ("first_name", "last_name", city, state, zip_code)
    return checked.owner_kind == PERSON and all(name in checked.fields for name in required)


def has_complete_addresses(checked: CheckedRow) -> bool:
    """Return whether a row has an address, and every address of it meets the vendor's requirements.

    This is the quick check for most rows. If it fails, `find_problems` decides.
    """
    fields = checked.fields
    has_property, has_mailing = "address" in fields, "mail_address" in fields
    if not (has_property or has_mailing):
        return False
    is_property_complete = (
        "city" in fields and "state" in fields if has_property else fields.keys().isdisjoint(PROPERTY_FIELDS)
    )
    is_mailing_complete = (
        "mail_city" in fields and "mail_state" in fields if has_mailing else fields.keys().isdisjoint(MAILING_FIELDS)
    )
    return is_property_complete and is_mailing_complete


def find_problems(checked: CheckedRow) -> list[RowProblem]:
    """Return a problem for each of the vendor's requirements that a row does not meet."""
    if checked.owner_kind != PERSON and not {"address", "mail_address", "email", "phone"} & checked.fields.keys():
        sentence = "Companies, trusts and the like are traced by mailing address, and this row has none."
        return [RowProblem("", ProblemKind.UNADDRESSED, sentence)]
    missing = list(find_missing_parts(checked.fields))
    if not missing:
        return []
    if not missing[0].field and checked.reasons:
        # The row is not empty, but its cells cannot be read. Say why instead.
        missing = []
    reasons = {name: make_problem(name, reason) for name, reason in checked.reasons.items()}
    found = {each.field: reasons.get(each.field, each) for each in missing}
    if not missing or any(each.field in checked.reasons for each in missing):
        # Report everything that is wrong, so that all of it can be fixed in one go.
        found |= {name: problem for name, problem in reasons.items() if name not in found}
    return list(found.values())


def make_problem(name: str, reason: str) -> RowProblem:
    return RowProblem(name, ProblemKind.FOREIGN if reason == ABROAD_REASON else ProblemKind.UNREADABLE, reason)


def find_missing_parts(fields: dict[str, str]) -> Iterator[RowProblem]:
    """Yield a problem for each empty field that the vendor requires in addition to the filled ones."""
    if not any(fields.get(name) for name in ("address", "mail_address", "city", "mail_city", "email", "phone")):
        yield RowProblem("", ProblemKind.NOTHING, "Nothing to trace by: give an address, a city, an email or a phone.")
    for street, unit, city, state, zip_code in (PROPERTY_FIELDS, MAILING_FIELDS):
        if fields.get(street):
            for part, name in ((city, "city"), (state, "state")):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, f"empty; an address needs its {name}.")
            continue
        if fields.get(unit):
            yield RowProblem(street, ProblemKind.EMPTY, "empty; a unit needs its address.")
        if fields.get(city):
            for part in ("first_name", "last_name", state, zip_code):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, "empty; a city without a street address needs it.")
