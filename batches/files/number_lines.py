"""Read files with one phone number a line, such as the national registry's. Pure.

A line is a number alone, its area code and the rest (`703,5550100`), or a number with other short cells: a date, and an
A or D in change lists, or yes, no or no data in answers about reassigned numbers.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

SAMPLE_LINES = 200
"""Lines that show whether a file has one number a line."""
MAX_LINE_BYTES = 200
"""Maximum length of a line that holds a number and short cells. Longer lines are not read to their end at once."""

NUMBER = re.compile(r"(?:\+?1)?([2-9]\d{2}[2-9]\d{6})")
PUNCTUATION = re.compile(r"[\s().\-/]+")
SEPARATOR = re.compile(r"[,;\t|]")
DECIMAL_ZERO = re.compile(r"\.0+$")
LOWEST_DIGIT = ord("2")
"""Area codes and exchanges begin with 2 or a higher digit."""
SHORT_CELL = re.compile(r"[\d\s().+:/T-]*")
"""A cell with a number, a date or a time."""
REMOVED = frozenset({"d", "delete", "deleted", "r", "remove", "removed"})
"""What change lists say of numbers that are no longer on the list."""
NOT_REASSIGNED = frozenset({"no", "n", "no data", "no_data", "nodata"})
"""What answers about reassigned numbers say of numbers that were not reassigned, as far as is known."""
WORDS = REMOVED | NOT_REASSIGNED | {"a", "add", "added", "yes", "y"}


class NumberLine(NamedTuple):
    """A number, and whether its line puts it on the list or takes it off."""

    number: int
    is_listed: bool = True


def read_number(text: str) -> int | None:
    """Return a phone number of ten digits, or None if the string is not one."""
    found = NUMBER.fullmatch(PUNCTUATION.sub("", DECIMAL_ZERO.sub("", text)))
    return int(found[1]) if found else None


def read_cells(cells: Sequence[str], removal_words: frozenset[str] = frozenset()) -> NumberLine | None:
    """Return the number in the cells of a line, or None if there is none. A cell in `removal_words` takes it off."""
    stripped = [cell.strip().strip('"') for cell in cells]
    number = read_number("".join(stripped[:2])) if [len(cell) for cell in stripped[:2]] == [3, 7] else None
    number = number or next(filter(None, map(read_number, stripped)), None)
    return NumberLine(number, not any(cell.lower() in removal_words for cell in stripped)) if number else None


def read_line(line: bytes, removal_words: frozenset[str] = frozenset()) -> NumberLine | None:
    """Return the number in a line, or None if there is none. Most lines are ten digits, or three and seven."""
    line = line.strip()
    digits = line[:3] + line[4:] if line[3:4] == b"," else line
    if len(digits) == 10 and digits.isdigit() and digits[0] >= LOWEST_DIGIT and digits[3] >= LOWEST_DIGIT:
        return NumberLine(int(digits))
    if len(line) > MAX_LINE_BYTES:
        return None
    return read_cells(SEPARATOR.split(line.decode("utf-8-sig", "replace")), removal_words)


def has_number_lines(path: str | Path) -> bool:
    """Return whether a text file has one number a line, and nothing but short cells, below at most one header line."""
    with Path(path).open("rb") as file:
        sample = list(islice(iter(lambda: file.readline(MAX_LINE_BYTES), b""), SAMPLE_LINES))
    texts = [text for line in sample if (text := line.decode("utf-8-sig", "replace").strip())]
    if texts and is_header(texts[0]) and read_cells(SEPARATOR.split(texts[0])) is None:
        texts = texts[1:]
    usable = sum(is_short(text) and read_cells(SEPARATOR.split(text)) is not None for text in texts)
    return bool(texts) and 2 * usable > len(texts) and all(map(is_short, texts[:1]))


def is_short(text: str) -> bool:
    cells = (cell.strip().strip('"') for cell in SEPARATOR.split(text))
    return all(cell.lower() in WORDS or SHORT_CELL.fullmatch(cell) for cell in cells)


def read_lines(
    path: str | Path, removal_words: frozenset[str] = frozenset()
) -> Iterator[tuple[int, NumberLine | None]]:
    """Yield the position of each filled line of a text file, and the phone number in it. Leave out a header line."""
    with Path(path).open("rb") as file:
        is_first = True
        for position, line in enumerate(file, start=1):
            read = read_line(line, removal_words)
            if read is None and not line.strip():
                continue
            if read is not None or not is_first or not is_header(line.decode("utf-8-sig", "replace")):
                yield position, read
            is_first = False


def is_header(text: str) -> bool:
    """Return whether a first line without a phone number says what follows, such as `Phone 1`."""
    return any(character.isalpha() for character in text)
