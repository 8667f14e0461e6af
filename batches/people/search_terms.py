"""Which words a person is found by, and which words somebody looks for. Pure."""

import re
import unicodedata
from dataclasses import dataclass

SHORTEST_START = 3
"""Letters from which on the last word that is looked for may be the beginning of one."""
LONGEST_WORD = 100
LONGEST_SEARCH = 200
"""Characters that are looked at of what was typed: the patterns below take long for what never ends."""
MOST_WORDS = 10
"""Of what is looked for: all further ones are left out."""
MOST_KEPT = 1_000
"""Words of one person: PostgreSQL takes no more than a megabyte of them."""

PHONE = re.compile(r"(?<!\w)\+?1?[\s.-]*\(?([2-9]\d{2})\)?[\s./-]*(\d{3})[\s.-]*(\d{4})(?!\w)")
EMAIL = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+\.\w+")
WORD = re.compile(r"[^\W_]+")
APOSTROPHES = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}`](?=\w)")


@dataclass(frozen=True)
class Search:
    """What is looked for: whoever has all of the words, and one that begins with `start` where that is not empty."""

    words: list[str]
    start: str = ""


def plain(text):
    """Small letters without accents and without apostrophes: O'Neil, ONEIL and Zoë are oneil, oneil and zoe."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return APOSTROPHES.sub("", text).lower()


def split(text):
    """Split names and addresses into words."""
    return [word[:LONGEST_WORD] for word in WORD.findall(plain(text))]


def collect(texts, phones=(), emails=()):
    """Collect the words that a person is found by, each once, with spaces between them.

    `texts` are names and addresses; `phones` are numbers, `emails` addresses, both found as wholes, and the emails'
    words as well.
    """
    found = dict.fromkeys(phones)
    for email in emails:
        found |= dict.fromkeys([plain(email)[: 2 * LONGEST_WORD].replace(" ", ""), *split(email)])
    found |= dict.fromkeys(word for text in texts for word in split(text))
    return " ".join([word for word in found if word][:MOST_KEPT])


def read_search(text):
    """Parse what a user typed into a Search: phones in any format, emails, and words in any order."""
    text = plain(text[:LONGEST_SEARCH].replace("\0", " "))
    wanted = ["".join(match.groups()) for match in PHONE.finditer(text)]
    text = PHONE.sub(" ", text)
    wanted += EMAIL.findall(text)
    plain_words = [word[:LONGEST_WORD] for word in WORD.findall(EMAIL.sub(" ", text))]
    start = ""
    if plain_words and len(plain_words[-1]) >= SHORTEST_START and not plain_words[-1].isdecimal():
        start = plain_words.pop()
    return Search([*dict.fromkeys([*wanted, *plain_words])][:MOST_WORDS], start)
