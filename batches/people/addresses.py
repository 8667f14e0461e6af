"""Street addresses in the short forms of USPS Publication 28: to be sent, and to tell which are the same. Pure."""

import re

from localflavor.us.us_states import STATES_NORMALIZED

DIRECTIONS = {
    "NORTH": "N",
    "SOUTH": "S",
    "EAST": "E",
    "WEST": "W",
    "NORTHEAST": "NE",
    "NORTHWEST": "NW",
    "SOUTHEAST": "SE",
    "SOUTHWEST": "SW",
}
STREET_TYPES = {
    word: short
    for short, words in {
        "ALY": "ALLEY ALLEE ALLY",
        "AVE": "AVENUE AV AVEN AVENU AVN AVNUE",
        "BLF": "BLUFF",
        "BLVD": "BOULEVARD BOUL BOULV BLV",
        "BND": "BEND",
        "BR": "BRANCH BRNCH",
        "BRG": "BRIDGE BRDGE",
        "BRK": "BROOK",
        "BYP": "BYPASS",
        "CIR": "CIRCLE CIRC CIRCL CRCL CRCLE",
        "CRES": "CRESCENT CRSENT CRSNT",
        "CRK": "CREEK",
        "CT": "COURT CRT",
        "CTR": "CENTER CENTRE CNTR",
        "CV": "COVE",
        "DR": "DRIVE DRIV DRV",
        "EST": "ESTATE",
        "EXPY": "EXPRESSWAY EXPRESS EXPW",
        "EXT": "EXTENSION",
        "FLS": "FALLS",
        "FRST": "FOREST",
        "FWY": "FREEWAY FRWY",
        "GDNS": "GARDENS",
        "GLN": "GLEN",
        "GRV": "GROVE",
        "HBR": "HARBOR",
        "HL": "HILL",
        "HLS": "HILLS",
        "HOLW": "HOLLOW",
        "HTS": "HEIGHTS HGTS",
        "HWY": "HIGHWAY HIGHWY HIWAY HWAY",
        "IS": "ISLAND",
        "JCT": "JUNCTION",
        "KNL": "KNOLL",
        "LK": "LAKE",
        "LN": "LANE",
        "LNDG": "LANDING",
        "LOOP": "LOOPS",
        "MDW": "MEADOW",
        "MDWS": "MEADOWS",
        "MNR": "MANOR",
        "MTN": "MOUNTAIN",
        "PARK": "PRK",
        "PASS": "",
        "PKWY": "PARKWAY PARKWY PKY PKWAY",
        "PL": "PLACE",
        "PLZ": "PLAZA",
        "PT": "POINT",
        "RD": "ROAD",
        "RDG": "RIDGE",
        "RTE": "ROUTE",
        "RUN": "",
        "SHR": "SHORE",
        "SPG": "SPRING",
        "SPGS": "SPRINGS",
        "SQ": "SQUARE",
        "ST": "STREET STRT STR",
        "STA": "STATION",
        "TER": "TERRACE TERR",
        "TPKE": "TURNPIKE",
        "TRCE": "TRACE",
        "TRL": "TRAIL TRAILS",
        "VIS": "VISTA",
        "VLG": "VILLAGE",
        "VLY": "VALLEY",
        "VW": "VIEW",
        "WALK": "",
        "WAY": "WY",
        "XING": "CROSSING",
    }.items()
    for word in [short, *words.split()]
}
"""The street suffixes of Publication 28, appendix C1, that are met most, and how they are written: → the short form."""
UNITS = {
    "APARTMENT": "Apt",
    "APT": "Apt",
    "UNIT": "Unit",
    "SUITE": "Ste",
    "STE": "Ste",
    "ROOM": "Rm",
    "RM": "Rm",
    "FLOOR": "Fl",
    "FL": "Fl",
    "BUILDING": "Bldg",
    "BLDG": "Bldg",
    "LOT": "Lot",
    "SPACE": "Spc",
    "SPC": "Spc",
    "TRAILER": "Trlr",
    "TRLR": "Trlr",
    "PENTHOUSE": "Ph",
    "PH": "Ph",
}
"""Appendix C2."""
IS_UNIT = re.compile(rf"\s*(?:#|(?:{'|'.join(UNITS)})\b|\d+(?:ST|ND|RD|TH) FL)", re.IGNORECASE)
SAME_UNITS = {"APARTMENT", "APT", "UNIT", "SUITE", "STE"}
IN_AN_ADDRESS = re.compile(
    r"^(?P<street>\d\S*\s+.*?\S),?\s+(?:-\s+)?(?:(?P<kind>apartment|apt|unit|suite|ste|room|rm|building|bldg|lot|space|spc|trailer|trlr)\b"
    r"[.:#\s]*|#\s*)(?P<number>[\w-]*\d[\w-]*|[A-Z])$",
    re.IGNORECASE,
)
"""A unit at the end of a street address; a floor is not told from Florida."""
BOX = re.compile(r"^p\.?\s*o\.?\s*(?:box|drawer)\s*#?\s*(\w+)$|^(?:post office )?box\s*#?\s*(\w+)$", re.IGNORECASE)
STATES = "|".join(sorted((str(name) for name in STATES_NORMALIZED if len(name) > 2), key=len, reverse=True))
PLACE = re.compile(
    rf"(?P<city>[^,]*?[^\W\d_.)]),?\s+(?P<state>D\.C\.|[A-Za-z]{{2}}|{STATES})\.?,?(?:\s+(?P<zip>\d{{4,5}})(?:-?\d{{4}}|-)?)?"
    r"(?:,?\s+(?:USA|U\.S\.A\.|United States))?",
    re.IGNORECASE,
)
"""`Herndon, VA 20170`, with the state spelled out or not, and the country behind it or not."""
COUNTY = re.compile(r",[^,]* County(?=,)", re.IGNORECASE)
LONGEST = 500
"""Characters of a whole address; beyond, it is none."""


def shorten(street):
    """`100 North Main Street` → `100 N Main St`; words that are names stay: `12 North St`, `5 Avenue B`."""
    if box := BOX.match(street):
        return f"PO Box {box.group(1) or box.group(2)}"
    words = street.replace(",", " ").split()
    if len(words) < 3 or not words[0][0].isdigit():
        return " ".join(words)
    end = len(words) - 1
    last = bare(words[end])
    if (last in DIRECTIONS or last in DIRECTIONS.values()) and end > 2 and bare(words[end - 1]) in STREET_TYPES:
        words[end] = write(DIRECTIONS.get(last, last), words[end], is_direction=True)
        end -= 1
    if short := STREET_TYPES.get(bare(words[end])):
        words[end] = write(short, words[end])
    if end > 2 or (end == 2 and bare(words[2]) not in STREET_TYPES):
        first = bare(words[1])
        if first in DIRECTIONS or first in DIRECTIONS.values():
            words[1] = write(DIRECTIONS.get(first, first), words[1], is_direction=True)
    return " ".join(words)


def bare(word):
    return word.upper().rstrip(".")


def write(short, word, is_direction=False):
    """Write a short form in the case of the word that it stands for."""
    return short if is_direction or word.isupper() else short.capitalize()


def split_unit(street):
    """Street and unit of an address that has both in one; the unit is empty where there is none."""
    found = IN_AN_ADDRESS.match(street)
    if not found:
        return street, ""
    return found["street"].rstrip(","), write_unit(found["kind"] or "", found["number"])


def mend_unit(text):
    """`APT. 4B` → `Apt 4B`, `# 12` → `12`."""
    found = re.fullmatch(r"(?:([A-Za-z]+)[.:]?\s+|([A-Za-z]+)[.:]?\s*#\s*|#\s*)([\w-]+)", text)
    if not found or ((kind := found[1] or found[2]) and kind.upper() not in UNITS):
        return text
    return write_unit(kind or "", found[3])


def write_unit(kind, number):
    return f"{UNITS[kind.upper()]} {number}" if kind else number


def split_place(text):
    """City, state and ZIP of `Herndon, VA 20170`, empty where they are not there; the text as city where it is none."""
    found = PLACE.fullmatch(text.strip())
    if not found:
        return text, "", ""
    return found["city"], found["state"].replace(".", "").upper(), found["zip"] or ""


def split_whole(text):
    """Street, city, state and ZIP of `1 Oak St, Herndon, VA 20170`; the text as street where it is none."""
    if len(text) > LONGEST:
        return text, "", "", ""
    text = COUNTY.sub("", text)
    street, _, place = text.partition(",")
    while "," in place.strip(" ,") and not PLACE.fullmatch(place.strip(" ,")):
        more, _, place = place.partition(",")
        street = f"{street},{more}"
    unit, _, rest = place.strip(" ,").partition(",")
    # 1 Oak St, Apt 4, Herndon, VA 20170
    while rest and IS_UNIT.match(unit):
        street, place = f"{street}, {unit}", rest
        unit, _, rest = place.strip(" ,").partition(",")
    return (street.strip(), *split_place(place.strip(" ,")))


def key_of(street):
    """Return a key that is the same for two spellings of one street address, once each is in its short form."""
    return re.sub(r"[\W_]+", " ", street.lower()).strip()


def key_of_unit(unit):
    """Return one key for `Apt 4`, `Unit 4` and `4`; a building or a lot of that number is another place."""
    words = re.findall(r"\w+", unit.upper())
    return "".join(words[1:] if len(words) > 1 and words[0] in SAME_UNITS else words).lower()
