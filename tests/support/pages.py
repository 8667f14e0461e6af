"""Read pages in tests."""

import re


def read_page(response):
    """Return a page's HTML on one line, without the space between tags."""
    return re.sub(r"> <", "><", " ".join(response.content.decode().split()))
