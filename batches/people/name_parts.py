"""Split the name of one person into given names and surname, without titles and suffixes. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from batches.people.first_names import FIRST_NAMES
from batches.people.given_names import VIETNAMESE_GIVEN_NAMES
from batches.people.name_words import KNOWN_GIVEN_NAMES, is_rare_or_listed_name
from batches.people.surnames import HISPANIC, IBERIAN, IRISH, ITALIAN, SURNAMES, SURNAMES_AS_GIVEN_NAMES, VIETNAMESE

FIRST_LAST, LAST_FIRST = "first_last", "last_first"
"""The order of the words of a full name."""
SUFFIXES = {"JR", "SR", "II", "III", "IV", "V", "ESQ", "MD", "PHD", "DDS", "2ND", "3RD"}
MORE_SUFFIXES = SUFFIXES.union(
    "4TH 5TH ESQUIRE CPA DVM DMD DPM EDD JD LPN MBA PHARMD PSYD RN BSN MSN APRN USAF USN USMC USCG AIA".split()
)
AFTER_COMMA = MORE_SUFFIXES | frozenset(
    "DC DO LCSW LMFT LMHC NP FNP OD PA PE RPH MSW DNP ARNP CFP CLU CFA GRI CRS LNCC CSI"
    " OSB OFM OP SJ CSC SSJ OCD".split()
)
"""Suffixes and degrees. Some of them are names or initials, unless they stand alone after a comma."""
GENERATIONS = {
    "SR": "SR",
    "JR": "JR",
    "II": "II",
    "III": "III",
    "IV": "IV",
    "2ND": "II",
    "3RD": "III",
    "4TH": "IV",
    "5TH": "V",
}
"""Suffix that distinguishes a child from a parent with the same name → the usual spelling."""
HONORIFICS = {"MR", "MRS", "MS", "MISS", "DR", "REV", "HON"}
TITLES_AT_THE_END = HONORIFICS - {"HON", "MS"}
LEADING_HONORIFICS = HONORIFICS | {
    "PROF",
    "COL",
    "CAPT",
    "SGT",
    "MAJ",
    "CPT",
    "CDR",
    "MX",
    "MESSRS",
    "EMERITA",
    "EMERITUS",
}
FULL_TITLES = frozenset(
    "SISTER SR BROTHER BR FATHER FR PASTOR RABBI IMAM DEACON ELDER BISHOP JUDGE HONORABLE REVEREND PROFESSOR DOCTOR LT"
    " LTC COLONEL CAPTAIN SERGEANT SSGT MSGT TSGT SFC CPL PVT CMDR ADM GEN OFC OFFICER DET DETECTIVE DEPUTY MAYOR"
    " SENATOR REPRESENTATIVE CONGRESSMAN CONGRESSWOMAN GOVERNOR ATTORNEY ATTY CHIEF TROOPER".split()
)
"""Titles that are also surnames. They count only at the start of a name that begins with given names."""
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
"""First words of surnames."""
SURNAME_STARTS = PARTICLES | {
    "DELLA",
    "DELLE",
    "DEGLI",
    "DALLA",
    "DOS",
    "DAS",
    "DO",
    "LE",
    "LO",
    "EL",
    "AL",
    "ABU",
    "ABD",
    "BIN",
    "BINT",
    "VDA",
    "IBN",
    "MAC",
    "FITZ",
    "SAINT",
    "SANTO",
    "VANDE",
    "VANDER",
    "VANDEN",
    "VER",
    "TER",
    "TEN",
    "ZU",
    "ZUM",
    "O",
    "D",
    "O'",
    "D'",
    "VAN'T",
}
"""First words of surnames. Some are also given names or surnames, and their position decides."""
ALSO_SURNAMES = {"LE", "VAN", "DO", "LO", "TEN", "AL", "DU", "LA", "SAN", "FITZ", "SANTO"}
"""Words of SURNAME_STARTS that are often whole surnames."""
PARTICLES_BEFORE_SURNAMES = frozenset(["AL", "LA", "SAN", "VAN"])
"""Words of SURNAME_STARTS after which a word that is no known given name belongs to the surname: `AL HASSANI NOOR`."""
SPANISH_SAINTS = frozenset("AGUSTIN ANDRES ANTONIO DIEGO JOSE JUAN LUIS MARTIN MIGUEL NICOLAS PEDRO ROMAN".split())
"""Saints after whom people with the surname San Juan or San Miguel are called."""
SURNAME_LINKS = frozenset(["VDA", "DE", "DEL", "DELA", "DELLA", "LAS", "LOS", "DOS", "DAS", "DER", "DEN", "LA", "VAN"])
"""Particles that can continue the surname before them: `PEREZ DE LEON`."""
IBERIAN_LINKS = frozenset(["Y", "E", "DA", "DO", "DOS", "DAS"])
"""Words between two Spanish or Portuguese surnames of one person."""
SPANISH_LINKS = frozenset(["VDA", "DE", "DEL", "DELA"])
"""Links that continue a surname even if there is only one of them."""
MAX_PARTICLE = 3
"""Maximum number of letters of the first of two words that are one surname."""
HEBREW_PARTICLES = frozenset(["BEN", "BAR"])
"""First words of surnames that are given names too. They count only before a whole name that begins with a surname."""
PLAIN_NAME = re.compile(r"[^\W\d_]+(?:[ '.-]+[^\W\d_]+)*\.?")


@dataclass(frozen=True)
class Person:
    first: str
    middle: str
    last: str
    generation: str = ""
    """SR, JR, II, III or IV. It is not sent, but it distinguishes people."""


def bare(word: str) -> str:
    """Return a word in capitals, without full stops and commas around it, nor inside of a degree: `PHD` for `Ph.D.`."""
    upper = word.upper().strip(".,")
    return undotted if "." in upper and (undotted := upper.replace(".", "")) in AFTER_COMMA else upper


def join_suffixes(text: str) -> str:
    """Remove the comma before suffixes and degrees, as in `John Smith, Jr.` and `John Smith, MD, PhD`."""
    left, comma, right = text.partition(",")
    words = right.replace(",", " ").split()
    if not comma or not words or not all(is_suffix(word) for word in words):
        return text
    # A single letter after one word is an initial, as in `Smith, V`, and so can be some degrees, as in `Ngo, Do`.
    is_initial = len(left.split()) < 2 and (len(bare(words[0])) == 1 or MORE_SUFFIXES.isdisjoint(map(bare, words)))
    kept = [word for word in words if bare(word) in MORE_SUFFIXES and len(bare(word)) > 1]
    return text if is_initial else " ".join([left.strip(), *kept])


def is_suffix(word: str) -> bool:
    return bare(word).replace(".", "") in AFTER_COMMA


def split_given(part: str, last: str) -> Person:
    """Return the person with these given names and a surname that comes from another owner."""
    words, generation = drop_suffixes(drop_titles(part.split()))
    return Person(words[0] if words else "", " ".join(words[1:]), last, generation)


def split_name(text: str, order: str) -> Person | None:
    """Split the name of one person into parts. Return None if it consists of nothing but suffixes and titles."""
    left, comma, right = (join_suffixes(text) if "," in text else text).partition(",")
    if comma:
        right_words = right.replace(",", " ").split()
        while len(right_words) > 1 and len(bare(right_words[0])) > 1 and is_suffix(right_words[0]):
            # A suffix after the surname, as in `Smith, Jr., John`.
            left = f"{left} {right_words.pop(0)}"
        left_words, generation = drop_suffixes(left.split())
        right_words, right_generation = drop_suffixes(drop_titles(right_words))
        generation = generation or right_generation
        if right_words and left_words:
            return Person(right_words[0], " ".join(right_words[1:]), " ".join(left_words), generation)
        words = left_words or right_words
    else:
        words, generation = drop_suffixes(left.split())
    words = drop_titles(words)
    if not words:
        return None
    if order == LAST_FIRST and not comma:
        return split_last_first(words, generation)
    return split_first_last(drop_full_titles(words, min_words=2), generation)


def split_last_first(words: list[str], generation: str) -> Person:
    """Split a name that begins with the surname: `DE LA CRUZ MARIA E`, `GARCIA LOPEZ MARIA ELENA`.

    A given name and an initial have no surname.
    """
    upper = [bare(word) for word in words]
    if len(words) == 2 and len(words[1]) < 3 and len(upper[1]) == 1 and is_only_given_name(words[0]):
        return Person(words[0], words[1], "", generation)
    if len(words) == 2 and upper[0] == "MC":
        return Person("", "", " ".join(words), generation)
    if len(upper[0]) == 1 and len(upper[-1]) > 1 and upper[0] not in SURNAME_STARTS:
        # No surname is one letter: `J DOE`.
        return split_first_last(words, generation)
    count = count_surname_words(upper)
    rest = words[count:]
    if len(rest) > 1 and upper[count] in LEADING_HONORIFICS:
        rest = drop_titles(rest)
    if not rest:
        return Person("", "", " ".join(words), generation)
    return Person(rest[0], " ".join(rest[1:]), " ".join(words[:count]), generation)


def is_letter(word: str) -> bool:
    return len(bare(word)) == 1


def is_only_given_name(word: str) -> bool:
    """Return whether a word is a common given name, and not a common surname as well, as `Thomas` is."""
    return bare(word) in FIRST_NAMES and bare(word) not in SURNAMES


def count_surname_words(upper: Sequence[str]) -> int:
    """Return how many words at the start of a name are the surname. The last word is never part of it."""
    if len(upper) < 3:
        return 1
    first, second, third = upper[0], upper[1], upper[2]
    if first in SURNAME_STARTS:
        if first in ALSO_SURNAMES and not is_particle(first, second, third):
            return 1
        count = 1
        while count < len(upper) - 1 and upper[count - 1] in SURNAME_STARTS:
            count += 1
        count += (count_linked_words(upper[count - 1 :]) or 1) - 1
        # A second surname: `DELA CRUZ REYES MARIA`.
        is_double = count < len(upper) - 1 and upper[count] in IBERIAN and upper[count - 1] in IBERIAN
        return count + (is_double and upper[count + 1] in KNOWN_GIVEN_NAMES)
    if second in IBERIAN_LINKS and first in IBERIAN and third in IBERIAN:
        return 3 if len(upper) > 3 else 1
    if second in SURNAME_LINKS and (linked := count_linked_words(upper)):
        return linked
    if len(first) <= MAX_PARTICLE and is_in_two_words(first, second, third):
        return 2
    if second in KNOWN_GIVEN_NAMES or third not in KNOWN_GIVEN_NAMES:
        return 1
    if second in IBERIAN:
        return 2 if first in IBERIAN or first in SURNAMES else 1
    if third in SURNAMES or not is_rare_or_listed_name(second):
        return 1
    # Of a double surname, the second can be rare: `SOTO MAYOR ELENA`.
    return 2 if first in IBERIAN or are_two_surnames(first, second, third) else 1


def are_two_surnames(first: str, second: str, third: str) -> bool:
    """Return whether two English surnames before a given name are one: `BONHAM CARTER HELENA`.

    If the second is also a usual given name, it is one: `SMITH PARKER JAMES`.
    """
    return (
        third in FIRST_NAMES
        and second in SURNAMES
        and second not in SURNAMES_AS_GIVEN_NAMES
        and is_rare_or_listed_name(first)
        and first not in VIETNAMESE
    )


def is_in_two_words(first: str, second: str, third: str) -> bool:
    """Return whether a surname is written as two words: `AU YEUNG`, or `BEN DAVID` before a given name."""
    if second in KNOWN_GIVEN_NAMES:
        return first in HEBREW_PARTICLES and third in KNOWN_GIVEN_NAMES
    return len(first) > 1 and is_rare_or_listed_name(first + second) and first not in KNOWN_GIVEN_NAMES


def count_linked_words(upper: Sequence[str]) -> int:
    """Return how many words `PEREZ DE LEON` has in `PEREZ DE LEON ANA`, or 0 if no particle follows the surname."""
    count = 1
    while count < len(upper) and upper[count] in SURNAME_LINKS:
        count += 1
    if count == 1:
        return 0
    is_linked = upper[1] in SPANISH_LINKS or count > 2
    # `Del` and `Van` are also given names, and so is `De Anna` if nothing but initials follows.
    is_given = upper[0] in VIETNAMESE or (count == 2 and upper[1] in KNOWN_GIVEN_NAMES and upper[0] not in HISPANIC)
    has_given_name = any(len(word) > 1 for word in upper[count + 1 :])
    return count + 1 if is_linked and not is_given and has_given_name else 0


def is_particle(first: str, second: str, third: str) -> bool:
    """Return whether the first word of a name begins a longer surname, such as `Le Blanc`, and is not one itself."""
    if first == "LE" and (second in VIETNAMESE_GIVEN_NAMES or (second == "VAN" and third in VIETNAMESE_GIVEN_NAMES)):
        return False
    if second in SURNAME_STARTS or third in SPANISH_LINKS:
        return True
    may_begin_surname = first in PARTICLES_BEFORE_SURNAMES and len(third) > 1
    if may_begin_surname and second not in KNOWN_GIVEN_NAMES and second not in VIETNAMESE_GIVEN_NAMES:
        return True
    if first == "FITZ" and is_rare_or_listed_name(first + second):
        return True
    if first == "SAN" and second in SPANISH_SAINTS:
        return True
    return third in KNOWN_GIVEN_NAMES and (second not in KNOWN_GIVEN_NAMES or first in ("SAN", "LA", "AL"))


def split_first_last(words: list[str], generation: str) -> Person:
    """Split a name that begins with given names: `Juan de la Cruz`, `Juan Carlos Perez Rodriguez`."""
    if len(words) == 1:
        return Person(words[0], "", "", generation)
    if len(words) == 2 and len(words[1]) < 3 and is_letter(words[1]) and bare(words[0]) in KNOWN_GIVEN_NAMES:
        return Person(words[0], words[1], "", generation)
    start = find_surname([bare(word) for word in words])
    return Person(words[0], " ".join(words[1:start]), " ".join(words[start:]), generation)


def find_surname(upper: Sequence[str]) -> int:
    """Return the position at which the surname begins in a name that begins with given names."""
    start = len(upper) - 1
    last, before = upper[start], upper[start - 1]
    if start > 1 and last in IBERIAN and before in IBERIAN and before not in KNOWN_GIVEN_NAMES:
        start -= 1
    elif start > 1 and ((before == "O" and last in IRISH) or (before == "D" and last in ITALIAN)):
        return start - 1
    if last in VIETNAMESE:
        return start
    while start > 1 and upper[start - 1] in SURNAME_STARTS and len(upper[start - 1]) > 1:
        start -= 1
    before = upper[start - 1]
    is_linked = start > 1 and upper[start] in SPANISH_LINKS and before in HISPANIC and before not in KNOWN_GIVEN_NAMES
    return start - 1 if is_linked else start


def drop_titles(words: list[str]) -> list[str]:
    """Return words without titles at the start. Some titles are also names, and count only before two other words."""
    while len(words) > 1 and bare(words[0]) in (HONORIFICS if len(words) < 3 else LEADING_HONORIFICS):
        words = words[1:]
    return words


def drop_full_titles(words: list[str], min_words: int) -> list[str]:
    """Return words without titles such as Sister and Captain at the start, if a given name follows."""
    start = 0
    while start < len(words) - min_words and bare(words[start]) in FULL_TITLES | LEADING_HONORIFICS:
        start += 1
    is_title = start and bare(words[0]) not in KNOWN_GIVEN_NAMES and bare(words[start]) in KNOWN_GIVEN_NAMES
    return words[start:] if is_title else words


def drop_suffixes(words: list[str]) -> tuple[list[str], str]:
    """Return words without suffixes (Jr, III, MD), and the generation among these. Keep at least one word.

    A suffix is at the end, or after a surname that comes first, as in `SMITH JR JOHN`.
    """
    upper = [bare(word) for word in words]
    if len(words) > 2 and upper[-1] in TITLES_AT_THE_END:
        words, upper = words[:-1], upper[:-1]
    if MORE_SUFFIXES.isdisjoint(upper):
        return words, ""
    generation = next((GENERATIONS[word] for word in upper[1:] if word in GENERATIONS), "")
    kept = [
        word
        for position, (word, plain) in enumerate(zip(words, upper, strict=True))
        if position == 0 or plain not in MORE_SUFFIXES or (plain == "V" and position < len(words) - 1)
    ]
    if len(kept) == 2 and upper[-1] == "V":
        # After two words, V is an initial.
        return words, generation
    return [kept[0].rstrip(","), *kept[1:]], generation


def drop_suffix(last: str) -> str:
    """Remove the suffixes of a last name, for which the vendor has no field: `Smith` for `Smith Jr.`."""
    words = last.replace(",", " ").split()
    while len(words) > 1 and bare(words[-1]) in MORE_SUFFIXES:
        words.pop()
    return " ".join(words)


@lru_cache(maxsize=50_000)
def capitalise(text: str) -> str:
    """Capitalise a name: `Smith-Jones` for `SMITH-JONES`, `O'Brien` for `o'brien`. Keep a name in mixed case."""
    if (text != text.upper() and text != text.lower()) or not PLAIN_NAME.fullmatch(text):
        return text
    return re.sub(r"[^\W\d_]+(?:'[sS]\b)?", lambda found: capitalise_word(found[0]), text)


def capitalise_word(word: str) -> str:
    if word[:2].upper() == "MC" and len(word) > 3:
        return f"Mc{word[2:].capitalize()}"
    return word.capitalize()
