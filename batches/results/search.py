"""Search the people of all lists by names, addresses, phones and emails, both asked for and found.

Both databases have an index: migration 0005 for PostgreSQL, batches/search_index.py for SQLite.
"""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import BooleanField, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from batches import search_index
from batches.models import Digest, in_visible_list
from batches.people.search_terms import Search, read_search

MAX_FOUND = 200
"""Maximum number of people shown. To find others, a user adds a word."""
FEW = 500
"""People whose texts are compared sooner than the lists of all words with a common beginning are merged."""
# The database column of the field `search_terms` is called `words`.
INDEX_CONDITION = "array_to_tsvector(string_to_array(batches_digest.words, ' ')) @@ %s::tsquery"


@dataclass(frozen=True)
class SearchResult:
    ids: list[int]
    is_cut_off: bool = False
    """Whether there are more results than these."""


def search_people(text: str, user: User | None, limit: int = MAX_FOUND) -> SearchResult:
    """Find at most `limit` people in lists that `user` sees who match every word of `text`.

    The last word may be incomplete.
    """
    search = read_search(text)
    if not search.terms and not search.prefix:
        return SearchResult([])
    # Unordered, so that the database may stop at the first results.
    visible = Digest.objects.filter(in_visible_list(user, "item__upload")).order_by()
    ids = find_ids(visible, search, limit + 1)
    return SearchResult(ids[:limit], is_cut_off=len(ids) > limit)


def find_ids(digests: QuerySet[Digest], search: Search, count: int) -> list[int]:
    """Return the ids of at most `count` digests that match a search.

    On SQLite, first take the last word as complete: to find all words that begin with it, FTS5 merges the lists of
    their people before it returns the first, which takes 50 ms for a common name.
    """
    if connection.vendor == "postgresql":
        return list(search_postgres(digests, search).values_list("pk", flat=True)[:count])
    if search.prefix:
        complete = Search([*search.terms, search.prefix], prefix="")
        ids = list(search_sqlite(digests, complete).values_list("pk", flat=True)[:count])
        if len(ids) == count:
            return ids
    return list(search_sqlite(digests, search).values_list("pk", flat=True)[:count])


def search_postgres(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    """Filter digests by PostgreSQL's index."""
    parts = [quote_term(term) for term in search.terms]
    if search.prefix:
        parts.append(f"{quote_term(search.prefix)}:*")
    return digests.filter(RawSQL(INDEX_CONDITION, [" & ".join(parts)], output_field=BooleanField()))  # noqa: S611 - the terms are a parameter


def quote_term(term: str) -> str:
    """Quote a term for PostgreSQL's text search."""
    return "'{}'".format(term.replace("\\", "\\\\").replace("'", "''"))


def search_sqlite(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    """Filter digests by SQLite's index, or by their text if its build has no FTS5.

    What the index finds is compared with the text as well, because FTS5 takes more letters for the same than we do.
    """
    if search_index.is_installed(connection):
        expression = write_expression(search)
        digests = digests.extra(tables=[search_index.TABLE], where=search_index.MATCHES, params=[expression])  # noqa: S610 - the terms are a parameter
    return scan_digests(digests, search)


def write_expression(search: Search) -> str:
    """Return the expression by which FTS5 finds what matches a search, and perhaps a few more.

    If few match the complete words, the incomplete one is left to the comparison with the text.
    """
    terms = " AND ".join(search_index.quote(term) for term in search.terms)
    if not search.prefix:
        return terms
    if terms and not search_index.has_more_than(connection, FEW, terms):
        return terms
    prefix = search_index.quote(search.prefix, is_prefix=True)
    return f"{terms} AND {prefix}" if terms else prefix


def scan_digests(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    """Filter digests by comparing the search terms of each. Spaces around a term make it match only whole words."""
    found = digests.annotate(padded=Concat(Value(" "), "search_terms", Value(" "), output_field=TextField()))
    for term in search.terms:
        found = found.filter(padded__contains=f" {term} ")
    if search.prefix:
        found = found.filter(padded__contains=f" {search.prefix}")
    return found
