"""Find out which share of a column's filled cells looks like a kind of value. Pure.

A column's name says what it holds, and its values confirm it. If the name says nothing, a column of ZIPs is still a ZIP
column.
"""

import re
from collections.abc import Callable, Iterable

from batches.people import places, states, whole_addresses
from batches.people.addresses import is_care_of
from batches.people.cells import clean
from batches.people.first_names import FIRST_NAMES
from batches.people.street_words import STREET_TYPES

MAX_VALUE_LENGTH = 300
"""Number of characters at the start of a value that are examined."""
MIN_VALUES = 3
"""Minimum number of values that can prove anything."""
MOST = 0.6
"""Share of values that decides what a column with an ambiguous name holds."""
DIRECTIONS = {"N", "S", "E", "W", "NE", "NW", "SE", "SW", "NORTH", "SOUTH", "EAST", "WEST"}
UNIT = re.compile(r"(#|APT|UNIT|STE|SUITE|RM|ROOM|FL|FLOOR|BLDG|LOT|SPC|TRLR|PH)\b.*|#?\s*\w{1,5}", re.IGNORECASE)
STREET = re.compile(
    r"(\d+[A-Z]?(-\d+)?( 1/2)? [^A-Z\n]*[A-Z].*|(P\.? ?O\.? ?)?BOX \w+.*|(RR|HC|RT) ?\d+.*)", re.IGNORECASE
)
WORDS_PATTERN = re.compile(r"[^\W\d_][^\d@_]*")
PHONE = re.compile(r"\+?1?[ .(-]*[2-9]\d\d[ ).-]*[2-9]\d\d[ .-]*\d{4}( ?x\d+)?(\.0)?")
ZIP = re.compile(r"(\d{5}(-?\d{4})?|\d{4})(\.0)?-?")
MAX_STATE_LENGTH = 40
TITLE_VALUES = {"mr", "mrs", "ms", "miss", "dr"}


def is_state(text: str) -> bool:
    return len(text) <= MAX_STATE_LENGTH and bool(states.find_state(text))


def is_place(text: str) -> bool:
    """Return whether a value is a city with its state: `Herndon, VA 20170`, `VA 20170 Herndon`."""
    place = places.read_place(text)
    return bool(place and place.city and place.state and not any(map(str.isdigit, place.city)))


def is_sure_place(text: str) -> bool:
    """Return whether a value is surely a place: `Sons & Co` may only look like a city in Colorado."""
    return is_place(text) and ("," in text or any(map(str.isdigit, text)))


def is_whole_address(text: str) -> bool:
    """Return whether a value has a street, a city and a state: `1 Oak St, Herndon, VA 20170`."""
    street, city, state, zip_code = whole_addresses.split_whole(text)
    return bool(city and state and (zip_code or "," in text or "\n" in text) and STREET.fullmatch(street))


def is_name(text: str) -> bool:
    """Return whether a value can be a name. Nearly any value can, so the column's name must say that it is one."""
    return any(map(str.isalpha, text)) and "@" not in text and not STREET.fullmatch(text)


def is_first_name(text: str) -> bool:
    return text.split()[0].upper().strip(".,") in FIRST_NAMES


def is_typed_street(text: str) -> bool:
    """Return whether a value ends with a street type, or is a numbered street or a box: `Pine Knoll Dr`, `PO Box 7`."""
    return text.upper().split()[-1].rstrip(".") in STREET_TYPES or bool(STREET.fullmatch(text))


def is_second_line(text: str) -> bool:
    """Return whether a value can be the second line of an address: a unit, or the street after a care-of line."""
    return bool(UNIT.fullmatch(text) or STREET.fullmatch(text)) or is_care_of(text)


VALUE_TESTS: dict[str, Callable[[str], object]] = {
    "zip": ZIP.fullmatch,
    "state": is_state,
    "phone": PHONE.fullmatch,
    "email": re.compile(r"[^@\s]+@[^@\s]+\.\w+").fullmatch,
    "address": STREET.fullmatch,
    "full_address": is_whole_address,
    "place": is_place,
    "sure_place": is_sure_place,
    "house_suffix": re.compile(r"1/[234]|[A-Z]|-?\d{1,3}", re.IGNORECASE).fullmatch,
    "line": lambda text: True,
    "unit": UNIT.fullmatch,
    "second_line": is_second_line,
    "city": is_name,
    "words": WORDS_PATTERN.fullmatch,
    "first_name": is_name,
    "middle_name": is_name,
    "last_name": is_name,
    "full_name": is_name,
    "house_prefix": re.compile(r"[A-Z]?\d{0,5}[A-Z]?", re.IGNORECASE).fullmatch,
    "company": is_name,
    "house_number": re.compile(r"\d+([A-Z]|-\d+| ?1/2)?(\.0)?", re.IGNORECASE).fullmatch,
    "predirection": lambda text: text.upper().rstrip(".") in DIRECTIONS,
    "postdirection": lambda text: text.upper().rstrip(".") in DIRECTIONS,
    "street": re.compile(r"[^A-Z\n]*[A-Z].*", re.IGNORECASE).fullmatch,
    "street_type": re.compile(r"[A-Z]{1,12}\.?", re.IGNORECASE).fullmatch,
    "known_first_name": is_first_name,
    "two_words": lambda text: " " in text,
    "known_type": lambda text: text.upper().rstrip(".") in STREET_TYPES,
    "township": re.compile(r".* (TWP|TOWNSHIP)\.?|(TWP|TOWNSHIP) OF .*", re.IGNORECASE).fullmatch,
    "typed_street": is_typed_street,
}
"""Kind of value → the function that says whether a value is of that kind."""


class Values:
    """The examined values of one column."""

    def __init__(self, texts: Iterable[str]) -> None:
        cleaned = (clean(text[:MAX_VALUE_LENGTH]) for text in texts)
        self.texts = [text for text in cleaned if text]
        self.shares: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def share(self, kind: str) -> float | None:
        """Return the share of values that are of a kind, from 0 to 1, or None if there are too few values to tell."""
        return self.share_of_any(kind) if len(self.texts) >= MIN_VALUES else None

    def share_of_any(self, kind: str) -> float:
        """Return the share of values that are of a kind, even if there are few values, or 0 if there are none."""
        if kind not in self.shares:
            is_kind = VALUE_TESTS[kind]
            self.shares[kind] = sum(bool(is_kind(text)) for text in self.texts) / max(len(self.texts), 1)
        return self.shares[kind]

    def are_mostly(self, kind: str, min_share: float = MOST) -> bool:
        """Return whether at least `min_share` of the values are of a kind, and there are enough values to tell."""
        return (self.share(kind) or 0) >= min_share

    @property
    def are_titles(self) -> bool:
        """Whether all values are titles. Otherwise, `Ms.` would be Mississippi."""
        return bool(self.texts) and all(text.lower().strip(".") in TITLE_VALUES for text in self.texts)
