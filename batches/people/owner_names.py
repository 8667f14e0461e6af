"""Find the order of full names, and split them into people. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile

from batches.people.first_names import FIRST_NAMES
from batches.people.name_parts import (
    FIRST_LAST,
    FULL_TITLES,
    HONORIFICS,
    LAST_FIRST,
    LEADING_HONORIFICS,
    MORE_SUFFIXES,
    SUFFIXES,
    Person,
    bare,
    is_letter,
    is_suffix,
    join_suffixes,
    split_first_last,
    split_given,
    split_last_first,
    split_name,
)
from batches.people.name_words import KNOWN_GIVEN_NAMES, is_rare_or_listed_name
from batches.people.owner_kinds import find_kind
from batches.people.owner_words import PERSON
from batches.people.roll_words import LAST_WORDS, cut_roll_words, drop_roll_words
from batches.people.surnames import SURNAMES

MAX_ABBREVIATION = 4
"""Maximum number of letters and full stops of an abbreviated word: `Wm.`, `Jos.`."""
JOINT = re.compile(
    r"\s*(?:(?:&|\bAND\b)\s*(?:WF|WIFE|HUS|HUSB|HUSBAND|SPOUSE|HIS WIFE|HER HUSBAND)\b\.?(?=\s*\w)"
    r"|&[WH]\b(?=\s*\w)"
    r"|-\s*AND\s*-"
    r"|\b(?:UX|ET ?UX|ET ?VIR|H/W|W/H|OR|AND)\b(?!\s*$)|&|\+|;|/(?=\s*\w\w))\s*",
    re.IGNORECASE,
)
"""What separates the names of two owners."""
SPANISH_AND = re.compile(r"\s+y\s+", re.IGNORECASE)
JOINT_WORDS = frozenset("UX ETUX VIR ETVIR OR AND".split())
"""Words without which a name of letters has one owner, unless a comma separates two."""
HUSBAND_AND_WIFE = re.compile(r"\bH ?& ?W\b(?=\s*\w)|\bW/(?=\s)", re.IGNORECASE)
"""Codes before the name of a wife: `ROE JOHN H & W JANE`, `ROE JOHN W/ JANE`."""
COUPLE = re.compile(r"^\s*(?:MR|DR|MS)S?\.?\s*(?:&|AND)\s*(?:MR|DR|MS)S?\.?\s*", re.IGNORECASE)
UNPLAIN_WORDS = frozenset().union(
    LAST_WORDS,
    MORE_SUFFIXES,
    LEADING_HONORIFICS,
    FULL_TITLES,
    (
        "AND",
        "OR",
        "UX",
        "VIR",
        "ETUX",
        "ETVIR",
        "LE",
        "REM",
        "TOD",
        "POD",
        "POA",
        "DBA",
        "AKA",
        "FKA",
        "NKA",
        "FNA",
        "NEE",
        "NMN",
        "NMI",
        "UNK",
        "UNKNOWN",
        "NÉE",
    ),
    (
        "FORMERLY",
        "ATTN",
        "ATTENTION",
        "IN",
        "CUST",
        "CUSTODIAN",
        "GDN",
        "GUARDIAN",
        "REMAINDER",
        "REMAINDERMAN",
        "JT",
        "TEN",
    ),
)
"""Words that need more than the split of a plain name."""


def guess_order(texts: Iterable[str]) -> tuple[str, float]:
    """Guess the order of the words in many full names. Return it with the confidence, from 0 to 1.

    A middle initial and common given names show the order.
    """
    votes = Counter(vote for text in texts for vote in vote_order(text))
    if not votes:
        return FIRST_LAST, 0.0
    [(order, count)] = votes.most_common(1)
    return order, count / votes.total()


def vote_order(text: str) -> Iterator[str]:
    """Yield the orders that one name suggests, or nothing if it is ambiguous."""
    text = join_suffixes(text)
    if "," in text or find_kind(text) != PERSON:
        return
    owners = JOINT.split(clean(text))
    words = [word for word in owners[0].upper().replace(".", "").split() if word not in SUFFIXES | HONORIFICS]
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


def find_order(text: str, default: str) -> str:
    """Return the order that one name suggests, or `default` if it is ambiguous."""
    return next(vote_order(text), default)


def is_order_needed(texts: Iterable[str]) -> bool:
    """Return whether any of these full names depends on the order. `SMITH, JOHN` does not."""
    return any(
        find_kind(text) == PERSON and split_owners(text, FIRST_LAST) != split_owners(text, LAST_FIRST)
        for text in texts
        if text
    )


def split_owners(text: str, order: str = FIRST_LAST) -> list[Person]:
    """Split a full name into people. Give each of them a surname that they share, as in `SMITH JOHN & MARY`."""
    if is_plain(text):
        words = text.split()
        return [split_last_first(words, "") if order == LAST_FIRST else split_first_last(words, "")]
    parts = [part for part in split_joint(clean(text), order) if part.strip(" .,")]
    people: list[Person] = []
    for part in parts:
        words = drop_roll_words(part.split(), min_words=1 if people else 2)
        is_title_only = bool(words) and all(bare(word) in HONORIFICS or not bare(word) for word in words)
        is_unknown = bool(words) and bare(words[0]) in ("UNKNOWN", "UNK")
        if people and (is_title_only or is_unknown):
            continue
        part = " ".join(words).strip(" ,")
        if people and (person := split_shared_surname(part, people[0].last, order)):
            people.append(person)
        elif people and bare(words[0]) != bare(people[0].last) and is_next_without_surname(part, order):
            people.append(split_given(part, people[0].last))
        elif person := split_name(part, find_order_of_next(part, order, people[0].last) if people else order):
            people.append(person)
    if len(people) > 1:
        given = list(takewhile(lambda part: lacks_surname(part, order), parts[: len(people) - 1]))
        people[: len(given)] = [split_given(part.strip(" ,"), people[-1].last) for part in given]
    return people


def is_plain(text: str) -> bool:
    """Return whether a string is one person's name and nothing else. This is the quick check for most names."""
    return text.replace(" ", "").isalpha() and " " in text and UNPLAIN_WORDS.isdisjoint(text.upper().split())


def clean(text: str) -> str:
    """Remove what tax rolls add to a name: shares, roles, nicknames and care-of lines."""
    if "&" in text or "/" in text:
        text = HUSBAND_AND_WIFE.sub("&", text)
    words = drop_roll_words(cut_roll_words(COUPLE.sub("", text)).split())
    if " VIR " in text.upper():
        separate_husband(words)
    if words and len(words[-1]) > MAX_ABBREVIATION:
        words[-1] = words[-1].rstrip(".")
    return " ".join(words).strip(" ,&#")


def separate_husband(words: list[str]) -> None:
    """Replace `VIR` (and her husband) with `&` if a given name follows. Otherwise, it is a name."""
    upper = [bare(word) for word in words]
    if "VIR" not in upper[2:-1]:
        return
    position = upper.index("VIR", 2)
    if upper[position + 1] in KNOWN_GIVEN_NAMES and upper[position - 1] != "ET":
        words[position] = "&"


def separate_given_names(text: str) -> str:
    """Return a cell of given names with `&` between those of several people: `Juan y Ana`, `Ray, Bev & Tom`."""
    words = text.upper().split()
    if "Y" in words[1:-1] and KNOWN_GIVEN_NAMES.issuperset(word for word in words if word != "Y"):
        return SPANISH_AND.sub(" & ", text)
    if "," in text and JOINT.search(text):
        parts = [part.strip() for part in re.split(r",|&", text)]
        if all(part.isalpha() and not is_suffix(part) for part in parts):
            return " & ".join(parts)
    return text


def split_joint(text: str, order: str) -> list[str]:
    """Split a full name between its owners. A comma separates two of them if both sides are complete names."""
    parts = []
    for part in JOINT.split(text) if may_be_joint(text) else [text]:
        if "," in part:
            part = join_suffixes(part)
        left, comma, right = part.partition("," if "," in part else " - ")
        are_two = comma and "," not in right and is_complete_name(left, order) and is_complete_name(right, order)
        parts += [left, right] if are_two else [part]
    return parts


def may_be_joint(text: str) -> bool:
    """Return whether a name may have several owners. This is the quick check for most names."""
    if "&" in text:
        return True
    spaced = text.replace(",", " ")
    return not spaced.replace(" ", "").isalpha() or not JOINT_WORDS.isdisjoint(spaced.upper().split())


def is_complete_name(text: str, order: str) -> bool:
    """Return whether a string is certainly a given name and a surname in this order."""
    words = [bare(word) for word in text.split()]
    words = [word for word in words if word not in SUFFIXES]
    if not 2 <= len(words) <= 3:
        return False
    given, surname = (words[1], words[0]) if order == LAST_FIRST else (words[0], words[-1])
    return given in KNOWN_GIVEN_NAMES and (surname not in KNOWN_GIVEN_NAMES or surname in SURNAMES) and len(surname) > 1


def is_next_without_surname(part: str, order: str) -> bool:
    """Return whether an owner after the first has no surname, but only given names and initials."""
    words = [bare(word) for word in part.split() if bare(word) not in SUFFIXES]
    if "," in part or not 1 <= len(words) <= 3:
        return False
    if len(words) == 1:
        return True
    if order == LAST_FIRST and all(len(word) == 1 for word in words):
        return True
    if words[0] not in KNOWN_GIVEN_NAMES:
        # An unknown name with an initial is more often a given name than a surname.
        return order == LAST_FIRST and all(map(is_letter, words[1:])) and not is_rare_or_listed_name(words[0])
    rest_is_given = all(len(word) == 1 or word in KNOWN_GIVEN_NAMES for word in words[1:])
    if order == LAST_FIRST:
        return rest_is_given and (words[0] not in SURNAMES or len(words[1]) == 1)
    return all(len(word) == 1 for word in words[1:])


def find_order_of_next(part: str, order: str, first_surname: str) -> str:
    """Return the order of an owner after the first, which may differ: `JANE E JONES` after `SMITH JOHN`."""
    words = part.upper().replace(".", "").split()
    if len(words) < 2 or words[0] not in FIRST_NAMES:
        return order
    is_first_last = len(words) == 3 and len(words[1]) == 1 and len(words[2]) > 1
    has_other_surname = words[0] not in SURNAMES and words[-1] in SURNAMES and words[-1] not in KNOWN_GIVEN_NAMES
    return FIRST_LAST if is_first_last or has_other_surname or words[-1] == bare(first_surname) else order


def split_shared_surname(part: str, surname: str, order: str) -> Person | None:
    """Return a later owner whose name has the first owner's surname at the unusual end, or None.

    That is `ANNIKA HALE` after `HALE LARS`, or `Hale Annika` after `Lars Hale`. If the surname is a given name too, it
    can be one here: `THOMAS LARS & OLSEN THOMAS`.
    """
    if surname.rpartition(" ")[2].upper() not in part.upper() or "," in part:
        # This is the quick check for most names.
        return None
    words, shared = part.split(), [bare(word) for word in surname.split()]
    upper = [bare(word) for word in words]
    end, count = len(words), len(shared)
    while end and upper[end - 1] in SUFFIXES:
        end -= 1
    if not shared or end <= count:
        return None
    begins, is_given = upper[:count] == shared, count == 1 and shared[0] in KNOWN_GIVEN_NAMES
    if order == FIRST_LAST:
        can_begin = begins and upper[end - count : end] != shared and not is_given
        return split_given(" ".join(words[count:]), surname) if can_begin else None
    if begins or (is_given and upper[0] in SURNAMES and upper[0] not in KNOWN_GIVEN_NAMES):
        return None
    if upper[end - count : end] == shared:
        return split_given(" ".join(words[: end - count] + words[end:]), surname)
    if count == 1 and shared[0] in upper[end - 1].split("-"):
        # `ANNIKA HALE-BERG` after `HALE LARS`
        return split_given(" ".join(words[: end - 1] + words[end:]), words[end - 1])
    return None


def lacks_surname(part: str, order: str) -> bool:
    """Return whether an owner before the last has no surname, as in `JOHN & MARY SMITH`."""
    words = [word for word in part.replace(".", "").split() if bare(word) not in LEADING_HONORIFICS | SUFFIXES]
    return order == FIRST_LAST and "," not in part and (len(words) == 1 or (len(words) == 2 and len(words[1]) == 1))
