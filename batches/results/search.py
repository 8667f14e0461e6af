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
    filter_digests = search_postgres if connection.vendor == "postgresql" else search_sqlite
    # Unordered, so that PostgreSQL may stop at the first results.
    visible = Digest.objects.filter(in_visible_list(user, "item__upload")).order_by()
    ids = list(filter_digests(visible, search).values_list("pk", flat=True)[: limit + 1])
    return SearchResult(ids[:limit], is_cut_off=len(ids) > limit)


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
        parts = [search_index.quote(term) for term in search.terms]
        if search.prefix:
            parts.append(search_index.quote(search.prefix, is_prefix=True))
        found = RawSQL(search_index.MATCHES, [" AND ".join(parts)], output_field=BooleanField())  # noqa: S611 - as above
        digests = digests.filter(found)
    return scan_digests(digests, search)


def scan_digests(digests: QuerySet[Digest], search: Search) -> QuerySet[Digest]:
    """Filter digests by comparing the search terms of each. Spaces around a term make it match only whole words."""
    found = digests.annotate(padded=Concat(Value(" "), "search_terms", Value(" "), output_field=TextField()))
    for term in search.terms:
        found = found.filter(padded__contains=f" {term} ")
    if search.prefix:
        found = found.filter(padded__contains=f" {search.prefix}")
    return found
