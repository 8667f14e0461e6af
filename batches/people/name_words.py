"""Tell whether a word is a given name, a surname, or a common English word. Pure."""

import re
import unicodedata
from functools import cache

from batches.people.first_names import FIRST_NAMES
from batches.people.given_names import GIVEN_NAMES
from batches.people.surnames import HISPANIC, IRISH, ITALIAN, SURNAMES, VIETNAMESE

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
MAX_ACRONYM = 5
"""Maximum number of letters of an acronym."""
VOWELS = frozenset("AEIOUY")
ONSETS = frozenset(
    "BH BL BR CH CL CR CS CZ DH DJ DM DN DR DV DW DZ FJ FL FR GH GJ GL GN GR GW HJ HL HM HN HR KH KL KN KR KS KV KW LH"
    " LL LJ MB MC MD MG MK ML MN MR MS MW NB ND NG NH NJ NK NT NW PF PH PL PN PR PS PT QU RH RW SC SH SK SL SM SN SP SQ"
    " SR ST SV SW SZ TC TH TJ TK TL TR TS TW TZ VL VR WH WR XH ZB ZD ZH ZL ZM ZN ZV ZW".split()
)
"""Pairs of consonants with which names in many languages begin."""
MIN_COMPOUND = 7
"""Minimum number of letters of a compound word. Many shorter surnames can be read as two words."""
MIN_TWO_SURNAMES = 5
"""Minimum number of letters of each surname of which a company's name may consist. Shorter ones are often given names
of Asia."""
PLACE_ENDINGS_OF_SURNAMES = tuple(
    "STONE BRIDGE HURST HERST WOOD FORD FIELD TON BURY WORTH LEY HAM GATE BROOK DALE CREST RIDGE HAVEN POINT WICK"
    " SHIRE CASTLE STEAD BOURNE THORPE COMBE CLIFFE MOOR MONT VIEW PORT HARBOR WATER".split()
)
"""Endings of English surnames and places, after which companies are named: `AMBERLEY GREYBRIDGE`."""
KNOWN_GIVEN_NAMES = FIRST_NAMES | GIVEN_NAMES
OWNER_WORD = re.compile(r"[A-Z0-9]+")


ONE_LETTER_PART = re.compile(r"(?:^|-)[A-CE-NP-Z](?:-|$)")
"""A part of a hyphenated word that is one letter, except for the `O` and the `D` of surnames."""


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


def may_be_thing(word: str) -> bool:
    """Return whether a word is a common English one and in no list of names: `GALLERY`."""
    if len(word) <= MIN_HALF or word in KNOWN_GIVEN_NAMES or word in SURNAMES:
        # This is the quick check for most names.
        return False
    return is_english(word) and not is_rare_or_listed_name(word)


def is_acronym(word: str) -> bool:
    """Return whether a short word that is no name cannot be spoken, or hardly so, as those of companies: `BMO`."""
    if not 3 <= len(word) <= MAX_ACRONYM or not word.isalpha() or is_rare_or_listed_name(word):
        return False
    vowels = [letter in VOWELS for letter in word]
    return not any(vowels) or (not vowels[0] and not vowels[1] and word[:2] not in ONSETS)


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


def is_alphabetic(text: str) -> bool:
    """Return whether a string is only ASCII letters and spaces, so that no pattern is needed to split it."""
    return text.isascii() and text.replace(" ", "").isalpha()


def drop_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def is_surname(word: str) -> bool:
    return word in SURNAMES or word in RARE_SURNAMES


NAME_SUFFIXES = frozenset("JR SR II III IV CPA MD DDS DVM JD PHD ESQ RN".split())
"""Words after a person's name that are not part of it."""
RARE_SURNAMES = frozenset(
    "BAPTIST LODGE CHAPEL PARISH BANK TEMPLE LAND COUNTY CITY MISSION HOMES KINGDOM HUD NATION STEEL TOWER"
    " TOWERS CENTER GUILD SHERIFF CHAMBER BROTHERS PLAZA MARINE WORKS".split()
)
"""Ambiguous words that are surnames, but too rare to be in SURNAMES."""
FOREIGN_SURNAMES = HISPANIC | ITALIAN | VIETNAMESE
"""Surnames of which companies rarely make their names."""
