"""Read primary keys from URLs and forms."""

from collections.abc import Iterable

from django.urls.converters import IntConverter

MAX_KEY = 2**31 - 1
MAX_DIGITS = len(str(MAX_KEY))


class KeyConverter(IntConverter):
    """Match a primary key below 2,000,000,000. Any other number is a 404.

    Item keys have 32 bits, and this is the last round number that can be one.
    """

    regex = "[0-9]{1,9}|1[0-9]{9}"


def read_key(text: str) -> int | None:
    """Return the key in a string, or None unless the string is a number from 1 to MAX_KEY."""
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_DIGITS:
        return None
    number = int(text)
    return number if 0 < number <= MAX_KEY else None


def read_keys(texts: Iterable[str]) -> list[int]:
    """Return the keys in these strings, each of which may hold several, separated by commas. Skip anything else."""
    parts = ",".join(texts).split(",")
    return [key for part in parts if (key := read_key(part))]
