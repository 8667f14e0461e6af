"""Split cells that hold several parts of an address: city, state and ZIP in any order, or a whole address. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

from localflavor.us.us_states import STATES_NORMALIZED, USPS_CHOICES

from batches.people.addresses import (
    AMBIGUOUS_UNIT_WORDS,
    GRID_NUMBER,
    LONE_UNIT_NUMBER,
    PLAIN_UNITS,
    ROUTE_AT_START,
    STREET_ORDINALS,
    UNIT_AT_START,
    UNIT_START,
    UNIT_WORDS,
    bare,
    is_street,
    is_unit_line,
    key_of,
    shorten,
    split_unit,
)
from batches.people.street_words import (
    ANY_DIRECTION,
    COMMON_TYPES,
    LONE_UNITS,
    SHORT_DIRECTIONS,
    STREET_TYPES,
    UNITS,
)
from batches.people.zip_codes import find_state as find_state_of_zip

STATES = {str(name): str(code) for name, code in STATES_NORMALIZED.items()} | {
    "washington dc": "DC",
    "washington d c": "DC",
    "d c": "DC",
    "n carolina": "NC",
    "s carolina": "SC",
    "no carolina": "NC",
    "so carolina": "SC",
    "n dakota": "ND",
    "s dakota": "SD",
    "no dakota": "ND",
    "so dakota": "SD",
    "w virginia": "WV",
    "n mexico": "NM",
    "n hampshire": "NH",
    "n jersey": "NJ",
    "n york": "NY",
    "penna": "PA",
    "cal": "CA",
    "cali": "CA",
    "dela": "DE",
    "n car": "NC",
    "s car": "SC",
    "no car": "NC",
    "so car": "SC",
    "n dak": "ND",
    "s dak": "SD",
    "n mex": "NM",
    "w va": "WV",
    "wash dc": "DC",
    "wash d c": "DC",
    "n c": "NC",
    "s c": "SC",
    "n d": "ND",
    "s d": "SD",
    "n h": "NH",
    "n j": "NJ",
    "n m": "NM",
    "n y": "NY",
    "r i": "RI",
    "w v": "WV",
    "dist of columbia": "DC",
    "aa": "AA",
    "ae": "AE",
    "ap": "AP",
}
"""Spelling of a state → its two letters. These are plain strings: the library's names are translated at each access."""
STATE_CODES = frozenset(STATES.values())
STATE_NAMES = {
    name: code
    for name, code in STATES.items()
    if len(name) > 3 and name.replace(" ", "").isalpha() and not name.startswith("washington ")
}
"""Name of a state, in small letters → its two letters."""
LONGEST_STATE_NAME = {
    code: max((name for name in STATE_NAMES if STATE_NAMES[name] == code), key=len, default="") for code in STATE_CODES
}
"""Two letters of a state → its longest name, in small letters."""
STATE_TITLES = {str(code): str(name) for code, name in USPS_CHOICES}
"""Two letters of a state → its name as it is written in a sentence."""
ANY_STATE = "|".join(sorted(STATE_NAMES, key=len, reverse=True))
STATE_AT_END = re.compile(
    rf"(?P<rest>.*?)[\s,(/|-]*(?:(?<![A-Za-z])(?P<name>{ANY_STATE})"
    r"|(?<![A-Za-z.])(?P<code>[A-Za-z]{2}|[A-Za-z]\.\s?[A-Za-z]|D C))[.,)\s/|-]*",
    re.IGNORECASE | re.DOTALL,
)
STATE_AT_START = re.compile(
    rf"[\s,(/|-]*(?:(?P<name>{ANY_STATE})|(?P<code>[A-Za-z]{{2}}))(?![A-Za-z])[.,)\s/|-]*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
ZIP = re.compile(
    r"(?<![\d#])(?P<zip>\d{5})(?:[-\s]?\d{4}|-(?!\d))?(?![\d-])|(?<=[A-Za-z]{2}[\s,.])\s*(?P<short>\d{4}|\d{3})(?:-\d{4})?\s*$"
)
COUNTRY = re.compile(
    r"(?:[\s,;]|(?<=\d))+(?:USA|U\.\s?S\.\s?A\.?|US|U\.S\.?|United States(?: of America)?|Etats Unis|EEUU)[\s.]*$",
    re.IGNORECASE,
)
STOP = re.compile(r"(?<=\s)(?P<word>[A-Za-z]{4,}|\w*\d)\.\s+(?=(?P<next>[A-Za-z]+))")
"""A full stop after a number or a word that is too long for most abbreviations. It can stand for a comma."""
PO_BOX_AND_CITY = re.compile(
    r"((?:P\.?\s*O\.?\s*(?:BOX|BX|DRAWER)|POB|BOX)\s*\#?\s*[\w-]*\d[\w-]*)\s+(.+)", re.IGNORECASE | re.DOTALL
)
NUMBERED_STREET = re.compile(
    r"(\S+ [NSEW] \d+ [NSEW]"
    r"|\S+(?: [NSEW]{1,2})? (?:(?:US|STATE|COUNTY|CO|CNTY|INTERSTATE|FARM TO MARKET|FM|RANCH) )*(?:HWY|HIGHWAY|ROUTE"
    r"|RTE|ROAD|RD|FM|CR|SR|SH|US|RM|I|AVENUE|AVE) (?:\d+\w?|[A-Z])"
    r"|\S+ I-\d+)(?: |$)"
)
"""A street that is named by a number or a letter, up to that: `12 County Road 4`, `12 E 700 S`."""
WHOLE_STREET_NAMES = frozenset("BROADWAY BOWERY ESPLANADE BOARDWALK EMBARCADERO ALAMEDA".split())
"""Names of streets that need no type."""
CITIES_WITH_DIRECTIONS = frozenset(
    f"{direction} {city.strip()}"
    for direction, cities in {
        "N": "LAS VEGAS, MIAMI, MIAMI BEACH, CHARLESTON, LITTLE ROCK, PORT, BERGEN, RICHLAND HILLS, HAVEN"
        ", TONAWANDA, PLATTE, OLMSTED, HOLLYWOOD, LAUDERDALE, FORT MYERS, FT MYERS, BRUNSWICK, AUGUSTA"
        ", PALM BEACH, CHICAGO, KANSAS CITY",
        "S": "SAN FRANCISCO, BEND, GATE, JORDAN, PORTLAND, BURLINGTON, PASADENA, LAKE TAHOE, EL MONTE, ST PAUL"
        ", MIAMI, PLAINFIELD, ORANGE, HOLLAND, SALT LAKE, OGDEN, SIOUX CITY, PADRE ISLAND, HOUSTON, EUCLID, DAYTONA",
        "E": "ST LOUIS, ORANGE, LANSING, HARTFORD, PROVIDENCE, HAVEN, CLEVELAND, CHICAGO, POINT, BRUNSWICK, PALO ALTO"
        ", MOLINE, PEORIA, RUTHERFORD, HAMPTON, GREENWICH, LIVERPOOL, STROUDSBURG, WENATCHEE, RIDGE, MEADOW",
        "W": "PALM BEACH, COVINA, JORDAN, VALLEY CITY, VALLEY, HOLLYWOOD, HARTFORD, ALLIS, DES MOINES, ORANGE, WARWICK"
        ", SACRAMENTO, LAFAYETTE, CHESTER, HAVEN, FARGO, SPRINGFIELD, MEMPHIS, MONROE, COLUMBIA, BEND, BLOOMFIELD"
        ", CHICAGO, LINN, PLAINS, POINT, NEW YORK, MIFFLIN, SENECA, ROXBURY, MILFORD, LONG BRANCH, HAVERSTRAW",
    }.items()
    for city in cities.split(",")
)
"""Cities whose names begin with a direction, so that it is not the end of the street before them."""
ROUTE_COMMA = re.compile(r"^(\D{2,20}\d+\w?),\s*(BO?X\b)", re.IGNORECASE)
"""A comma between a route and its box: `Rte 2, Box 18`."""
FLOOR = re.compile(rf"(?:\d+(?:ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)})\s+(?:FL|FLR|FLOOR)\.?", re.IGNORECASE)
CITY_BEGINNINGS = frozenset("FRONT UPPER LOWER UP DOWN DN SIDE".split())
"""Words for units that need no number, with which the names of cities begin."""
COUNTY = re.compile(r".* (?:County|Parish|Borough)", re.IGNORECASE)
DWELLINGS = frozenset("HOUSE HOME RESIDENCE DWELLING SFR SFH CONDO TOWNHOUSE TOWNHOME DUPLEX BUILDING".split())
FOREIGN_PLACES = frozenset(
    "canada|can|mexico|mex|united kingdom|uk|u k|great britain|gb|gbr|england|scotland|wales|ireland|"
    "northern ireland|germany|deutschland|france|spain|espana|italy|italia|japan|china|hong kong|korea|"
    "south korea|republic of korea|india|australia|aus|new zealand|brazil|brasil|israel|philippines|taiwan|"
    "singapore|switzerland|netherlands|holland|belgium|sweden|norway|denmark|finland|iceland|colombia|argentina|"
    "chile|peru|venezuela|costa rica|panama|ecuador|jamaica|bahamas|barbados|bermuda|cayman islands|"
    "dominican republic|haiti|cuba|guatemala|honduras|el salvador|nicaragua|belize|bolivia|uruguay|paraguay|"
    "thailand|vietnam|viet nam|malaysia|indonesia|cambodia|pakistan|bangladesh|sri lanka|nepal|uae|"
    "united arab emirates|saudi arabia|qatar|kuwait|oman|bahrain|egypt|nigeria|ghana|kenya|ethiopia|south africa|"
    "morocco|russia|ukraine|poland|austria|portugal|greece|turkey|hungary|czech republic|czechia|romania|"
    "bulgaria|croatia|serbia|slovakia|slovenia|lithuania|latvia|estonia|luxembourg|malta|cyprus|lebanon|iran|"
    "iraq|afghanistan|trinidad|tobago|trinidad and tobago|virgin islands british|british virgin islands|ontario|"
    "quebec|british columbia|alberta|manitoba|nova scotia|new brunswick|saskatchewan".split("|")
)
"""Names of countries and of provinces of Canada, in small letters."""
FOREIGN_CODE = re.compile(
    r"[A-Z]\d[A-Z][ -]?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{1,2}-\d{4,5}", re.IGNORECASE
)
"""A postal code of Canada or the United Kingdom, or one with a country before it."""
MAX_UNIT_LETTERS = 2
"""Maximum number of letters of a piece that can be a unit."""
NO_CITY_STARTS = frozenset("THE OFF NEAR BEHIND CORNER LOT BLOCK BLK ATTN CARE".split())
"""Words that begin a remark after a street, or part of a legal description."""
ENDS_OF_STREETS = frozenset("ST AVE RD DR LN BLVD CT CIR PKWY WAY TRL".split())
"""Street types that are rarely the last word of a city."""
MAX_ADDRESS_LENGTH = 500
"""Maximum length of a whole address."""
MAX_PLACE_LENGTH = 100
"""Maximum length of a city with its state and ZIP."""


class Place(NamedTuple):
    """A city with its state and ZIP. What is not known is empty."""

    city: str
    state: str
    """Two letters."""
    zip: str
    """Three to five digits, as written."""


@lru_cache(maxsize=10_000)
def find_state(text: str) -> str:
    """Return the two letters of a state in any usual spelling, such as `Va.` or `TX - Texas`, or "" if it is none."""
    lower = text.lower()
    without_dots = lower.replace(".", "")
    letters = " ".join(re.findall(r"[a-z]+", without_dots))
    if code := STATES.get(letters) or STATES.get(lower.strip()) or STATES.get(without_dots.strip()):
        return code
    words = [word for word in re.findall(r"[a-z]+", lower) if word not in ("us", "usa", "united", "states")]
    if words[:2] == ["state", "of"]:
        words = words[2:]
    if code := STATES.get(" ".join(words)):
        return code
    # The same state can be there twice, as in `TX - Texas`.
    for count in range(1, len(words)):
        left, right = STATES.get(" ".join(words[:count]), ""), STATES.get(" ".join(words[count:]), "")
        if left and left == right:
            return left
    return ""


def title_of(code: str) -> str:
    """Return the name of a state as it is written in a sentence."""
    return STATE_TITLES.get(code, code)


def is_foreign(text: str) -> bool:
    """Return whether an address, a postal code, a country or a province is outside the United States."""
    last_part = re.split(r"[,;\n]", text)[-1]
    name = " ".join(re.findall(r"[a-z]+", last_part.lower()))
    return name in FOREIGN_PLACES or bool(FOREIGN_CODE.search(text) and not re.search(r"\b\d{5}\b", text))


@lru_cache(maxsize=20_000)
def split_place(text: str) -> tuple[str, str, str]:
    """Return city, state and ZIP of `Herndon, VA 20170`, in any order. Return any other text as the city."""
    place = read_place(text)
    return (place.city, place.state, place.zip) if place else (text, "", "")


def read_place(text: str) -> Place | None:
    """Return the parts of a place, or None if neither the state nor the ZIP is certain."""
    if len(text) > MAX_PLACE_LENGTH:
        return None
    text = COUNTRY.sub("", text.strip())
    zips = list(ZIP.finditer(text))
    if not zips:
        city, state = split_state(text)
        return Place(city, state, "") if state else None
    found = zips[-1]
    before, after = text[: found.start()], text[found.end() :]
    zip_code = found["zip"] or found["short"]
    city, state = split_state(before)
    if not state or (not city and after.strip(" ,.-")):
        state_after, rest = split_state_at_start(after)
        if not state and state_after:
            return Place(tidy_city(f"{before} {rest}"), state_after, zip_code)
        if not state:
            rest, state_after = split_state(after)
            if state_after:
                return Place(tidy_city(f"{before} {rest}"), state_after, zip_code)
    if state:
        return Place(tidy_city(f"{city} {after}"), state, zip_code)
    if not found["zip"]:
        return None
    city, state = split_short_state(tidy_city(f"{before} {after}"), zip_code)
    return Place(city, state, zip_code)


def split_short_state(city: str, zip_code: str) -> tuple[str, str]:
    """Return a city without a state of three letters at its end (`Tampa Fla`), and the state if the ZIP is in it."""
    rest, _, last = city.rpartition(" ")
    state = STATES.get(last.lower().rstrip("."), "") if len(last.rstrip(".")) == 3 else ""
    return (tidy(rest), state) if rest and state and find_state_of_zip(zip_code) == state else (city, "")


def split_state(text: str) -> tuple[str, str]:
    """Return the text before a state at the end, and the state, or all of the text and "" if there is none."""
    found = STATE_AT_END.fullmatch(text)
    state = read_state_code(found) if found else ""
    if not found or not state:
        return text, ""
    city = tidy_city(found["rest"])
    if found["name"] and not city and found["name"].lower() in ("new york", "washington"):
        # `New York 10001` is the city.
        return text, ""
    return city, state


def split_state_at_start(text: str) -> tuple[str, str]:
    """Return the state at the start of a string, and the rest of the string, or "" and the string if there is none."""
    found = STATE_AT_START.fullmatch(text)
    state = read_state_code(found) if found else ""
    return (state, tidy(found["rest"])) if found and state else ("", text)


def read_state_code(found: re.Match[str]) -> str:
    """Return the two letters of a state that was found as a name or a code, or "" if there is no such state."""
    if found["name"]:
        return STATE_NAMES[found["name"].lower()]
    code = re.sub(r"[^A-Z]", "", found["code"].upper())
    return code if code in STATE_CODES else ""


def tidy_city(text: str) -> str:
    """Return a city without the marks around it, and without its county: `Tampa` for `Tampa, Hillsborough County`."""
    city, comma, county = tidy(text).rpartition(",")
    return tidy(city) if comma and COUNTY.fullmatch(county) else tidy(text)


def tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;-(/|")


def split_whole(text: str) -> tuple[str, str, str, str]:
    """Return street, city, state and ZIP of `1 Oak St, Herndon, VA 20170`. Return any other text as the street."""
    if len(text) > MAX_ADDRESS_LENGTH:
        return text, "", "", ""
    text_of_route = ROUTE_COMMA.sub(r"\1 \2", text) if text[:1] in "RrHhSs" else text
    pieces = re.split(r"[,;\n|]|\s/\s", STOP.sub(read_stop, COUNTRY.sub("", text_of_route)))
    pieces = [piece for piece in map(str.strip, pieces) if piece]
    last = len(pieces) - 1
    pieces = [piece for position, piece in enumerate(pieces) if position in (0, last) or not COUNTY.fullmatch(piece)]
    for count in range(1, min(len(pieces), 4) + 1):
        place = read_place(", ".join(pieces[-count:]))
        if not place or not place.city or not (place.state or place.zip):
            continue
        if count == len(pieces) or is_street(place.city) or (count > 1 and is_street(pieces[-count])):
            street, city = split_street(place.city)
            if not city:
                continue
            pieces[-count:] = [street]
            return join_street(pieces), city, place.state, place.zip
        if place.state:
            return join_street(pieces[:-count]), place.city, place.state, place.zip
    if len(pieces) > 1 and is_only_city(pieces[-1]) and is_street(pieces[0]):
        return join_street(pieces[:-1]), pieces[-1], "", ""
    return text.strip(), "", "", ""


def read_stop(found: re.Match[str]) -> str:
    """Return a comma in the place of a full stop that separates two parts: `Unit 4. Tampa`, but not `Blvd. N`."""
    is_abbreviation = found["word"].upper() in UNIT_WORDS or found["next"].upper() in ANY_DIRECTION
    return found[0] if is_abbreviation else f"{found['word']}, "


def is_only_city(text: str) -> bool:
    """Return whether the end of a whole address can only be its city: words that are no unit, street or direction."""
    words = [bare(word) for word in text.split()]
    is_name = text.replace(" ", "").replace(".", "").replace("'", "").replace("-", "").isalpha()
    return (
        is_name
        and len(text) > MAX_UNIT_LETTERS
        and not is_unit_line(text)
        and not UNIT_WORDS.intersection(words)
        and words[-1] not in ANY_DIRECTION
        and words[0] not in NO_CITY_STARTS
        and not (len(words) > 1 and STREET_TYPES.get(words[-1]) in ENDS_OF_STREETS)
    )


def split_street(text: str) -> tuple[str, str]:
    """Return street and city of `18 Elm St Dallas`. The street ends with its type, a direction or a unit."""
    if "," in text:
        before, _, after = text.rpartition(",")
        street, city = before.strip(), after.strip()
        if is_street(street) and city and not UNIT_START.match(city):
            return street, city
    if found := PO_BOX_AND_CITY.fullmatch(text):
        return found[1], found[2]
    if not text[:1].isdigit() and (found := UNIT_AT_START.fullmatch(text)):
        street, city = split_street(found["street"])
        return (f"{text[: found.start('street')]}{street}", city) if city else (text, "")
    words = text.replace(",", " ").replace(" - ", " ").split()
    if not text[:1].isdigit() and (route := ROUTE_AT_START.match(text)):
        end = len(route[0].split())
    else:
        end = find_street_end(words)
    if not end or end >= len(words):
        return text, ""
    is_after_street = bare(words[end]) in SHORT_DIRECTIONS and end < len(words) - 1
    if is_after_street and " ".join(words[end:]).upper() not in CITIES_WITH_DIRECTIONS:
        end += 1
    while end < len(words) - 1 and (count := count_unit_words(words[end], words[end + 1])):
        end += count
    return " ".join(words[:end]), " ".join(words[end:])


def count_unit_words(first: str, second: str) -> int:
    """Return how many words the unit has that begins with these two after a street, or 0 if none begins there."""
    if FLOOR.fullmatch(f"{first} {second}"):
        return 2
    if bare(first) in LONE_UNITS:
        # `Upper Darby` and `Front Royal` are cities.
        is_numbered = bare(first) in UNITS and bool(re.search(r"\d", second))
        return 2 if is_numbered else int(bare(first) not in CITY_BEGINNINGS)
    if LONE_UNIT_NUMBER.fullmatch(first.upper()) and not first.isdigit():
        return 1
    if not UNIT_START.match(first):
        return 0
    if re.search(r"\d", first):
        return 1
    # `Key West` and `Ste Genevieve` are cities.
    max_letters = 0 if bare(first) in AMBIGUOUS_UNIT_WORDS else 2
    return 2 if re.search(r"\d", second) or len(second) <= max_letters or bare(first) == "#" else 0


def find_street_end(words: list[str]) -> int:
    """Return how many words a street has up to its type, or 0 if that is unclear."""
    upper = [bare(word) for word in words]
    if not upper or not (upper[0][:1].isdigit() or GRID_NUMBER.fullmatch(upper[0])):
        return 0
    if numbered := NUMBERED_STREET.match(" ".join(upper)):
        return len(numbered[1].split())
    start = 2 if len(upper) > 2 and upper[1] not in ANY_DIRECTION else 3
    for position in range(start, len(upper)):
        if STREET_TYPES.get(upper[position]) in COMMON_TYPES:
            return find_unit(words, start, position) or position + 1
    if len(upper) > 2 and upper[start - 1] in WHOLE_STREET_NAMES:
        return start
    for position in range(start, len(upper) - 1):
        if upper[position] in STREET_TYPES:
            return find_unit(words, start, position) or position + 1
    return find_unit(words, start, len(words) - 1)


def find_unit(words: list[str], start: int, end: int) -> int:
    """Return the position of a unit with a number that ends a street without a type, or 0: `12 Broadway Apt 4`."""
    for position in range(start, end):
        word = bare(words[position])
        is_sign = word.startswith("#") or (word in PLAIN_UNITS and word not in STREET_TYPES)
        if is_sign and re.search(r"\d", f"{word[1:]} {words[position + 1]}"):
            return position
    return 0


def join_street(pieces: list[str]) -> str:
    """Return the street and its unit from the pieces before a city, without the names of houses and villages."""
    position = next((position for position, piece in enumerate(pieces) if is_street(split_unit(piece)[0])), None)
    if position is None:
        return ", ".join(pieces)
    street = pieces[position]
    kept, keys = [street], {key_of(shorten(street))}
    for piece in pieces[:position]:
        if UNIT_START.match(piece):
            kept.append(piece)
    for piece in pieces[position + 1 :]:
        key = key_of(shorten(piece))
        if key not in keys and piece.upper() not in DWELLINGS and (re.search(r"\d", piece) or UNIT_START.match(piece)):
            keys.add(key)
            kept.append(piece)
    return ", ".join(kept)
