"""Primary keys as addresses and forms carry them."""

from collections.abc import Iterable

from django.urls.converters import IntConverter

LARGEST = 2**31 - 1


class KeyConverter(IntConverter):
    """A primary key below 2,000,000,000: items have 32-bit keys. Any other number is a 404."""

    regex = "[0-9]{1,9}|1[0-9]{9}"


def read_key(text: str) -> int | None:
    """Return the number that a text is, from 1 to LARGEST, or None if it is none."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else 0
    return number if 0 < number <= LARGEST else None


def read_keys(texts: Iterable[str]) -> list[int]:
    """Return the keys among texts, each of which may hold several with commas between them."""
    parts = [part for text in texts for part in text.split(",")]
    return [key for part in parts if (key := read_key(part))]
