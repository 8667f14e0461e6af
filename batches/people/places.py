"""Split cells with several parts of an address: city, state and ZIP in any order, and whole addresses. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

from localflavor.us.us_states import STATES_NORMALIZED, USPS_CHOICES

from batches.people.addresses import IS_UNIT, bare, is_street, key_of, shorten, split_unit
from batches.people.street_words import ANY_DIRECTION, COMMON_TYPES, SHORT_DIRECTIONS, STREET_TYPES

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
    "aa": "AA",
    "ae": "AE",
    "ap": "AP",
}
"""Spelling of a state → its two letters. As plain texts, because the library translates its names at each access."""
CODES = frozenset(STATES.values())
STATE_NAMES = {
    name: code
    for name, code in STATES.items()
    if len(name) > 3 and name.replace(" ", "").isalpha() and not name.startswith("washington ")
}
NAME_OF = {
    code: max((name for name in STATE_NAMES if STATE_NAMES[name] == code), key=len, default="") for code in CODES
}
TITLES = {str(code): str(name) for code, name in USPS_CHOICES}
"""Two letters of a state → its name as a sentence has it."""
ANY_NAME = "|".join(sorted(STATE_NAMES, key=len, reverse=True))
STATE_AT_END = re.compile(
    rf"(?P<rest>.*?)[\s,(/|-]*(?:(?<![A-Za-z])(?P<name>{ANY_NAME})|(?<![A-Za-z.])(?P<code>[A-Za-z]{{2}}|D\.\s?C|D C))"
    r"[.,)\s/|-]*",
    re.IGNORECASE | re.DOTALL,
)
STATE_AT_START = re.compile(
    rf"[\s,(/|-]*(?:(?P<name>{ANY_NAME})|(?P<code>[A-Za-z]{{2}}))(?![A-Za-z])[.,)\s/|-]*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
ZIP = re.compile(
    r"(?<![\d#])(?P<zip>\d{5})(?:[-\s]?\d{4}|-(?!\d))?(?![\d-])|(?<=[A-Za-z]{2}[\s,.])\s*(?P<short>\d{4}|\d{3})(?:-\d{4})?\s*$"
)
COUNTRY = re.compile(
    r"(?:[\s,;]|(?<=\d))+(?:USA|U\.\s?S\.\s?A\.?|US|U\.S\.?|United States(?: of America)?|Etats Unis|EEUU)[\s.]*$",
    re.IGNORECASE,
)
COUNTY = re.compile(r".* (?:County|Parish|Borough)", re.IGNORECASE)
DWELLINGS = frozenset("HOUSE HOME RESIDENCE DWELLING SFR SFH CONDO TOWNHOUSE TOWNHOME DUPLEX BUILDING".split())
FOREIGN = frozenset(
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
"""Countries, and provinces of Canada."""
FOREIGN_CODE = re.compile(
    r"[A-Z]\d[A-Z][ -]?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]{1,2}-\d{4,5}", re.IGNORECASE
)
"""Postal codes of Canada and the United Kingdom, and codes with a country before them."""
MAX_ADDRESS_LENGTH = 500
"""Maximum length of a whole address."""
MAX_PLACE_LENGTH = 100
"""Maximum length of a city with its state and ZIP."""


class Place(NamedTuple):
    city: str
    state: str
    """Two letters."""
    zip: str
    """Three to five digits, unchanged."""


@lru_cache(maxsize=10_000)
def find_state(text: str) -> str:
    """Return the two letters of a state in any usual spelling, such as `Va.`, `TX - Texas`, `Washington DC`, or ""."""
    plain = " ".join(re.findall(r"[a-z]+", text.lower().replace(".", "")))
    if (
        code := STATES.get(plain)
        or STATES.get(text.lower().strip())
        or STATES.get(text.lower().replace(".", "").strip())
    ):
        return code
    words = [word for word in re.findall(r"[a-z]+", text.lower()) if word not in ("us", "usa", "united", "states")]
    if code := STATES.get(" ".join(words)):
        return code
    for count in range(1, len(words)):
        left, right = STATES.get(" ".join(words[:count]), ""), STATES.get(" ".join(words[count:]), "")
        if left and left == right:
            return left
    return ""


def title_of(code: str) -> str:
    """Return the name of a state as it is written in a sentence."""
    return TITLES.get(code, code)


def is_foreign(text: str) -> bool:
    """Return whether an address, or its postal code, country or province, is outside the United States."""
    last = re.split(r"[,;\n]", text)[-1]
    plain = " ".join(re.findall(r"[a-z]+", last.lower()))
    return plain in FOREIGN or bool(FOREIGN_CODE.search(text) and not re.search(r"\b\d{5}\b", text))


@lru_cache(maxsize=20_000)
def split_place(text: str) -> tuple[str, str, str]:
    """Return city, state and ZIP of `Herndon, VA 20170`, in any order. A text that is not a place becomes the city."""
    place = read_place(text)
    return (place.city, place.state, place.zip) if place else (text, "", "")


def read_place(text: str) -> Place | None:
    """Return the parts of a place, or None if neither the state nor the ZIP is certain."""
    if len(text) > MAX_PLACE_LENGTH:
        return None
    text = COUNTRY.sub("", text.strip())
    found = next(reversed(list(ZIP.finditer(text))), None)
    if found is None:
        city, state = split_state(text)
        return Place(city, state, "") if state else None
    before, after = text[: found.start()], text[found.end() :]
    zip_code = found["zip"] or found["short"]
    city, state = split_state(before)
    if not state or (not city and after.strip(" ,.-")):
        state_after, rest = split_state_at_start(after)
        if not state and state_after:
            return Place(tidy(f"{before} {rest}"), state_after, zip_code)
        if not state:
            rest, state_after = split_state(after)
            if state_after:
                return Place(tidy(f"{before} {rest}"), state_after, zip_code)
    if state:
        return Place(tidy(f"{city} {after}"), state, zip_code)
    return Place(tidy(f"{before} {after}"), "", zip_code) if found["zip"] else None


def split_state(text: str) -> tuple[str, str]:
    """Return the text before a state at the end, and the state, or "" if there is none."""
    found = STATE_AT_END.fullmatch(text)
    while found and found["code"] and not to_code(found):
        return text, ""
    if not found:
        return text, ""
    city = tidy(found["rest"])
    if found["name"] and not city:
        # New York 10001 is the city.
        return (text, "") if found["name"].lower() in ("new york", "washington") else ("", to_code(found))
    return city, to_code(found)


def split_state_at_start(text: str) -> tuple[str, str]:
    found = STATE_AT_START.fullmatch(text)
    return (to_code(found), tidy(found["rest"])) if found and to_code(found) else ("", text)


def to_code(found: re.Match[str]) -> str:
    if found["name"]:
        return STATE_NAMES[found["name"].lower()]
    code = re.sub(r"[^A-Z]", "", found["code"].upper())
    return code if code in CODES else ""


def tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;-(/|")


def split_whole(text: str) -> tuple[str, str, str, str]:
    """Return street, city, state and ZIP of `1 Oak St, Herndon, VA 20170`. Any other text becomes the street."""
    if len(text) > MAX_ADDRESS_LENGTH:
        return text, "", "", ""
    pieces = [piece for piece in map(str.strip, re.split(r"[,;\n|]|\s/\s", COUNTRY.sub("", text))) if piece]
    pieces = [
        piece for place, piece in enumerate(pieces) if place in (0, len(pieces) - 1) or not COUNTY.fullmatch(piece)
    ]
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
    return text.strip(), "", "", ""


def split_street(text: str) -> tuple[str, str]:
    """Return street and city of `18 Elm St Dallas`. The street ends with its type, a direction and a unit."""
    if "," in text:
        street, _, city = text.rpartition(",")
        unit_street, _ = street.strip(), city
        if is_street(unit_street) and city.strip() and not IS_UNIT.match(city.strip()):
            return unit_street, city.strip()
    if found := re.match(r"((?:P\.?\s*O\.?\s*(?:BOX|BX)|POB|BOX)\s*\#?\s*[\w-]*\d[\w-]*)\s+(.+)", text, re.IGNORECASE):
        return found[1], found[2]
    words = text.replace(",", " ").split()
    end = find_street_end(words)
    if not end or end >= len(words):
        return text, ""
    if bare(words[end]) in SHORT_DIRECTIONS and end < len(words) - 1:
        end += 1
    while end < len(words) - 1 and (IS_UNIT.match(words[end]) or words[end].startswith("#")):
        end += 1 if re.search(r"\d", words[end]) else 2
    return " ".join(words[:end]), " ".join(words[end:])


def find_street_end(words: list[str]) -> int:
    """Return how many words the street has up to its type, or 0 if that is unclear."""
    upper = [bare(word) for word in words]
    if not upper or not upper[0][:1].isdigit():
        return 0
    numbered = re.match(
        r"(\S+(?: [NSEW]{1,2})? (?:(?:US|STATE|COUNTY|INTERSTATE|FARM TO MARKET|RANCH) )*(?:HWY|HIGHWAY|ROUTE|RTE"
        r"|ROAD|RD|FM|CR|SR|SH|US"
        r"|RM|I|AVENUE|AVE) (?:\d+\w?|[A-Z]))(?: |$)",
        " ".join(upper),
    )
    if numbered:
        return len(numbered[1].split())
    start = 2 if len(upper) > 2 and upper[1] not in ANY_DIRECTION else 3
    common = [at for at in range(start, len(upper)) if STREET_TYPES.get(upper[at]) in COMMON_TYPES]
    others = [at for at in range(start, len(upper) - 1) if upper[at] in STREET_TYPES]
    return common[0] + 1 if common else (others[0] + 1 if others else 0)


def join_street(pieces: list[str]) -> str:
    """Return the street and its unit among the parts before a city, without names of houses and villages."""
    first = next((place for place, piece in enumerate(pieces) if is_street(split_unit(piece)[0])), None)
    if first is None:
        return ", ".join(pieces)
    kept, keys = [pieces[first]], {key_of(shorten(pieces[first]))}
    for piece in pieces[:first]:
        if IS_UNIT.match(piece):
            kept.append(piece)
    for piece in pieces[first + 1 :]:
        key = key_of(shorten(piece))
        if key not in keys and piece.upper() not in DWELLINGS and (re.search(r"\d", piece) or IS_UNIT.match(piece)):
            keys.add(key)
            kept.append(piece)
    return ", ".join(kept)
