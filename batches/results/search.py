"""Who is found by what somebody typed: names, addresses, phones and emails, asked for and found, of all lists.

PostgreSQL looks the words up in an index (migration 0005); SQLite reads the digests from end to end.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from batches.models import Digest
from batches.people.search_terms import read_search

MOST_FOUND = 200
"""People that are shown: whoever wants others types another word."""
LOOK_UP = "array_to_tsvector(string_to_array(batches_digest.words, ' ')) @@ %s::tsquery"


@dataclass(frozen=True)
class Found:
    ids: list[int]
    is_cut_off: bool = False
    """Whether there are more than these."""


def find(text):
    """Find people who have all words of `text`, of which the last may be the beginning of one. Return a Found."""
    search = read_search(text)
    if not search.words and not search.start:
        return Found([])
    narrow = look_up if connection.vendor == "postgresql" else read_through
    # Without an order: PostgreSQL may stop at the first that it finds.
    ids = list(narrow(Digest.objects.order_by(), search).values_list("pk", flat=True)[: MOST_FOUND + 1])
    return Found(ids[:MOST_FOUND], is_cut_off=len(ids) > MOST_FOUND)


def look_up(digests, search):
    parts = [quote(word) for word in search.words] + ([f"{quote(search.start)}:*"] if search.start else [])
    return digests.filter(RawSQL(LOOK_UP, [" & ".join(parts)], output_field=BooleanField()))  # noqa: S611 - the words are a value


def quote(word):
    """Quote a word for PostgreSQL's text search."""
    return "'{}'".format(word.replace("\\", "\\\\").replace("'", "''"))


def read_through(digests, search):
    padded = digests.annotate(padded=Concat(Value(" "), "words", Value(" "), output_field=TextField()))
    for word in [f" {word} " for word in search.words] + ([f" {search.start}"] if search.start else []):
        padded = padded.filter(padded__contains=word)
    return padded
