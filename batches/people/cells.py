"""Clean the texts of cells: remove invisible characters, formulas around texts, and placeholders. Pure."""

import re
import unicodedata
from functools import lru_cache

EMPTY_VALUES = frozenset(
    """null (null) [null] <null> {null} nan n/a n.a. n.a na nil none (none) nill #n/a #na n#a #ref! #value! #name?
    #div/0! #num! #null! #error! #error #spill! #calc!
    \\n \\N undefined (undefined) blank (blank) [blank] unknown (unknown) unk
    unkn tbd tba x xx xxx xxxx no-data nodata
    noname test! none. n\\a n|a void notavailable false #field! #busy! #unknown! ~ @ # * / \\ | :""".split()
) | {
    "n a",
    "not available",
    "not provided",
    "not applicable",
    "not found",
    "not given",
    "not listed",
    "no data",
    "no value",
    "no record",
    "no info",
    "no information",
    "to be determined",
    "see notes",
    "see above",
    "same",
    "same as above",
}
"""Placeholders in empty cells, in lower case."""
NOT_A_TIME = "NaT"
"""An empty cell of dates. In any other case, it is a name."""
PUNCTUATION_ONLY = re.compile(r"[-–—_.,?*\s]*|0+(?:-0+)?(?:\.0+)?")
MAX_EMPTY_LENGTH = 18
FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"')
"""A formula that keeps a text from becoming a number: ="02138"."""
APOSTROPHE = re.compile(r"'(?=[\d+=(-])")
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
EXPONENT = re.compile(r"(\d(?:\.\d+)?)E\+?(\d{1,2})", re.IGNORECASE)


def clean(text: str) -> str:
    """Return the intended text of a cell, on one line, or "" if it is a placeholder."""
    if not text.isalnum():
        text = " ".join(text.split())
    if not text.isascii():
        # Keep joined emoji together.
        text = " ".join(INVISIBLE.sub("", text).split()) if "\u200d" not in text or is_plain(text) else text
    if text[:1] in "='" and text:
        found = FORMULA.fullmatch(text)
        text = found[1].replace('""', '"').strip() if found else APOSTROPHE.sub("", text, count=1)
    return "" if len(text) <= MAX_EMPTY_LENGTH and is_placeholder_text(text) else text


def is_plain(text: str) -> bool:
    """Return whether a text contains no emoji."""
    return all(unicodedata.category(sign)[0] in "LNPZCM" for sign in text)


@lru_cache(maxsize=20_000)
def is_placeholder_text(text: str) -> bool:
    """Return whether a short text is a placeholder, or several of them: `N/A`, `#REF!`, `--`, `00000`, `N/A N/A`."""
    lower = text.lower()
    if lower in EMPTY_VALUES or text == NOT_A_TIME or PUNCTUATION_ONLY.fullmatch(text):
        return True
    words = lower.split()
    return len(words) > 1 and all(word in EMPTY_VALUES or PUNCTUATION_ONLY.fullmatch(word) for word in words)


def write_out(text: str) -> str:
    """Write out a number: `5125550123` for `5.125550123E+09`. Raises ValueError if digits are lost: `5.12555E+09`."""
    found = EXPONENT.fullmatch(text)
    if not found:
        return text
    digits, power = found[1].replace(".", ""), int(found[2])
    if len(digits) <= power:
        raise ValueError(f"“{text}” has lost digits in a spreadsheet: give all of them")
    return digits[: power + 1]


def level_dashes(text: str) -> str:
    """Return a text with plain hyphens for all dashes."""
    return text if text.isascii() else DASHES.sub("-", text)
