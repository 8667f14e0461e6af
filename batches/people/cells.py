"""Clean the values of cells: remove invisible characters, formulas around values, and placeholders. Pure."""

import re
import unicodedata
from functools import lru_cache

PLACEHOLDERS = frozenset(
    """null (null) [null] <null> {null} nan n/a n.a. n.a na nil none (none) nill #n/a #na n#a #ref! #value! #name?
    #div/0! #num! #null! #error! #error #spill! #calc!
    \\n \\N undefined (undefined) blank (blank) [blank] unknown (unknown) unk
    unkn tbd tba x xx xxx xxxx no-data nodata
    nmn nmi n.m.n. n.m.i.
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
"""What programs and people write into cells without a value, in lower case."""
NOT_A_TIME = "NaT"
"""What some programs write for a date that is missing. In capitals or small letters, it is a name."""
PUNCTUATION_ONLY = re.compile(r"[-–—_.,?*\s]*|0+(?:-0+)?(?:\.0+)?")
REPEATED = re.compile(r"([^\W\d_])\1{3,}|([XZ])\2\2|X+(?:[-/.]X+)+|([^\w\s])\3+", re.IGNORECASE)
"""One character again and again: `XXXXX`, `zzz`, `####`. Three other letters can be a name: `AAA`."""
MAX_PLACEHOLDER_LENGTH = 18
"""Maximum length of a placeholder, unless it is one character again and again."""
MAX_REPEATED_LENGTH = 100
"""Maximum length of a placeholder that is one character again and again."""
FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"')
"""A formula that keeps a value from becoming a number: ="02138"."""
APOSTROPHE = re.compile(r"'(?=[\d+=(-])")
"""An apostrophe that keeps a value from becoming a number or a formula: '02138."""
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
EXPONENT = re.compile(r"(\d(?:\.\d+)?)E\+?(\d{1,2})", re.IGNORECASE)
"""A number in scientific notation: 5.125550123E+09."""


def clean(text: str) -> str:
    """Return the intended text of a cell, on one line, or "" if it is a placeholder."""
    if not text.isalnum():
        text = " ".join(text.split())
    if not text.isascii() and ("\u200d" not in text or has_no_emoji(text)):
        # Invisible joiners hold some emoji together. Without emoji, nobody misses them.
        text = " ".join(INVISIBLE.sub("", text).split())
    if text.startswith(("=", "'")):
        found = FORMULA.fullmatch(text)
        text = found[1].replace('""', '"').strip() if found else APOSTROPHE.sub("", text, count=1)
    may_be_placeholder = len(text) <= MAX_PLACEHOLDER_LENGTH or (
        len(text) <= MAX_REPEATED_LENGTH and text[0] == text[-1]
    )
    return "" if may_be_placeholder and is_placeholder_text(text) else text


def has_no_emoji(text: str) -> bool:
    """Return whether a string contains no emoji."""
    return all(unicodedata.category(character)[0] in "LNPZCM" for character in text)


@lru_cache(maxsize=20_000)
def is_placeholder_text(text: str) -> bool:
    """Return whether a short value is one or more placeholders: `N/A`, `#REF!`, `--`, `00000`, `N/A N/A`."""
    lower = text.lower()
    if text == NOT_A_TIME or is_placeholder_word(lower):
        return True
    words = lower.split()
    return len(words) > 1 and all(map(is_placeholder_word, words))


def is_placeholder_word(lower: str) -> bool:
    return lower in PLACEHOLDERS or bool(PUNCTUATION_ONLY.fullmatch(lower) or REPEATED.fullmatch(lower))


def write_out_exponent(text: str) -> str:
    """Write out a number in scientific notation: `5125550123` for `5.125550123E+09`. Keep other values.

    Raise ValueError if digits are lost, as in `5.12555E+09`.
    """
    found = EXPONENT.fullmatch(text)
    if not found:
        return text
    digits, power = found[1].replace(".", ""), int(found[2])
    if len(digits) <= power:
        raise ValueError(f"“{text}” has lost digits in a spreadsheet: give all of them")
    return digits[: power + 1]


def normalise_dashes(text: str) -> str:
    """Return a string with every dash replaced by a plain hyphen."""
    return text if text.isascii() else DASHES.sub("-", text)
