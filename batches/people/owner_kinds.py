"""Find the kind of owner from a name: a person, a company, a trust and so on. Pure.

Words decide: no person is called LLC or PROPERTIES. CHURCH, TEMPLE and HUD are surnames as well, and count only if
the name is not a person's. A name with `of` or a number in it is not a person's.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from batches.people.first_names import FIRST_NAMES
from batches.people.given_names import GIVEN_NAMES
from batches.people.roll_words import cut_others, drop_roles
from batches.people.surnames import SURNAMES, VIETNAMESE

PERSON = "person"
OWNER_KINDS = ["estate", "trust", "government", "church", "company"]
"""Kinds of owners other than people, in order of priority: a church's trust is a trust."""

LEGAL_FORMS = frozenset("LLC LLP LLLP PLLC INC INCORPORATED CORP CORPORATION LTD LIMITED GMBH PBC PTY LLLC".split())
"""Endings that only the names of companies have."""
PHRASES = {
    "estate": ["ESTATE OF", "EST OF", "HEIRS OF", "THE ESTATE", "PERSONAL REPRESENTATIVE", "DEVISEES OF"],
    "trust": ["LIV TR", "REV TR", "FAM TR", "LIVING TR", "FAMILY TR", "LAND TR"],
    "government": [
        *("CITY OF", "COUNTY OF", "STATE OF", "TOWN OF", "VILLAGE OF", "TOWNSHIP OF", "BOROUGH OF", "COMMONWEALTH OF"),
        *("BOARD OF", "DEPARTMENT OF", "DEPT OF", "UNITED STATES", "SCHOOL DISTRICT", "SCHOOL DIST", "SCHOOL BOARD"),
        *("HOUSING AUTHORITY", "SECRETARY OF", "FIRE DEPARTMENT", "PORT AUTHORITY", "PUBLIC SCHOOLS", "BUREAU OF"),
        *("DIRECTOR OF", "COMMISSIONER OF", "COMMISSIONERS OF", "TREASURER OF", "CLERK OF", "SHERIFF OF", "PARISH OF"),
        *("PUBLIC WORKS", "WATER DIST", "FIRE DIST", "PARK DIST", "POSTAL SERVICE", "FOREST SERVICE", "TAX COLLECTOR"),
        *("VETERANS AFFAIRS", "STATE HIGHWAY", "TRANSIT AUTHORITY", "LAND BANK", "STATE TREASURER", "COUNTY CLERK"),
        *("BD OF", "US GOVT", "U S GOVT", "US ARMY", "U S ARMY", "NATIONAL PARK", "PUBLIC SCHOOL", "FLOOD CONTROL"),
    ],
    "church": [
        *("CHURCH OF", "CONGREGATION OF", "DIOCESE OF", "TEMPLE OF", "ASSEMBLY OF GOD", "ASSEMBLIES OF GOD"),
        *("LATTER DAY", "KINGDOM HALL", "AME ZION", "JEHOVAHS WITNESSES", "SISTERS OF", "ARCHBISHOP OF"),
        *("BISHOP OF", "SOCIETY OF JESUS", "SALVATION ARMY"),
    ],
    "company": [
        *("FANNIE MAE", "FREDDIE MAC", "BANK OF", "REAL ESTATE", "OWNERS ASSOCIATION", "UNIVERSITY OF", "LAW OFFICE"),
        *("LAW OFFICES", "LAW FIRM", "AUTO SALES", "CREDIT UNION", "TITLE CO", "SA DE CV", "AND SONS", "SONS AND"),
        *("HOME OWNERS", "PROPERTY OWNER", "S CORP", "C CORP", "OIL CO", "FOOD BANK"),
    ],
}
NEVER_A_PERSON = {
    "estate": "HEIRS DECEASED DECD DEVISEES",
    "trust": "DTD UTD TRUST TRUSTS TRUSTEE TRUSTEES TTEE TTEES TRSTEE TRSTEES TTE TRUS IRREVOCABLE REVOCABLE FBO UTA"
    " UAD",
    "government": "USA USPS MUNICIPAL MUNICIPALITY ISD CISD USD GOVERNMENT GOVT BOCC COUNTYWIDE SHERIFFS"
    " TREASURERS DEPARTMENT DEPT REDEVELOPMENT TIITF FNMA FHLMC GNMA BLM USFS TRIBAL",
    "church": "CHURCHES MINISTRY MINISTRIES DIOCESE ARCHDIOCESE CONGREGATION CONGREGATIONAL SYNAGOGUE MOSQUE"
    " METHODIST LUTHERAN PRESBYTERIAN PENTECOSTAL EPISCOPAL TABERNACLE IGLESIA ADVENTIST NAZARENE APOSTOLIC"
    " EVANGELICAL MASJID ISLAMIC GURDWARA MONASTERY FELLOWSHIP CATHOLIC ORTHODOX CATHEDRAL SEMINARY WORSHIP GOSPEL",
    "company": "COMPANIES PARTNERSHIP PTNRSHP PTNSHP PTNRS PRTNSHP HOLDINGS HOLDCO PROPCO PROPERTIES INVESTMENTS"
    " INVESTORS ENTERPRISES ASSOCIATION ASSOC ASSN ASSOCIATES CONDOMINIUM CONDOMINIUMS CONDO CONDOS HOMEOWNERS"
    " MORTGAGE MTG MTGE FUNDING VENTURES REALTY REALTORS DEVELOPERS BUILDERS HOMEBUILDERS CONSTRUCTION CONSTR"
    " CONTRACTORS CONTRACTING RENTALS RENTAL LEASING MANAGEMENT MGMT MGT SERVICES SERVICE SVCS SOLUTIONS SYSTEMS"
    " INTERNATIONAL FOUNDATION HOSPITAL BROS VFW CONSERVANCY RESIDENTIAL BORROWER SFR REIT RAILROAD RAILWAY"
    " UTILITIES APARTMENTS APTS APTMTS LOFTS VILLAS TOWNHOMES TOWNHOUSES ACQUISITIONS ACQUISITION EQUITIES CEMETERY"
    " MUSEUM INSURANCE AGENCY FINANCIAL FINANCE LENDING LOANS SAVINGS SECURITIES ESCROW PAINTING PLUMBING ROOFING"
    " HEATING COOLING HVAC ELECTRICAL LANDSCAPING LANDSCAPE CLEANING JANITORIAL TRUCKING TRANSPORT TRANSPORTATION"
    " LOGISTICS MOTORS AUTO AUTOMOTIVE AUTOS TIRE TIRES TOWING COLLISION LUBE FOODS CAFE PIZZA RESTAURANT"
    " RESTAURANTS BAKERY LIQUOR GROCERY SUPERMARKET SUPPLY SUPPLIES STORAGE WAREHOUSE INDUSTRIES INDUSTRIAL"
    " MANUFACTURING MFG PRODUCTS PRODUCTIONS TECHNOLOGY TECHNOLOGIES TECH CONSULTING CONSULTANTS DEVELOPMENTS"
    " PORTFOLIO ASSETS ENERGY PETROLEUM PIPELINE MINERALS UTILITY WIRELESS TELECOM COMMUNICATIONS BROADCASTING MEDIA"
    " HOSPITALITY HOTELS MOTEL RESORT RESORTS CASINO FITNESS SALON DENTAL DENTISTRY MEDICAL HEALTH HEALTHCARE"
    " PHARMACY VETERINARY NURSING HOSPICE ACADEMY INSTITUTE PRESCHOOL DAYCARE CHILDCARE YMCA YWCA HABITAT COALITION"
    " ALLIANCE COMMITTEE FEDERATION COOPERATIVE NONPROFIT CHARITIES FUNERAL MORTUARY SHOPPING MALL"
    " OUTLET INTERSTATE NURSERY GREENHOUSE AVIATION AIRLINES EXCAVATING PAVING CONCRETE LUMBER CARPET"
    " FLOORING CABINETS FURNITURE JEWELERS LAUNDRY CLEANERS CATERING BREWING BREWERY WINERY VINEYARDS ELKS ROTARY"
    " KIWANIS MASONIC VETERANS UNLIMITED WHOLESALE IMPORTS EXPORTS GLOBAL WORLDWIDE NATIONWIDE HUMANITY OWNER OWNERS"
    " LANDOWNERS SHAREHOLDERS PROPERTYOWNERS CUSTODIAN AND/OR IMPROVEMENTS MARKETING GRAPHICS PRINTING SOFTWARE"
    " LABORATORIES LABS ENGINEERING ENGINEERS ARCHITECTS ATTORNEYS CHIROPRACTIC ORTHOPEDIC PEDIATRICS SURGERY"
    " ASSOCS BANCORP BANCSHARES ENTPR ENTPRS HLDG HLDGS INVS INVT INVSTMTS PPTYS PROPS RLTY SVC SVGS",
}
"""Kind of owner → words that never occur in a person's name."""
ALSO_SURNAMES = {
    "government": "HUD COUNTY CITY TOWNSHIP DIST DISTRICT AUTHORITY COMMISSION ADMIN ADMINISTRATION BUREAU DOT"
    " MUD PUD PUBLIC STATE SCHOOLS SCHOOL SHERIFF TRANSIT PARKS NATION TRIBE FOREST TOWN VILLAGE BOROUGH"
    " CNTY CTY TWP TWSP AUTH",
    "church": "CHURCH TEMPLE CHAPEL PARISH MISSION BAPTIST KINGDOM CH ZION CALVARY SHRINE BETHEL HEBREW CONVENT"
    " ASSEMBLY CHRISTIAN",
    "company": "BROTHERS PLAZA MARINE GRILL WORKS LEAGUE COOP BANK CAPITAL"
    " FUND GROUP GRP LAND HOMES HOUSING FARM FARMS RANCH CLUB LODGE COLLEGE CLINIC"
    " PARTNERS PROPERTY INVESTMENT DEVELOPMENT TRADING STORES STORE SHOP NATIONAL FEDERAL ELECTRIC HOTEL SERIES"
    " EQUITY ENTERPRISE CO COMPANY UNIVERSITY SOCIETY LEGION SONS HOA SALES MARKET INN SUITES GARAGE POWER WATER GAS"
    " OIL LAW OFFICES OFFICE CENTER CENTRE CARE UNION CHAMBER COUNCIL GUILD TOWER TOWERS LIBRARY THEATRE THEATER"
    " ANIMAL GOLF SPA BARBER GYM TITLE LOAN CABLE DRILLING MINING MACHINE TOOL TOOLS STEEL GLASS PAPER PLASTICS"
    " PACIFIC ATLANTIC AMERICAN SOUTHERN NORTHERN WESTERN EASTERN UNITED GENERAL STANDARD FIRST DESIGN DESIGNS"
    " MEMORIAL LP LC PC PA NA GP FSB FCU FSA COMMUNITY COMMUNITIES REAL RENTING RE LIVING CROSSING CROSSINGS LANDING"
    " RESERVE VILLAGES ESTATES ACRES MEADOWS RIDGE HILLS CREEK LAKES"
    " BK BNK NATL UNIV",
}
"""Kind of owner → words that decide unless the name is a person's."""
AT_THE_END = {
    "estate": "ESTATE EST",
    "trust": "TR TRS TRST TRSTS TRSTE",
    "company": "CO LP LC GP FSB PC",
    "church": "CH",
}
"""Words that decide only as the last of three words: elsewhere they are initials, or short names."""
NOT_BY_THEMSELVES = frozenset(
    "LP LC PC PA NA GP CH CO RE MUD PUD DOT FIRST REAL LIVING LAW GENERAL STANDARD UNITED NATIONAL COMMUNITY AMERICAN"
    " SOUTHERN NORTHERN WESTERN EASTERN PACIFIC ATLANTIC FOREST RIDGE HILLS CREEK LAKES MEADOWS ACRES ESTATES CROSSING"
    " LANDING RESERVE STATE PUBLIC PARKS CARE WATER CALVARY ZION BETHEL CHRISTIAN HEBREW VILLAGE TOWN PAPER"
    " TOOL".split()
)
"""Words that are often surnames or places: they need another distinctive word, or one that is not a name."""
VIRTUES = frozenset("GRACE FAITH HOPE CHARITY MERCY TRINITY CHRISTIAN CARMEN SALEM ZION CALVARY BETHEL VICTORY".split())
"""Given names that are also in names of churches."""
SAINTS = frozenset("ST SAINT STS OUR HOLY SACRED MT MOUNT FIRST SECOND NEW GREATER".split())
"""Words that start the name of a church."""
NO_NAME_WORDS = frozenset(["OF", "FOR"])
FUNCTION_WORDS = frozenset("NOT CANNOT FROM WITHOUT UNTIL UPON PLEASE".split())
"""Words of sentences, which are never in names, except From at the start or the end."""
REMARK_WORDS = FUNCTION_WORDS | {"BY"}
"""Words of sentences, and one that is also among the words after a name."""
MAX_REMARK_WORDS = 6
"""Most words of a remark in place of a name. In longer texts, `not` can be among the words after a name."""
PRACTICE = re.compile(r"\b(?:MD|DDS|DMD|DVM|DPM|DC|OD|CPA|JD|PHD|ESQ) P ?[AC]$")
"""A professional association or corporation, named after the only member."""
GIVEN = FIRST_NAMES | GIVEN_NAMES


def by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: kind for kind, words in table.items() for word in words.split()}


HARD, SOFT, LAST = by_word(NEVER_A_PERSON), by_word(ALSO_SURNAMES), by_word(AT_THE_END)
DISTINCTIVE = frozenset().union(
    LEGAL_FORMS,
    HARD,
    SOFT,
    LAST,
    {"L"},
    NO_NAME_WORDS,
    (w for of in PHRASES.values() for p in of for w in p.split() if len(w) > 1),
)
"""A name without any of these, and without a digit, is a person's."""

PLACEHOLDER_WORDS = frozenset(
    "UNKNOWN CURRENT OWNER OWNERS OCCUPANT OCCUPANTS OCCUPIED RESIDENT RESIDENTS RECORD RECORDS OF OR"
    " TAXPAYER TAXPAYERS PROPERTY HOME HOMEOWNER HOUSEHOLDER CONFIDENTIAL NAME NAMES WITHHELD REDACTED NOT"
    " AVAILABLE PROVIDED LISTED GIVEN NO NONE UNASSIGNED TENANT TENANTS THE TO BE DETERMINED VARIOUS"
    " MULTIPLE SAME AS ABOVE ON FILE PROTECTED SUPPRESSED UNAVAILABLE NULL TBD VACANT UNNAMED UNDISCLOSED"
    " POSTAL CUSTOMER UNLISTED PRIVATE REQUEST BY RESTRICTED AND IN CARE NEIGHBOR BOXHOLDER UNK".split()
)
EMPTY_BY_THEMSELVES = PLACEHOLDER_WORDS - frozenset(
    "HOME OF OR NO THE TO BE AS ON BY AND IN CARE GIVEN SAME PRIVATE".split()
)
FIRST_WORDS = PLACEHOLDER_WORDS | {
    f"{word}/{other}" for word in ("OWNER", "CURRENT") for other in ("OCCUPANT", "RESIDENT", "OWNER")
}
OWNER_WORD = re.compile(r"[A-Z0-9]+")
DIGIT = re.compile(r"\d")
ORDINAL = re.compile(r"(2ND|3RD|4TH)$")


def may_be_placeholder(text: str) -> bool:
    """Return quickly whether a text can be a placeholder, from its first word."""
    return text.partition(" ")[0].upper().strip("(*") in FIRST_WORDS or not text[:1].isalpha()


def is_placeholder(text: str) -> bool:
    """Return whether a text is a placeholder for an owner: `OWNER OF RECORD`, `CURRENT RESIDENT`, `NAME WITHHELD`."""
    words = OWNER_WORD.findall(text.upper())
    if not REMARK_WORDS.isdisjoint(words) and is_remark(words):
        return True
    return bool(words) and PLACEHOLDER_WORDS.issuperset(words) and not EMPTY_BY_THEMSELVES.isdisjoint(words)


def is_remark(words: list[str]) -> bool:
    """Return whether words with a function word are a remark: `INFORMATION NOT AVAILABLE`, `EXEMPT FROM DISCLOSURE`."""
    if words[0] in EMPTY_BY_THEMSELVES:
        return True
    is_short = len(words) <= MAX_REMARK_WORDS and not FUNCTION_WORDS.isdisjoint(words[1:-1])
    return is_short and GIVEN.isdisjoint(words) and find_distinctive_kind(" ".join(words), is_split=False) == PERSON


def find_kind(text: str, is_split: bool = False) -> str:
    """Return the kind of owner that a name belongs to: `person`, or one of OWNER_KINDS.

    If first and last name have their own columns (`is_split`), the first word is a given name if it can be one.
    """
    upper = text.upper()
    words = OWNER_WORD.findall(upper.replace(".", "").replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))
    is_plain = DISTINCTIVE.isdisjoint(words) and not DIGIT.search(upper) and words[:1] != ["THE"]
    if is_plain and not (len(words) > 2 and has_letters(words)):
        return PERSON
    return PERSON if is_placeholder(upper) else find_distinctive_kind(upper, is_split)


def is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def has_letters(words: list[str]) -> bool:
    """Return quickly whether three words are single letters, which may be one word: `U S A`."""
    return [len(word) for word in words].count(1) > 2


def join_letters(words: list[str]) -> list[str]:
    """Join runs of three or more single letters. Two can be the initials of a person."""
    joined: list[str] = []
    for are_letters, run in groupby(words, key=is_letter):
        letters = list(run)
        joined += ["".join(letters)] if are_letters and len(letters) > 2 else letters
    return joined


def find_distinctive_kind(upper: str, is_split: bool) -> str:
    if "LIFE EST" in upper:
        # A life estate belongs to a living person.
        upper = re.sub(r"\b(?:ENH(?:ANCED)? )?LIFE EST(?:ATE)?\b", "", upper)
    # Text in brackets may decide: SMITH JOHN (DECD).
    upper = cut_others(upper)
    text = upper.replace(".", "").replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    words = drop_roles(OWNER_WORD.findall(text))
    if not LEGAL_FORMS.isdisjoint(words) or re.search(r"\bL L [CP]\b", " ".join(words)):
        return first_kind({HARD[word] for word in words if HARD.get(word) == "trust"}) or "company"
    found = {HARD[word] for word in (join_letters(words) if has_letters(words) else words) if word in HARD}
    if is_split and is_name_of_person(words, is_split):
        found.update(find_by_phrase(words))
    elif len(words) > 1:
        found.update(find_by_place(words))
    return first_kind(found) or PERSON


def first_kind(found: Iterable[str]) -> str:
    """Return the kind with priority, or ""."""
    return next((kind for kind in OWNER_KINDS if kind in set(found)), "")


def find_by_place(words: list[str]) -> Iterator[str]:
    """Yield the kinds that words and phrases show by their position."""
    yield from find_by_phrase(words)
    if PRACTICE.search(" ".join(words)):
        yield "company"
    is_long = len(words) > 2 or LAST.get(words[-1]) != "company"
    if words[-1] in LAST and is_long and words[-2:] != ["REAL", "ESTATE"]:
        yield LAST[words[-1]]
    if not NO_NAME_WORDS.isdisjoint(words):
        yield next(iter(find_soft(words)), "company")
    elif words[0] == "THE" and len(words) > 2:
        yield "company"
    elif is_numbered(words) and (GIVEN.isdisjoint(words) or not SOFT.keys().isdisjoint(words)):
        yield next((SOFT[word] for word in words if word in SOFT), "company")
    if not is_name_of_person(words):
        yield from find_soft(words)


def find_by_phrase(words: list[str]) -> Iterator[str]:
    """Yield the kinds that phrases show, also across the columns of a first and a last name."""
    text = " ".join(words)
    if "OF" in words or len(words) > 2 or not GIVEN.isdisjoint(words):
        for kind, phrases in PHRASES.items():
            if any(is_phrase(phrase, text) for phrase in phrases):
                yield kind
    if len(words) > 2 and "REAL" not in words:
        yield from (LAST[word] for word in words[1:] if LAST.get(word) == "estate")
        if LAST.get(words[-1]) == "trust":
            yield "trust"


def is_numbered(words: list[str]) -> bool:
    return any(DIGIT.search(word) and not ORDINAL.match(word) for word in words)


def is_phrase(phrase: str, text: str) -> bool:
    return phrase in text and f" {phrase} " in f" {text} "


def find_soft(words: list[str]) -> list[str]:
    """Return the kinds of words that are also surnames, if enough of them point to one."""
    soft = [word for word in words if word in SOFT]
    if "HOA" in soft and (words[0] in VIETNAMESE or words[-1] in VIETNAMESE):
        # A given name.
        soft.remove("HOA")
    strong = [word for word in soft if word not in NOT_BY_THEMSELVES]
    if not strong and len(soft) < 2:
        return []
    return [SOFT[word] for word in strong or soft]


def is_name_of_person(words: list[str], is_split: bool = False) -> bool:
    """Return whether words are a person's name although some could be a company's."""
    names = [word for word in words if len(word) > 1 and word not in ("JR", "SR", "II", "III", "IV")]
    soft = [word for word in names if word in SOFT]
    if len(names) > 3 or not soft:
        return not soft
    if is_split:
        return words[0] in GIVEN or len(words[0]) == 1
    if names[0] in SAINTS or (len(names) == 2 and names[1] in PLACES):
        return False
    given = [word for word in names if word in GIVEN and (word not in VIRTUES or SOFT[soft[0]] != "church")]
    if len(names) == 1:
        # Initials and a surname.
        return len(words) > 1 and names[0] in SURNAMES
    if len(soft) > 1 or not given:
        # Beside an unknown name, a seldom surname is none: MESA CITY.
        return len(words) == len(names) == 2 and soft[0] in SURNAMES and len(soft) == 1 and names[1] not in VIRTUES
    if names[0] == soft[0]:
        return names[1] in given
    return is_surname(soft[0]) and names[0] in given and (len(names) == 2 or names[1] in given)


def is_surname(word: str) -> bool:
    return word in SURNAMES or word in SELDOM_SURNAMES


PLACES = frozenset(["COUNTY", "CITY"])
"""Words that make a place of any name before them: LEE COUNTY."""
SELDOM_SURNAMES = frozenset(
    "BAPTIST LODGE CHAPEL PARISH BANK TEMPLE LAND COUNTY CITY MISSION HOMES KINGDOM HUD NATION STEEL TOWER"
    " TOWERS CENTER GUILD SHERIFF CHAMBER BROTHERS PLAZA MARINE WORKS".split()
)
