"""The values of a column → what kind they are. Pure.

A kind is a share: how many of the values that are there look like one. A column's name says what is meant, its values
whether that is so; and where the name says nothing, a column of ZIPs is a ZIP column all the same.
"""

import re
from collections.abc import Callable

from localflavor.us.us_states import STATES_NORMALIZED

from batches.people.first_names import FIRST_NAMES

LONGEST = 300
"""Characters of a value that are looked at."""
FEW = 3
"""Fewer values than that prove nothing."""
DIRECTIONS = {"N", "S", "E", "W", "NE", "NW", "SE", "SW", "NORTH", "SOUTH", "EAST", "WEST"}
UNIT = re.compile(r"(#|APT|UNIT|STE|SUITE|RM|ROOM|FL|FLOOR|BLDG|LOT|SPC|TRLR|PH)\b.*|#?\s*\w{1,5}", re.IGNORECASE)
STREET = re.compile(r"(\d+[A-Z]?(-\d+)?( 1/2)? .*[A-Z].*|(P\.? ?O\.? ?)?BOX \w+.*|(RR|HC|RT) ?\d+.*)", re.IGNORECASE)
WORDS = re.compile(r"[^\W\d_][^\d@_]*")
PHONE = re.compile(r"\+?1?[ .(-]*[2-9]\d\d[ ).-]*[2-9]\d\d[ .-]*\d{4}( ?x\d+)?(\.0)?")
ZIP = re.compile(r"(\d{5}(-?\d{4})?|\d{4})(\.0)?-?")
PLACE_END = re.compile(r".*[A-Z]+,? +(?P<state>[A-Z]{2})\.?,?( +\d{5}(-?\d{4})?)?", re.IGNORECASE)


def is_state(text):
    return text.lower().replace(".", "") in STATES_NORMALIZED


def is_place(text):
    """`Herndon, VA 20170`: a city with its state behind it."""
    found = PLACE_END.fullmatch(text)
    return bool(found) and not text[0].isdigit() and is_state(found["state"])


def is_sure_place(text):
    """Tell whether a text is a place by more than its two last letters: `Sons & Co` is none."""
    return is_place(text) and ("," in text or text[-1].isdigit())


def is_whole_address(text):
    """`1 Oak St, Herndon, VA 20170`: street, city and state."""
    found = PLACE_END.fullmatch(text)
    return bool(found) and "," in text and bool(STREET.fullmatch(text)) and is_state(found["state"])


def is_name(text):
    """Nearly anything with letters: that it is a name, a column's own name must say."""
    return any(map(str.isalpha, text)) and "@" not in text and not STREET.fullmatch(text)


def is_first_name(text):
    return text.split()[0].upper().strip(".,") in FIRST_NAMES


KINDS: dict[str, Callable] = {
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
    "city": is_name,
    "words": WORDS.fullmatch,
    "first_name": is_name,
    "middle_name": is_name,
    "last_name": is_name,
    "full_name": is_name,
    "house_number": re.compile(r"\d+([A-Z]|-\d+| ?1/2)?(\.0)?", re.IGNORECASE).fullmatch,
    "predirection": lambda text: text.upper().rstrip(".") in DIRECTIONS,
    "postdirection": lambda text: text.upper().rstrip(".") in DIRECTIONS,
    "street": re.compile(r".*[A-Z].*", re.IGNORECASE).fullmatch,
    "street_type": re.compile(r"[A-Z]{1,12}\.?", re.IGNORECASE).fullmatch,
    "known_first_name": is_first_name,
}
"""Part → whether a value can be one."""


class Values:
    """The values of one column, as far as they were looked at."""

    def __init__(self, texts):
        self.texts = [text.strip()[:LONGEST] for text in texts if text.strip()]

    def __len__(self):
        return len(self.texts)

    def share(self, kind):
        """Of the values how many can be of a kind: 0 to 1; None where there are too few to tell."""
        if len(self.texts) < FEW:
            return None
        is_kind = KINDS[kind]
        return sum(bool(is_kind(text)) for text in self.texts) / len(self.texts)
