"""Possible readings of a full name: which words are given names, and which the surname. Pure.

Names may be `Mr Ada E Abbott Jr`, `ABBOTT, ADA E`, or joint. If a name can be read in several ways, all
readings are returned, and guesses are marked. So are readings of the name of a company, trust or estate, which may be
named after a person but is not one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from batches.people.first_names import FIRST_NAMES
from batches.people.owner_kinds import DISTINCTIVE, PERSON, find_kind, is_placeholder
from batches.people.owner_names import FIRST_LAST, HONORIFICS, JOINT, LAST_FIRST, PARTICLES, SUFFIXES, split_owners

MAX_NAME_LENGTH = 120
"""Maximum number of letters of a name that are compared. No real name is longer, and the time must be limited."""
MAX_NAME_WORDS = 12
LETTERS = str.maketrans(
    {"Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "İ": "I"}
    | dict.fromkeys("'`\u00b4\u02bb\u02bc\u2018\u2019\u2032", "")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
"""Latin letters that Unicode does not decompose into a letter and an accent, and marks within names."""
ACCENTS = re.compile("[\u0300-\u036f]")
"""Accents of Latin, Greek and Cyrillic. Marks of other scripts are kept, because they work like letters."""
NAME_WORD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
DEGREE = re.compile(r"\b(?:M\.D|PH\.D|D\.D\.S)\b\.?|\b(?:N[ÉE]E|FORMERLY)\b")
AKA = re.compile(r"\b[AFN][/.]?K[/.]?A\b\.?")
GENERATION_ORDINALS = {"2ND": " II ", "3RD": " III ", "4TH": " IV "}
GENERATIONS = {"JR", "SR", "II", "III", "IV", "V"}
GLUED_PARTICLES = {"O", "D", "MC", "MAC", "ST", "SAINT", "SAN", "SANTA"}
"""First parts of surnames that are joined with the next word. Other particles may be left out."""
SURNAME_STARTS = (PARTICLES | GLUED_PARTICLES) - {"O", "D"}


class Reading(NamedTuple):
    given: tuple[str, ...]
    last: tuple[str, ...]
    """The surnames, without particles. `Abbott-Hale` counts as two."""
    joined: str
    """All letters of the surname, with particles."""
    generation: str = ""
    is_sure: bool = True
    is_double: bool = False
    """Whether the first of `last` may be a middle name. Only for readers that look for one."""


def fold(text: str) -> str:
    """Return a name in capitals, without accents and apostrophes, and no longer than any name is."""
    text = text[:MAX_NAME_LENGTH].upper()
    if not text.isascii():
        text = ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(LETTERS))).upper()[:MAX_NAME_LENGTH]
    for ordinal, generation in GENERATION_ORDINALS.items():
        if ordinal in text:
            text = text.replace(ordinal, generation)
    return text.replace("'", "").replace("`", "")


def split_words(text: str) -> list[str]:
    """Split a folded text into words: letters of any script, with hyphens within."""
    if text.isascii():
        return NAME_WORD.findall(text)[:MAX_NAME_WORDS]
    text = "".join(c if c == "-" or unicodedata.category(c)[0] in "LM" else " " for c in text)
    words = [word.strip("-") for word in text.split()[:MAX_NAME_WORDS]]
    return [word for word in words if word]


def strip(words: list[str], is_whole_name: bool = True) -> tuple[list[str], str]:
    """Return the words without titles and suffixes, and the generation (Jr, II) among them.

    `V` is a generation only at the end of a full name, otherwise an initial. At least one word is kept.
    """
    generation = ""
    while len(words) > 1 and words[0] in HONORIFICS:
        words = words[1:]
    if len(words) > 1 and not SUFFIXES.isdisjoint(words[1:]):
        is_v = is_whole_name and len(words) > 2 and words[-1] == "V"
        suffixes = [word for word in words[1:] if word in SUFFIXES and word != "V"] + ["V"] * is_v
        generation = next((word for word in suffixes if word in GENERATIONS), "")
        words = words[:1] + [word for word in words[1 : len(words) - is_v] if word not in suffixes]
    return words, generation


def split_hyphens(words: Iterable[str]) -> tuple[str, ...]:
    """Split hyphenated names into separate words."""
    return tuple(half for word in words for half in word.split("-") if half)


def split_surname(words: Iterable[str]) -> tuple[str, ...]:
    """Return the surnames in some words, without particles, with first parts joined."""
    halves = split_hyphens(words)
    names, start = [], ""
    for at, half in enumerate(halves, 1):
        if half in GLUED_PARTICLES and at < len(halves):
            start += "ST" if half == "SAINT" else half
        elif half not in PARTICLES or at == len(halves):
            names.append(start + half)
            start = ""
    return tuple(names)


def make(given: list[str], last: list[str], generation: str = "", **how: bool) -> Reading:
    return Reading(split_hyphens(given), split_surname(last), "".join(last).replace("-", ""), generation, **how)


def read_asked(first: str, middle: str, last: str) -> Reading:
    """Return the only reading of a name that is given in parts."""
    given, generation = strip(split_words(fold(f"{first} {middle}")), is_whole_name=False)
    surname, of_surname = strip(split_words(fold(last)), is_whole_name=False)
    return make(given, surname, of_surname or generation)


def read_found(text: str) -> list[Reading]:
    """Return all readings of a full name, the likeliest first, or none if it names no one."""
    text = AKA.sub(";", DEGREE.sub(" ", fold(text)))
    words = split_words(text)
    if not DISTINCTIVE.isdisjoint(words) and find_kind(text) != PERSON:
        words, generation = strip([word for word in words if word not in DISTINCTIVE])
        return [reading._replace(is_sure=False) for reading in read_plain(words, generation)]
    if JOINT.search(text):
        return read_joint(text)
    left, comma, right = text.partition(",")
    behind, generation = strip(split_words(right), is_whole_name=False) if comma else ([], "")
    if behind and (len(behind) > 1 or behind[0] not in SUFFIXES):
        return read_last_first(split_words(left), behind, generation)
    generation = generation or next((word for word in behind if word in GENERATIONS), "")
    words, own = strip(split_words(left))
    return [] if is_placeholder(" ".join(words)) else list(read_plain(words, own or generation))


def read_joint(text: str) -> list[Reading]:
    """Return the readings of each of several people: `John & Mary Smith`."""
    order = LAST_FIRST if is_last_first(split_words(JOINT.split(text)[0])) else FIRST_LAST
    people = split_owners(text, order)
    return [read for who in people if (read := read_asked(who.first, who.middle, who.last)).given or read.last]


def read_last_first(left: list[str], right: list[str], generation: str) -> list[Reading]:
    """Read `ABBOTT, ADA E`, and the opposite order in case the comma is wrong."""
    left, of_surname = strip(left)
    generation = of_surname or generation
    if not left:
        return list(read_plain(right, generation))
    readings = [make(right, left, generation), make(left, right[-1:], generation, is_sure=False)]
    if len(left) > 1:
        readings.append(make(left[:-1], left[-1:], generation, is_sure=False))
    return readings


def read_plain(words: list[str], generation: str) -> Iterator[Reading]:
    """Read words without a comma: first name first, with one surname or two, or else last name first."""
    if len(words) < 2:
        yield from (make(words, [], generation), make([], words, generation)) if words else ()
        return
    at = find_surname(words)
    yield make(words[:at], words[at:], generation)
    if at > 1 and (len(words[at - 1]) > 1 or words[at - 1] in GLUED_PARTICLES):
        is_sure = words[at - 1] not in FIRST_NAMES
        yield make(words[: at - 1], words[at - 1 :], generation, is_sure=is_sure, is_double=True)
    end = 1
    while end < len(words) - 1 and words[end - 1] in SURNAME_STARTS:
        end += 1
    yield make(words[end:], words[:end], generation, is_sure=is_last_first(words))
    if len(words) > 2 and words[0] not in FIRST_NAMES:
        yield make(words[-1:], words[:-1], generation, is_sure=False)


def find_surname(words: list[str]) -> int:
    """Return where the surname begins, including its particles."""
    at = len(words) - 1
    while at > 1 and words[at - 1] in SURNAME_STARTS:
        at -= 1
    return at


def is_last_first(words: list[str]) -> bool:
    """Return whether the words show that the surname comes first: `ABBOTT ADA E`, or a script without capitals."""
    if len(words) < 2:
        return False
    if words[0].lower() == words[0]:
        return True
    is_given_last = words[-1] in FIRST_NAMES or is_initial(words[-1])
    return words[0] not in FIRST_NAMES and not is_initial(words[0]) and words[1] in FIRST_NAMES and is_given_last


def is_initial(word: str) -> bool:
    """Return whether a word is one letter. In a script without capitals, one character is a full name."""
    return len(word) == 1 and word.isupper()
