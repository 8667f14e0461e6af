"""A user's choice of columns and rows per page: from the address, or as remembered in a cookie for each table.

The cookie holds the number of rows and the names of columns, separated by dots. Without names, all columns are shown;
a dash means only the first column.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django_tables2 import Table
from django_tables2.columns import BoundColumn

PAGE_SIZES = [25, 50, 100, 200]
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
NO_COLUMNS = "-"


@dataclass
class ColumnChoice:
    """The columns and page sizes that a user can choose for a table."""

    table: str
    columns: list[tuple[str, str, bool]]
    """The columns that can be hidden, as (name, heading, is shown)."""
    rows: int
    all_rows = PAGE_SIZES

    @property
    def shown(self) -> str:
        """The shown columns, as the value of ?columns= in an address."""
        return join_names(name for name, _, is_shown in self.columns if is_shown)


def choose_columns(request: HttpRequest, table: Table) -> ColumnChoice:
    """Hide the unwanted columns of a table and return the ColumnChoice. The first column and tick boxes always stay."""
    rows, remembered = parse_cookie(request.COOKIES.get(cookie_name(table_key(type(table))), ""))
    named = parse_names(request.GET.get("columns", ""))
    wanted = remembered if named is None else named
    columns = [(column.name, column.header, wanted is None or column.name in wanted) for column in list_optional(table)]
    for name, _, is_shown in columns:
        if not is_shown:
            table.columns.hide(name)
    return ColumnChoice(table_key(type(table)), columns, rows)


def list_optional(table: Table) -> list[BoundColumn]:
    """Return the columns that can be hidden: those with a heading, except the first."""
    return [column for column in table.columns if column.header][1:]


def parse_cookie(cookie: str) -> tuple[int, set[str] | None]:
    """Return the rows per page and the columns in a cookie; 25 and None for what it does not contain."""
    rows, _, names = cookie.partition(".")
    return int(rows) if rows in map(str, PAGE_SIZES) else PAGE_SIZES[0], parse_names(names)


def parse_names(text: str) -> set[str] | None:
    """Return the columns named in a text, and None if it names none. A dash means the empty set."""
    parts = text.split(".")
    return {name for name in parts if COLUMN_NAME.fullmatch(name)} or (set() if NO_COLUMNS in parts else None)


def join_names(names: Iterable[str]) -> str:
    return ".".join(names) or NO_COLUMNS


def table_key(table_class: type[Table]) -> str:
    return table_class.__name__.lower()


def cookie_name(table_name: str) -> str:
    return f"table-{table_name}"


def format_cookie(rows: str | None, names: Iterable[str]) -> str:
    """Return a choice as the value of the cookie. Values that are not allowed are dropped."""
    named = sorted(name for name in names if COLUMN_NAME.fullmatch(name))
    return f"{rows if rows in {*map(str, PAGE_SIZES)} else PAGE_SIZES[0]}.{join_names(named)}"
