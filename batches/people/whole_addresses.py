"""Split a cell that holds a whole address into street, city, state and ZIP. Pure."""

import re

from batches.people.address_keys import key_of
from batches.people.addresses import (
    AMBIGUOUS_UNIT_WORDS,
    BOX_AT_START,
    GLUED_UNIT_WORD,
    GRID_NUMBER,
    LONE_UNIT_NUMBER,
    PLAIN_UNITS,
    ROUTE_AT_START,
    UNIT_AT_START,
    UNIT_START,
    UNIT_WORD_PATTERN,
    UNIT_WORDS,
    WHOLE_STREET_NAMES,
    bare,
    cut_care_of,
    is_care_of,
    is_street,
    is_street_word,
    is_unit_line,
    shorten,
    split_unit,
)
from batches.people.places import COUNTRY, COUNTY, read_place
from batches.people.street_words import (
    ANY_DIRECTION,
    COMMON_TYPES,
    DIRECTIONS,
    LONE_UNITS,
    STREET_ORDINALS,
    STREET_TYPES,
    UNITS,
)

SIGN_AND_WORD = re.compile(rf"\s*#\s*(?=(?:{UNIT_WORD_PATTERN})\b)|(?<=\b(?:APT|STE))\.?\s*#\s*(?=\w)", re.IGNORECASE)
"""A sign beside a word for units, of which one is enough: `# Apt 4`, `Ste # D`."""
STOP = re.compile(r"(?<=\s)(?P<word>[A-Za-z]{4,}|\w*\d)\.\s+(?=(?P<next>[A-Za-z]+))")
"""A full stop after a number or a word that is too long for most abbreviations. It can stand for a comma."""
DIRECTION_PATTERN = r"(?:[NSEW]{1,2}|NORTH|SOUTH|EAST|WEST)"
NUMBERED_STREET = re.compile(
    rf"(\S+ {DIRECTION_PATTERN} \d+ {DIRECTION_PATTERN}"
    rf"|\S+(?: {DIRECTION_PATTERN})? (?:(?:OLD|US|STATE|COUNTY|COUNTRY|CO|CNTY|INTERSTATE|FARM TO MARKET|FM|RANCH) )*"
    r"(?:HWY|HIGHWAY|ROUTE|RTE|ROAD|RD|FM|CR|SR|SH|US|RM|I|AVENUE|AVE) (?:NO |# ?)?(?:\d+\w?|[A-Z])"
    r"|\S+ [A-Z]{4,} (?:HWY|HIGHWAY|ROUTE) \d+\w?"
    rf"|\S+(?: {DIRECTION_PATTERN})? IH?-?\d+)(?: (?:BUS|BUSINESS|ALT|BYPASS)\b)?(?= |$)"
)
"""A street that is named by a number or a letter, up to that: `12 County Road 4`, `12 E 700 S`."""
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
SAINTS_OF_CITIES = frozenset("LOUIS PAUL PETERSBURG AUGUSTINE CHARLES JOSEPH PETERS CLOUD LUCIE".split())
"""Saints after whom cities are called, so that `St` before them is no street."""
FIRST_WORDS_OF_CITIES = frozenset(
    "BATON BOCA CAPE CEDAR COLORADO CORPUS DES EL FORT FT GRAND JERSEY KANSAS LA LAKE LAS LITTLE LONG LOS MOUNT MT NEW"
    " OKLAHOMA PALM PORT SALT SAN SANTA SAINT SIOUX ST TERRE VIRGINIA".split()
)
"""Words with which many cities of two words begin."""
ROUTE_COMMA = re.compile(r"^(\D{2,20}\d+\w?),\s*(BO?X\b)", re.IGNORECASE)
"""A comma between a route and its box: `Rte 2, Box 18`."""
FLOOR = re.compile(rf"(?:\d+(?:ST|ND|RD|TH)|{'|'.join(STREET_ORDINALS)})\s+(?:FL|FLR|FLOOR)\.?", re.IGNORECASE)
CITY_BEGINNINGS = frozenset("FRONT UPPER LOWER UP DOWN DN SIDE".split())
"""Words for units that need no number, with which the names of cities begin."""
DWELLINGS = frozenset("HOUSE HOME RESIDENCE DWELLING SFR SFH CONDO TOWNHOUSE TOWNHOME DUPLEX BUILDING".split())
MAX_UNIT_LETTERS = 2
"""Maximum number of letters of a piece that can be a unit."""
NO_CITY_STARTS = frozenset("THE OFF NEAR BEHIND CORNER LOT BLOCK BLK ATTN CARE".split())
"""Words that begin a remark after a street, or part of a legal description."""
ENDS_OF_STREETS = frozenset("ST AVE RD DR LN BLVD CT CIR PKWY WAY TRL".split())
"""Street types that are rarely the last word of a city."""
STREET_WORDS = frozenset(STREET_TYPES) | ANY_DIRECTION
"""Words that continue a street: `12 Oak St Extension`, `12 Court Street Road`."""
LINE_END = re.compile(r"[,;\n|]\s*")
"""What separates the lines of a whole address."""
MAX_ADDRESS_LENGTH = 500
"""Maximum length of a whole address."""


def split_whole(text: str) -> tuple[str, str, str, str]:
    """Return street, city, state and ZIP of `1 Oak St, Herndon, VA 20170`. Return any other text as the street."""
    if len(text) > MAX_ADDRESS_LENGTH:
        return text, "", "", ""
    whole = drop_care_of(text) if not text[:1].isdigit() and is_care_of(text) else text
    if whole[:1] in "RrHhSs":
        whole = ROUTE_COMMA.sub(r"\1 \2", whole)
    if "#" in whole:
        whole = SIGN_AND_WORD.sub(" ", whole)
    pieces = re.split(r"[,;\n|]|\s/\s", STOP.sub(read_stop, COUNTRY.sub("", whole).rstrip(" .")))
    pieces = [piece for piece in map(str.strip, pieces) if piece]
    last = len(pieces) - 1
    pieces = [piece for position, piece in enumerate(pieces) if position in (0, last) or not COUNTY.fullmatch(piece)]
    if len(pieces) > 1 and is_street(pieces[-1]) and not any(map(is_street, pieces[:-1])):
        # The street is at the end: `Herndon, VA 20170, 1 Oak St`.
        place = read_place(", ".join(pieces[:-1]))
        if place and place.city and place.state:
            return pieces[-1], *place
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
            street, city = split_rest_of_street(pieces[:-count], place.city)
            return street, city, place.state, place.zip
    if len(pieces) > 1 and is_only_city(pieces[-1]) and is_street(pieces[0]):
        return join_street(pieces[:-1]), pieces[-1], "", ""
    if len(pieces) == 1 and is_street(text):
        street, city = split_street(text)
        is_whole_street = is_strong(bare(street.rpartition(" ")[2])) and not STREET_WORDS.intersection(
            city.upper().split()
        )
        if city and is_whole_street and is_only_city(city):
            return street, city, "", ""
    return text.strip(), "", "", ""


def drop_care_of(text: str) -> str:
    """Return a whole address without who receives mail, which may contain a number: `C/O 1st Bank, 12 Oak St`."""
    first, *others = LINE_END.split(text)
    if any(is_street(line) and not UNIT_START.match(line) and line[:1] not in "Bb" for line in others[:-1]):
        return text[len(first) + 1 :].strip()
    return cut_care_of(text)


def split_rest_of_street(pieces: list[str], city: str) -> tuple[str, str]:
    """Return the street and the city from what a comma separates. `Suite 4 Tampa` begins with a part of the street."""
    words = city.split()
    count = count_rest_of_street(words, []) if is_street(pieces[-1]) else 0
    direction = count_direction(words, []) if count else 0
    if direction:
        pieces = [*pieces[:-1], " ".join([pieces[-1], *words[:direction]])]
    if count > direction:
        pieces = [*pieces, " ".join(words[direction:count])]
    return join_street(pieces), " ".join(words[count:]) if count else city


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
    if not text[:1].isdigit() and (found := BOX_AT_START.match(text)):
        return found[0], text[found.end() :].strip(" ,")
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
    end += count_rest_of_street(words[end:], words[1:end])
    return " ".join(words[:end]), " ".join(words[end:])


def count_rest_of_street(words: list[str], street: list[str]) -> int:
    """Return how many words after the type of a street, and before the city, belong to it: its direction and units."""
    end = count_direction(words, street)
    while end < len(words) - 1 and (count := count_unit_words(words[end], words[end + 1])):
        end += count
    return end


def count_direction(words: list[str], street: list[str]) -> int:
    """Return how many words are the direction of the street before them, and not the beginning of a city.

    Cities begin with one of the four spelled-out directions so often that only a street with a number has it.
    """
    if len(words) < 2 or words[0].upper().replace(".", "") not in ANY_DIRECTION:
        return 0
    upper = [word.upper().replace(".", "") for word in words]
    if len(upper) > 2 and upper[0] in ("N", "S") and upper[1] in ("E", "W"):
        return 2
    short = DIRECTIONS.get(upper[0], upper[0])
    is_spelled_out = len(short) == 1 and len(upper[0]) > 1
    is_city = f"{short} {' '.join(upper[1:])}" in CITIES_WITH_DIRECTIONS
    is_numbered = any(map(str.isdigit, "".join(street)))
    return int(not is_city and (is_numbered or not is_spelled_out))


def count_unit_words(first: str, second: str) -> int:
    """Return how many words the unit has that begins with these two after a street, or 0 if none begins there."""
    if FLOOR.fullmatch(f"{first} {second}"):
        return 2
    if GLUED_UNIT_WORD.fullmatch(first) and first[0].isdigit():
        return 1
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
        return len(numbered[0].split())
    if len(upper) > 3 and upper[1] in ANY_DIRECTION and is_strong(upper[2]) and not is_strong(upper[3]):
        # `525 North Avenue`
        return 3
    if len(upper) > 4 and upper[1] in STREET_TYPES and upper[2] == "OF":
        return find_type_end(upper, 1)
    start = 2 if len(upper) > 2 and upper[1] not in ANY_DIRECTION else 3
    for position in range(start, len(upper)):
        if STREET_TYPES.get(upper[position]) in COMMON_TYPES:
            return find_unit(words, start, position) or find_type_end(upper, position)
    if len(upper) > 2 and upper[start - 1] in WHOLE_STREET_NAMES:
        return start
    for position in range(start, len(upper) - 1):
        if upper[position] in STREET_TYPES:
            return find_unit(words, start, position) or position + 1
    return find_unit(words, start, len(words) - 1) or find_end_without_type(upper, start)


def is_strong(word: str) -> bool:
    """Return whether a word is the type of a street and hardly ever part of its name."""
    return STREET_TYPES.get(word) in ENDS_OF_STREETS


def find_type_end(upper: list[str], position: int) -> int:
    """Return how many words a street has whose type is at a position. A name or a second type can follow it."""
    rest = upper[position + 1 :]
    if len(rest) > 2 and rest[0] == "OF":
        # `1221 Avenue of the Americas`
        return position + (4 if rest[1] == "THE" else 3)
    if len(rest) > 1 and not is_strong(upper[position]) and is_strong(rest[0]):
        # `51 Lake Run Dr`
        return position + 2
    is_saint = upper[position] == "ST" and position > 1 and rest and " ".join(rest) in SAINTS_OF_CITIES
    return position + (not is_saint)


def find_end_without_type(upper: list[str], start: int) -> int:
    """Return how many words a street without a type has, or 0 if that is unclear: `2525 SE Clinton Portland`."""
    rest = upper[start:]
    if not rest:
        return 0
    is_city = len(rest) == 1 or (len(rest) == 2 and rest[0] in FIRST_WORDS_OF_CITIES)
    is_name = upper[start - 1].isalpha() or upper[start - 1][:-2].isdigit()
    return start if is_city and is_name and upper[start - 1] not in FIRST_WORDS_OF_CITIES else 0


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
        if piece.upper().replace(".", "") in ANY_DIRECTION:
            kept[0] += f" {piece}"
        key = key_of(shorten(piece))
        is_second_street = is_street(piece) and any(is_street_word(bare(word)) for word in piece.split()[1:])
        is_unit = UNIT_START.match(piece) or (re.search(r"\d", piece) and not is_second_street)
        if key not in keys and piece.upper() not in DWELLINGS and is_unit:
            keys.add(key)
            kept.append(piece)
    return ", ".join(kept)
