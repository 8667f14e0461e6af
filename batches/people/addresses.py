"""Abbreviate street addresses as in USPS Publication 28, to send them and to compare them. Pure."""

import re
from functools import lru_cache

from batches.people.street_words import (
    ANY_DIRECTION,
    COMMON_TYPES,
    DIRECTIONS,
    LONE_UNITS,
    SHORT_DIRECTIONS,
    STREET_TYPES,
    UNITS,
)

STREET_ORDINALS = {
    word: f"{number}{'st nd rd'.split()[number - 1] if number < 4 else 'th'}"
    for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), start=1)
} | {
    word: f"{number}th"
    for number, word in enumerate(
        "eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split(), start=11
    )
}
TENS = {
    word: tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
UNIT_NUMBER = r"(?:[\w-]*\d[\w-]*(?:\s*&\s*\w+)?|[A-Z](?:-\w+)?)"
DESIGNATOR = "|".join(sorted(UNITS, key=len, reverse=True))
AT_THE_END = re.compile(
    rf"(?P<street>.*?\S)(?:,\s*|\s+)(?:-\s+)?(?:"
    rf"(?P<kind>{DESIGNATOR})(?:[.:]?\s*\#\s*|[.:]?\s+|[.:-]|(?=\d))(?P<number>{UNIT_NUMBER})"
    rf"|\#\s*(?P<bare>{UNIT_NUMBER})"
    r"|(?:NO|NUM|NUMBER|NBR)\.?\s*\#?\s*(?P<counted>\d[\w-]*)"
    rf"|(?P<floor>\d+(?=ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)})(?:ST|ND|RD|TH)?\s+(?:FL|FLR|FLOOR)\.?"
    rf"|(?P<lone>{'|'.join(LONE_UNITS)}))",
    re.IGNORECASE,
)
"""A unit at the end of a street address."""
AT_THE_START = re.compile(
    rf"(?:(?P<kind>{DESIGNATOR})(?:[.:]?\s*\#\s*|[.:]?\s+|(?=\d))|\#\s*)(?P<number>{UNIT_NUMBER})(?:,\s*|\s+-\s+|\s+)(?P<street>\d\S*\s+\S.*)",
    re.IGNORECASE,
)
UNIT_WORDS = frozenset([*UNITS, *LONE_UNITS, "NO", "NUM", "NUMBER", "NBR"])
LONE_NUMBER = re.compile(r"\d{1,3}[A-Z]|[A-Z]-?\d{1,3}")
UNNUMBERED_TYPES = frozenset("ST AVE BLVD DR LN CT PL WAY TER CIR PKWY SQ".split())
"""Street types after which a number is never part of the street's name."""
SHORT_UNITS = frozenset(["FL", "SP", "SU", "KEY"])
"""Units that are often other words: their number has at most three digits."""
GLUED_DESIGNATOR = re.compile(rf"(?:{DESIGNATOR})(?:[.:-]|\d)", re.IGNORECASE)
STREET_START = re.compile(r"(?:\d\S*|[NSEW]\s?\d+(?:\s?[NSEW]\s?\d*)?\w?)\s+\S", re.IGNORECASE)
"""A house number, or a grid number (N6W23001, W148 N9748), followed by more text."""
GRID_NUMBER = re.compile(r"[NSEW]\d+(?:[NSEW]\d*)?[A-Z]?", re.IGNORECASE)
IS_UNIT = re.compile(
    rf"\s*(?:\#|(?:{DESIGNATOR})(?:\b|(?=\d))|(?:{'|'.join(LONE_UNITS)})$"
    rf"|(?:\d+(?:ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)}) FL)",
    re.IGNORECASE,
)
MAX_CARE_OF_WORDS = 12
"""Most words before the street on a line that starts with who receives mail."""
MAX_UNIT_WORDS = 6
ZIP = re.compile(r"\b\d{5}\b")
BARE_UNITS = frozenset(word for word, short in UNITS.items() if short in ("Apt", "Bldg", "Lot", "Ste", "Unit")) | {"#"}
"""Units that are not part of a street's name at its end: without a number, they say nothing."""
IN_BRACKETS = re.compile(r"\s*\(([^()]+)\)\s*$")
HYPHENATED = re.compile(rf"(?<=[A-Za-z])-(?=(?:(?:{DESIGNATOR})\.?\s*\#?|\#)\s*(?:\d[\w-]*|[A-Z])$)", re.IGNORECASE)
"""The hyphen between a street and its unit: St-Apt 4."""
DECIMAL = re.compile(r"(?<![\d.])(\d+)\.0(?=\s|$)")
"""A number that a spreadsheet has made a decimal."""
SAME_UNITS = frozenset(word for word, short in UNITS.items() if short in ("Apt", "Unit", "Ste")) | {"NO"}
DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[ T]\d.*)?|\d\d?/\d\d?/\d{2,4}(?: .*)?"
    r"|\d{1,2}[- ](?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*(?:[- ]\d{2,4})?"
    r"|(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*[- ]\d{1,4}",
    re.IGNORECASE,
)
"""A date that a spreadsheet made of 3-4."""
BOX = re.compile(
    r"(?:p\.?\s*o\.?\s*(?:box|bx|b|drawer)|post\s+office\s+(?:box|drawer)|pob(?:ox)?)(?:\s*\#|\s+no\.?|\.)?\s*(?P<number>\w[\w-]*)"
    r"|(?:box|bx)\s*\#?\s*(?P<bare>[\w-]*\d[\w-]*|[A-Z])",
    re.IGNORECASE,
)
ROUTE = re.compile(
    r"(?:RR|R\.? ?R\.?|HC|RT|RTE|ROUTE|RURAL ROUTE|PSC|CMR|UNIT)\s*#?\s*\d+\w*,?\s+BOX\s+\w+.*", re.IGNORECASE
)
"""A rural route, a highway contract, or a military address."""
FOR_WHOM = r"(?:C\s?/\s?O\b|%|ATTN?\b:?|ATTENTION\b:?|(?:IN )?CARE OF\b)"
CARE_OF = re.compile(rf"\s*(?:{FOR_WHOM}|DBA\b|D/B/A\b|FBO\b)", re.IGNORECASE)
CARE_OF_BEHIND = re.compile(rf"(?<=[\w.])[,;]?\s+\(?{FOR_WHOM}.*", re.IGNORECASE)
NO_ADDRESS_WORDS = frozenset(
    "NO NOT NONE UNKNOWN UNK UNASSIGNED ASSIGNED UNNUMBERED UNADDRESSED SITUS SITE ADDRESS ADDRESSES ADDR"
    " STREET LOCATION NUMBER NUMBERED VACANT LAND LOT PROPERTY AVAILABLE ON FILE OF RECORD PROVIDED GIVEN"
    " LISTED FOUND MAIL MAILING UNDELIVERABLE BAD RETURNED RETURN CONFIDENTIAL SAME AS ABOVE VARIOUS"
    " MULTIPLE TBD TO BE DETERMINED NA N A NULL DATA EXISTS RURAL UNAVAILABLE PHYSICAL NAME INFORMATION"
    " WITHHELD REDACTED SUPPRESSED PROTECTED UNSPECIFIED GENERAL X XX XXX OWNER HOUSE DELIVERY REFUSED"
    " INVALID INCOMPLETE MISSING BLANK THE IN".split()
)
EMPTY_BY_THEMSELVES = frozenset(
    "NO NOT NONE UNKNOWN UNK UNASSIGNED UNNUMBERED UNADDRESSED VACANT UNDELIVERABLE BAD RETURNED"
    " CONFIDENTIAL SAME VARIOUS MULTIPLE TBD NA NULL UNAVAILABLE WITHHELD REDACTED SUPPRESSED PROTECTED"
    " UNSPECIFIED X XX XXX REFUSED INVALID INCOMPLETE MISSING BLANK SITUS ADDRESS".split()
)
EMPTY_AT_THE_START = frozenset(word for word in EMPTY_BY_THEMSELVES if len(word) > 2).union(
    ["ACREAGE", "UNDEVELOPED", "UNIMPROVED", "LANDLOCKED"]
)
"""Words after which a text without a number or a type of street is no address: `VACANT LAND ONLY`."""
ADDRESS_WORD = re.compile(r"[A-Z0-9]+")


def shorten(street: str) -> str:
    """Abbreviate an address: `100 N Main St` for `100 North Main Street`. Keep names: `12 North St`, `5 Avenue B`."""
    if street[:1] in "PpBb" and (box := BOX.fullmatch(street)):
        return f"PO Box {box['number'] or box['bare']}"
    words = street.replace(",", " ").split()
    if len(words) < 3 or not (words[0][0].isdigit() or GRID_NUMBER.fullmatch(words[0])):
        return " ".join(words)
    end = len(words) - 1
    last = words[end].upper().rstrip(".")
    if last in ANY_DIRECTION and end > 2 and ((before := bare(words[end - 1])) in STREET_TYPES or before.isdigit()):
        words[end] = write(DIRECTIONS.get(last, last), words[end], is_direction=True)
        end -= 1
        last = bare(words[end])
    if short := STREET_TYPES.get(last):
        words[end] = short if words[end].isupper() else short.capitalize()
    first = words[1].upper().rstrip(".")
    if first in ANY_DIRECTION and (end > 2 or (end == 2 and bare(words[2]) not in STREET_TYPES)):
        words[1] = DIRECTIONS.get(first, first)
        pair = words[1] + bare(words[2])
        if end > 3 and len(words[1]) == 1 and pair in SHORT_DIRECTIONS:
            words[1:3] = [pair]
    return " ".join(words)


def bare(word: str) -> str:
    return word.upper().rstrip(".")


def write(short: str, word: str, is_direction: bool = False) -> str:
    """Return a short form in the case of the word that it replaces."""
    return short if is_direction or word.isupper() else short.capitalize()


# Streets and their units


def is_street(text: str) -> bool:
    """Return whether a text starts like a street address: with a house number, or as a box or a route."""
    return bool(STREET_START.match(text) or BOX.fullmatch(text) or ROUTE.fullmatch(text))


def is_of_street(word: str) -> bool:
    """Return whether a word is only in the address of a street: a number, or a common type."""
    return word.isdigit() or STREET_TYPES.get(word) in COMMON_TYPES


def is_care_of(text: str) -> bool:
    """Return whether a line says who receives mail, not where."""
    return bool(CARE_OF.match(text))


def cut_care_of(text: str) -> str:
    """Remove who receives mail from a line: `1 Oak St` for `C/O Ada Webb 1 Oak St` and `1 Oak St C/O Ada Webb`.

    A line without a street behind these words is not changed.
    """
    if is_care_of(text):
        words = text.split()
        start = next((at for at in range(1, min(len(words), MAX_CARE_OF_WORDS)) if is_start(words, at)), 0)
        if not start:
            return text
        text = " ".join(words[start:])
    return CARE_OF_BEHIND.sub("", text)


def is_start(words: list[str], at: int) -> bool:
    """Return whether a street, a box or a route starts at this word. A unit may have a number as well."""
    return bare(words[at - 1]) not in BARE_UNITS and is_street(" ".join(words[at:]))


def tidy(street: str) -> str:
    """Write a street and its unit in the usual way: `1 Oak St Rear` for `1.0 Oak St (Rear)`."""
    upper = street.upper()
    if not upper.replace(" ", "").isalnum() or " ATT" in upper or "CARE " in upper:
        street = cut_care_of(street)
        if ".0" in street:
            street = DECIMAL.sub(r"\1", street)
        if "-" in street:
            street = HYPHENATED.sub(" ", street)
        if "(" in street and (found := IN_BRACKETS.search(street)) and is_line_of_unit(found[1]):
            street = f"{street[: found.start()]} {found[1].strip()}"
    if upper.rpartition(" ")[2].rstrip(".") in BARE_UNITS:
        before = street.rpartition(" ")[0].rstrip(" ,")
        last = bare(before.rpartition(" ")[2])
        return before if last in STREET_TYPES or last in ANY_DIRECTION else street
    return street


def is_unit(text: str) -> bool:
    """Return whether a text is a unit: `Apt 4`, `B`, `2nd Floor`, `Lot 4 Blk 2`, but neither a place nor a name."""
    words = ADDRESS_WORD.findall(text.upper())
    if len(words) < 2:
        return bool(words) and is_of_unit(words[0], 2) and words[0] not in BARE_UNITS
    if split_unit(f"1 Main St {text}")[0] == "1 Main St":
        return True
    if len(words) > MAX_UNIT_WORDS or ZIP.search(text):
        return False
    longest = 3 if any(map(str.isdigit, text)) and not is_street(text) else 1
    return all(is_of_unit(word, longest) for word in words)


def is_of_unit(word: str, longest: int) -> bool:
    """Return whether a word may be part of a unit: a number, a word for units, or up to so many letters."""
    return not word.isalpha() or len(word) <= longest or word in UNIT_WORDS or word in ANY_DIRECTION


def is_line_of_unit(text: str) -> bool:
    """Return whether a line begins with a word for units and is nothing else."""
    return bool(IS_UNIT.match(text)) and is_unit(text)


def is_no_address(text: str) -> bool:
    """Return whether a text is a placeholder for an address: `NO SITUS ADDRESS`, `0 UNASSIGNED`, `0 MAIN ST`."""
    if re.match(r"0+(?:\s|$)", text):
        return True
    words = ADDRESS_WORD.findall(text.upper())
    if words and words[0] in EMPTY_AT_THE_START and not any(map(is_of_street, words[1:])):
        return True
    return bool(words) and NO_ADDRESS_WORDS.issuperset(words) and not EMPTY_BY_THEMSELVES.isdisjoint(words)


def split_unit(street: str) -> tuple[str, str]:
    """Split the unit off an address. It is empty if there is none."""
    words = street.split()
    upper = [word.upper() for word in words]
    if not may_have_unit(street, upper):
        return street, ""
    if is_plain_unit(upper) and "#" not in street and "," not in street:
        return " ".join(words[:-2]), f"{UNITS[upper[-2]]} {words[-1]}"
    if not street[0].isdigit() and (found := AT_THE_START.fullmatch(street)):
        rest, more = split_unit(found["street"])
        unit = write_unit(found["kind"] or "", found["number"])
        return rest, f"{unit} {more}".strip()
    if is_lone_number(upper):
        return " ".join(words[:-1]), words[-1]
    units: list[str] = []
    while len(units) < 3 and (found := AT_THE_END.fullmatch(street)) and is_split(found, units):
        units.insert(0, read_unit(found))
        street = found["street"].rstrip(" ,-")
    return street, " ".join(units)


def may_have_unit(street: str, upper: list[str]) -> bool:
    """Return quickly whether the words may contain a unit."""
    if "#" in street or "," in street or not UNIT_WORDS.isdisjoint(upper):
        return True
    if len(upper) < 3:
        return False
    # APT4B, Apt. 4: words of a street have neither dots nor digits there, except ordinals such as 5TH.
    if is_lone_number(upper):
        return True
    is_odd = any(not word.isalpha() for word in (upper[0][:1], upper[-1], upper[-2]) if not word.isdigit())
    return is_odd and (
        not UNIT_WORDS.isdisjoint(word.rstrip(".:") for word in upper)
        or bool(GLUED_DESIGNATOR.match(upper[-1]) or GLUED_DESIGNATOR.match(upper[0]))
    )


def is_lone_number(upper: list[str]) -> bool:
    """Return whether an address ends with the number of a unit alone, not of a highway: `61-20 Woodhaven Blvd 4F`."""
    last, before = upper[-1], STREET_TYPES.get(upper[-2].rstrip(".")) if len(upper) > 3 else None
    return before in UNNUMBERED_TYPES and bool(LONE_NUMBER.fullmatch(last)) and upper[0][0].isdigit()


def is_plain_unit(upper: list[str]) -> bool:
    """Return whether an address ends with one unit of the usual kind: `1 Oak St Apt 4`."""
    if len(upper) < 4:
        return False
    kind, number = upper[-2], upper[-1]
    return (
        kind in UNITS
        and kind not in SHORT_UNITS
        and upper[0].isdigit()
        and (number.isdigit() or (len(number) == 1 and number.isalpha()))
        and UNIT_WORDS.isdisjoint(upper[:-2])
        and number not in UNIT_WORDS
        and upper[-3] != "-"
    )


def is_split(found: re.Match[str], units: list[str]) -> bool:
    """Return whether the end of an address is a unit, judged by the text before it."""
    street = found["street"].rstrip(" ,-")
    if not STREET_START.match(street) and not (street[-1:].isdigit() and is_street(street)):
        return False
    if found["lone"]:
        last = bare(street.split()[-1])
        return bool(units) or last in STREET_TYPES or last in ANY_DIRECTION
    if found["kind"] and bare(found["kind"]) in SHORT_UNITS:
        return len(found["number"]) < 4 and found["number"][0].isdigit()
    return True


def read_unit(found: re.Match[str]) -> str:
    if found["lone"]:
        return LONE_UNITS[found["lone"].upper()]
    if found["floor"]:
        return f"Fl {STREET_ORDINALS.get(found['floor'].lower(), found['floor']).rstrip('stndrh')}"
    return write_unit(found["kind"] or "", found["number"] or found["bare"] or found["counted"])


def normalise_unit(text: str) -> str:
    """Normalise a unit: `Apt 4B` for `APT. 4B`, `12` for `# 12`, `204` for `204.0`.

    Raises ValueError for a date, or a text that is no unit.
    """
    if DATE.fullmatch(text):
        raise ValueError(f"“{text}” is a date: a spreadsheet has made one of a unit such as 3-4")
    if text.isalnum() and is_unit(text):
        return LONE_UNITS.get(text.upper(), text) if text.isupper() and text != "REAR" else text
    text = re.sub(r"(?<=\d)\.0$", "", text.strip("()[] "))
    street, unit = split_unit(f"1 Main St {text}")
    if unit and street == "1 Main St":
        return unit
    if not is_unit(text):
        raise ValueError(f"“{text[:40]}” is not a unit")
    return text


def write_unit(kind: str, number: str) -> str:
    return f"{UNITS[bare(kind)]} {number}" if kind else number


# Keys


def key_of(street: str) -> str:
    """Return a key that is equal for different spellings of a street address, which must be in its short form."""
    key = street.lower()
    if not key.replace(" ", "").isalnum():
        key = APART.sub(" ", key.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")).strip()
    return key if REWRITTEN_WORDS.isdisjoint(key.split()) else rewrite(key)


ROADS = {
    r"(?:farm|ranch) to market(?: r(?:oa)?d)?": "fm",
    r"(?:county|co|cnty|cty) (?:r(?:oa)?d|hwy|highway)": "cr",
    r"state (?:r(?:oa)?d|route|rte|rt|hwy|highway)": "sr",
    r"(?:u s|us) (?:route|rte|rt|hwy|highway)": "us",
    r"(?:interstate|ih)(?: (?:hwy|highway))?": "i",
    r"(?:rural (?:route|rte|rt)|r r|rfd)": "rr",
    r"(?:route|rte|rt)(?= \d+\w? box)": "rr",
    r"(?:highway contract(?: route)?|star route)": "hc",
    r"(?:highway|hiway|hwy)": "hwy",
    r"(?:route|rte|rt)(?= \d)": "rte",
    r"p o box": "po box",
}
SAME_WORDS = {
    "saint": "st",
    "sainte": "ste",
    "mount": "mt",
    "fort": "ft",
    "martin luther king": "mlk",
} | STREET_ORDINALS
APART = re.compile(r"[\W_]+")
REWRITTEN_WORDS = frozenset(
    "farm ranch county co cnty cty state u us interstate ih rural r rfd route rte rt highway hiway hwy star p"
    " martin".split()
).union(*(words.split() for words in SAME_WORDS), TENS)
"""Without any of these words, a key has only one spelling."""


def rewrite(key: str) -> str:
    """Normalise numbered roads, saints and spelled-out numbers."""
    for tens, number in TENS.items():
        if tens in key:
            for word, ordinal in STREET_ORDINALS.items():
                key = re.sub(rf"\b{tens} {word}\b", f"{number}{ordinal}", key)
            key = re.sub(rf"\b{tens.removesuffix('y')}ieth\b", f"{number}0th", key)
    for pattern, short in ROADS.items():
        key = re.sub(rf"\b{pattern}\b", short, key)
    return re.sub(rf"\b(?:{'|'.join(SAME_WORDS)})\b", lambda found: SAME_WORDS[found[0]], key)


def key_of_unit(unit: str) -> str:
    """Return the same key for `Apt 4`, `Unit 4` and `4`. A building or lot with that number has another key."""
    words = re.findall(r"\w+", unit.upper())
    return "".join(words[1:] if len(words) > 1 and words[0] in SAME_UNITS else words).lower()


CITY_WORDS = {
    "ft": "fort",
    "st": "saint",
    "ste": "sainte",
    "mt": "mount",
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "hts": "heights",
    "spgs": "springs",
    "bch": "beach",
    "vlg": "village",
    "twp": "township",
    "jct": "junction",
    "mc": "mac",
}


@lru_cache(maxsize=20_000)
def key_of_city(city: str) -> str:
    """Return the same key for `Ft Worth` and `Fort Worth`, `N Las Vegas` and `North Las Vegas`."""
    words = re.sub(r"[\W_]+", " ", city.lower().replace("'", "")).split()
    return " ".join(CITY_WORDS.get(word, word) for word in words)
