"""Read primary keys from URLs and forms."""

from collections.abc import Iterable

from django.urls.converters import IntConverter

MAX_DIGITS = 15
"""No table will have so many rows, and JavaScript and spreadsheets keep so many digits without rounding."""
MAX_KEY = 10**MAX_DIGITS - 1


class KeyConverter(IntConverter):
    """Match a primary key of up to 15 digits. Any other number is a 404."""

    regex = f"[0-9]{{1,{MAX_DIGITS}}}"


def read_key(text: str) -> int | None:
    """Return the key in a string, or None unless the string is a number from 1 to MAX_KEY."""
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_DIGITS:
        return None
    return int(text) or None


def read_keys(texts: Iterable[str]) -> list[int]:
    """Return the keys in these strings, each of which may hold several, separated by commas. Skip anything else."""
    parts = ",".join(texts).split(",")
    return [key for part in parts if (key := read_key(part))]
