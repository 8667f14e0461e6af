"""Names of owners: what kind of owner one is, and which words of a person's name are what. Pure."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from nameparser import HumanName

from batches.people.first_names import FIRST_NAMES

FIRST_LAST, LAST_FIRST = "first_last", "last_first"
"""The order of the words of a full name."""

LEGAL_FORMS = {"LLC", "LLP", "LLLP", "PLLC", "INC", "INCORPORATED", "CORP", "CORPORATION", "LTD", "LIMITED"}
"""What only a company has behind its name, whatever else stands in it."""
PHRASES = {
    "estate": ["ESTATE OF", "EST OF", "HEIRS OF", "THE ESTATE"],
    "government": [
        *("CITY OF", "COUNTY OF", "STATE OF", "TOWN OF", "VILLAGE OF", "TOWNSHIP OF", "BOROUGH OF", "COMMONWEALTH OF"),
        *("BOARD OF", "DEPARTMENT OF", "DEPT OF", "UNITED STATES", "SCHOOL DISTRICT", "SCHOOL DIST", "SCHOOL BOARD"),
        *("HOUSING AUTHORITY", "SECRETARY OF", "FIRE DEPARTMENT", "PORT AUTHORITY", "PUBLIC SCHOOLS"),
    ],
    "church": ["CHURCH OF", "CONGREGATION OF", "DIOCESE OF", "TEMPLE OF"],
    "company": ["FANNIE MAE", "FREDDIE MAC", "BANK OF", "REAL ESTATE", "OWNERS ASSOCIATION", "UNIVERSITY OF"],
}
ALWAYS = {
    "estate": "HEIRS DECEASED DECD",
    "trust": "DTD UTD TRUST TRUSTS TRUSTEE TRUSTEES TTEE TTEES TRSTEE TRSTEES IRREVOCABLE REVOCABLE",
    "government": "USA HUD USPS AUTHORITY COMMISSION MUNICIPAL MUNICIPALITY DISTRICT",
    "church": "CHURCHES MINISTRY MINISTRIES DIOCESE ARCHDIOCESE CONGREGATION SYNAGOGUE MOSQUE BAPTIST METHODIST"
    " LUTHERAN PRESBYTERIAN PENTECOSTAL EPISCOPAL TABERNACLE IGLESIA KINGDOM",
    "company": "COMPANY COMPANIES PARTNERSHIP PTNRSHP HOLDINGS PROPERTIES INVESTMENTS INVESTORS ENTERPRISES ASSOCIATION"
    " ASSN ASSOCIATES HOA CONDOMINIUM CONDOMINIUMS HOMEOWNERS MORTGAGE FUNDING VENTURES REALTY DEVELOPERS BUILDERS"
    " CONSTRUCTION RENTALS MANAGEMENT MGMT SERVICES SOLUTIONS INTERNATIONAL FOUNDATION SOCIETY UNIVERSITY HOSPITAL"
    " SONS BROS LEGION VFW CONSERVANCY RESIDENTIAL BORROWER"
    " RAILROAD RAILWAY UTILITIES APARTMENTS ACQUISITIONS EQUITIES CEMETERY MUSEUM",
}
"""Kind of owner → words that make one of it."""
WITHOUT_FIRST_NAME = {
    "government": "COUNTY CITY TOWNSHIP DIST DEPARTMENT DEPT",
    "church": "CHURCH TEMPLE CHAPEL PARISH MISSION",
    "company": "BANK CAPITAL FUND GROUP LAND HOMES HOUSING FARM FARMS RANCH CLUB LODGE COLLEGE CLINIC PARTNERS PROPERTY"
    " INVESTMENT DEVELOPMENT TRADING STORES NATIONAL FEDERAL ELECTRIC HOTEL RESTAURANT SERIES EQUITY ENTERPRISE CO",
}
"""The same, where no common given name stands beside them."""
SURNAMES_TOO = {"CHURCH", "TEMPLE", "CHAPEL", "PARISH", "LAND", "BANK", "LODGE", "COUNTY", "CITY", "MISSION"}
"""Of these, what is a person's name where only one other word stands beside it."""
AT_THE_END = {
    "estate": "ESTATE EST",
    "trust": "TR TRS TRST TRSTS",
    "company": "CO LP LC GP FSB",
}
"""The same, as the last of three words: elsewhere these are initials, or short names."""
BY_WORD = [
    {word: kind for kind, words in table.items() for word in words.split()}
    for table in (ALWAYS, WITHOUT_FIRST_NAME, AT_THE_END)
]
TELLING = LEGAL_FORMS.union(
    *BY_WORD, {"L"}, (word for of in PHRASES.values() for phrase in of for word in phrase.split())
)
"""Without any of these a name is a person's."""
KINDS = ["estate", "trust", "government", "church", "company"]
"""Of owners that are no person, in the order in which they decide: a church's trust is a trust."""
PERSON = "person"

PLACEHOLDERS = {
    "UNKNOWN",
    "UNKNOWN OWNER",
    "OWNER UNKNOWN",
    "CURRENT OWNER",
    "OCCUPANT",
    "CURRENT OCCUPANT",
    "RESIDENT",
}
"""What stands where nobody is named."""
SUFFIXES = {"JR", "SR", "II", "III", "IV", "V", "ESQ", "MD", "PHD", "DDS", "2ND", "3RD"}
TITLES = {"MR", "MRS", "MS", "MISS", "DR", "REV", "HON"}
ROLES = {
    "ET",
    "AL",
    "ETAL",
    "UX",
    "ETUX",
    "VIR",
    "ETVIR",
    "JT",
    "JTWROS",
    "TIC",
    "H/W",
    "HW",
    "W/H",
    "W/E",
    "L/E",
    "LE",
    "LIFE",
}
"""What rolls put behind names: and others, and wife, joint tenants, life estate."""
PARTICLES = {
    "DE",
    "DEL",
    "DELA",
    "LA",
    "LAS",
    "LOS",
    "VAN",
    "VON",
    "DER",
    "DEN",
    "DI",
    "DA",
    "DU",
    "ST",
    "SAN",
    "SANTA",
    "MC",
}
"""Words that a surname begins with."""
PLAIN_NAME = re.compile(r"[^\W\d_]+(?:[ '.-]+[^\W\d_]+)*\.?")
JOINT = re.compile(r"\s*(?:\b(?:ET ?UX|ET ?VIR|H/W|W/H|OR|AND)\b(?!\s*$)|&|\+|;|/(?=\s*\w\w))\s*", re.IGNORECASE)
"""What stands between two owners."""


@dataclass(frozen=True)
class Person:
    first: str
    middle: str
    last: str


def find_kind(text, is_split=False):
    """Return what kind of owner a name is of: `person`, or one of KINDS.

    Where first and last name have columns of their own (`is_split`), only words that are never a person's decide.
    """
    upper = text.upper()
    if "LIFE EST" in upper:
        # Somebody who lives there as long as they live.
        upper = re.sub(r"LIFE EST(ATE)?", "", upper)
    words = drop_roles(re.findall(r"[A-Z0-9/]+", upper.replace(".", "").replace("'", "")))
    if TELLING.isdisjoint(words):
        return PERSON
    found = {kind for word in words if (kind := BY_WORD[0].get(word))}
    if not LEGAL_FORMS.isdisjoint(words) or re.search(r"\bL L [CP]\b", " ".join(words)):
        return "company"
    if len(words) > 1 and not is_split:
        found.update(find_by_place(words))
    return next((kind for kind in KINDS if kind in found), PERSON)


def find_by_place(words):
    _, weak, last = BY_WORD
    is_long = len(words) > 2 or last.get(words[-1]) != "company"
    if words[-1] in last and is_long and words[-2:] != ["REAL", "ESTATE"]:
        yield last[words[-1]]
    if any(word in weak for word in words) and FIRST_NAMES.isdisjoint(words):
        yield from (weak[word] for word in words if word in weak and (len(words) > 2 or word not in SURNAMES_TOO))
    if "OF" in words or len(words) > 2 or not FIRST_NAMES.isdisjoint(words):
        text = " ".join(words)
        for kind, phrases in PHRASES.items():
            if any(phrase in text for phrase in phrases):
                yield kind


def guess_order(texts):
    """Guess the order of the words of full names, from many of them, and how sure that is: 0 to 1.

    A middle initial stands between the names or behind them; given names are known by the commonest.
    """
    votes = Counter(vote for text in texts for vote in vote_order(text))
    if not votes:
        return FIRST_LAST, 0.0
    (order, count), *_ = votes.most_common(1)
    return order, count / votes.total()


def vote_order(text):
    """Return the orders that one name speaks for; none if it could be either."""
    if "," in text or find_kind(text) != PERSON:
        return
    owners = JOINT.split(clean(text))
    words = [word for word in owners[0].upper().replace(".", "").split() if word not in SUFFIXES | TITLES]
    if len(owners) > 1 and len(words) == 1:
        yield FIRST_LAST
    if len(words) < 2:
        return
    if len(words) > 2 and len(words[-1]) == 1 and len(words[0]) > 1:
        yield LAST_FIRST
    elif len(words) > 2 and len(words[1]) == 1:
        yield FIRST_LAST
    elif (words[0] in FIRST_NAMES) != (words[1 if len(words) == 2 else -1] in FIRST_NAMES):
        yield FIRST_LAST if words[0] in FIRST_NAMES else LAST_FIRST
    elif words[1] in FIRST_NAMES and words[0] not in FIRST_NAMES:
        yield LAST_FIRST


def split_owners(text, order=FIRST_LAST):
    """Split a full name into its people, the first first; a shared surname counts for all: `SMITH JOHN & MARY`."""
    parts = [part for part in JOINT.split(clean(text)) if part.strip(" .")]
    people = []
    for part in parts:
        if people and is_given(part, order):
            people.append(split_given(part, people[0].last))
        else:
            people.append(split_name(part, FIRST_LAST if people and is_plainly_first_last(part) else order))
    if len(people) > 1 and parts and is_without_surname(parts[0], order):
        people[0] = split_given(parts[0], people[-1].last)
    return people


def clean(text):
    """Remove what rolls put around a name: shares, roles, who takes the mail."""
    text = re.sub(r"^\s*(%|C/O|ATTN:?|(MR|DR)S?\.? (&|AND) (MR|DR)S?\.?)\s*", "", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\([^)]*\)|LIFE EST(ATE)?|\bC/O\b.*|%.*|\bATTN\b.*|\b\d+/\d+\b( INT(EREST)?)?|\*",
        " ",
        text,
        flags=re.IGNORECASE,
    )
    return " ".join(drop_roles(text.split())).strip(" ,&")


def drop_roles(words):
    """Without the roles at the end of a name, as long as two words are left: there are people called Le and Al."""
    words = list(words)
    while len(words) > 2 and words[-1].upper().strip(".,") in ROLES:
        words.pop()
    return words


def is_given(part, order):
    """Whether a further owner is named without a surname: one word, or a given name and what follows it."""
    words = part.upper().replace(".", "").split()
    if "," in part or len(words) > 2:
        return False
    if len(words) == 1:
        return True
    return order == LAST_FIRST and words[0] in FIRST_NAMES and (len(words[1]) == 1 or words[1] in FIRST_NAMES)


def is_plainly_first_last(part):
    """`JANE E JONES`, behind somebody whose last name comes first."""
    words = part.upper().replace(".", "").split()
    return len(words) == 3 and words[0] in FIRST_NAMES and len(words[1]) == 1 and len(words[2]) > 1


def is_without_surname(part, order):
    words = part.replace(".", "").split()
    return order == FIRST_LAST and "," not in part and (len(words) == 1 or (len(words) == 2 and len(words[1]) == 1))


def split_given(part, last):
    first, _, middle = part.partition(" ")
    return Person(first, middle, last)


def split_name(text, order):
    """One person's name in parts. Plain ones are cut here; nameparser knows titles, suffixes and particles."""
    words = text.replace(",", " ").split()
    upper = {word.upper().strip(".") for word in words}
    is_plain = len(words) in (2, 3) and upper.isdisjoint(SUFFIXES | TITLES | PARTICLES) and text.count(",") < 2
    if is_plain and ("," not in text or text.index(",") == len(words[0])):
        is_last_first = "," in text or order == LAST_FIRST
        first, middle, last = (words[1], words[2:], words[0]) if is_last_first else (words[0], words[1:-1], words[-1])
        return Person(first, " ".join(middle), last)
    if "," not in text and order == LAST_FIRST:
        text = put_comma(words)
    name = HumanName(text)
    return Person(name.first, name.middle, name.last)


def put_comma(words):
    """Behind the surname, with its particles and suffix: `DE LA CRUZ JR MARIA` → `DE LA CRUZ JR, MARIA`."""
    length = 1
    while length < len(words) and words[length - 1].upper() in PARTICLES:
        length += 1
    suffix = [word for word in words[length : length + 1] if word.upper().strip(".") in SUFFIXES]
    surname, given = words[:length], words[length + len(suffix) :]
    return f"{' '.join(surname)}, {' '.join(given + suffix)}"


def drop_suffix(last):
    """`Smith Jr.` → `Smith`: the vendor has no field for it."""
    words = last.replace(",", " ").split()
    while len(words) > 1 and words[-1].upper().strip(".") in SUFFIXES:
        words.pop()
    return " ".join(words)


@lru_cache(maxsize=50_000)
def capitalise(text):
    """`SMITH-JONES` → `Smith-Jones`, `o'brien` → `O'Brien`; what is in mixed case was meant so."""
    if (text != text.upper() and text != text.lower()) or not PLAIN_NAME.fullmatch(text):
        return text
    return re.sub(r"[^\W\d_]+(?:'[sS]\b)?", lambda word: capitalise_word(word.group()), text)


def capitalise_word(word):
    if word[:2].upper() == "MC" and len(word) > 3:
        return f"Mc{word[2:].capitalize()}"
    return word.capitalize()
