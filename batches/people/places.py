"""Split a cell that holds a city with its state and ZIP, in any order, and recognise foreign places. Pure."""

import re
from functools import lru_cache
from typing import NamedTuple

from batches.people.states import OKINA, STATE_CODES, STATE_NAMES, STATES, find_state
from batches.people.zip_codes import find_state as find_state_of_zip

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
SPACED_STATE = re.compile(r"(?P<rest>.*[A-Za-z]{2})[\s,]+(?P<code>[A-Za-z]\.? [A-Za-z]\.?)")
"""A city before the two letters of a state with a space between them: `San Juan P R`."""
ZIP = re.compile(
    r"(?<![\d#])(?<!\d[NSEWnsew])(?P<zip>\d{5})(?:[-\s]?\d{4}|-(?!\d))?(?![\d-])|(?<=[A-Za-z]{2}[\s,.])\s*(?P<short>\d{4}|\d{3})(?:-\d{4})?\s*$"
)
COUNTRY = re.compile(
    r"(?:[\s,;]|(?<=\d))+(?:USA|U\.\s?S\.\s?A\.?|US|U\.S\.?|United States(?: of America)?|Etats Unis|EEUU)[\s.]*$",
    re.IGNORECASE,
)
HAWAII = re.compile(rf"Hawai{OKINA.pattern}i\b", re.IGNORECASE)
VIRGIN_ISLANDS = re.compile(r"\bU\.? ?S\.? ?V\.? ?I\b\.?", re.IGNORECASE)
COUNTY = re.compile(r".* (?:County|Parish|Borough)", re.IGNORECASE)
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
MAX_PLACE_LENGTH = 100
"""Maximum length of a city with its state and ZIP."""


class Place(NamedTuple):
    """A city with its state and ZIP. What is not known is empty."""

    city: str
    state: str
    """Two letters."""
    zip: str
    """Three to five digits, as written."""


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
    text = VIRGIN_ISLANDS.sub("VI", HAWAII.sub("Hawaii", COUNTRY.sub("", text.strip())))
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
    """Return a city without a short state at its end (`San Juan P R`), and the state if the ZIP is in it."""
    rest, _, last = city.rpartition(" ")
    state = STATES.get(last.lower().rstrip("."), "") if len(last.rstrip(".")) == 3 else ""
    if found := SPACED_STATE.fullmatch(city):
        rest, state = found["rest"], find_state(found["code"])
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
