"""Find the kind of owner from a name: a person, a company, a trust and so on. Pure.

Words decide: no person is called LLC or PROPERTIES. CHURCH, TEMPLE and HUD are surnames too, and count only if the name
is not a person's. A name that contains `of` or a number is not a person's.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from itertools import groupby
from typing import NamedTuple

from batches.people.business_words import BUSINESS_WORDS
from batches.people.first_names import FIRST_NAMES
from batches.people.given_names import GIVEN_NAMES
from batches.people.known_companies import FIRST_WORDS, is_company, may_be_company
from batches.people.roll_words import TITLES, cut_roll_words, cut_shares_and_others, drop_roll_words
from batches.people.surnames import HISPANIC, IRISH, ITALIAN, SURNAMES, VIETNAMESE

PERSON = "person"
OWNER_KINDS = ["estate", "trust", "government", "church", "company"]
"""Kinds of owners other than people, in order of priority: the trust of a church is a trust."""


class Doubt(StrEnum):
    """Why the kind of owner that a full name shows is not certain."""

    ONE_WORD = "one_word"
    """It is one word that is not a known name, and is treated as a company."""
    NO_NAME = "no_name"
    """It consists of common words that are not names, and is treated as a company."""
    PERHAPS_COMPANY = "perhaps_company"
    """It reads like a company too, but is treated as a person."""
    PERHAPS_PERSON = "perhaps_person"
    """Its words are surnames too, but it is not treated as a person."""
    NO_SURNAME = "no_surname"
    """It is an initial and a given name, or a surname that is a given name too."""


LEGAL_FORMS = frozenset("LLC LLP LLLP PLLC PLC INC INCORPORATED CORP CORPORATION LTD LIMITED GMBH PBC PTY LLLC".split())
"""Words for legal forms, which only companies have in their names."""
PHRASES = {
    "estate": [
        "ESTATE OF",
        "EST OF",
        "HEIRS OF",
        "THE ESTATE",
        "PERSONAL REPRESENTATIVE",
        "DEVISEES OF",
        "PERSONAL REP OF",
        "PERS REP OF",
        "HRS OF",
    ],
    "trust": [
        "LIV TR",
        "REV TR",
        "FAM TR",
        "LIVING TR",
        "FAMILY TR",
        "LAND TR",
        "TR AGMT",
        "TR AGREEMENT",
        "TR DATED",
        "TR UA",
        "TR U A",
    ],
    "government": [
        *("CITY OF", "COUNTY OF", "STATE OF", "TOWN OF", "VILLAGE OF", "TOWNSHIP OF", "BOROUGH OF", "COMMONWEALTH OF"),
        *("BOARD OF", "DEPARTMENT OF", "DEPT OF", "UNITED STATES", "SCHOOL DISTRICT", "SCHOOL DIST", "SCHOOL BOARD"),
        *("HOUSING AUTHORITY", "SECRETARY OF", "FIRE DEPARTMENT", "PORT AUTHORITY", "PUBLIC SCHOOLS", "BUREAU OF"),
        *("DIRECTOR OF", "COMMISSIONER OF", "COMMISSIONERS OF", "TREASURER OF", "CLERK OF", "SHERIFF OF", "PARISH OF"),
        *("PUBLIC WORKS", "WATER DIST", "FIRE DIST", "PARK DIST", "POSTAL SERVICE", "FOREST SERVICE", "TAX COLLECTOR"),
        *("VETERANS AFFAIRS", "STATE HIGHWAY", "TRANSIT AUTHORITY", "LAND BANK", "STATE TREASURER", "COUNTY CLERK"),
        *("PORT OF", "REGENTS OF", "FISH WILDLIFE", "FISH AND WILDLIFE"),
        *("BD OF", "US GOVT", "U S GOVT", "US ARMY", "U S ARMY", "NATIONAL PARK", "PUBLIC SCHOOL", "FLOOD CONTROL"),
    ],
    "church": [
        *("CHURCH OF", "CONGREGATION OF", "DIOCESE OF", "TEMPLE OF", "ASSEMBLY OF GOD", "ASSEMBLIES OF GOD"),
        *("LATTER DAY", "KINGDOM HALL", "AME ZION", "JEHOVAHS WITNESSES", "SISTERS OF", "ARCHBISHOP OF"),
        *(
            "BISHOP OF",
            "OUR LADY OF",
            "SOCIETY OF JESUS",
            "SALVATION ARMY",
            "CHRIST CHURCH",
            "CONG OF",
            "KOL AMI",
            "ETZ CHAIM",
        ),
        *("HOUSE OF PRAYER", "HOUSE OF GOD", "WORD OF LIFE", "WORD OF FAITH", "CASA DE ORACION", "CENTRO CRISTIANO"),
        *(
            "IMMACULATE CONCEPTION",
            "BLESSED SACRAMENT",
            "BAHAI FAITH",
            "FRIENDS MEETING",
            "JEHOVAH WITNESS",
            "ROMAN CATH",
        ),
    ],
    "company": [
        *("FANNIE MAE", "FREDDIE MAC", "BANK OF", "REAL ESTATE", "OWNERS ASSOCIATION", "UNIVERSITY OF", "LAW OFFICE"),
        *("LAW OFFICES", "LAW FIRM", "AUTO SALES", "CREDIT UNION", "TITLE CO", "SA DE CV", "AND SONS", "SONS AND"),
        *("RED CROSS", "HOME OWNERS", "PROPERTY OWNER", "S CORP", "C CORP", "OIL CO", "FOOD BANK"),
        *("MOBILE HOME", "MOBILE HOMES", "MOBILE ESTATES", "MANUFACTURED HOME", "MANUFACTURED HOUSING"),
    ],
}
"""Kind of owner → phrases that only its names contain."""
LAST_WORDS_OF_PHRASES = {kind: frozenset(phrase.split()[-1] for phrase in phrases) for kind, phrases in PHRASES.items()}
NEVER_A_PERSON = {
    "estate": "HEIRS DECEASED DECD DECEDENT DEVISEES LEGATEES SUCCESSION",
    "trust": "DTD UTD TRUST TRUSTS TRUSTEE TRUSTEES TTEE TTEES TRSTEE TRSTEES TTE TRUS IRREVOCABLE REVOCABLE FBO UTA"
    " UAD UNITRUST TESTAMENTARY QPRT RLT",
    "government": "USA USPS MUNICIPAL MUNICIPALITY ISD CISD USD GOVERNMENT GOVT BOCC COUNTYWIDE SHERIFFS"
    " TREASURERS DEPARTMENT DEPT REDEVELOPMENT TIITF FNMA FHLMC GNMA BLM USFS TRIBAL USDA USFWS USACE"
    " FDIC FEMA GSA FHA TVA",
    "church": "CHURCHES MINISTRY MINISTRIES DIOCESE ARCHDIOCESE CONGREGATION CONGREGATIONAL SYNAGOGUE MOSQUE"
    " METHODIST LUTHERAN PRESBYTERIAN PENTECOSTAL EPISCOPAL TABERNACLE IGLESIA ADVENTIST NAZARENE APOSTOLIC"
    " EVANGELICAL MASJID ISLAMIC GURDWARA MONASTERY FELLOWSHIP CATHOLIC ORTHODOX CATHEDRAL SEMINARY WORSHIP GOSPEL"
    " BNAI BNEI ANSHEI ANSHE AHAVATH AHAVAS AGUDATH AGUDAS AGUDAH SHAAREI SHAAREY SHAARE KNESSETH KNESSES KEHILLAH"
    " KEHILLAT KEHILLATH CHABAD LUBAVITCH YESHIVA YESHIVAH YESHIVAS MIKVAH MIKVEH TIFERETH TIKVAH EMETH OHEV ADATH"
    " TORAH TALMUD CHEVRA CHEVRAH HAVURAH CHAVURAH BUDDHIST HINDU MANDIR SIKH GURUDWARA VIHARA ASHRAM QUAKER QUAKERS"
    " UNITARIAN UNIVERSALIST MENNONITE WESLEYAN FOURSQUARE PARSONAGE RECTORY PRIORY FRIARY CARMELITE CARMELITES"
    " FRANCISCAN FRANCISCANS JESUIT JESUITS BENEDICTINE BENEDICTINES URSULINE DOMINICANS TEMPLO MINISTERIO MINISTERIOS"
    " ASAMBLEA ASAMBLEAS EGLISE",
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
    " ASSOCS BANCORP BANCSHARES ENTPR ENTPRS HLDG HLDGS INVS INVT INVSTMTS PPTYS PROPS RLTY SVC SVGS"
    " MHP CAMPGROUND CAMPGROUNDS",
}
"""Kind of owner → words that never occur in a person's name."""
ALSO_SURNAMES = {
    "government": "HUD COUNTY CITY TOWNSHIP DIST DISTRICT AUTHORITY COMMISSION ADMIN ADMINISTRATION BUREAU DOT"
    " MUD PUD PUBLIC STATE SCHOOLS SCHOOL SHERIFF TRANSIT PARKS NATION TRIBE FOREST TOWN VILLAGE BOROUGH"
    " CNTY CTY TWP TWSP AUTH",
    "church": "CHURCH TEMPLE CHAPEL PARISH MISSION BAPTIST KINGDOM CH ZION CALVARY SHRINE BETHEL HEBREW CONVENT"
    " ASSEMBLY CHRISTIAN BAPT METH LUTH EPISC PRESB UMC",
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
"""Kind of owner → words that are also surnames. They decide unless the name is a person's."""
AT_THE_END = {
    "estate": "ESTATE EST HRS",
    "trust": "TR TRS TRST TRSTS TRSTE",
    "company": "CO LP LC GP FSB PC",
    "church": "CH",
}
"""Kind of owner → words that decide only at the end of a name. Elsewhere they are initials or short names."""
NOT_DECISIVE_ALONE = frozenset(
    "LP LC PC PA NA GP CH CO RE MUD PUD DOT FIRST REAL LIVING LAW GENERAL STANDARD UNITED NATIONAL COMMUNITY AMERICAN"
    " SOUTHERN NORTHERN WESTERN EASTERN PACIFIC ATLANTIC FOREST RIDGE HILLS CREEK LAKES MEADOWS ACRES ESTATES CROSSING"
    " LANDING RESERVE STATE PUBLIC PARKS CARE WATER CALVARY ZION BETHEL CHRISTIAN HEBREW VILLAGE TOWN PAPER"
    " TOOL".split()
)
"""Words that are often surnames or places, and decide only together with another ambiguous word."""
VIRTUES = frozenset("GRACE FAITH HOPE CHARITY MERCY TRINITY CHRISTIAN CARMEN SALEM ZION CALVARY BETHEL VICTORY".split())
"""Given names that the names of churches contain too."""
CHURCH_NAMES = VIRTUES | {"JOY", "CHRIST", "UNITY", "HARMONY"}
"""Given names after which the word for a church need not be a surname: `Grace Church`."""
SYNAGOGUES = frozenset(
    "ISRAEL SHALOM SHOLOM SINAI EMANUEL EMANU JUDEA HILLEL ISAIAH MICAH TORAH EMETH TIKVAH EL AM OR".split()
)
"""Words after `TEMPLE` or `BETH` in the name of a synagogue. Some are given names or surnames too."""
BETH = frozenset("BETH BET BEIT".split())
"""House, which begins the name of a synagogue. Beth is also a given name."""
SAINTS = frozenset("ST SAINT STS OUR HOLY SACRED MT MOUNT FIRST SECOND NEW GREATER".split())
"""Words that begin the name of a church."""
NOT_IN_NAMES = frozenset(["OF", "FOR"])
"""Words that a person's name does not contain."""
FUNCTION_WORDS = frozenset("NOT CANNOT FROM WITHOUT UNTIL UPON PLEASE".split())
"""Words of sentences. Names do not contain them, except for the name From at the start or the end."""
CONNECTING_WORDS = frozenset(["AND", "THE"])
"""Words between names, which belong to no name."""
REMARK_WORDS = FUNCTION_WORDS | {"BY"}
"""Words of sentences, with one that tax rolls also add to names."""
OTHER_SURNAMES = IRISH | ITALIAN | VIETNAMESE | HISPANIC
SURNAME_BEGINNINGS = ("MC", "MAC", "FITZ")
SURNAME_ENDINGS = tuple(
    "SKI SKY SKA WICZ CZYK CZAK ENKO CHUK SON SSON SEN MAN MANN STEIN BERG BERGER BAUM FELD HEIM HOFF HAUS EZ OZ"
    " ELLI ETTI INI ACCI UCCI OV OVA EV EVA IAN YAN OPOULOS AKIS IDIS WORTH FIELD LEY BURY WOOD FORD TON HAM"
    " KOWSKI QUIST QVIST STROM LUND GAARD SHVILI AUX EAU OGLU ZADEH PALLI SWAMI SINGH WALA".split()
)
"""Endings of surnames, by which those that are too rare for any list are told from the names of companies."""
MIN_ENDED_SURNAME = 4
"""A surname with one of these endings has more letters than this: NVR, ZOES."""
MIN_HALF = 3
"""Minimum number of letters of each half of a compound word."""
MIN_COMPOUND = 7
"""Minimum number of letters of a compound word. Many shorter surnames can be read as two words."""
MAX_REMARK_WORDS = 6
"""Maximum number of words in a remark. In a longer name, `not` can belong to what tax rolls add."""
MIN_TWO_SURNAMES = 5
"""Minimum number of letters of each surname of which a company's name may consist. Shorter ones are often given names
of Asia."""
PLACE_ENDINGS_OF_SURNAMES = tuple(
    "STONE BRIDGE HURST HERST WOOD FORD FIELD TON BURY WORTH LEY HAM GATE BROOK DALE CREST RIDGE HAVEN POINT WICK"
    " SHIRE CASTLE STEAD BOURNE THORPE COMBE CLIFFE MOOR MONT VIEW PORT HARBOR WATER".split()
)
"""Endings of English surnames and places, after which companies are named: `AMBERLEY GREYBRIDGE`."""
SPACED_FORMS = frozenset("PC PA NA PS SC LP LC PL".split())
"""Legal forms of two letters, which are also the initials of people if a space separates them: `ROE & WEBB P C`."""
SPACED_FORMS_OF_ONE = frozenset("PC PA NA".split())
"""Those forms that a company which is named after one surname has: `WEBB P C`."""
NAMES_OF_THINGS = frozenset(
    "ALPHA AMBER ANGEL AURA AUTUMN BASIL BROOK CANDY CHANCE CLIFF CORAL CRYSTAL DAISY DAWN DESTINY EBONY ERA FAWN FERN"
    " FLORA GALE GARLAND GARNET GINGER GLEN HAZEL HEATHER HOLLY IRIS IVORY IVY JADE JEWEL LANCE LAUREL LILY MAGNOLIA"
    " MARVEL MELODY MERRY MISTY NOVA OLIVE OPAL PEARL PRECIOUS PRUDENCE QUEEN RAVEN ROBIN ROCKY ROSE ROYAL RUBY SIERRA"
    " STERLING SUMMER SUN SUNNY TIARA VICTOR VIOLA VIOLET WINDY".split()
)
"""Given names that are also words, and of which the names of companies and places are made."""
NAMES_OF_PLACES = frozenset(
    "FLORIDA GEORGIA VIRGINIA CAROLINA DAKOTA MONTANA SAVANNAH AUSTIN DALLAS HOUSTON VICTORIA FLORENCE CHELSEA"
    " BROOKLYN".split()
)
"""Given names that are also places, after which companies are named: `GEORGIA POWER`."""
STATES = frozenset(
    "ALABAMA ALASKA ARIZONA ARKANSAS CALIFORNIA COLORADO CONNECTICUT DELAWARE HAWAII IDAHO ILLINOIS IOWA KANSAS"
    " KENTUCKY LOUISIANA MARYLAND MASSACHUSETTS MICHIGAN MINNESOTA MISSISSIPPI MISSOURI NEBRASKA NEVADA OHIO OKLAHOMA"
    " OREGON PENNSYLVANIA TENNESSEE TEXAS UTAH VERMONT WISCONSIN WYOMING".split()
)
"""States that nobody is called after."""
WORDLIKE_GIVEN_NAMES = NAMES_OF_THINGS | NAMES_OF_PLACES | CHURCH_NAMES | BETH
UNCERTAIN_WORDS = BUSINESS_WORDS | STATES | WORDLIKE_GIVEN_NAMES
"""Words that the name of a company may have beside the given name of a person."""
PRACTICE = re.compile(r"\b(?:MD|DDS|DMD|DVM|DPM|DC|OD|CPA|JD|PHD|ESQ) P ?[AC]$")
"""The end of the name of a professional association or corporation that is named after its only member."""
KNOWN_GIVEN_NAMES = FIRST_NAMES | GIVEN_NAMES


def index_by_word(words_by_kind: dict[str, str]) -> dict[str, str]:
    return {word: kind for kind, words in words_by_kind.items() for word in words.split()}


KIND_BY_SURE_WORD = index_by_word(NEVER_A_PERSON)
KIND_BY_AMBIGUOUS_WORD = index_by_word(ALSO_SURNAMES)
KIND_BY_LAST_WORD = index_by_word(AT_THE_END)
DISTINCTIVE_WORDS = frozenset().union(
    LEGAL_FORMS,
    KIND_BY_SURE_WORD,
    KIND_BY_AMBIGUOUS_WORD,
    KIND_BY_LAST_WORD,
    # The first word of `L L C`.
    {"L"},
    NOT_IN_NAMES,
    # Such words are in too many names, and stand beside rarer ones.
    (
        word
        for phrases in PHRASES.values()
        for phrase in phrases
        for word in phrase.split()
        if len(word) > 1 and word not in ("FAITH", "LIFE", "FRIENDS", "DE", "CROSS", "ROMAN")
    ),
)
"""A name with none of these words and no digit is a person's."""

PLACEHOLDER_WORDS = frozenset(
    "UNKNOWN CURRENT OWNER OWNERS OCCUPANT OCCUPANTS OCCUPIED RESIDENT RESIDENTS RECORD RECORDS OF OR"
    " TAXPAYER TAXPAYERS PROPERTY HOME HOMEOWNER HOUSEHOLDER CONFIDENTIAL NAME NAMES WITHHELD REDACTED NOT"
    " AVAILABLE PROVIDED LISTED GIVEN NO NONE UNASSIGNED TENANT TENANTS THE TO BE DETERMINED VARIOUS"
    " MULTIPLE SAME AS ABOVE ON FILE PROTECTED SUPPRESSED UNAVAILABLE NULL TBD VACANT UNNAMED UNDISCLOSED"
    " POSTAL CUSTOMER UNLISTED PRIVATE REQUEST BY RESTRICTED AND IN CARE NEIGHBOR BOXHOLDER UNK".split()
)
"""Words that placeholders for an owner consist of."""
DECISIVE_PLACEHOLDER_WORDS = PLACEHOLDER_WORDS - frozenset(
    "HOME OF OR NO THE TO BE AS ON BY AND IN CARE GIVEN SAME PRIVATE".split()
)
"""Words of which a placeholder for an owner has at least one."""
HIDING_WORDS = frozenset("SUPPRESSED WITHHELD REDACTED UNDISCLOSED".split())
"""Words that no name contains, and that say why there is none: `NAME SUPPRESSED PER STATUTE`."""
SEEN_WORDS = frozenset("FILE DEED NOTE NOTES ABOVE BELOW ATTACHED COMMENTS RECORD RECORDS REMARKS LIST".split())
"""Words after `SEE` in a remark."""
LAW_WORDS = frozenset("PER PURSUANT STATUTE STATUTES STAT FS FSS CODE ORDINANCE ACT".split())
"""Words for the law by which an owner is hidden. Some are names or initials, unless a placeholder begins the text."""
PLACEHOLDER_FIRST_WORDS = (
    PLACEHOLDER_WORDS
    | {"SEE"}
    | {f"{word}/{other}" for word in ("OWNER", "CURRENT") for other in ("OCCUPANT", "RESIDENT", "OWNER")}
)
"""Words that a placeholder for an owner can begin with."""
OWNER_WORD = re.compile(r"[A-Z0-9]+")
DIGIT = re.compile(r"\d")
ORDINAL = re.compile(r"(2ND|3RD|4TH)$")


def may_be_placeholder(text: str) -> bool:
    """Return whether a name's first word allows it to be a placeholder. This is the quick check for most names."""
    return text.partition(" ")[0].upper().strip("(*") in PLACEHOLDER_FIRST_WORDS or not text[:1].isalpha()


def is_placeholder(text: str) -> bool:
    """Return whether a name is a placeholder for an owner: `OWNER OF RECORD`, `CURRENT RESIDENT`, `NAME WITHHELD`."""
    words = OWNER_WORD.findall(text.upper())
    if not REMARK_WORDS.isdisjoint(words) and is_remark(words):
        return True
    if len(words) > 2 and words[0] in DECISIVE_PLACEHOLDER_WORDS and names_law(words[1:]):
        return True
    if len(words) > 1 and (
        not HIDING_WORDS.isdisjoint(words) or (words[0] == "SEE" and SEEN_WORDS.issuperset(words[1:]))
    ):
        return True
    return bool(words) and PLACEHOLDER_WORDS.issuperset(words) and not DECISIVE_PLACEHOLDER_WORDS.isdisjoint(words)


def names_law(words: list[str]) -> bool:
    """Return whether words after a placeholder say by which law the owner is hidden: `NAME PER FS 119`."""
    return next((word for word in words if word not in PLACEHOLDER_WORDS), "") in LAW_WORDS


def is_remark(words: list[str]) -> bool:
    """Return whether words with a remark word among them are a remark: `EXEMPT FROM DISCLOSURE`."""
    if words[0] in DECISIVE_PLACEHOLDER_WORDS:
        return True
    is_short = len(words) <= MAX_REMARK_WORDS and not FUNCTION_WORDS.isdisjoint(words[1:-1])
    if not is_short or not KNOWN_GIVEN_NAMES.isdisjoint(words):
        return False
    return find_distinctive_kind(" ".join(words), is_split=False) == PERSON


def find_kind(text: str, is_split: bool = False) -> str:
    """Return the kind of owner that a name belongs to: `person`, or one of OWNER_KINDS.

    If first and last name come from separate columns (`is_split`), the first word is a given name if it can be one.
    """
    upper = text.upper()
    words = OWNER_WORD.findall(drop_dots_and_apostrophes(upper))
    is_plain = DISTINCTIVE_WORDS.isdisjoint(words) and not DIGIT.search(upper) and words[:1] != ["THE"]
    if is_plain and (len(words) < 3 or not may_be_spelled_out(words, upper)):
        return PERSON
    return PERSON if is_placeholder(upper) else find_distinctive_kind(upper, is_split)


JOINT_INITIALS = re.compile(r"[A-Z] ?& ?[A-Z] ")
"""The beginning of the name of a business that is named after two people: `J & M SHEET METAL`."""


PARTNERS = re.compile(r",| & | AND ")
"""What separates the names of the partners of a firm."""
FIRM = re.compile(r",?\s+P\.? ?[AC]\.?$")
"""The end of the name of a firm that is a professional association or corporation."""


ONE_LETTER_PART = re.compile(r"(?:^|-)[A-CE-NP-Z](?:-|$)")
"""A part of a hyphenated word that is one letter, except for the `O` and the `D` of surnames."""
POSSESSIVE = re.compile(r"[A-Z]{2}['\N{RIGHT SINGLE QUOTATION MARK}]S\b")
"""The end of a name that something else is named after: `JIMMY'S`."""


class Judgement(NamedTuple):
    """What kind of owner a full name belongs to, and how certain that is."""

    kind: str
    doubt: Doubt | None = None


def judge_full_name(text: str) -> Judgement:
    """Return the kind of owner that a full name shows, with a doubt if it reads like a company's and like a person's.

    People have at least two names in a column of full names: a vendor that is asked for “Walmart” at an address would
    look for somebody of that surname.
    """
    kind = find_kind(text)
    if kind != PERSON:
        return judge_other_kind(kind, text.upper())
    if " " not in (word := text.strip(" .,")):
        return judge_single_word(word)
    upper = text.upper()
    words = upper.split()
    if words[0].replace(".", "") in FIRST_WORDS and (known := judge_known_company(upper)):
        return known
    if POSSESSIVE.search(upper):
        return Judgement("company", Doubt.NO_NAME)
    is_named = not KNOWN_GIVEN_NAMES.isdisjoint(words)
    if is_named and UNCERTAIN_WORDS.isdisjoint(words) and (len(words[-2]) > 2 or len(words[-1]) > 2):
        # This is the quick check for most names.
        return Judgement(PERSON)
    words = OWNER_WORD.findall(drop_dots_and_apostrophes(upper))
    if ends_with_spaced_form(words):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    if not text.isascii() or not VIETNAMESE.isdisjoint(words) or not TITLES.isdisjoint(words[:1]):
        return Judgement(PERSON)
    if is_named:
        return judge_with_given_name(drop_roll_words(words))
    return judge_without_given_name(upper)


def judge_with_given_name(words: list[str]) -> Judgement:
    """Return the Judgement of several words with a known given name.

    A business that is named after a person ends with what it does: `DAVID RICHARD BOOKS`. Given names that are words
    stand in the names of churches (`Grace Church`) and of companies (`STERLING BRIDGE`).
    """
    first, last = words[0], words[-1]
    if last in BUSINESS_WORDS or first in STATES:
        return Judgement("company", Doubt.NO_NAME)
    if first in BETH and last in SYNAGOGUES:
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY) if last in KNOWN_GIVEN_NAMES else Judgement("church")
    if len(words) != 2:
        return Judgement(PERSON)
    kind = KIND_BY_AMBIGUOUS_WORD.get(last)
    is_church = first in CHURCH_NAMES and kind == "church"
    is_company = first in NAMES_OF_PLACES and kind == "company"
    is_thing = first in NAMES_OF_THINGS and last not in SURNAMES and last not in KNOWN_GIVEN_NAMES and is_english(last)
    return Judgement(PERSON, Doubt.PERHAPS_COMPANY if is_church or is_company or is_thing else None)


def judge_other_kind(kind: str, upper: str) -> Judgement:
    """Return the Judgement of a name with words that are not only a person's.

    They can be surnames all the same: `HUD BAPTIST`, `HUD SANDRA K`, or `HILL LORNA BAPTIST` with the given name in
    the middle.
    """
    if kind == "company" and is_place_name(upper):
        return Judgement(kind, Doubt.NO_NAME)
    if DOUBTED_SURNAMES.isdisjoint(upper.split()):
        # This is the quick check for most names.
        return Judgement(kind)
    words = [word for word in drop_roll_words(OWNER_WORD.findall(upper)) if word not in NAME_SUFFIXES]
    if not 2 <= len(words) <= 3 or KIND_BY_SURE_WORD.keys() & set(words):
        return Judgement(kind)
    if len(words) == 3 and words[0] in DOUBTED_SURNAMES and is_letter(words[2]) and is_name_only(words[1]):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    if len(words) == 2 and words[0] in DOUBTED_SURNAMES and is_name_only(words[1]):
        return Judgement(kind, Doubt.PERHAPS_PERSON)
    if words[-1] not in RARE_SURNAMES:
        return Judgement(kind)
    if len(words) == 2:
        is_name = words[0] in RARE_SURNAMES or words[0] in SURNAMES or words[0] in KNOWN_GIVEN_NAMES
        return Judgement(kind, Doubt.PERHAPS_PERSON if is_name else None)
    surname, given, _ = words
    is_name = surname in SURNAMES and given in KNOWN_GIVEN_NAMES and given not in SURNAMES and given not in VIRTUES
    return Judgement(PERSON, Doubt.PERHAPS_COMPANY) if is_name else Judgement(kind)


def judge_known_company(upper: str) -> Judgement | None:
    """Return the Judgement of a well-known company that is named after people, or None if this is none."""
    words = re.findall(r"[A-Z0-9]+|&", drop_dots_and_apostrophes(upper.replace("-", " ")))
    if is_company(words):
        return Judgement("company")
    return Judgement(PERSON, Doubt.PERHAPS_COMPANY) if may_be_company(words) else None


def judge_single_word(word: str) -> Judgement:
    """Return the Judgement of a full name of one word. Unknown words are companies, and rare surnames get a doubt.

    A word for a public body is one, unless it is a common surname: `HUD`, but not `PARKS`.
    """
    upper = drop_dots_and_apostrophes(word.upper())
    is_body = KIND_BY_AMBIGUOUS_WORD.get(upper) == "government"
    if is_body and upper not in SURNAMES and upper not in NOT_DECISIVE_ALONE:
        return Judgement("government", Doubt.PERHAPS_PERSON if upper in RARE_SURNAMES else None)
    if not may_be_name(word):
        return Judgement("company", Doubt.ONE_WORD)
    is_common = "-" in word or is_listed_name(upper)
    return Judgement(PERSON, None if is_common else Doubt.PERHAPS_COMPANY)


def judge_without_given_name(upper: str) -> Judgement:
    """Return the Judgement of several words without a known given name.

    A business ends with what it does (`M & J ASPHALT`), or is named after its partners (`HALE, ROE & WEBB`). Common
    English words that are not names are a company's (`HOME DEPOT`). English words that are surnames too
    (`BISHOP KING`), or stand beside others, can be a person's.
    """
    words = drop_roll_words(OWNER_WORD.findall(drop_dots_and_apostrophes(cut_roll_words(upper))))
    names = [word for word in words if len(word) > 2 and word not in CONNECTING_WORDS and word not in NAME_SUFFIXES]
    partners = count_partners(upper)
    if partners > 2:
        return Judgement("company")
    # `EXAMPLE CHURCH`, but not `HUD SANDRA`
    is_ambiguous = (
        partners == 2
        or may_be_two_surnames(words)
        or words[:1] == ["THE"]
        or (len(words) == 2 and words[1] in KIND_BY_LAST_WORD)
        or not (KIND_BY_AMBIGUOUS_WORD.keys().isdisjoint(names) or all(map(is_rare_or_listed_name, names)))
    )
    english = [word for word in names if is_english(word)]
    if names and (names[-1] in BUSINESS_WORDS or not STATES.isdisjoint(names)):
        return Judgement("company", Doubt.NO_NAME)
    if len(names) < 2 or not english:
        is_ambiguous = is_ambiguous or any(map(is_compound, names))
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY if is_ambiguous else None)
    nobodys = [word for word in english if not is_rare_or_listed_name(word)]
    if not nobodys and len(english) < len(names) and not any(map(is_listed_name, names)):
        # Rare names of which one is also a word: `RED ROOF`.
        nobodys = english
    if nobodys and all(word in english or is_compound(word) for word in names):
        return Judgement("company", Doubt.NO_NAME)
    if len(english) == len(names):
        return (
            Judgement("company", Doubt.NO_NAME)
            if nobodys or JOINT_INITIALS.match(upper)
            else Judgement(PERSON, Doubt.PERHAPS_COMPANY)
        )
    return Judgement(PERSON, Doubt.PERHAPS_COMPANY if nobodys or is_ambiguous else None)


def count_partners(upper: str) -> int:
    """Return how many partners a name consists of, if it can be that of a firm: `ROE & WEBB`, `HALE, ROE AND WEBB`.

    The form of a firm counts as one more: `ROE & WEBB, P.A.`
    """
    if "&" not in upper and " AND " not in upper:
        return 0
    firm = FIRM.sub("", upper)
    parts = [part.strip() for part in PARTNERS.split(firm) if part.strip()]
    are_words = all(part.isalpha() and len(part) > 1 for part in parts)
    return len(parts) + (firm != upper) if are_words else 0


def is_place_name(upper: str) -> bool:
    """Return whether a name consists of two words that are places as well as names: `FOREST HILLS`."""
    words = upper.split()
    return len(words) == 2 and NOT_DECISIVE_ALONE.issuperset(words)


def is_english(word: str) -> bool:
    """Return whether a word is a common English one, in the singular or the plural."""
    english = load_english_words()
    if word in english:
        return True
    if not word.endswith("S"):
        return False
    return word[:-1] in english or (word.endswith("ES") and (word[:-2] in english or f"{word[:-3]}Y" in english))


@cache
def load_english_words() -> frozenset[str]:
    """Return the common English words. Few processes ever need this long list."""
    from batches.people.english_words import ENGLISH_WORDS  # noqa: PLC0415

    return ENGLISH_WORDS


@cache
def load_rare_surnames() -> frozenset[str]:
    """Return the rarer surnames. Few processes ever need this long list."""
    from batches.people.rare_surnames import LESS_COMMON_SURNAMES  # noqa: PLC0415

    return LESS_COMMON_SURNAMES


def may_be_two_surnames(words: list[str]) -> bool:
    """Return whether two or three words are all English surnames, of which companies make names: `CLAYTON MARLOWE`.

    A person has them too, if the given name is a surname.
    """
    return 2 <= len(words) <= 3 and all(
        len(word) >= MIN_TWO_SURNAMES
        and word not in FOREIGN_SURNAMES
        and (word.endswith(PLACE_ENDINGS_OF_SURNAMES) or is_surname(word) or word in load_rare_surnames())
        for word in words
    )


def is_compound(word: str) -> bool:
    """Return whether a word that is no name and is not built like one joins two common English words: `SILVERGATE`."""
    if len(word) < MIN_COMPOUND:
        return False
    english = load_english_words()
    halves = range(MIN_HALF, len(word) - MIN_HALF + 1)
    is_joined = any(word[:end] in english and is_english(word[end:]) for end in halves)
    return is_joined and not may_be_name(word)


def is_name_only(word: str) -> bool:
    """Return whether a word is a known name, and does not show another kind of owner."""
    return is_rare_or_listed_name(word) and word not in KIND_BY_AMBIGUOUS_WORD


def may_be_name(word: str) -> bool:
    """Return whether a word is a given name or a surname, or is built like a surname."""
    upper = drop_dots_and_apostrophes(word.upper())
    if "-" in upper:
        # `T-MOBILE` and `U-STORE-IT` are no double surnames.
        return ONE_LETTER_PART.search(upper) is None
    if is_rare_or_listed_name(upper):
        return True
    if upper.endswith("S") and is_listed_name(upper[:-1]):
        # A business that is named after its owner: `WENDYS`.
        return False
    return upper.startswith(SURNAME_BEGINNINGS) or (len(upper) > MIN_ENDED_SURNAME and upper.endswith(SURNAME_ENDINGS))


def is_listed_name(upper: str) -> bool:
    """Return whether a word in capitals is a given name or a common surname."""
    return upper in KNOWN_GIVEN_NAMES or is_surname(upper) or upper in OTHER_SURNAMES


def is_rare_or_listed_name(upper: str) -> bool:
    """Return whether a word in capitals is in any list of names."""
    return is_listed_name(upper) or upper in load_rare_surnames()


def drop_dots_and_apostrophes(text: str) -> str:
    return text.replace(".", "").replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")


def is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def ends_with_spaced_form(words: list[str]) -> bool:
    """Return whether words end with a legal form that is written with a space: `ROE & WEBB P C`."""
    if len(words) < 3 or len(words[-1]) > 1 or len(words[-2]) > 1:
        return False
    return words[-2] + words[-1] in (SPACED_FORMS_OF_ONE if len(words) == 3 else SPACED_FORMS)


def is_firm_with_spaced_form(words: list[str], upper: str) -> bool:
    """Return whether words are the surnames of partners with a legal form: `ROE & WEBB P C`, but not `ROE JOHN P C`."""
    return ends_with_spaced_form(words) and len(words) > 3 and ("&" in upper or " AND " in upper)


def may_be_spelled_out(words: list[str], upper: str) -> bool:
    """Return whether words of one letter may be one word with spaces: `U S A`, or `P C` after the names of partners."""
    count = count_letters(words)
    return count > 2 or (count == 2 and is_firm_with_spaced_form(words, upper))


def count_letters(words: list[str]) -> int:
    return [len(word) for word in words].count(1)


def join_spaced_letters(words: list[str]) -> list[str]:
    """Join runs of three or more single letters. Two letters can be the initials of a person."""
    joined: list[str] = []
    for are_letters, run in groupby(words, key=is_letter):
        letters = list(run)
        if are_letters and len(letters) > 2:
            letters = ["".join(letters)]
        joined += letters
    return joined


def find_distinctive_kind(upper: str, is_split: bool) -> str:
    """Return the kind of owner that the distinctive words of a name show, or `person`. The name is in capitals."""
    if "LIFE EST" in upper:
        # A life estate belongs to a living person, and is not the estate of a dead one.
        upper = re.sub(r"\b(?:ENH(?:ANCED)? )?LIFE EST(?:ATE)?\b", "", upper)
    # Text in brackets may decide: SMITH JOHN (DECD).
    upper = cut_shares_and_others(upper)
    words = drop_roll_words(OWNER_WORD.findall(drop_dots_and_apostrophes(upper)))
    if not LEGAL_FORMS.isdisjoint(words) or re.search(r"\bL ?L [CP]\b", " ".join(words)):
        return "trust" if any(KIND_BY_SURE_WORD.get(word) == "trust" for word in words) else "company"
    joined = words
    if count_letters(words) > 1:
        joined = join_spaced_letters(words)
        is_firm = is_firm_with_spaced_form(words, upper) and KNOWN_GIVEN_NAMES.isdisjoint(words)
        if is_firm or not LEGAL_FORMS.isdisjoint(joined):
            return "company"
    sure = {KIND_BY_SURE_WORD[word] for word in joined if word in KIND_BY_SURE_WORD}
    found = set(sure)
    if is_split and is_name_of_person(words, is_split):
        found.update(find_kinds_by_phrase(words))
    elif len(words) > 1:
        found.update(find_kinds_by_position(words))
    if (
        len(words) > 1
        and words[-1] == "USA"
        and not any(KIND_BY_SURE_WORD.get(word) == "government" for word in words[:-1])
    ):
        # The American branch of a company.
        found = found - {"government"} | {"company"}
    elif "government" not in sure:
        found = drop_place_before_company(found, words)
    return choose_kind(found) or PERSON


def choose_kind(found: Iterable[str]) -> str:
    """Return the kind that has priority, or "" if there is none."""
    return next((kind for kind in OWNER_KINDS if kind in set(found)), "")


def find_kinds_by_position(words: list[str]) -> Iterator[str]:
    """Yield the kinds that phrases show, and that words show by their position in a name."""
    yield from find_kinds_by_phrase(words)
    if PRACTICE.search(" ".join(words)):
        yield "company"
    is_long_enough = len(words) > 2 or KIND_BY_LAST_WORD.get(words[-1]) != "company"
    if words[-1] in KIND_BY_LAST_WORD and is_long_enough and words[-2:] != ["REAL", "ESTATE"]:
        yield KIND_BY_LAST_WORD[words[-1]]
    if not NOT_IN_NAMES.isdisjoint(words):
        yield next(iter(find_ambiguous_kinds(words)), "company")
    elif words[0] == "THE" and (len(words) > 2 or not is_rare_or_listed_name(words[1])):
        yield "company"
    elif is_numbered(words) and (
        KNOWN_GIVEN_NAMES.isdisjoint(words) or not KIND_BY_AMBIGUOUS_WORD.keys().isdisjoint(words)
    ):
        yield next((KIND_BY_AMBIGUOUS_WORD[word] for word in words if word in KIND_BY_AMBIGUOUS_WORD), "company")
    if not is_name_of_person(words):
        yield from find_ambiguous_kinds(words)


def drop_place_before_company(kinds: set[str], words: list[str]) -> set[str]:
    """Return kinds without the government, if its word only begins the name of a company: `CITY ELECTRIC SUPPLY`."""
    if not kinds >= {"government", "company"} or "OF" in words:
        return kinds
    begins = KIND_BY_AMBIGUOUS_WORD.get(words[0]) == "government"
    return kinds - {"government"} if begins and not any(find_kinds_by_phrase(words)) else kinds


def find_kinds_by_phrase(words: list[str]) -> Iterator[str]:
    """Yield the kinds that phrases show. A phrase may begin in the first name and end in the last name."""
    text = " ".join(words)
    if "OF" in words or len(words) > 2 or not KNOWN_GIVEN_NAMES.isdisjoint(words):
        for kind, last_words in LAST_WORDS_OF_PHRASES.items():
            # This is the quick check for most names.
            if not last_words.isdisjoint(words) and any(is_phrase(phrase, text) for phrase in PHRASES[kind]):
                yield kind
    if len(words) > 2 and words[0] in ("ESTATE", "EST") and not KNOWN_GIVEN_NAMES.isdisjoint(words):
        yield "estate"
    if len(words) > 2 and "REAL" not in words:
        yield from (KIND_BY_LAST_WORD[word] for word in words[1:] if KIND_BY_LAST_WORD.get(word) == "estate")
        if KIND_BY_LAST_WORD.get(words[-1]) == "trust":
            yield "trust"


def is_numbered(words: list[str]) -> bool:
    return any(DIGIT.search(word) and not ORDINAL.match(word) for word in words)


def is_phrase(phrase: str, text: str) -> bool:
    return phrase in text and f" {phrase} " in f" {text} "


def find_ambiguous_kinds(words: list[str]) -> list[str]:
    """Return the kinds that ambiguous words show, if there are enough such words to decide."""
    ambiguous = [word for word in words if word in KIND_BY_AMBIGUOUS_WORD]
    if "HOA" in ambiguous and (words[0] in VIETNAMESE or words[-1] in VIETNAMESE):
        # Beside a Vietnamese surname, Hoa is a given name.
        ambiguous.remove("HOA")
    decisive = [word for word in ambiguous if word not in NOT_DECISIVE_ALONE]
    if not decisive and len(ambiguous) < 2:
        return []
    return [KIND_BY_AMBIGUOUS_WORD[word] for word in decisive or ambiguous]


def is_name_of_person(words: list[str], is_split: bool = False) -> bool:
    """Return whether words are a person's name although some of them are ambiguous."""
    names = [word for word in words if len(word) > 1 and word not in NAME_SUFFIXES]
    ambiguous = [word for word in names if word in KIND_BY_AMBIGUOUS_WORD]
    if not ambiguous:
        return True
    if len(names) > 3:
        return False
    if is_split:
        return words[0] in KNOWN_GIVEN_NAMES or len(words[0]) == 1
    if names[0] in SAINTS or (len(names) == 2 and names[1] in PLACE_ENDINGS):
        return False
    if names[0] == "TEMPLE" and names[-1] in SYNAGOGUES:
        return False
    given = [
        word
        for word in names
        if word in KNOWN_GIVEN_NAMES and (word not in VIRTUES or KIND_BY_AMBIGUOUS_WORD[ambiguous[0]] != "church")
    ]
    if len(names) == 1:
        # A surname with initials is a person's name.
        return len(words) > 1 and names[0] in SURNAMES
    surname = ambiguous[0]
    if len(ambiguous) > 1 or not given:
        # Without a given name, the ambiguous word must be a common surname: MESA CITY is not a person's name.
        is_pair = len(words) == len(names) == 2 and len(ambiguous) == 1
        return is_pair and surname in SURNAMES and names[1] not in VIRTUES
    if names[0] == surname:
        return names[1] in given and names[-1] not in NEVER_LAST
    return is_surname(surname) and names[0] in given and (len(names) == 2 or names[1] in given)


def is_surname(word: str) -> bool:
    return word in SURNAMES or word in RARE_SURNAMES


NAME_SUFFIXES = frozenset("JR SR II III IV CPA MD DDS DVM JD PHD ESQ RN".split())
"""Words after a person's name that are not part of it."""
NEVER_LAST = frozenset("EL DE DEL LA LAS LOS DER".split())
"""Words between names, with which no person's name ends: TEMPLE BETH EL."""
PLACE_ENDINGS = frozenset(["COUNTY", "CITY"])
"""Words after which a name is that of a place: LEE COUNTY."""
RARE_SURNAMES = frozenset(
    "BAPTIST LODGE CHAPEL PARISH BANK TEMPLE LAND COUNTY CITY MISSION HOMES KINGDOM HUD NATION STEEL TOWER"
    " TOWERS CENTER GUILD SHERIFF CHAMBER BROTHERS PLAZA MARINE WORKS".split()
)
"""Ambiguous words that are surnames, but too rare to be in SURNAMES."""
DOUBTED_SURNAMES = RARE_SURNAMES | {"CHURCH"}
"""Surnames that begin or end the names of other owners so often that the review asks."""
FOREIGN_SURNAMES = HISPANIC | ITALIAN | VIETNAMESE
"""Surnames of which companies rarely make their names."""
