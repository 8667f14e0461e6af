"""Collect the words by which a person is found, and read the words of a search. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MIN_PREFIX_LENGTH = 3
"""Minimum length of the last word of a search for it to be taken as the beginning of a word."""
MAX_WORD_LENGTH = 100
MAX_SEARCH_LENGTH = 200
"""Maximum number of characters of a search that are read: the patterns are slow on very long strings."""
MAX_SEARCH_WORDS = 10
"""Maximum number of words of a search. Further words are ignored."""
MAX_TERMS = 1_000
"""Maximum number of words of one person: PostgreSQL accepts at most a megabyte of them."""

PHONE = re.compile(r"(?<!\w)\+?1?[\s.-]*\(?([2-9]\d{2})\)?[\s./-]*(\d{3})[\s.-]*(\d{4})(?!\w)")
EMAIL = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+\.\w+")
SEARCH_WORD = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}`](?=\w)")


@dataclass(frozen=True)
class Search:
    """A search for people who have all `terms` and, if `prefix` is not empty, a term that begins with it."""

    terms: list[str]
    prefix: str = ""


def normalise(text: str) -> str:
    """Return a string in lower case without accents and apostrophes: `oneil` for `O'Neil`, `zoe` for `Zoë`."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return APOSTROPHES.sub("", text).lower()


def split(text: str) -> list[str]:
    """Split names and addresses into words."""
    return [word[:MAX_WORD_LENGTH] for word in SEARCH_WORD.findall(normalise(text))]


def collect(texts: Iterable[str], phones: Iterable[str] = (), emails: Iterable[str] = ()) -> str:
    """Return the words by which a person is found, each once, separated by spaces.

    `texts` are names and addresses. `phones` are found as a whole, and `emails` as a whole and by their words.
    """
    found = dict.fromkeys(phones)
    for email in emails:
        found |= dict.fromkeys([normalise(email)[: 2 * MAX_WORD_LENGTH].replace(" ", ""), *split(email)])
    found |= dict.fromkeys(word for text in texts for word in split(text))
    return " ".join([word for word in found if word][:MAX_TERMS])


def read_search(text: str) -> Search:
    """Return the Search for what a user typed: phones in any format, emails, and words in any order."""
    text = normalise(text[:MAX_SEARCH_LENGTH].replace("\0", " "))
    terms = ["".join(match.groups()) for match in PHONE.finditer(text)]
    text = PHONE.sub(" ", text)
    terms += EMAIL.findall(text)
    words = [word[:MAX_WORD_LENGTH] for word in SEARCH_WORD.findall(EMAIL.sub(" ", text))]
    prefix = ""
    if words and len(words[-1]) >= MIN_PREFIX_LENGTH and not words[-1].isdecimal():
        prefix = words.pop()
    distinct = list(dict.fromkeys([*terms, *words]))
    return Search(distinct[:MAX_SEARCH_WORDS], prefix)
