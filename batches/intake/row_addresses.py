"""Read the addresses of a row: normalise streets, units, cities, states and ZIPs. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from batches.intake.checked_row import CheckedRow, RowWarning, WarningKind, shorten
from batches.mapping.fields import MAILING_FIELDS
from batches.people import address_keys, addresses, cells, places, states, whole_addresses, zip_codes

BRACKETS = re.compile(r"\s*[(\[].*?(?:[)\]]|$)")
"""Anything in brackets after a city, such as its county."""
LAST_DOT = re.compile(r"(?<=[A-Za-z]{3})\.$")
"""A full stop after a city, but not that of D.C."""
ZIP_AND_MORE = re.compile(r"(\d{5})(?:\s?\+\s?\d{4}|-X{4}|\s?/\s?\d{4,5})", re.ASCII | re.IGNORECASE)
"""A ZIP with a plus sign, with letters for unknown digits, or before a second ZIP or the last four digits."""
PADDED_NUMBER = re.compile(r"0+[1-9]\d*\s")
"""A house number with zeros before it: `00450 Pecan Dr`."""
CITY_OF = re.compile(r"(?:CITY|TOWN|VILLAGE|TOWNSHIP|BOROUGH) OF (?=\w)", re.IGNORECASE)
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


def read_address(checked: CheckedRow, parts: list[str], country: str) -> None:
    """Normalise the parts of an address. Take a missing state from the ZIP."""
    fields = checked.fields
    street_name, unit_name, city_name, state_name, zip_name = parts
    plain = None
    if street := fields.get(street_name):
        if street[0] == "0" and PADDED_NUMBER.match(street):
            street = fields[street_name] = street.lstrip("0")
        if "," in street:
            street = split_off_city(checked, parts)
        if addresses.may_have_remark(street):
            street = fields[street_name] = addresses.cut_remarks(street)
        plain = None if unit_name in fields else addresses.read_plain(street)
        if not plain:
            street = fields[street_name] = addresses.tidy(street)
            if unit_name in fields or addresses.WAY_TO.match(street) or street[0] not in "123456789":
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
            checked.normalise(unit_name, addresses.normalise_unit)
    if plain and street_name in fields:
        fields[street_name], unit = plain
        if unit:
            fields[unit_name] = unit
    elif street := fields.get(street_name):
        split, unit = addresses.split_unit(street)
        written = fields.get(unit_name, "")
        if unit and (not written or address_keys.key_of_unit(unit) == address_keys.key_of_unit(written)):
            street, fields[unit_name] = split, unit
        fields[street_name] = addresses.shorten(street)


def split_off_city(checked: CheckedRow, parts: list[str]) -> str:
    """Split a street that ends with its city, unless the city's own cell has another one. Return the street."""
    fields = checked.fields
    street_name, _, *place_names = parts
    street, *place = whole_addresses.split_whole(fields[street_name])
    city = fields.get(place_names[0], "")
    if street and place[0] and (not city or address_keys.is_same_city(place[0], city)):
        fields[street_name] = street
        for name, text in zip(place_names, place, strict=True):
            if text:
                fields.setdefault(name, text)
    return fields[street_name]


def repeats_city(text: str, city: str) -> bool:
    """Return whether the second line of an address is the city again, alone or with its state and ZIP."""
    if not city or len(text) <= 3 or not text[0].isalpha():
        return False
    return address_keys.is_same_city(places.split_place(text)[0], city)


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
    if street[0] in "123456789" and not addresses.WAY_TO.match(street):
        fields[street_name] = street
        return
    if "," in street and not addresses.is_street(street) and not addresses.UNIT_START.match(street):
        street = drop_lines_before_street(street)
    if "#" in street or street[:2].upper() == "NO":
        street = addresses.put_number_first(street)
    is_nowhere = addresses.is_address_placeholder(street) or addresses.is_legal_description(street)
    if is_nowhere or addresses.is_corner_or_way(street) or addresses.is_care_of(street):
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
    if addresses.ROUTE.fullmatch(whole := f"{first} {second}"):
        return whole, ""
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
    city = LAST_DOT.sub("", BRACKETS.sub("", city).replace(";", ",").strip(" ,*")) or city
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
    if state and (not zip_text or zip_codes.find_state(zip_code) == state):
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
    plain = BRACKETS.sub("", plain).rstrip(" ;,")
    if re.fullmatch(r"\d{1,2},\d{3}", plain):
        # A spreadsheet has formatted the ZIP as a number.
        plain = plain.replace(",", "")
    words = re.findall(r"[A-Za-z]+", plain)
    # `TX 75201` and `ZIP: 75201` are ZIPs. Letters among the digits are typos, and not removed.
    is_labelled = all(word.lower() in ("zip", "code", "us", "usa") or states.find_state(word) for word in words)
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
