"""Read primary keys from URLs and forms."""

from collections.abc import Iterable

from django.urls.converters import IntConverter

MAX_KEY = 2**31 - 1


class KeyConverter(IntConverter):
    """A primary key below 2,000,000,000, because items have 32-bit keys. Any other number is a 404."""

    regex = "[0-9]{1,9}|1[0-9]{9}"


def read_key(text: str) -> int | None:
    """Return the number from 1 to MAX_KEY in a text, or None if it is something else."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else 0
    return number if 0 < number <= MAX_KEY else None


def read_keys(texts: Iterable[str]) -> list[int]:
    """Return the keys in texts. Each text may hold several, separated by commas."""
    parts = [part for text in texts for part in text.split(",")]
    return [key for part in parts if (key := read_key(part))]
