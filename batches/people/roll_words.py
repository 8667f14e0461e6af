"""Remove what tax rolls add to a name: how people own a property, with whom, and in whose care. Pure."""

import re
from collections.abc import Iterable
from itertools import pairwise

from batches.people.given_names import VIETNAMESE_GIVEN_NAMES

TAIL_PHRASES = frozenset(
    phrase.strip()
    for line in """
    ETAL, ETALS, ET AL, ET ALS, ET ALIA, ETUX, ET UX, ETVIR, ET VIR, ET, UX, VIR, ETC, ET CETERA, JT, JTS, JT TEN
    JTTEN, JT TENANTS, JT/RS, JTRS, JT RS, JTROS, JT ROS, JTWROS, JT WROS, JTWRS, JTW/ROS, J/T, WROS, W/ROS, ROS
    JT/WROS, JT/WRS, JT W/ROS, R/S, W/RS, JOINT, JOINT TEN, JOINT TENANT, JOINT TENANTS, JOINT TENANCY, AS JOINT TENANTS
    WITH RIGHTS OF SURVIVORSHIP, WITH RIGHT OF SURVIVORSHIP, RIGHT OF SURVIVORSHIP, RIGHTS OF SURVIVORSHIP
    SURVIVORSHIP, CPWROS, CP/WROS, CPWRS, CPRS, CP/RS, CP, COMM PROP, COMMUNITY PROPERTY, COM PROP, CP WROS
    AS COMMUNITY PROPERTY, TEN COM, TENCOM, TEN IN COM, TEN IN COMMON, TIC, T/C, T/I/C, TENANTS IN COMMON
    TENANCY IN COMMON, TENANT IN COMMON, AS TENANTS IN COMMON, TEN ENT, TENENT, TEN BY ENT, TEN BY ENTIRETY
    TEN BY THE ENT, TBE, T/E, T/B/E, TENANTS BY ENTIRETY, TENANTS BY THE ENTIRETY, TENANTS BY ENTIRETIES
    TENANTS BY THE ENTIRETIES, BY THE ENTIRETY, BY ENTIRETY, ENTIRETY, ENTIRETIES, AS TENANTS BY THE ENTIRETY
    TENANTS ENTIRETY, H/W, HW, H&W, H & W, W/H, H/E, W/E, H/H, HUSB, HUSBAND, HUS, WIFE, WF, HIS WIFE, HER HUSBAND
    SPOUSE, HUSBAND AND WIFE, HUSBAND & WIFE, WIFE AND HUSBAND, WIFE & HUSBAND, HUS & WF, HUS & WIFE, HUSB & WIFE
    HUS/WF, HUSBAND/WIFE, MARRIED, MARRIED COUPLE, A MARRIED COUPLE, MARRIED MAN, MARRIED WOMAN, MARRIED PERSON
    A MARRIED MAN, A MARRIED WOMAN, A MARRIED PERSON, SINGLE, SINGLE MAN, SINGLE WOMAN, SINGLE PERSON
    A SINGLE MAN, A SINGLE WOMAN, A SINGLE PERSON, UNMARRIED, UNMARRIED MAN, UNMARRIED WOMAN, UNMARRIED PERSON
    AN UNMARRIED MAN, AN UNMARRIED WOMAN, AN UNMARRIED PERSON, UNMARRIED COUPLE, DIVORCED, A DIVORCED MAN
    UNM, UNMD, SGL
    A DIVORCED WOMAN, WIDOW, A WIDOW, WIDOWER, A WIDOWER, WIDOWED, WID, SOLE, SOLE OWNER, SEPARATE
    SEPARATE PROPERTY, SEP PROP, SOLE AND SEPARATE PROPERTY, SOLE & SEPARATE PROPERTY
    AS SOLE AND SEPARATE PROPERTY, AS SEPARATE PROPERTY, AS HIS SEPARATE PROPERTY, AS HER SEPARATE PROPERTY
    HIS SOLE AND SEPARATE PROPERTY, HER SOLE AND SEPARATE PROPERTY, S/P, S/M, S/W, U/M, U/W, M/M, M/W, A MINOR
    AN INDIVIDUAL, INDIVIDUALLY, INDIV, LIFE EST, LIFE ESTATE, LIFE LEASE, LIFE TENANT, LIFE TENANTS, LIFE TEN, LIFE INT
    LIFE INTEREST, L/E, LE, LIFE, L/T, L/EST, LF EST, LFE EST
    LF ESTATE, LF TEN, LF TENANT, LF INT, LFE TEN, LIF EST, RES LIFE EST, ENH LIFE EST, RLE, ELE, LTE
    ENHANCED LIFE ESTATE
    ENHANCED LIFE EST, A LIFE ESTATE, REM, REMAINDER, REMAINDERMAN, REMAINDERMEN, RMDR, REMDR, DECLARANT, GRANTOR
    GRANTOR/TRUSTEE, BENEFICIARY, BENEFICIARIES, TOD, POD, T/O/D, P/O/D, POA, P/O/A, POWER OF ATTORNEY, ATTY IN FACT
    ATTORNEY IN FACT, AGT, AGENT, GDN, GDNS, GUARDIAN, CONSERVATOR, CUST, CUSTODIAN, UTMA, UGMA, C/F, RET, RETIRED
    SURVIVING SPOUSE, SURV SPOUSE, SURVIVOR, SURVIVORS, SURV, INT, INTEREST, UND, UNDIV, UNDIVIDED, CO-OWNER
    CO-OWNERS, COOWNER, CO-TENANTS, TENANT, TENANTS, OTHERS, AND OTHERS, & OTHERS
    BANKRUPTCY, BANKRUPT, ATTORNEY, ATTORNEY AT LAW, ATTY, ATTY AT LAW, REALTOR, EXECUTOR, EXECUTRIX, EXEC
    EXECUTRIX OF, ADMINISTRATOR, ADMINISTRATRIX, ADMR, ADMX, PERS REP, PER REP, PERSONAL REP, AS, ET UXOR, ET-AL, ET-UX
    AS TO AN, AS TO, NEVER MARRIED, MARRIED TO EACH OTHER, UNREMARRIED WIDOW, AN UNREMARRIED WIDOW, UNREMARRIED WIDOWER
    AN UNREMARRIED WIDOWER, NOT REMARRIED, SURVIVING JOINT TENANT, SURVIVING TENANT, SURVIVING TENANT BY THE ENTIRETY
    FEME SOLE, A FEME SOLE, SOLE OWNERSHIP, SSP, USUFRUCT, USUFRUCTUARY, USUF, USUFR, NAKED OWNER, NAKED OWNERS
    NAKED OWNERSHIP, N/O, L/TEN, L/TENANT, L-TEN, L-TENANT, L/USE
    UNREMARRIED, FEMME SOLE, A MINOR CHILD, MINOR CHILD, LIFE ESTATE ONLY, LIFE EST ONLY, C/P, HIS WF, HER HUS, EXR
    DEFENDANT, DEFENDANTS, RESPONDENT, RESPONDENTS, IF LIVING, IF ALIVE, IF MARRIED, IF ANY, CONTRACT FOR DEED
    CONTRACT BUYER, CONTRACT SELLER, CONTRACT OWNER
    EXTR, AIF, OTROS, Y OTROS, ESPOSO, ESPOSA, Y ESPOSO, Y ESPOSA, ET OTROS
    """.splitlines()
    for phrase in line.split(",")
    if phrase.strip()
)
SEPARATE_PROPERTY = [
    f"{start}{whose}{what}"
    for start in ("", "AS ", "DEALING IN ", "DEALING WITH ")
    for whose in ("", "HIS ", "HER ", "THEIR ")
    for what in (
        *("SOLE AND SEPARATE PROPERTY", "SOLE & SEPARATE PROPERTY", "SOLE AND SEPARATE", "SOLE & SEPARATE"),
        *("SEPARATE PROPERTY", "SEPARATE ESTATE", "SOLE PROPERTY", "SOLE & SEP PROP", "SEP PROPERTY", "SEP PROP"),
    )
]
"""Phrases after the name of a married person who owns a property alone."""
LIFE_TENURES = [
    f"{life}{glue}{what}"
    for life in ("LIFE", "LFE", "LIF", "LF")
    for glue in (" ", "-", "/", "")
    for what in "TEN TENANT TENANTS TENANCY TNT TNTS EST ESTATE ESTATES INT INTEREST USE USUFRUCT".split()
] + [
    f"{start}LIFE {what}"
    for start in ("", "RES ", "RESERVED ", "RESERVING ", "RESERVING A ", "RETAINED ", "ENH ", "ENHANCED ", "W/ ")
    for what in ("EST", "ESTATE", "ESTATE HOLDER", "USER", "RIGHTS")
]
"""Phrases after the name of somebody who may use a property for life."""
TENURE_CODES = "JT JTRS JTROS JTWROS TE TB TBE TC TIC CP CPRS CPWROS RS ROS".split()
"""Codes for how several people own a property."""
COUPLE_CODES = "HW WH HH WW MW MC H/W W/H H&W W&H".split()
"""Codes for husband and wife, or man and wife."""
PHRASES = TAIL_PHRASES.union(
    SEPARATE_PROPERTY,
    LIFE_TENURES,
    (f"{couple}{glue}{tenure}" for couple in COUPLE_CODES for glue in ("", "/", "-") for tenure in TENURE_CODES),
    # With `RS` or `ROS` at either end, the codes would include surnames such as Teros.
    (
        f"{tenure}{other}"
        for tenure in TENURE_CODES[:-2]
        for other in TENURE_CODES[:-2] + COUPLE_CODES
        if tenure != other
    ),
)
"""Phrases after names, such as `and wife`, `life estate` and `a single man`, and codes without spaces: `HWJT`."""
MAX_TAIL_WORDS = max(len(phrase.split()) for phrase in PHRASES)
LAST_WORDS = frozenset(phrase.split()[-1] for phrase in PHRASES)
"""The last words of these phrases."""
CARE_OF = re.compile(r"^\s*(?:%|C/O\b|ATTN?\b:?|ATTENTION\b:?|IN CARE OF\b)\s*", re.IGNORECASE)
OTHERS_AND_REST = re.compile(
    r"(?<=\S)\s+(?:C/O|C\\O|IN CARE OF|ATTN|ATTENTION|D/?B/?A|T/A|A/?K/?A|F/?K/?A|N/?K/?A|F/?N/?A|FORMERLY"
    r"|N[EÉ]E(?=\s\w)"
    r"|(?:W/)?L/?E\s+(?:REM|TO|W/)|(?:W/)?L/?E-?REM|LIFE\s+REM|REM(?:AINDER)?\s+TO|TOD\s+TO|TOD\s+(?=\w+\s+\w)|POD\s+(?=\w+\s+\w)"
    r"|REM(?:AINDER(?:MAN|MEN)?)?\s+(?=\w{2,}\s+\w)|(?:BY\s+)?POA\s+(?=\w)|CUST(?:ODIAN)?\s+FOR|(?:GDN|GUARDIAN)\s+(?:FOR|OF)"
    r"|W/RE?M|USUF\w*\s+(?:OF|TO|FOR)|SUBJ(?:ECT)?\s+TO)\b.*|(?<=\S)\s*%.*",
    re.IGNORECASE,
)
"""A part about someone else, or another name of the owner, up to the end of the text."""
SHARE = (
    r"\b(?:UND(?:IV(?:IDED)?)?\s+)?\d+\s*/\s*\d+(?!\s*/)(?:\s*(?:INT(?:EREST)?|UND|SHARE))?\b\.?"
    r"|\d+(?:\.\d+)?\s*%(?:\s*INT(?:EREST)?\b)?"
)
SHARES = re.compile(rf"(?:\s[-–—]\s*)?(?:[(\[]\s*(?:{SHARE})\s*[)\]]|{SHARE})", re.IGNORECASE)
OWNER_PATTERN = r"(?:CO-?|HOME|PROPERTY |LEGAL |RECORD |SOLE )?OWNERS?(?:[ /-]OCC\w*)?"
LABELS = re.compile(
    rf"^\s*{OWNER_PATTERN}(?: NAME)?\s*(?::|\s[-–—])\s*(?=\w)"
    rf"|(?<=\w)[\s.,]*(?:[(\[]\s*{OWNER_PATTERN}\s*[)\]]|[-–—:/,]\s*{OWNER_PATTERN}\s*$)",
    re.IGNORECASE,
)
"""A label that is separated from the name before or after it: `Ada Webb - Owner`."""
UNKNOWN_OTHERS = re.compile(
    r"(?<=\w)[\s,.]*(?:&|/|;|\+|\b(?:AND|OR)\b)\s*(?:(?:UNKNOWN|UNK|UNKN|CURRENT|ALL|ANY)\s+)*"
    r"(?:UNKNOWN|UNK|UNKN|(?:CURRENT )?(?:OWNERS?|OCCUPANTS?|RESIDENTS?|TENANTS?)(?: OF RECORD)?)"
    r"(?:\s+(?:SPOUSE|WIFE|HUSBAND))?\s*$",
    re.IGNORECASE,
)
"""A second owner who is not known: `Ada Webb & Unknown`, `Ada Webb or current resident`."""
IN_BRACKETS = re.compile(r"\([^)]*\)?|\[[^\]]*\]?|\*+")
NICKNAMES = re.compile(r"[\"“”][^\"“”]*[\"“”]|(?<=\s)['‘’][^'‘’\s]+['‘’](?=\s|$)")
ROLL_WORDS_BETWEEN_OWNERS = re.compile(
    r"\b(?:JT/RS|JTWROS|J/T|T/C|T/E|L/E|H/E|W/E|R/S|W/ROS|TBE|CPWROS|ETALS?|JT\s+TEN|TEN\s+(?:ENT|COM)|T\s+BY\s+E|NM[NI])\b",
    re.IGNORECASE,
)
ANY_ROLL_SIGN = re.compile(
    r"[%(\[*\"“”/\d‘’']|\b(?:C|IN|ATTN?|ATTENTION|[DAFN][KBN]A|FORMERLY|N[EÉ]E|LE|LIFE|REM\w*|TOD|POD|POA|CUST\w*|GDN"
    r"|GUARDIAN|BY|JT\w*|TEN|TBE|CPWROS|ETALS?|OWNERS?|NM[NI]|(?:UNK|USUF|SUBJ)\w*|OCCUPANTS?|RESIDENTS?|TENANTS?)\b",
    re.IGNORECASE,
)
"""Without any of these signs and words, only the end of a name can contain roll words."""
SEPARATORS = frozenset(["&", ",", ";", "-", "AND"])
TITLES = frozenset(["MR", "MRS", "MS", "MISS"])
"""Titles that only people have."""


def cut_shares_and_others(text: str) -> str:
    """Return a name without labels, shares and a part about others, such as care of or doing business as."""
    if not ANY_ROLL_SIGN.search(text):
        return text
    text = UNKNOWN_OTHERS.sub("", CARE_OF.sub("", LABELS.sub("", text)))
    return OTHERS_AND_REST.sub("", cut_shares(text))


def cut_shares(text: str) -> str:
    """Remove shares. Replace one between two names with `&`: `DOE JOHN & ROE JANE` for `DOE JOHN 1/2 ROE JANE 1/2`."""
    pieces = SHARES.split(text)
    if len(pieces) < 3:
        return " ".join(pieces)
    # A share separates names if there are two words or more before it, and a letter after it.
    starts = [""] + [
        "& " if len(before.split()) > 1 and after.lstrip(" ,")[:1].isalpha() else ""
        for before, after in pairwise(pieces)
    ]
    return " ".join(start + piece for start, piece in zip(starts, pieces, strict=True))


def cut_roll_words(text: str) -> str:
    """Return a name without anything that tax rolls add to it, except for roll words at the end."""
    if not ANY_ROLL_SIGN.search(text):
        return text
    text = NICKNAMES.sub(" ", IN_BRACKETS.sub(" ", cut_shares_and_others(text)))
    return ROLL_WORDS_BETWEEN_OWNERS.sub(" ", text).strip(" ,")


def is_roll_phrase(text: str) -> bool:
    """Return whether a string is only what tax rolls add to names: `ETAL`, `et ux`. Shorter ones can be names."""
    return len(text) > 3 and text.upper().strip(".,") in PHRASES


def drop_roll_words(words: Iterable[str], min_words: int = 2) -> list[str]:
    """Drop roll words at the end of a name, but keep `min_words` words, because Le and Al are names too."""
    words = list(words)
    while len(words) > min_words:
        last = words[-1].upper().strip(".,;")
        if words[-1].upper() in SEPARATORS:
            words.pop()
            continue
        is_surname = last == "LE" and is_surname_after(words[:-1])
        count = count_phrase_words(words, min_words) if last in LAST_WORDS and not is_surname else 0
        if not count:
            break
        del words[-count:]
    return words


def is_surname_after(words: list[str]) -> bool:
    """Return whether `Le` after these words is a Vietnamese surname, and not a life estate: `Ms Hien Le`."""
    return words[-1].upper() in VIETNAMESE_GIVEN_NAMES or (len(words) == 2 and words[0].upper().strip(".") in TITLES)


def count_phrase_words(words: list[str], min_words: int) -> int:
    """Return the number of words in the longest roll phrase at the end, or 0 if there is none."""
    tail = [word.upper().strip(".,;") for word in words[-MAX_TAIL_WORDS:]]
    longest = min(len(tail), len(words) - min_words)
    for count in range(longest, 0, -1):
        if " ".join(tail[-count:]) in PHRASES:
            return count
    return 0
