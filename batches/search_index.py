"""Keep an index of the digests' search terms on SQLite, with FTS5. PostgreSQL has an index of its own (migration 0005).

Triggers maintain the index, because digests change in many ways: they are made, emptied, cascaded and restored from a
backup, mostly in bulk. The index holds no text of its own: it refers to the digests and can always be built again.
"""

import sqlite3
import time
from contextlib import closing

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "batches_digest_search"
# A word is whatever stands between two spaces, as in batches/people/search_terms.py: every other character belongs to
# it. Neither positions nor sizes of documents are needed to find whole words and their beginnings.
CREATE_TABLE = f"""
CREATE VIRTUAL TABLE {TABLE} USING fts5(
    words, content = 'batches_digest', content_rowid = 'item_id', detail = none, columnsize = 0,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Z* C*' separators ' '"
)
"""
REMOVE = f"INSERT INTO {TABLE} ({TABLE}, rowid, words) VALUES ('delete', old.item_id, old.words);"  # noqa: S608 - the name is ours
ADD = f"INSERT INTO {TABLE} (rowid, words) VALUES (new.item_id, new.words);"  # noqa: S608 - the name is ours
TRIGGERS = {
    f"{TABLE}_insert": f"AFTER INSERT ON batches_digest BEGIN {ADD} END",
    f"{TABLE}_delete": f"AFTER DELETE ON batches_digest BEGIN {REMOVE} END",
    f"{TABLE}_update": (
        f"AFTER UPDATE OF words ON batches_digest WHEN old.words IS NOT new.words BEGIN {REMOVE} {ADD} END"
    ),
}
REBUILD = f"INSERT INTO {TABLE} ({TABLE}) VALUES ('rebuild')"  # noqa: S608 - the name is ours
MERGE = f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('merge', %s)"  # noqa: S608 - the name is ours
MERGE_PAGES = 1_000
"""How many pages one statement merges, so that others need not wait long to write."""
MERGE_INTERVAL = 24 * 60 * 60
"""Seconds between two merges for the sake of details that have expired."""
merged_at: float | None = None
"""When this process merged the index last, in monotonic time."""
MATCHES = (f"batches_digest.item_id = {TABLE}.rowid", f"{TABLE} MATCH %s")
"""The conditions for digests that match an expression of FTS5, in a query of both tables.

With the index in a subquery, SQLite would list everybody who matches before it returns the first.
"""
COUNT_MATCHES = f"SELECT count(*) FROM (SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH %s LIMIT %s)"  # noqa: S608 - as above
IS_INSTALLED = "SELECT count(*) FROM sqlite_master WHERE name = %s AND type = 'table'"
LIST_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'batches_digest'"


def is_available() -> bool:
    """Return whether SQLite has FTS5, as nearly every build does."""
    with closing(sqlite3.connect(":memory:")) as probe:
        try:
            probe.execute("CREATE VIRTUAL TABLE probe USING fts5(words)")
        except sqlite3.OperationalError:
            return False
    return True


def is_installed(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_INSTALLED, [TABLE])
        return bool(cursor.fetchone()[0])


def install(connection: BaseDatabaseWrapper) -> None:
    """Create what is missing of the index, and fill it if anything was.

    A migration that changes the table of digests makes a copy of it, without its triggers. So this is called after all
    migrations as well.
    """
    if connection.vendor != "sqlite" or is_complete(connection) or not is_available():
        return
    uninstall(connection)
    with connection.cursor() as cursor:
        cursor.execute(CREATE_TABLE)
        for name, body in TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER {name} {body}")
        cursor.execute(REBUILD)


def has_more_than(connection: BaseDatabaseWrapper, count: int, expression: str) -> bool:
    """Return whether more digests than these match an expression of FTS5."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_MATCHES, [expression, count + 1])
        return bool(cursor.fetchone()[0] > count)


def is_complete(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the index is there with all its triggers."""
    with connection.cursor() as cursor:
        cursor.execute(LIST_TRIGGERS)
        triggers = {name for (name,) in cursor.fetchall()}
    return TRIGGERS.keys() <= triggers and is_installed(connection)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Remove the index."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for name in TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def merge(connection: BaseDatabaseWrapper) -> None:
    """Merge the index, so that it no longer contains the words of people who were removed or changed.

    Call this outside of a transaction: it takes a second for a million people, in many short statements.
    """
    if connection.vendor != "sqlite" or not is_installed(connection):
        return
    pages = -MERGE_PAGES
    with connection.cursor() as cursor:
        while True:
            before = connection.connection.total_changes
            cursor.execute(MERGE, [pages])
            # So FTS5 says that nothing is left to do.
            if connection.connection.total_changes - before < 2:
                return
            # A negative number asks for all segments to be merged. It is needed once.
            pages = MERGE_PAGES


def merge_daily(connection: BaseDatabaseWrapper) -> None:
    """Merge the index unless this process has done so within a day."""
    global merged_at
    if merged_at is None or time.monotonic() - merged_at > MERGE_INTERVAL:
        merge(connection)
        merged_at = time.monotonic()


def quote(word: str, is_prefix: bool = False) -> str:
    """Quote a word for an expression of FTS5."""
    quoted = '"{}"'.format(word.replace('"', '""'))
    return f"{quoted} *" if is_prefix else quoted
