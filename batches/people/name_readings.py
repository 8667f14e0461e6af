"""Find the possible readings of a full name: which words are given names, and which are the surname. Pure.

A name may be `Mr Ada E Abbott Jr`, `ABBOTT, ADA E`, or the name of two people. If it can be read in several ways, all
readings are returned, and guesses are marked as not sure. So are the readings of the name of a company, trust or
estate, which may be named after a person but is not one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from batches.people.first_names import FIRST_NAMES
from batches.people.name_parts import FIRST_LAST, HONORIFICS, LAST_FIRST, PARTICLES, SUFFIXES
from batches.people.owner_kinds import find_kind
from batches.people.owner_names import JOINT, split_owners
from batches.people.owner_placeholders import is_placeholder
from batches.people.owner_words import DISTINCTIVE_WORDS, PERSON

MAX_NAME_LENGTH = 120
"""Maximum number of letters of a name that are compared, to limit the time. No real name is longer."""
MAX_NAME_WORDS = 12
LETTERS = str.maketrans(
    {"Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "İ": "I"}
    | dict.fromkeys("'`\u00b4\u02bb\u02bc\u2018\u2019\u2032", "")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
"""Latin letters that Unicode does not decompose into a letter and an accent, apostrophes and dashes."""
ACCENTS = re.compile("[\u0300-\u036f]")
"""Accents in Latin, Greek and Cyrillic. The marks of other scripts are kept, because they work like letters."""
NAME_WORD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
DEGREE = re.compile(r"\b(?:M\.D|PH\.D|D\.D\.S)\b\.?|\b(?:N[ÉE]E|FORMERLY)\b")
"""A degree with dots, or the word before a former name."""
AKA = re.compile(r"\b[AFN][/.]?K[/.]?A\b\.?")
"""Also, formerly or now known as."""
GENERATION_ORDINALS = {"2ND": " II ", "3RD": " III ", "4TH": " IV "}
GENERATIONS = {"JR", "SR", "II", "III", "IV", "V"}
GLUED_PARTICLES = {"O", "D", "MC", "MAC", "ST", "SAINT", "SAN", "SANTA"}
"""First parts of surnames that are joined with the next word. Other particles may be left out."""
SURNAME_STARTS = (PARTICLES | GLUED_PARTICLES) - {"O", "D"}


class Reading(NamedTuple):
    """One way to read a full name."""

    given: tuple[str, ...]
    last: tuple[str, ...]
    """The surnames, without particles. `Abbott-Hale` counts as two."""
    joined: str
    """All letters of the surname, with particles."""
    generation: str = ""
    is_sure: bool = True
    is_double: bool = False
    """Whether the first of `last` may be a middle name, so that the reading counts only if that one is asked for."""


def fold(text: str) -> str:
    """Return a name in capitals, without accents and apostrophes, cut to MAX_NAME_LENGTH."""
    text = text[:MAX_NAME_LENGTH].upper()
    if not text.isascii():
        text = ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(LETTERS))).upper()[:MAX_NAME_LENGTH]
    for ordinal, generation in GENERATION_ORDINALS.items():
        if ordinal in text:
            text = text.replace(ordinal, generation)
    return text.replace("'", "").replace("`", "")


def split_words(text: str) -> list[str]:
    """Split a folded name into words, which consist of letters of any script, with hyphens between them."""
    if text.isascii():
        return NAME_WORD.findall(text)[:MAX_NAME_WORDS]
    text = "".join(
        character if character == "-" or unicodedata.category(character)[0] in "LM" else " " for character in text
    )
    words = [word.strip("-") for word in text.split()[:MAX_NAME_WORDS]]
    return [word for word in words if word]


def drop_titles_and_suffixes(words: list[str], is_whole_name: bool = True) -> tuple[list[str], str]:
    """Return words without titles and suffixes, and the generation (Jr, II) among them. Keep at least one word.

    `V` is a generation only at the end of a full name. Elsewhere, it is an initial.
    """
    generation = ""
    while len(words) > 1 and words[0] in HONORIFICS:
        words = words[1:]
    if len(words) > 1 and not SUFFIXES.isdisjoint(words[1:]):
        suffixes = [word for word in words[1:] if word in SUFFIXES and word != "V"]
        if is_whole_name and len(words) > 2 and words[-1] == "V":
            suffixes.append("V")
        generation = next((word for word in suffixes if word in GENERATIONS), "")
        words = [words[0], *(word for word in words[1:] if word not in suffixes)]
    return words, generation


def split_hyphens(words: Iterable[str]) -> tuple[str, ...]:
    """Split hyphenated words into their parts."""
    return tuple(half for word in words for half in word.split("-") if half)


def split_surname(words: Iterable[str]) -> tuple[str, ...]:
    """Return the surnames in some words. Join first parts such as `Mc` with the next word, and drop other particles."""
    parts = split_hyphens(words)
    names, start = [], ""
    for number, part in enumerate(parts, start=1):
        is_last = number == len(parts)
        if part in GLUED_PARTICLES and not is_last:
            start += "ST" if part == "SAINT" else part
        elif part not in PARTICLES or is_last:
            names.append(start + part)
            start = ""
    return tuple(names)


def make_reading(
    given: list[str], last: list[str], generation: str = "", is_sure: bool = True, is_double: bool = False
) -> Reading:
    joined = "".join(last).replace("-", "")
    return Reading(split_hyphens(given), split_surname(last), joined, generation, is_sure, is_double)


def read_asked(first: str, middle: str, last: str) -> Reading:
    """Return the only reading of a name that is given in parts."""
    given, generation = drop_titles_and_suffixes(split_words(fold(f"{first} {middle}")), is_whole_name=False)
    surname, surname_generation = drop_titles_and_suffixes(split_words(fold(last)), is_whole_name=False)
    return make_reading(given, surname, surname_generation or generation)


def read_found(text: str) -> list[Reading]:
    """Return all readings of a full name, the likeliest first. A name that is nobody's has no readings."""
    text = AKA.sub(";", DEGREE.sub(" ", fold(text)))
    words = split_words(text)
    if not DISTINCTIVE_WORDS.isdisjoint(words) and find_kind(text) != PERSON:
        words, generation = drop_titles_and_suffixes([word for word in words if word not in DISTINCTIVE_WORDS])
        return [reading._replace(is_sure=False) for reading in read_plain(words, generation)]
    if JOINT.search(text):
        return read_joint(text)
    left, comma, right = text.partition(",")
    right_words, generation = drop_titles_and_suffixes(split_words(right), is_whole_name=False) if comma else ([], "")
    if right_words and (len(right_words) > 1 or right_words[0] not in SUFFIXES):
        return read_last_first(split_words(left), right_words, generation)
    generation = generation or next((word for word in right_words if word in GENERATIONS), "")
    words, left_generation = drop_titles_and_suffixes(split_words(left))
    return [] if is_placeholder(" ".join(words)) else list(read_plain(words, left_generation or generation))


def read_joint(text: str) -> list[Reading]:
    """Return the readings of a name of several people, one for each of them: `John & Mary Smith`."""
    order = LAST_FIRST if is_last_first(split_words(JOINT.split(text)[0])) else FIRST_LAST
    people = split_owners(text, order)
    readings = [read_asked(person.first, person.middle, person.last) for person in people]
    return [reading for reading in readings if reading.given or reading.last]


def read_last_first(left: list[str], right: list[str], generation: str) -> list[Reading]:
    """Return the readings of `ABBOTT, ADA E`: in that order, and in the other one in case the comma is wrong."""
    left, left_generation = drop_titles_and_suffixes(left)
    generation = left_generation or generation
    if not left:
        return list(read_plain(right, generation))
    readings = [make_reading(right, left, generation), make_reading(left, right[-1:], generation, is_sure=False)]
    if len(left) > 1:
        readings.append(make_reading(left[:-1], left[-1:], generation, is_sure=False))
    return readings


def read_plain(words: list[str], generation: str) -> Iterator[Reading]:
    """Yield the readings of words without a comma: first name first, with one or two surnames, and last name first."""
    if len(words) < 2:
        if words:
            yield make_reading(words, [], generation)
            yield make_reading([], words, generation)
        return
    start = find_surname(words)
    yield make_reading(words[:start], words[start:], generation)
    before = words[start - 1]
    if start > 1 and (len(before) > 1 or before in GLUED_PARTICLES):
        is_sure = before not in FIRST_NAMES
        yield make_reading(words[: start - 1], words[start - 1 :], generation, is_sure=is_sure, is_double=True)
    end = 1
    while end < len(words) - 1 and words[end - 1] in SURNAME_STARTS:
        end += 1
    yield make_reading(words[end:], words[:end], generation, is_sure=is_last_first(words))
    if len(words) > 2 and words[0] not in FIRST_NAMES:
        yield make_reading(words[-1:], words[:-1], generation, is_sure=False)


def find_surname(words: list[str]) -> int:
    """Return the position at which the surname begins, with its particles."""
    start = len(words) - 1
    while start > 1 and words[start - 1] in SURNAME_STARTS:
        start -= 1
    return start


def is_last_first(words: list[str]) -> bool:
    """Return whether words show that the surname comes first, as in `ABBOTT ADA E` and in scripts without capitals."""
    if len(words) < 2:
        return False
    if words[0].lower() == words[0]:
        # Folded words are in capitals, unless their script has none.
        return True
    is_given_last = words[-1] in FIRST_NAMES or is_initial(words[-1])
    return words[0] not in FIRST_NAMES and not is_initial(words[0]) and words[1] in FIRST_NAMES and is_given_last


def is_initial(word: str) -> bool:
    """Return whether a word is one letter. In a script without capitals, one character can be a whole name."""
    return len(word) == 1 and word.isupper()
