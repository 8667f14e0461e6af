"""Find the kind of owner that the distinctive words of a name show. Pure.

Words decide, and phrases, and where they stand. A name that contains `of` or a number is not a person's.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from batches.people.name_words import (
    KNOWN_GIVEN_NAMES,
    NAME_SUFFIXES,
    OWNER_WORD,
    drop_dots_and_apostrophes,
    is_letter,
    is_listed_name,
    is_rare_or_listed_name,
    is_surname,
)
from batches.people.owner_words import (
    FOREIGN_FORMS,
    KIND_BY_AMBIGUOUS_WORD,
    KIND_BY_LAST_WORD,
    KIND_BY_SURE_WORD,
    LAST_WORDS_OF_PHRASES,
    LEGAL_FORMS,
    NOT_DECISIVE_ALONE,
    NOT_IN_NAMES,
    OWNER_KINDS,
    PERSON,
    PHRASES,
    SAINTS,
    SYNAGOGUES,
    VIRTUES,
)
from batches.people.roll_words import cut_shares_and_others, drop_roll_words
from batches.people.surnames import HISPANIC, SURNAMES, VIETNAMESE

SPELLED_FORM = re.compile(r"\bL ?L [CP]\b|\bS(?: DE R ?L| ?A)? DE C ?V\b")
"""A legal form of several words: `L L C`, or `S DE RL DE CV` in Mexico."""
SPACED_FORMS = frozenset("PC PA NA PS SC LP LC PL".split())
"""Legal forms of two letters, which are also the initials of people if a space separates them: `ROE & WEBB P C`."""
SPACED_FORMS_OF_ONE = frozenset("PC PA NA".split())
"""Those forms that a company which is named after one surname has: `WEBB P C`."""
SPELLED_OUT_CHURCHES = frozenset(["AME", "CME"])
"""Churches whose names also come as single letters: `MT ZION A M E`."""
PRACTICE = re.compile(r"\b(?:MD|DDS|DMD|DVM|DPM|DC|OD|CPA|JD|PHD|ESQ) P ?[AC]$")
"""The end of the name of a professional association or corporation that is named after its only member."""
DIGIT = re.compile(r"\d")
ESTATE_BEGINNINGS = frozenset(["ESTATE", "EST", "SUC"])
"""Words that begin the name of an estate before that of the dead person."""
ORDINAL = re.compile(r"(2ND|3RD|4TH)$")
SHORT_PHRASES = {
    phrase: kind for kind in ("government", "church", "company") for phrase in PHRASES[kind] if phrase.count(" ") == 1
}
"""Phrases of two words that can be a whole name: `UNITED STATES`."""
PUBLIC_SERVICES = frozenset(
    "UTILITIES UTILITY HOSPITAL SERVICES SERVICE SVCS SVC MANAGEMENT MGMT AGENCY TRANSPORT TRANSPORTATION MUSEUM"
    " CEMETERY HEALTH NURSING FINANCE IMPROVEMENTS ENGINEERING VETERANS".split()
)
"""Words of companies that the departments of cities and counties have in their names too."""
DEPARTMENTS = frozenset(["DEPARTMENT", "DEPT"])
"""Words for a part of a public body, or of a bank: `COASTAL BANK REO DEPT`."""
TRUSTEES = frozenset(["TRUSTEES", "TTEES", "TRSTEES"])
"""Words for several trustees, who also govern townships, schools and churches."""
GOVERNED = frozenset(
    "TOWNSHIP TWP TWSP VILLAGE COUNTY CNTY TOWN BOROUGH CITY SCHOOL SCHOOLS DISTRICT DIST LIBRARY".split()
)
"""Words for public bodies that have trustees."""


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
    if not LEGAL_FORMS.isdisjoint(words) or SPELLED_FORM.search(" ".join(words)):
        return "trust" if any(KIND_BY_SURE_WORD.get(word) == "trust" for word in words) else "company"
    joined = words
    if count_letters(words) > 1:
        joined = join_spaced_letters(words)
        is_firm = is_firm_with_spaced_form(words, upper) and KNOWN_GIVEN_NAMES.isdisjoint(words)
        if is_firm or not LEGAL_FORMS.isdisjoint(joined):
            return "company"
        if not SPELLED_OUT_CHURCHES.isdisjoint(set(joined).difference(words)):
            return "church"
    decisive = set(joined) - DEPARTMENTS if "BANK" in joined else joined
    sure = {KIND_BY_SURE_WORD[word] for word in decisive if word in KIND_BY_SURE_WORD}
    found = set(sure)
    if is_split and is_name_of_person(words, is_split):
        found.update(find_kinds_by_phrase(words))
    elif len(words) > 1:
        found.update(find_kinds_by_position(words))
    if (
        len(words) > 1
        and "USA" in words[1:]
        and not any(KIND_BY_SURE_WORD.get(word) == "government" for word in words if word != "USA")
    ):
        # The American branch of a company.
        found = found - {"government"} | {"company"}
    elif "government" not in sure:
        found = drop_place_before_company(found, words)
    if not TRUSTEES.isdisjoint(words) and (governed := find_governed(words)):
        return governed
    return choose_kind(found) or PERSON


def find_governed(words: list[str]) -> str:
    """Return the kind of body that trustees govern, or "" if there is none: `BATH TOWNSHIP TRUSTEES`.

    The body stands before the trustees, or after `of`. Elsewhere, a place can begin the name of a bank.
    """
    position = next(position for position, word in enumerate(words) if word in TRUSTEES)
    rest = words[position + 1 :]
    body = rest if rest[:1] == ["OF"] else words[max(position - 1, 0) : position]
    if "BOARD" in words[:position]:
        body = words
    if "TRUST" in words or "BANK" in words:
        return ""
    kinds = {KIND_BY_SURE_WORD.get(word) or KIND_BY_AMBIGUOUS_WORD.get(word, "") for word in body}
    if "church" in kinds:
        return "church"
    return "government" if not GOVERNED.isdisjoint(body) or body is words else ""


def choose_kind(found: Iterable[str]) -> str:
    """Return the kind that has priority, or "" if there is none."""
    return next((kind for kind in OWNER_KINDS if kind in set(found)), "")


def find_kinds_by_position(words: list[str]) -> Iterator[str]:
    """Yield the kinds that phrases show, and that words show by their position in a name."""
    yield from find_kinds_by_phrase(words)
    if PRACTICE.search(" ".join(words)) or is_foreign_firm(words):
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
    """Return kinds without the government, if its word only names where a company is.

    `CITY ELECTRIC SUPPLY` and `BAYOU CITY ROOFING` are companies, and `POLK COUNTY UTILITIES` is a public body.
    """
    if not kinds >= {"government", "company"} or "OF" in words:
        return kinds
    begins = KIND_BY_AMBIGUOUS_WORD.get(words[0]) == "government"
    trades = {word for word in words if KIND_BY_SURE_WORD.get(word) == "company"}
    is_place = begins or (trades and trades.isdisjoint(PUBLIC_SERVICES))
    return kinds - {"government"} if is_place and not any(find_kinds_by_phrase(words)) else kinds


def find_kinds_by_phrase(words: list[str]) -> Iterator[str]:
    """Yield the kinds that phrases show. A phrase may begin in the first name and end in the last name."""
    text = " ".join(words)
    if text in SHORT_PHRASES:
        yield SHORT_PHRASES[text]
    elif "OF" in words or len(words) > 2 or not KNOWN_GIVEN_NAMES.isdisjoint(words):
        for kind, last_words in LAST_WORDS_OF_PHRASES.items():
            # This is the quick check for most names.
            if not last_words.isdisjoint(words) and any(is_phrase(phrase, text) for phrase in PHRASES[kind]):
                yield kind
    if len(words) > 2 and words[0] in ESTATE_BEGINNINGS and not KNOWN_GIVEN_NAMES.isdisjoint(words):
        # `Suc`, for `sucesión`, is also a surname.
        is_name = words[0] == "SUC" and HISPANIC.isdisjoint(words)
        if not is_name:
            yield "estate"
    if len(words) > 2 and "REAL" not in words:
        # `DEC` is also a month.
        yield from ("estate" for word in words[1:] if KIND_BY_LAST_WORD.get(word) == "estate" and word != "DEC")
        if KIND_BY_LAST_WORD.get(words[-1]) == "trust":
            yield "trust"


def is_foreign_firm(words: list[str]) -> bool:
    """Return whether words are the name of a business and its foreign legal form: `PHADIA AB`."""
    return words[-1] in FOREIGN_FORMS and KNOWN_GIVEN_NAMES.isdisjoint(words) and not is_listed_name(words[-2])


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


NEVER_LAST = frozenset("EL DE DEL LA LAS LOS DER".split())
"""Words between names, with which no person's name ends: TEMPLE BETH EL."""
PLACE_ENDINGS = frozenset(["COUNTY", "CITY"])
"""Words after which a name is that of a place: LEE COUNTY."""
