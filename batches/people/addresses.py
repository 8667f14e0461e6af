"""Abbreviate street addresses as in USPS Publication 28, to send them and to compare them. Pure."""

import re
from functools import lru_cache

from batches.people.street_words import (
    ANY_DIRECTION,
    COMMON_TYPES,
    DIRECTIONS,
    LONE_UNITS,
    SHORT_DIRECTIONS,
    STREET_ORDINALS,
    STREET_TYPES,
    UNITS,
)

UNIT_NUMBER_PATTERN = r"(?:[\w-]*\d[\w-]*(?:\s*&\s*\w+)?|[A-Z](?:-\w+|\s*&\s*[A-Z]\b)?)"
UNIT_WORD_PATTERN = "|".join(sorted(UNITS, key=len, reverse=True))
UNIT_AT_END = re.compile(
    rf"(?P<street>.*?\S)(?:,\s*|\s+)(?:-\s+)?(?:"
    rf"(?P<kind>{UNIT_WORD_PATTERN})(?:[.:]?\s*\#\s*|[.:]?\s+NO\.?\s*|[.:]?\s+|[.:-]|(?=\d))"
    rf"(?P<number>{UNIT_NUMBER_PATTERN})|\#\s*(?P<bare>{UNIT_NUMBER_PATTERN})"
    r"|(?:NO|NUM|NUMBER|NBR)\.?\s*\#?\s*(?P<counted>\d[\w-]*)"
    rf"|(?P<floor>\d+(?=ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)})(?:ST|ND|RD|TH)?\s*(?:FL|FLR|FLOOR)\.?"
    r"|(?P<level>\d{1,2})\s?(?:FL|FLR|FLOOR)\.?"
    rf"|(?P<lone>{'|'.join(LONE_UNITS)})(?:\s+(?:UNIT|LEVEL|LVL|APT))?)",
    re.IGNORECASE,
)
"""A unit at the end of a street address."""
UNIT_AT_START = re.compile(
    rf"(?:(?P<kind>{UNIT_WORD_PATTERN})(?:[.:]?\s*\#\s*|[.:]?\s+|(?=\d))|\#\s*)(?P<number>{UNIT_NUMBER_PATTERN})(?:,\s*|\s+-\s+|\s+)(?P<street>\d\S*\s+\S.*)",
    re.IGNORECASE,
)
"""A unit before a street address."""
UNIT_WORDS = frozenset([*UNITS, *LONE_UNITS, "NO", "NUM", "NUMBER", "NBR"])
"""Words for units or for their numbers."""
LONE_UNIT_NUMBER = re.compile(r"\d{1,3}[A-Z]|[A-Z]-?\d{1,3}|\d{1,4}")
"""The number of a unit that needs no word for units before it."""
UNNUMBERED_TYPES = frozenset("ST AVE BLVD DR LN CT PL WAY TER CIR PKWY SQ".split())
"""Street types after which a number is never part of the street's name."""
NUMBER_AND_LETTER = re.compile(r"\d{1,3}[A-Z]")
"""The number of a unit that cannot be that of a street: `3B`."""
WHOLE_STREET_NAMES = frozenset("MAIN BROADWAY BOWERY ESPLANADE BOARDWALK EMBARCADERO ALAMEDA".split())
"""Names of streets that need no type."""
NUMBERED_ROADS = frozenset(
    "HWY HIGHWAY ROUTE RTE RT ROAD RD FM CR SR SH US RM I COUNTY STATE INTERSTATE AVENUE LOT MILE UNIT APT BOX".split()
)
"""Words that a number after them continues: `12 Highway 9W`."""
ROADS_WITH_NUMBERS = frozenset("HWY HIGHWAY ROUTE RTE".split())
"""Roads that have a number for a name."""
ROAD_OWNERS = frozenset("COUNTY CO CNTY CTY STATE".split())
"""Words before the type of a road that has a number instead of a name."""
AMBIGUOUS_UNIT_WORDS = frozenset(["FL", "SP", "SU", "KEY"])
"""Words for units that often mean something else, so their number has at most three digits."""
GLUED_UNIT_WORD = re.compile(rf"(?:{UNIT_WORD_PATTERN})(?:[.:-]|\d)|\d+(?:ST|ND|RD|TH)?FL(?:OO)?R?\.?$", re.IGNORECASE)
"""A word for units with its number or a sign, but no space, beside it: `Apt4`, `Apt.`, `2FL`."""
GLUED_FLOOR = re.compile(r"(?<=[A-Za-z])(?=\d{1,2}(?:ST|ND|RD|TH)?FL(?:OO)?R?\.?$)", re.IGNORECASE)
"""Where a floor follows a street without a space: `12 Main St2FL`."""
STREET_START = re.compile(r"(?:\d\S*|[NSEW]\s?\d+(?:\s?[NSEW]\s?\d*)?\w?)\s+\S", re.IGNORECASE)
"""A house number, or a grid number (N6W23001, W148 N9748), followed by more text."""
GRID_NUMBER = re.compile(r"[NSEW]\d+(?:[NSEW]\d*)?[A-Z]?", re.IGNORECASE)
UNIT_START = re.compile(
    rf"\s*(?:\#|(?:{UNIT_WORD_PATTERN})(?:\b|(?=\d))|(?:{'|'.join(LONE_UNITS)})$"
    rf"|(?:\d+(?:ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)}) FL)",
    re.IGNORECASE,
)
"""The beginning of a unit."""
MAX_CARE_OF_WORDS = 12
"""Maximum number of words before the street on a line that begins with who receives mail."""
MAX_UNIT_WORDS = 6
"""Maximum number of words in a unit."""
ZIP = re.compile(r"\b\d{5}\b")
UNIT_WORDS_NEEDING_NUMBER = frozenset(
    word for word, short in UNITS.items() if short in ("Apt", "Bldg", "Lot", "Ste", "Unit")
) | {"#"}
"""Words for units that say nothing without a number. At the end of an address, they are dropped."""
IN_BRACKETS = re.compile(r"\s*\(([^()]+)\)\s*$")
HYPHENATED = re.compile(
    rf"(?<=[A-Za-z])-(?=(?:(?:{UNIT_WORD_PATTERN})\.?\s*\#?|\#)\s*(?:\d[\w-]*|[A-Z])$)", re.IGNORECASE
)
"""The hyphen between a street and its unit: St-Apt 4."""
DECIMAL = re.compile(r"(?<![\d.])(\d+)\.0(?=\s|$)")
"""A number that a spreadsheet has turned into a decimal."""
DATE = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[ T]\d.*)?|\d\d?/\d\d?/\d{2,4}(?: .*)?"
    r"|\d{1,2}[- ](?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*(?:[- ]\d{2,4})?"
    r"|(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*[- ]\d{1,4}",
    re.IGNORECASE,
)
"""A date that a spreadsheet has made of a unit such as 3-4."""
BOX = re.compile(
    r"(?:p\.?\s*o\.?\s*(?:box|bx|b|drawer)|post\s+office\s+(?:box|drawer)|pob(?:ox)?)(?:\s*\#|\s+no\.?|\.)?\s*(?P<number>\w[\w-]*)"
    r"|(?:box|bx)\s*\#?\s*(?P<bare>[\w-]*\d[\w-]*|[A-Z])",
    re.IGNORECASE,
)
BOX_AT_START = re.compile(
    r"(?:P\.?\s*O\.?\s*(?:BOX|BX|DRAWER)|POB(?:OX)?|POST\s+OFFICE\s+(?:BOX|DRAWER)|BO?X)(?:\s+NO\.?)?\s*\#?\s*"
    r"(?:[\w-]*\d[\w-]*|[A-Z])(?=[\s,])",
    re.IGNORECASE,
)
"""A box with its number before a city."""
RURAL_PATTERN = r"(?:R\.? ?R\.?|R\.?F\.?D\.?|RURAL (?:ROUTE|RTE?\.?))"
CONTRACT_PATTERN = r"(?:H\.? ?C\.?|HIGHWAY CONTRACT(?: (?:ROUTE|RTE?\.?))?)"
OTHER_ROUTE_PATTERN = r"(?:RTE?\.?|ROUTE|HCR|STAR (?:ROUTE|RTE?\.?)|PSC|CMR|UNIT)"
BOX_PATTERN = r"(?:BO?X|BUZ[OÓ]N|BZN)\s*\#?\s*"
SPANISH_BOX = re.compile(r"\b(?:BUZ[OÓ]N|BZN)\b", re.IGNORECASE)
"""The box on a route in Puerto Rico."""
ROUTE = re.compile(
    rf"(?:(?P<rural>{RURAL_PATTERN})|(?P<contract>{CONTRACT_PATTERN})|{OTHER_ROUTE_PATTERN})[\s#-]*"
    rf"(?P<box>\d+\w*,?\s+{BOX_PATTERN}\w+.*)",
    re.IGNORECASE,
)
"""A rural route, a highway contract, or a military address."""
ROUTE_AT_START = re.compile(
    rf"(?:{RURAL_PATTERN}|{CONTRACT_PATTERN}|{OTHER_ROUTE_PATTERN})[\s#-]*\d+\w*,?\s+{BOX_PATTERN}"
    r"(?:[\w-]*\d[\w-]*|[A-Z])(?=[\s,])"
    rf"|(?:{RURAL_PATTERN}|HCR?)[\s#-]*\d+\w*(?=[\s,])",
    re.IGNORECASE,
)
"""A route with its box, or a rural route alone, before a city."""
NUMBER_SIGN = re.compile(r"(?:#|NO\.?\s)\s*(?=\d+[A-Z]?\s+[A-Z])", re.IGNORECASE)
"""A sign before a house number: `# 12 Oak St`. That of a unit stands before two numbers."""
NUMBER_AFTER_ROAD = re.compile(
    r"(?P<road>(?:COUNTY|STATE|CO\.?|US|FM|CR|SR|RANCH|FARM|HIGHWAY|HWY)\b[A-Z. ]*\d+\w?),?\s*\#\s*(?P<number>\d+)",
    re.IGNORECASE,
)
"""A numbered road with a house number after it."""
CARE_OF_PATTERN = r"(?:C\s?/\s?O\b|%|ATTN?\b:?|ATTENTION\b:?|(?:IN )?CARE OF\b)"
CARE_OF = re.compile(rf"\s*(?:{CARE_OF_PATTERN}|DBA\b|D/B/A\b|FBO\b)", re.IGNORECASE)
CARE_OF_AFTER_STREET = re.compile(rf"(?<=[\w.])[,;]?\s+\(?{CARE_OF_PATTERN}.*", re.IGNORECASE)
NO_ADDRESS_WORDS = frozenset(
    "NO NOT NONE UNKNOWN UNK UNASSIGNED ASSIGNED UNNUMBERED UNADDRESSED SITUS SITE ADDRESS ADDRESSES ADDR"
    " STREET LOCATION NUMBER NUMBERED VACANT LAND LOT PROPERTY AVAILABLE ON FILE OF RECORD PROVIDED GIVEN"
    " LISTED FOUND MAIL MAILING UNDELIVERABLE BAD RETURNED RETURN CONFIDENTIAL SAME AS ABOVE VARIOUS"
    " MULTIPLE TBD TO BE DETERMINED NA N A NULL DATA EXISTS RURAL UNAVAILABLE PHYSICAL NAME INFORMATION"
    " WITHHELD REDACTED SUPPRESSED PROTECTED UNSPECIFIED GENERAL X XX XXX OWNER HOUSE DELIVERY REFUSED"
    " INVALID INCOMPLETE MISSING BLANK THE IN".split()
)
"""Words that placeholders for an address consist of."""
PLACEHOLDER_WORDS = frozenset(
    "NO NOT NONE UNKNOWN UNK UNASSIGNED UNNUMBERED UNADDRESSED VACANT UNDELIVERABLE BAD RETURNED"
    " CONFIDENTIAL SAME VARIOUS MULTIPLE TBD NA NULL UNAVAILABLE WITHHELD REDACTED SUPPRESSED PROTECTED"
    " UNSPECIFIED X XX XXX REFUSED INVALID INCOMPLETE MISSING BLANK SITUS ADDRESS".split()
)
"""Words of which a placeholder for an address has at least one."""
WAY_TO = re.compile(
    r"\d+(?:\.\d+)?\s*(?:MI|MILES?|FT|FEET|BLKS?|BLOCKS?)\.?\s+[NSEW]\w*\.?\s+(?:OF|FROM)\b", re.IGNORECASE
)
"""The way from somewhere else, which begins with a number as an address does: `1 MI N OF COURTHOUSE`."""
CORNER = re.compile(r"\s+(?:&|AND|AT|@)\s+|\s*/\s*", re.IGNORECASE)
"""What is between the two streets of a corner."""
REMARK = re.compile(
    r"\s*(?:\[[A-Z\s]*\]|\*+[A-Z\s]*\*+|\((?!REAR|FRONT|UP|LOW|BSMT|BASEMENT)[A-Z]{2,}(?:\s[A-Z\s]*)?\)"
    r"|-\s+(?:CORNER LOT|VACANT(?: LOT| LAND)?|DEMOLISHED|REAR LOT|EMPTY LOT)|\bA/?K/?A\b.*)\s*$",
    re.IGNORECASE,
)
"""A remark in brackets, stars or after a dash, or another address of the same house, at the end of a street."""
LEGAL_DESCRIPTION = re.compile(
    r"(?:TAX )?MAP \d+"
    r"|(?:LOTS?|LTS?|TRACTS?|TR)\.? [\w&,\s-]*\b(?:BLK|BLOCK|SEC|SECTION|SUBD|SUBDIVISION|ADDN|ADDITION|PLAT)\b"
    r"|(?:SEC|SECTION)\.? \d+\b.*\bT\.?\s?\d+\s?[NS]"
    r"|(?:BLK|BLOCK)\.? \w+,? (?:LOTS?|LTS?)\b",
    re.IGNORECASE,
)
"""Land by its place on a map: by the lot, the block, or the section of a township."""
HOUSE_NUMBER_PLACEHOLDERS = frozenset("TBD TBA UNK UNKNOWN UNASSIGNED UNNUMBERED XX XXX XXXX".split())
"""Words in the place of a house number. No street begins with them."""
PLACEHOLDER_STARTS = frozenset(word for word in PLACEHOLDER_WORDS if len(word) > 2).union(
    ["ACREAGE", "UNDEVELOPED", "UNIMPROVED", "LANDLOCKED"]
)
"""Words that begin a placeholder, unless a number or a street type follows: `VACANT LAND ONLY`."""
ADDRESS_WORD = re.compile(r"[A-Z0-9]+")
PLAIN_UNITS = frozenset(UNITS) - AMBIGUOUS_UNIT_WORDS
DOTTED_DIRECTION = re.compile(r"(?<=\s)([NS])\.\s?([EW])\.?(?=\s+\w)", re.IGNORECASE)
"""A direction of two letters with full stops, before the name of a street: `S.W. 8th St`."""
COMPASS = frozenset("NSEW")
SPECIAL_WORDS = UNIT_WORDS.union(ANY_DIRECTION, UNIT_WORDS_NEEDING_NUMBER)
"""Words that can change how the other words of an address are read."""


def read_plain(street: str) -> tuple[str, str] | None:
    """Return the short form and the unit of an address such as `12 N Main Street Apt 4` quickly.

    The result is that of `tidy`, `split_unit` and `shorten`. Return None if an address is not plain enough for this.
    """
    number, _, rest = street.partition(" ")
    if not number.isdigit() or number[0] == "0" or not street.isascii():
        return None
    plain = read_plain_name(rest)
    return (f"{number} {plain[0]}", plain[1]) if plain else None


@lru_cache(maxsize=20_000)
def read_plain_name(text: str) -> tuple[str, str] | None:
    """Return what `read_plain` does, for an address without its number. A list has fewer streets than addresses."""
    words, upper = text.split(), text.upper()
    names = upper.split()
    if upper.startswith("ATT") or " ATT" in upper or "CARE " in upper:
        return None
    unit = ""
    if len(names) > 3 and names[-1].isdigit() and names[-2] in PLAIN_UNITS:
        unit = f"{UNITS[names[-2]]} {words[-1]}"
        del words[-2:], names[-2:]
    if len(names) > 2 and words[0] in COMPASS:
        del names[0]
    short = STREET_TYPES.get(names[-1]) if len(names) > 1 else None
    if not short or not "".join(names).isalpha() or not SPECIAL_WORDS.isdisjoint(names):
        return None
    words[-1] = short if words[-1].isupper() else short.capitalize()
    return " ".join(words), unit


def shorten(street: str) -> str:
    """Abbreviate a street address: `100 N Main St` for `100 North Main Street`. Keep names, as in `12 North St`."""
    if street[:1] in "PpBb" and (box := BOX.fullmatch(street)):
        return f"PO Box {box['number'] or box['bare']}"
    if street[:1] in "RrHh" and (route := ROUTE.fullmatch(street)) and (route["rural"] or route["contract"]):
        return f"{'RR' if route['rural'] else 'HC'} {SPANISH_BOX.sub('Box', route['box'].replace(',', ''))}"
    words = street.replace(",", " ").split()
    if len(words) < 3 or not (words[0][0].isdigit() or GRID_NUMBER.fullmatch(words[0])):
        return " ".join(words)
    end = len(words) - 1
    last = bare(words[end])
    if last in ANY_DIRECTION and end > 2 and ((before := bare(words[end - 1])) in STREET_TYPES or before.isdigit()):
        # A direction after the street: `100 Main Street North`.
        words[end] = DIRECTIONS.get(last, last)
        end -= 1
        last = bare(words[end])
    elif last in ANY_DIRECTION and end > 3 and before in ANY_DIRECTION and bare(words[end - 2]) in STREET_TYPES:
        # Two words after the street: `100 Main Street North East`.
        pair = DIRECTIONS.get(before, before) + DIRECTIONS.get(last, last)
        if pair in SHORT_DIRECTIONS:
            if last in DIRECTIONS:
                words[end - 1 :] = [pair]
            end -= 2
            last = bare(words[end])
    if short := STREET_TYPES.get(last):
        words[end] = short if words[end].isupper() else short.capitalize()
    direction = bare(words[1])
    if direction in ANY_DIRECTION and (end > 2 or (end == 2 and bare(words[2]) not in STREET_TYPES)):
        # A direction before the street, which may be two words: `100 North East Main Street`.
        words[1] = DIRECTIONS.get(direction, direction)
        second = bare(words[2])
        pair = words[1] + DIRECTIONS.get(second, second)
        if end > 3 and len(words[1]) == 1 and pair in SHORT_DIRECTIONS:
            words[1:3] = [pair]
    return " ".join(words)


def bare(word: str) -> str:
    """Return a word in capitals, without a full stop."""
    return word.upper().rstrip(".")


# Streets and their units


def is_street(text: str) -> bool:
    """Return whether a string begins with a house number, or is a box or a rural route."""
    return bool(STREET_START.match(text) or BOX.fullmatch(text) or ROUTE.fullmatch(text))


def is_street_word(word: str) -> bool:
    """Return whether a word occurs only in street addresses: a number, or a common street type."""
    return word.isdigit() or STREET_TYPES.get(word) in COMMON_TYPES


def put_number_first(street: str) -> str:
    """Return `350 County Road 12` for `County Road 12 #350`: a numbered road with its house number at the end."""
    street = NUMBER_SIGN.sub("", street)
    found = NUMBER_AFTER_ROAD.fullmatch(street)
    return f"{found['number']} {found['road']}" if found else street


def is_care_of(text: str) -> bool:
    """Return whether a line begins with who receives mail, rather than with where."""
    return bool(CARE_OF.match(text))


def cut_care_of(text: str) -> str:
    """Remove who receives mail: `1 Oak St` for `C/O Ada Webb 1 Oak St` and for `1 Oak St C/O Ada Webb`.

    A line without a street after these words is not changed.
    """
    if is_care_of(text):
        words = text.split()
        possible_starts = range(1, min(len(words), MAX_CARE_OF_WORDS))
        start = next((position for position in possible_starts if starts_street(words, position)), None)
        if start is None:
            return text
        text = " ".join(words[start:])
    return CARE_OF_AFTER_STREET.sub("", text)


def starts_street(words: list[str], position: int) -> bool:
    """Return whether a street, a box or a route begins at a position, or a unit before a street.

    Neither the number of a unit nor a floor is a house number.
    """
    if bare(words[position - 1]) in UNIT_WORDS_NEEDING_NUMBER:
        return False
    text = " ".join(words[position:])
    if UNIT_START.match(text) and not ROUTE.fullmatch(text):
        return bool(UNIT_AT_START.fullmatch(text))
    return is_street(text) or bool(BOX_AT_START.match(text))


def tidy(street: str) -> str:
    """Write a street and its unit in the usual way: `1 Oak St Rear` for `1.0 Oak St (Rear)`."""
    upper = street.upper()
    if not upper.replace(" ", "").isalnum() or upper.startswith("ATT") or " ATT" in upper or "CARE " in upper:
        street = cut_care_of(street)
        if ".0" in street:
            street = DECIMAL.sub(r"\1", street)
        if "." in street:
            street = DOTTED_DIRECTION.sub(r"\1\2", street)
        if "-" in street:
            street = HYPHENATED.sub(" ", street)
        if "(" in street and (found := IN_BRACKETS.search(street)) and is_unit_line(found[1]):
            street = f"{street[: found.start()]} {found[1].strip()}"
    if upper.rpartition(" ")[2].rstrip(".") in UNIT_WORDS_NEEDING_NUMBER:
        before = street.rpartition(" ")[0].rstrip(" ,")
        last = bare(before.rpartition(" ")[2])
        return before if last in STREET_TYPES or last in ANY_DIRECTION else street
    return street


def is_unit(text: str) -> bool:
    """Return whether a string is a unit, such as `Apt 4`, `B`, `2nd Floor` or `Lot 4 Blk 2`, not a place or a name."""
    words = ADDRESS_WORD.findall(text.upper())
    if len(words) < 2:
        return bool(words) and may_be_in_unit(words[0], max_letters=2) and words[0] not in UNIT_WORDS_NEEDING_NUMBER
    if split_unit(f"1 Main St {text}")[0] == "1 Main St":
        return True
    if len(words) > MAX_UNIT_WORDS or ZIP.search(text):
        return False
    max_letters = 3 if any(map(str.isdigit, text)) and not is_street(text) else 1
    return all(may_be_in_unit(word, max_letters) for word in words)


def may_be_in_unit(word: str, max_letters: int) -> bool:
    """Return whether a word may be part of a unit: a number, a word for units, or at most `max_letters` letters."""
    return not word.isalpha() or len(word) <= max_letters or word in UNIT_WORDS or word in ANY_DIRECTION


def is_unit_line(text: str) -> bool:
    """Return whether a line begins with a word for units and is only a unit."""
    return bool(UNIT_START.match(text)) and is_unit(text)


def is_address_placeholder(text: str) -> bool:
    """Return whether a string is a placeholder for an address: `NO SITUS ADDRESS`, `0 UNASSIGNED`, `0 MAIN ST`."""
    if re.match(r"0+(?:\s|$)", text):
        return True
    words = ADDRESS_WORD.findall(text.upper())
    if words and words[0] in HOUSE_NUMBER_PLACEHOLDERS:
        return True
    if words and words[0] in PLACEHOLDER_STARTS and not any(map(is_street_word, words[1:])):
        return True
    return bool(words) and NO_ADDRESS_WORDS.issuperset(words) and not PLACEHOLDER_WORDS.isdisjoint(words)


def is_legal_description(text: str) -> bool:
    """Return whether a string describes land by survey: `LOT 12 BLK 3 OAK HILLS`, `SEC 12 T2N R3W`."""
    return bool(LEGAL_DESCRIPTION.match(text))


def is_corner_or_way(text: str) -> bool:
    """Return whether a string says where land is, but is no address: `OAK ST & 3RD ST`, `1 MI N OF COURTHOUSE`."""
    if WAY_TO.match(text):
        return True
    streets = CORNER.split(text)
    return len(streets) == 2 and not text[:1].isdigit() and all(is_street_word(each.split()[-1]) for each in streets)


def may_have_remark(street: str) -> bool:
    """Return whether a remark may follow a street. This is the quick check for most addresses."""
    return street[-1] in ")]*" or " - " in street or "/" in street or " aka " in street or " AKA " in street


def cut_remarks(street: str) -> str:
    """Remove remarks after a street: `[VACANT]`, `***DEMOLISHED***`, `- CORNER LOT`, `aka 20 Elm Pl`."""
    return REMARK.sub("", street).rstrip(" ,;-") or street


def split_unit(street: str) -> tuple[str, str]:
    """Return a street address without its unit, and the unit, or "" if there is none."""
    if street[-1:] in "Ll.Rr" and "FL" in street[-6:].upper():
        street = GLUED_FLOOR.sub(" ", street)
    words = street.split()
    upper = [word.upper() for word in words]
    if not may_have_unit(street, upper):
        return street, ""
    if ends_with_plain_unit(upper) and "#" not in street and "," not in street:
        return " ".join(words[:-2]).rstrip(" ;"), f"{UNITS[upper[-2]]} {words[-1]}"
    if not street[0].isdigit() and (found := UNIT_AT_START.fullmatch(street)):
        rest, second_unit = split_unit(found["street"])
        first_unit = format_unit(found["kind"] or "", found["number"])
        return rest, f"{first_unit} {second_unit}".strip()
    if ends_with_lone_number(upper):
        return " ".join(words[:-1]), words[-1]
    units: list[str] = []
    while len(units) < 3 and (found := UNIT_AT_END.fullmatch(street)) and is_unit_match(found, units):
        units.insert(0, read_unit(found))
        street = found["street"].rstrip(" ,;-#")
    return street, " ".join(units)


def may_have_unit(street: str, upper: list[str]) -> bool:
    """Return whether an address may contain a unit. This is the quick check for most addresses."""
    if "#" in street or "," in street or not UNIT_WORDS.isdisjoint(upper):
        return True
    if len(upper) < 3:
        return False
    # `4B`, `APT4B` and `Apt.` have digits or dots among their letters, unlike most words at either end of a street.
    if ends_with_lone_number(upper):
        return True
    is_odd = any(not word.isalpha() for word in (upper[0][:1], upper[-1], upper[-2]) if not word.isdigit())
    return is_odd and (
        not UNIT_WORDS.isdisjoint(word.rstrip(".:") for word in upper)
        or bool(GLUED_UNIT_WORD.match(upper[-1]) or GLUED_UNIT_WORD.match(upper[0]))
    )


def ends_with_lone_number(upper: list[str]) -> bool:
    """Return whether an address ends with the number of a unit alone, and not of a road: `61-20 Woodhaven Blvd 4F`."""
    if len(upper) < 3 or not upper[0][0].isdigit():
        return False
    if not LONE_UNIT_NUMBER.fullmatch(upper[-1]):
        return False
    before = upper[-2].rstrip(".,")
    if before in UNIT_WORDS:
        return False
    if before in WHOLE_STREET_NAMES or (NUMBER_AND_LETTER.fullmatch(upper[-1]) and before.isalpha()):
        return before not in NUMBERED_ROADS
    if STREET_TYPES.get(before) not in UNNUMBERED_TYPES:
        is_numbered = before in NUMBERED_ROADS and not (before in ("RD", "ROAD") and upper[-3] not in ROAD_OWNERS)
        return upper[-2].endswith(",") and before.isalpha() and not is_numbered
    # The street needs a name, because `N Avenue 64` is one itself.
    return not upper[-1].isdigit() or not (ANY_DIRECTION | ROAD_OWNERS).issuperset(upper[1:-2])


def ends_with_plain_unit(upper: list[str]) -> bool:
    """Return whether an address ends with a usual unit and has no other: `1 Oak St Apt 4`."""
    if len(upper) < 4:
        return False
    kind, number = upper[-2], upper[-1]
    return (
        kind in UNITS
        and kind not in AMBIGUOUS_UNIT_WORDS
        and upper[0].isdigit()
        and (number.isdigit() or (len(number) == 1 and number.isalpha()))
        and UNIT_WORDS.isdisjoint(upper[:-2])
        and number not in UNIT_WORDS
        and upper[-3] != "-"
    )


def is_unit_match(found: re.Match[str], units: list[str]) -> bool:
    """Return whether what was found at the end of an address is a unit. The text before it must be a street."""
    street = found["street"].rstrip(" ,-#")
    if not STREET_START.match(street) and not (street[-1:].isdigit() and is_street(street)):
        return False
    if found["level"] and bare(street.rpartition(" ")[2]) in NUMBERED_ROADS:
        return False
    if (found["bare"] or found["counted"]) and bare(street.rpartition(" ")[2]) in ROADS_WITH_NUMBERS:
        # `2104 State Highway No 70`
        return False
    if found["lone"]:
        last = bare(street.split()[-1])
        return bool(units) or last in STREET_TYPES or last in ANY_DIRECTION or last in ("FL", "FLR", "FLOOR")
    if found["kind"] and bare(found["kind"]) in AMBIGUOUS_UNIT_WORDS:
        return len(found["number"]) < 4 and found["number"][0].isdigit()
    return True


def read_unit(found: re.Match[str]) -> str:
    """Return the unit that was found at the end of an address, in its usual form."""
    if found["lone"]:
        return LONE_UNITS[found["lone"].upper()]
    if found["level"]:
        return f"Fl {found['level']}"
    if found["floor"]:
        ordinal = STREET_ORDINALS.get(found["floor"].lower(), found["floor"])
        return f"Fl {ordinal.rstrip('stndrh')}"
    return format_unit(found["kind"] or "", found["number"] or found["bare"] or found["counted"])


def normalise_unit(text: str) -> str:
    """Normalise a unit: `Apt 4B` for `APT. 4B`, `12` for `# 12`, `204` for `204.0`.

    Raise ValueError if it is a date, or not a unit.
    """
    if DATE.fullmatch(text):
        raise ValueError(f"“{text}” is a date: a spreadsheet has turned a unit such as 3-4 into it")
    if text.isalnum() and is_unit(text) and not GLUED_UNIT_WORD.fullmatch(text):
        return LONE_UNITS.get(text.upper(), text) if text.isupper() and text != "REAR" else text
    text = re.sub(r"(?<=\d)\.0$", "", text.strip("()[] "))
    street, unit = split_unit(f"1 Main St {text}")
    if unit and street == "1 Main St":
        return unit
    if not is_unit(text):
        raise ValueError(f"“{text[:40]}” is not a unit")
    return text


def format_unit(kind: str, number: str) -> str:
    return f"{UNITS[bare(kind)]} {number}" if kind else number
