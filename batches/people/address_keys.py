"""Work out the keys that are equal for different spellings of an address. Pure."""

import re
from functools import lru_cache

from batches.people.street_words import STREET_ORDINALS, STREET_TYPES, TENS, UNITS

GRID_PARTS = re.compile(r"(?<=\d)\s+(?=[nsew]\d)")
"""The space within a grid number: `N89 W16840`."""
INTERCHANGEABLE_UNIT_WORDS = frozenset(word for word, short in UNITS.items() if short in ("Apt", "Unit", "Ste")) | {
    "NO"
}
"""Words for units that different sources use for the same unit."""
ROADS = {
    r"(?:farm|ranch) to market(?: r(?:oa)?d)?": "fm",
    r"(?:county|co|cnty|cty) (?:r(?:oa)?d|hwy|highway)": "cr",
    r"(?:township|twp) r(?:oa)?d": "twp rd",
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
"""Pattern of the kind of a numbered road, or of a box → its abbreviation in keys."""
SHORT_WORDS = {
    "saint": "st",
    "sainte": "ste",
    "mount": "mt",
    "fort": "ft",
    "martin luther king": "mlk",
} | STREET_ORDINALS
SPACED_DIRECTIONS = frozenset([" n e", " n w", " s e", " s w"])
CARDINAL = re.compile(r"(?<= )\d+(?= (?:st|ave|ter|ct|pl|dr|ln|way|cir)\b)")
"""A number that is the name of a street: `12 SW 8 St`."""
LEADING_ZEROS = re.compile(r"\b0+(?=\d)")
SEPARATORS = re.compile(r"[\W_]+")
REWRITTEN_WORDS = frozenset(
    "farm ranch county co cnty cty state u us interstate ih rural r rfd route rte rt highway hiway hwy star p"
    " township twp martin".split()
).union(*(words.split() for words in SHORT_WORDS), TENS)
"""A key without any of these words needs no `normalise_spellings`."""
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
"""Word in the name of a city → its spelling in keys."""


def key_of(street: str) -> str:
    """Return a key that is equal for different spellings of a street address. Call `shorten` on the address first."""
    key = key_as_written(street)
    if key[:1] == "0" or " 0" in key:
        key = LEADING_ZEROS.sub("", key)
    if " bx " in key:
        key = key.replace(" bx ", " box ")
    if key[-4:] in SPACED_DIRECTIONS:
        name, _, street_type = key[:-4].rpartition(" ")
        key = f"{name} {STREET_TYPES.get(street_type.upper(), street_type).lower()} {key[-3]}{key[-1]}"
    return CARDINAL.sub(lambda found: add_ordinal_ending(found[0]), key)


def add_ordinal_ending(number: str) -> str:
    """Return `8th` for `8`, and `21st` for `21`."""
    ending = "th" if number[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return f"{number}{ending}"


def key_as_written(street: str) -> str:
    """Return what `key_of` does. Leading zeros and the endings of ordinals count: `HC 02 Box 40`, `12 SW 8 St`."""
    key = street.lower()
    return key_of_spelling(GRID_PARTS.sub("", key) if key[:1] in "nsew" else key)


def key_of_spelling(key: str) -> str:
    """Return what `key_of` does, for a street in small letters. A space within a grid number counts."""
    if not key.replace(" ", "").isalnum():
        key = SEPARATORS.sub(" ", key.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")).strip()
    return key if REWRITTEN_WORDS.isdisjoint(key.split()) else normalise_spellings(key)


def normalise_spellings(key: str) -> str:
    """Normalise numbered roads, saints and spelled-out numbers in a key."""
    for tens, number in TENS.items():
        if tens in key:
            for word, ordinal in STREET_ORDINALS.items():
                key = re.sub(rf"\b{tens} {word}\b", f"{number}{ordinal}", key)
            key = re.sub(rf"\b{tens.removesuffix('y')}ieth\b", f"{number}0th", key)
    for pattern, short in ROADS.items():
        key = re.sub(rf"\b{pattern}\b", short, key)
    return re.sub(rf"\b(?:{'|'.join(SHORT_WORDS)})\b", lambda found: SHORT_WORDS[found[0]], key)


@lru_cache(maxsize=20_000)
def key_of_unit(unit: str) -> str:
    """Return a key that is equal for `Apt 4`, `Unit 04` and `4`, but not for a building or a lot with that number."""
    return key_of_unit_as_written(LEADING_ZEROS.sub("", unit) if "0" in unit else unit)


def key_of_unit_as_written(unit: str) -> str:
    """Return what `key_of_unit` does. A leading zero counts."""
    words = re.findall(r"\w+", unit.upper())
    if len(words) > 1 and words[0] in INTERCHANGEABLE_UNIT_WORDS:
        words = words[1:]
    return "".join(words).lower()


@lru_cache(maxsize=20_000)
def key_of_city(city: str) -> str:
    """Return a key that is equal for `Ft Worth` and `Fort Worth`, or for `N Las Vegas` and `North Las Vegas`."""
    words = re.sub(r"[\W_]+", " ", city.lower().replace("'", "")).split()
    return " ".join(CITY_WORDS.get(word, word) for word in words)


def is_same_city(first: str, second: str) -> bool:
    """Return whether two spellings are of the same city."""
    return key_of_city(first) == key_of_city(second)
