"""A full name as it may be read: which of its words are given names, and which the surname. Pure.

Names come as `Mr Ada E Abbott Jr`, as `ABBOTT, ADA E`, and joined. Where a name can be read in more than one way, all
readings are given, and those that are only guesses say so. So do those of a company, a trust or an estate, which is
called after a person and is none.
"""

import re
import unicodedata
from typing import NamedTuple

from batches.people.first_names import FIRST_NAMES
from batches.people.owner_names import (
    FIRST_LAST,
    JOINT,
    LAST_FIRST,
    PARTICLES,
    PERSON,
    PLACEHOLDERS,
    SUFFIXES,
    TELLING,
    TITLES,
    find_kind,
    split_owners,
)

LONGEST = 120
"""Letters of a name that are looked at, and 12 words: no person's name is longer, and nothing may take long."""
MOST_WORDS = 12
LETTERS = str.maketrans(
    {"Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "İ": "I"}
    | dict.fromkeys("'`\u00b4\u02bb\u02bc\u2018\u2019\u2032", "")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
"""Letters of the Latin script that do not come apart into a letter and its accent; what stands within a name."""
ACCENTS = re.compile("[\u0300-\u036f]")
"""Of Latin, Greek and Cyrillic. The signs of other scripts are letters in all but name, and stay."""
WORD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
DEGREE = re.compile(r"\b(?:M\.D|PH\.D|D\.D\.S)\b\.?|\b(?:N[ÉE]E|FORMERLY)\b")
AKA = re.compile(r"\b[AFN][/.]?K[/.]?A\b\.?")
ORDINALS = {"2ND": " II ", "3RD": " III ", "4TH": " IV "}
GENERATIONS = {"JR", "SR", "II", "III", "IV", "V"}
GLUED = {"O", "D", "MC", "MAC", "ST", "SAINT", "SAN", "SANTA"}
"""Beginnings of surnames that are one word with the next; other particles may be left out."""
STARTS = (PARTICLES | GLUED) - {"O", "D"}
UNNAMED = PLACEHOLDERS | {"CURRENT RESIDENT"}


class Reading(NamedTuple):
    given: tuple[str, ...]
    last: tuple[str, ...]
    """The surnames, without particles: `Abbott-Hale` are two."""
    joined: str
    """All letters of the surname, with particles."""
    generation: str = ""
    is_sure: bool = True
    is_double: bool = False
    """The first of `last` may be a middle name: a reading for those who look for just that."""


def fold(text):
    """In capitals, without accents and apostrophes, no longer than any name is."""
    text = text[:LONGEST].upper()
    if not text.isascii():
        text = ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(LETTERS))).upper()[:LONGEST]
    for ordinal, generation in ORDINALS.items():
        if ordinal in text:
            text = text.replace(ordinal, generation)
    return text.replace("'", "").replace("`", "")


def split_words(text):
    """Split a folded text into words: letters of any script, with hyphens within."""
    if text.isascii():
        return WORD.findall(text)[:MOST_WORDS]
    text = "".join(c if c == "-" or unicodedata.category(c)[0] in "LM" else " " for c in text)
    words = [word.strip("-") for word in text.split()[:MOST_WORDS]]
    return [word for word in words if word]


def strip(words, is_whole_name=True):
    """Words without titles before and suffixes behind, and the generation (Jr, II) among them.

    A `V` is one only at the end of a whole name; elsewhere it is an initial. Something is always left.
    """
    generation = ""
    while len(words) > 1 and words[0] in TITLES:
        words = words[1:]
    if len(words) > 1 and not SUFFIXES.isdisjoint(words[1:]):
        is_v = is_whole_name and len(words) > 2 and words[-1] == "V"
        suffixes = [word for word in words[1:] if word in SUFFIXES and word != "V"] + ["V"] * is_v
        generation = next((word for word in suffixes if word in GENERATIONS), "")
        words = words[:1] + [word for word in words[1 : len(words) - is_v] if word not in suffixes]
    return words, generation


def part(words):
    """Split names with hyphens into words of their own."""
    return tuple(half for word in words for half in word.split("-") if half)


def split_surname(words):
    """Return the surnames in some words, without particles, with beginnings put before what they begin."""
    halves = part(words)
    names, start = [], ""
    for at, half in enumerate(halves, 1):
        if half in GLUED and at < len(halves):
            start += "ST" if half == "SAINT" else half
        elif half not in PARTICLES or at == len(halves):
            names.append(start + half)
            start = ""
    return tuple(names)


def make(given, last, generation="", **how):
    return Reading(part(given), split_surname(last), "".join(last).replace("-", ""), generation, **how)


def read_asked(first, middle, last):
    """Return the one reading of a name that came in parts."""
    given, generation = strip(split_words(fold(f"{first} {middle}")), is_whole_name=False)
    surname, of_surname = strip(split_words(fold(last)), is_whole_name=False)
    return make(given, surname, of_surname or generation)


def read_found(text):
    """All readings of a full name, the likeliest first; none where it names nobody."""
    text = AKA.sub(";", DEGREE.sub(" ", fold(text)))
    words = split_words(text)
    if not TELLING.isdisjoint(words) and find_kind(text) != PERSON:
        words, generation = strip([word for word in words if word not in TELLING])
        return [reading._replace(is_sure=False) for reading in read_plain(words, generation)]
    if JOINT.search(text):
        return read_joint(text)
    left, comma, right = text.partition(",")
    behind, generation = strip(split_words(right), is_whole_name=False) if comma else ([], "")
    if behind and (len(behind) > 1 or behind[0] not in SUFFIXES):
        return read_last_first(split_words(left), behind, generation)
    generation = generation or next((word for word in behind if word in GENERATIONS), "")
    words, own = strip(split_words(left))
    return [] if " ".join(words) in UNNAMED else list(read_plain(words, own or generation))


def read_joint(text):
    """Each of several people: `John & Mary Smith`."""
    order = LAST_FIRST if is_last_first(split_words(JOINT.split(text)[0])) else FIRST_LAST
    people = split_owners(text, order)
    return [read for who in people if (read := read_asked(who.first, who.middle, who.last)).given or read.last]


def read_last_first(left, right, generation):
    """`ABBOTT, ADA E`; and, should the comma be wrong, what it would be the other way round."""
    left, of_surname = strip(left)
    generation = of_surname or generation
    if not left:
        return list(read_plain(right, generation))
    readings = [make(right, left, generation), make(left, right[-1:], generation, is_sure=False)]
    if len(left) > 1:
        readings.append(make(left[:-1], left[-1:], generation, is_sure=False))
    return readings


def read_plain(words, generation):
    """Words without a comma: first name first, with one surname or two; else last name first."""
    if len(words) < 2:
        yield from (make(words, [], generation), make([], words, generation)) if words else ()
        return
    at = find_surname(words)
    yield make(words[:at], words[at:], generation)
    if at > 1 and (len(words[at - 1]) > 1 or words[at - 1] in GLUED):
        is_sure = words[at - 1] not in FIRST_NAMES
        yield make(words[: at - 1], words[at - 1 :], generation, is_sure=is_sure, is_double=True)
    end = 1
    while end < len(words) - 1 and words[end - 1] in STARTS:
        end += 1
    yield make(words[end:], words[:end], generation, is_sure=is_last_first(words))
    if len(words) > 2 and words[0] not in FIRST_NAMES:
        yield make(words[-1:], words[:-1], generation, is_sure=False)


def find_surname(words):
    """Where the surname begins, with its particles."""
    at = len(words) - 1
    while at > 1 and words[at - 1] in STARTS:
        at -= 1
    return at


def is_last_first(words):
    """Whether the words themselves say that the surname comes first: `ABBOTT ADA E`, or a script without capitals."""
    if len(words) < 2:
        return False
    if words[0].lower() == words[0]:
        return True
    is_given_last = words[-1] in FIRST_NAMES or is_initial(words[-1])
    return words[0] not in FIRST_NAMES and not is_initial(words[0]) and words[1] in FIRST_NAMES and is_given_last


def is_initial(word):
    """One letter; a sign of a script without capitals is a whole name."""
    return len(word) == 1 and word.isupper()
