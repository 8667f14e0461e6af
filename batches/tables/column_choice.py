"""Which columns of a table somebody wants to see, and how many rows on a page: by the address, else as remembered.

The browser remembers it, in a cookie for each table: the number of rows and the names of columns, with dots between.
Where no names are said, all columns are shown; a dash says that none is but the first.
"""

import re
from dataclasses import dataclass

ROWS = [25, 50, 100, 200]
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
NONE = "-"


@dataclass
class Choice:
    """What can be chosen for a table."""

    table: str
    columns: list
    """Those that may be hidden, as (name, heading, whether it is shown)."""
    rows: int
    all_rows = ROWS

    @property
    def shown(self):
        """The columns that are shown, as the value of ?columns= in an address."""
        return join_names(name for name, _, is_shown in self.columns if is_shown)


def choose_columns(request, table):
    """Hide the columns of a table that are not wanted, and give the Choice. The first one stays, and so do boxes."""
    rows, remembered = recall(request.COOKIES.get(name_cookie(name_table(type(table))), ""))
    named = read_names(request.GET.get("columns", ""))
    wanted = remembered if named is None else named
    columns = [(column.name, column.header, wanted is None or column.name in wanted) for column in list_optional(table)]
    for name, _, is_shown in columns:
        if not is_shown:
            table.columns.hide(name)
    return Choice(name_table(type(table)), columns, rows)


def list_optional(table):
    """Return the columns that may be hidden: all but the first of those with a heading."""
    return [column for column in table.columns if column.header][1:]


def recall(cookie):
    """Parse a cookie into the rows of a page and the columns; 25 and None for whatever it does not say."""
    rows, _, names = cookie.partition(".")
    return int(rows) if rows in map(str, ROWS) else ROWS[0], read_names(names)


def read_names(text):
    """Return the columns that a text names; None if it names none and does not ask for none either."""
    parts = text.split(".")
    return {name for name in parts if NAME.fullmatch(name)} or (set() if NONE in parts else None)


def join_names(names):
    return ".".join(names) or NONE


def name_table(table_class):
    return table_class.__name__.lower()


def name_cookie(table_name):
    return f"table-{table_name}"


def as_cookie(rows, names):
    """Format a choice for the cookie."""
    named = sorted(name for name in names if NAME.fullmatch(name))
    return f"{rows if rows in map(str, ROWS) else ROWS[0]}.{join_names(named)}"
