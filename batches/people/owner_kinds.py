"""Find the kind of owner from a full name, and how certain it is: a person, a company, a trust and so on. Pure.

Distinctive words decide (`kind_rules`). Names without any of them can be a company's all the same, and some are asked
about.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from batches.people.business_words import BUSINESS_WORDS
from batches.people.kind_rules import DIGIT, ends_with_spaced_form, find_distinctive_kind, may_be_spelled_out
from batches.people.known_companies import FIRST_WORDS, is_company, may_be_company
from batches.people.name_words import (
    KNOWN_GIVEN_NAMES,
    NAME_SUFFIXES,
    OWNER_WORD,
    RARE_SURNAMES,
    drop_accents,
    drop_dots_and_apostrophes,
    is_acronym,
    is_alphabetic,
    is_compound,
    is_english,
    is_letter,
    is_listed_name,
    is_rare_or_listed_name,
    may_be_name,
    may_be_thing,
    may_be_two_surnames,
)
from batches.people.owner_placeholders import is_placeholder
from batches.people.owner_words import (
    BETH,
    CHURCH_NAMES,
    DISTINCTIVE_WORDS,
    KIND_BY_AMBIGUOUS_WORD,
    KIND_BY_LAST_WORD,
    KIND_BY_SURE_WORD,
    NAMES_OF_PLACES,
    NAMES_OF_THINGS,
    NOT_DECISIVE_ALONE,
    PERSON,
    PLACE_WORDS,
    SAINTS,
    STATES_NOT_NAMES,
    SYNAGOGUES,
    UNCERTAIN_WORDS,
    VIRTUES,
)
from batches.people.roll_words import TITLES, cut_roll_words, drop_roll_words
from batches.people.surnames import SURNAMES, VIETNAMESE


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


CONNECTING_WORDS = frozenset(["AND", "THE"])
"""Words between names, which belong to no name."""


def find_kind(text: str, is_split: bool = False) -> str:
    """Return the kind of owner that a name belongs to: `person`, or one of OWNER_KINDS.

    If first and last name come from separate columns (`is_split`), the first word is a given name if it can be one.
    """
    upper = text.upper()
    if has_letters_only := is_alphabetic(upper):
        words = upper.split()
    else:
        upper = drop_accents(upper)
        words = OWNER_WORD.findall(drop_dots_and_apostrophes(upper))
    has_digits = not has_letters_only and bool(DIGIT.search(upper))
    is_plain = DISTINCTIVE_WORDS.isdisjoint(words) and not has_digits and words[:1] != ["THE"]
    if is_plain and (len(words) < 3 or not may_be_spelled_out(words, upper)):
        return PERSON
    return PERSON if is_placeholder(upper) else find_distinctive_kind(upper, is_split)


JOINT_INITIALS = re.compile(r"[A-Z] ?& ?[A-Z] ")
"""The beginning of the name of a business that is named after two people: `J & M SHEET METAL`."""


PARTNERS = re.compile(r",| & | AND ")
"""What separates the names of the partners of a firm."""
FIRM = re.compile(r",?\s+P\.? ?[AC]\.?$")
"""The end of the name of a firm that is a professional association or corporation."""
POSSESSIVE = re.compile(r"[A-Z]{2}['\N{RIGHT SINGLE QUOTATION MARK}]S\b")
"""The end of a name that something else is named after: `JIMMY'S`."""


FAMILY_FIRM = re.compile(r"(?:&|\bAND) (?:CO|COMPANY|SONS|DAUGHTERS|BROS|BROTHERS|ASSOC\w*)\.?$|^\w+ (?:&|AND) SON$")
"""The end of the name of a business that belongs to a family or to partners: `WEBB & CO`."""


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
    if " " not in (word := text.strip(" .,")) and "," not in word:
        return judge_single_word(word)
    upper = text.upper()
    words = upper.replace(",", " ").split()
    if words[0].replace(".", "") in FIRST_WORDS and (known := judge_known_company(upper)):
        return known
    if ("'" in upper or "\N{RIGHT SINGLE QUOTATION MARK}" in upper) and POSSESSIVE.search(upper):
        return Judgement("company", Doubt.NO_NAME)
    if ("&" in upper or " AND " in upper) and FAMILY_FIRM.search(upper):
        return Judgement("company")
    if words[-1] in ("P.A.", "P.A", "PA") and len(words) > 2 and "&" not in upper:
        return judge_professional(upper)
    is_named = not KNOWN_GIVEN_NAMES.isdisjoint(words)
    if is_named and "&" in upper and is_firm(upper):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    is_plain = (
        is_named
        and words[0] not in SAINTS
        and UNCERTAIN_WORDS.isdisjoint(words)
        and (len(words[-2]) > 2 or len(words[-1]) > 2)
    )
    if is_plain and (len(words[-1]) < 4 or words[-1] in KNOWN_GIVEN_NAMES or not may_be_thing(words[-1])):
        # This is the quick check for most names.
        return Judgement(PERSON)
    words = OWNER_WORD.findall(drop_dots_and_apostrophes(cut_roll_words(upper)))
    if ends_with_spaced_form(words):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    if not text.isascii() or not VIETNAMESE.isdisjoint(words) or not TITLES.isdisjoint(words[:1]):
        return Judgement(PERSON)
    if is_named and words:
        return judge_with_given_name(drop_roll_words(words))
    return judge_without_given_name(upper)


def judge_professional(upper: str) -> Judgement:
    """Return the Judgement of a name before the letters of a professional association.

    Without full stops, they are also a state and a given name.
    """
    if upper.endswith(" PA"):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    return Judgement("company", Doubt.PERHAPS_PERSON)


def judge_with_given_name(words: list[str]) -> Judgement:
    """Return the Judgement of several words with a known given name.

    A business that is named after a person ends with what it does: `DAVID RICHARD BOOKS`. Given names that are words
    stand in the names of churches (`Grace Church`) and of companies (`STERLING BRIDGE`).
    """
    first, last = words[0], words[-1]
    if last in BUSINESS_WORDS or first in STATES_NOT_NAMES:
        return Judgement("company", Doubt.NO_NAME)
    if first in BETH and last in SYNAGOGUES:
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY) if last in KNOWN_GIVEN_NAMES else Judgement("church")
    if may_be_thing(last) and (len(words) < 3 or words[-2] in SURNAMES):
        return Judgement(PERSON, Doubt.PERHAPS_COMPANY)
    if len(words) != 2:
        return Judgement(PERSON)
    kind = KIND_BY_AMBIGUOUS_WORD.get(last)
    is_church = first in CHURCH_NAMES and kind == "church"
    is_company = first in NAMES_OF_PLACES and kind == "company"
    is_thing = first in NAMES_OF_THINGS and last not in SURNAMES and last not in KNOWN_GIVEN_NAMES and is_english(last)
    is_saint = first in ("ST", "SAINT", "STS")
    is_place = last in PLACE_WORDS and not is_listed_name(first if last in NAMES_OF_THINGS else last)
    is_doubtful = is_church or is_company or is_thing or is_place or is_saint
    return Judgement(PERSON, Doubt.PERHAPS_COMPANY if is_doubtful else None)


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
    if not words:
        return Judgement(PERSON)
    partners = count_partners(upper)
    if partners > 2:
        return Judgement("company")
    is_joint = "&" in upper or " AND " in upper
    if not names and (is_joint or len(words) > 2):
        # `R & R`, `P G & E`
        return Judgement("company", Doubt.NO_NAME)
    if words[-1] == "CO" and len(words) == 2 and may_be_thing(words[0]):
        return Judgement("company", Doubt.NO_NAME)
    # `EXAMPLE CHURCH`, but not `HUD SANDRA`
    is_ambiguous = (
        partners == 2
        or may_be_two_surnames(words)
        or words[:1] == ["THE"]
        or words[-1] in PLACE_WORDS
        or any(map(is_acronym, names))
        or (len(words) == 2 and words[1] in KIND_BY_LAST_WORD)
        or not (KIND_BY_AMBIGUOUS_WORD.keys().isdisjoint(names) or all(map(is_rare_or_listed_name, names)))
    )
    english = [word for word in names if is_english(word)]
    if names and (names[-1] in BUSINESS_WORDS or not STATES_NOT_NAMES.isdisjoint(names)):
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


def is_firm(upper: str) -> bool:
    """Return whether a name is that of a firm although a partner may be called like a person: `HALE & LEE, P.A.`."""
    return bool(FIRM.search(upper)) and count_partners(upper) > 2


def is_place_name(upper: str) -> bool:
    """Return whether a name consists of two words that are places as well as names: `FOREST HILLS`."""
    words = upper.split()
    return len(words) == 2 and NOT_DECISIVE_ALONE.issuperset(words)


def is_name_only(word: str) -> bool:
    """Return whether a word is a known name, and does not show another kind of owner."""
    return is_rare_or_listed_name(word) and word not in KIND_BY_AMBIGUOUS_WORD


DOUBTED_SURNAMES = RARE_SURNAMES | {"CHURCH"}
"""Surnames that begin or end the names of other owners so often that the review asks."""
