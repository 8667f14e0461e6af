"""Search the people of all lists by names, addresses, phones and emails, both asked for and found.

PostgreSQL uses an index (migration 0005); SQLite scans the digests.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from batches.models import Digest
from batches.people.search_terms import Search, read_search

MAX_FOUND = 200
"""Maximum number of people shown. To find others, a user adds a word."""
# The column of `search_terms` is called `words`, as in the index.
INDEX_CONDITION = "array_to_tsvector(string_to_array(batches_digest.words, ' ')) @@ %s::tsquery"


@dataclass(frozen=True)
class SearchResult:
    ids: list[int]
    is_cut_off: bool = False
    """Whether there are more results than these."""


def search_people(text: str) -> SearchResult:
    """Find people who match every word of `text`. The last word may be incomplete."""
    search = read_search(text)
    if not search.terms and not search.prefix:
        return SearchResult([])
    narrow = search_index if connection.vendor == "postgresql" else scan_digests
    # Unordered, so that PostgreSQL may stop at the first results.
    ids = list(narrow(Digest.objects.order_by(), search).values_list("pk", flat=True)[: MAX_FOUND + 1])
    return SearchResult(ids[:MAX_FOUND], is_cut_off=len(ids) > MAX_FOUND)


def search_index(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    parts = [quote_term(term) for term in search.terms] + ([f"{quote_term(search.prefix)}:*"] if search.prefix else [])
    return digests.filter(RawSQL(INDEX_CONDITION, [" & ".join(parts)], output_field=BooleanField()))  # noqa: S611 - the terms are a parameter


def quote_term(term: str) -> str:
    """Quote a term for PostgreSQL's text search."""
    return "'{}'".format(term.replace("\\", "\\\\").replace("'", "''"))


def scan_digests(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    padded = digests.annotate(padded=Concat(Value(" "), "search_terms", Value(" "), output_field=TextField()))
    for part in [f" {term} " for term in search.terms] + ([f" {search.prefix}"] if search.prefix else []):
        padded = padded.filter(padded__contains=part)
    return padded
