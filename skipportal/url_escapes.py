"""Escape the characters of an address that a browser or proxy has sent as they are. Pure."""

import string
from urllib.parse import quote

PRINTABLE = string.ascii_letters + string.digits + string.punctuation


def escape(part: bytes) -> str:
    """Return a path or query with everything but printable ASCII escaped: an unencoded é in an address means %C3%A9."""
    return quote(part, safe=PRINTABLE)
