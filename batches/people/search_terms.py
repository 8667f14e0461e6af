"""The words by which people are found, and the words of a search. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MIN_PREFIX_LENGTH = 3
"""Minimum length of a last word that may be incomplete."""
MAX_WORD_LENGTH = 100
MAX_SEARCH_LENGTH = 200
"""Maximum number of characters of a search that are read, because the patterns are slow on very long texts."""
MAX_SEARCH_WORDS = 10
"""Maximum number of words of a search; others are ignored."""
MAX_TERMS = 1_000
"""Maximum number of words of one person, because PostgreSQL accepts at most a megabyte of them."""

PHONE = re.compile(r"(?<!\w)\+?1?[\s.-]*\(?([2-9]\d{2})\)?[\s./-]*(\d{3})[\s.-]*(\d{4})(?!\w)")
EMAIL = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+\.\w+")
SEARCH_WORD = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}`](?=\w)")


@dataclass(frozen=True)
class Search:
    """A search for people who have all `terms` and, if `prefix` is not empty, a term that begins with it."""

    terms: list[str]
    prefix: str = ""


def plain(text: str) -> str:
    """Return text in lower case, without accents and apostrophes: O'Neil, ONEIL and Zoë become oneil, oneil and zoe."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return APOSTROPHES.sub("", text).lower()


def split(text: str) -> list[str]:
    """Split names and addresses into words."""
    return [word[:MAX_WORD_LENGTH] for word in SEARCH_WORD.findall(plain(text))]


def collect(texts: Iterable[str], phones: Iterable[str] = (), emails: Iterable[str] = ()) -> str:
    """Return the words by which a person is found, each once, separated by spaces.

    `texts` are names and addresses. `phones` and `emails` are found as a whole, and emails also by their
    words.
    """
    found = dict.fromkeys(phones)
    for email in emails:
        found |= dict.fromkeys([plain(email)[: 2 * MAX_WORD_LENGTH].replace(" ", ""), *split(email)])
    found |= dict.fromkeys(word for text in texts for word in split(text))
    return " ".join([word for word in found if word][:MAX_TERMS])


def read_search(text: str) -> Search:
    """Parse what a user typed into a Search: phones in any format, emails, and words in any order."""
    text = plain(text[:MAX_SEARCH_LENGTH].replace("\0", " "))
    wanted = ["".join(match.groups()) for match in PHONE.finditer(text)]
    text = PHONE.sub(" ", text)
    wanted += EMAIL.findall(text)
    plain_words = [word[:MAX_WORD_LENGTH] for word in SEARCH_WORD.findall(EMAIL.sub(" ", text))]
    start = ""
    if plain_words and len(plain_words[-1]) >= MIN_PREFIX_LENGTH and not plain_words[-1].isdecimal():
        start = plain_words.pop()
    return Search([*dict.fromkeys([*wanted, *plain_words])][:MAX_SEARCH_WORDS], start)
