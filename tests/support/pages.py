"""Read pages in tests."""

import re


def read_page(response):
    """Return a page's HTML on one line, without the space between tags."""
    return re.sub(r"> <", "><", " ".join(response.content.decode().split()))


def read_rows(response):
    """Return the text of each row of a page's tables, with one space between the parts."""
    rows = re.findall(r"<tr.*?</tr>", response.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]
