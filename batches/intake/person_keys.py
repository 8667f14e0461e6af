"""Work out the keys by which the same person is recognised in other rows, lists and suppressions. Pure."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from batches.mapping.fields import MAILING_FIELDS, PROPERTY_FIELDS
from batches.people import address_keys, addresses, name_words

FORMER_UNITS = {"Lowr": ("dn", "down"), "Uppr": ("up",)}
"""Unit → the words for it that were formerly read as part of the street."""
SHORT_DIRECTION = re.compile(r"\b([ns])([ew])\b")
FLOOR = re.compile(r"Fl (\d{1,2})")


def make_fingerprints(fields: dict[str, str]) -> Iterator[str]:
    """Yield the key of a person at each address of a row, the mailing address first."""
    for street, *place in (MAILING_FIELDS, PROPERTY_FIELDS):
        if fields.get(street):
            unit, city, state, zip_code = (fields.get(part, "") for part in place)
            name = key_of_given_name(fields.get("first_name", "")), key_of_surname(fields.get("last_name", ""))
            where = (
                address_keys.key_of(fields[street]),
                address_keys.key_of_unit(unit) if unit else "",
                address_keys.key_of_city(city),
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
            where = re.sub(r"[\W_]+", " ", fields[street].lower()).strip(), address_keys.key_of_unit_as_written(unit)
            yield hash_strings([*name, *where, fold(city), state, zip_code])
            keys = key_of_name(first), key_of_surname(last)
            place_keys = address_keys.key_of_city(city), state, zip_code
            for written in list_former_spellings(unit):
                # The unit was left at the end of the street.
                street_key = address_keys.key_as_written(f"{fields[street]} {written}")
                yield hash_strings([*keys, street_key, "", *place_keys])
            if found := FLOOR.fullmatch(unit):
                # The unit was `2FL`.
                yield hash_strings([*keys, address_keys.key_as_written(fields[street]), f"{found[1]}fl", *place_keys])
            if address_keys.GRID_PARTS.search(lower := fields[street].lower()):
                # A grid number with and without a space was not the same.
                unit_key = address_keys.key_of_unit_as_written(unit)
                street_key = address_keys.key_of_spelling(lower)
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
    street_key, unit_key = address_keys.key_as_written(street), address_keys.key_of_unit_as_written(unit)
    if (street_key, unit_key) != (address_keys.key_of(street), address_keys.key_of_unit(unit)):
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
