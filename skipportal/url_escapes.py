"""Escape characters of an address that a browser or proxy should have escaped."""

import string
from urllib.parse import quote

PRINTABLE = string.ascii_letters + string.digits + string.punctuation


def escape(part: bytes) -> str:
    """Return a path or query with everything but printable ASCII escaped: é becomes %C3%A9."""
    return quote(part, safe=PRINTABLE)
