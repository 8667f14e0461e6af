"""A user's choice of columns and rows per page: from the address, or as the user has last chosen for the table.

The names of the shown columns are separated by dots. Without names, all columns are shown. A dash in their place means
that only the first column is shown.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django_tables2 import Table
from django_tables2.columns import BoundColumn

from batches.models import DEFAULT_PAGE_SIZE, TableChoice
from batches.user_request import UserRequest

PAGE_SIZES = [DEFAULT_PAGE_SIZE, 50, 100, 200]
COLUMN_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
NO_COLUMNS = "-"
MAX_CHOSEN_COLUMNS = 24
"""Maximum number of columns that are remembered, so that their names fit into the database."""


@dataclass
class ColumnChoice:
    """The columns and page sizes that a user can choose for a table."""

    table: str
    columns: list[tuple[str, str, bool]]
    """The columns that can be hidden, as (name, heading, is shown)."""
    rows: int
    page_sizes = PAGE_SIZES

    @property
    def shown(self) -> str:
        """The shown columns, as the value of ?columns= in an address."""
        return join_names(name for name, _, is_shown in self.columns if is_shown)


def choose_columns(request: UserRequest, table: Table) -> ColumnChoice:
    """Hide the columns that the user does not want, and return the choice. The first column and checkboxes stay."""
    rows, names = load_choice(request.user, type(table))
    named = parse_names(request.GET.get("columns", ""))
    wanted = parse_names(names) if named is None else named
    if wanted is None:
        wanted = {column.name for column in table.columns} - getattr(table, "hidden_at_first", set())
    columns = [(column.name, column.header, column.name in wanted) for column in list_optional(table)]
    for name, _, is_shown in columns:
        if not is_shown:
            table.columns.hide(name)
    return ColumnChoice(table_key(type(table)), columns, rows)


def list_optional(table: Table) -> list[BoundColumn]:
    """Return the columns that can be hidden: those with a heading, except the first."""
    return [column for column in table.columns if column.header][1:]


def load_choice(user: User, table: type[Table]) -> tuple[int, str]:
    """Return the rows per page and the columns that a user has chosen for a table. They are read once a request."""
    known, key = vars(user).setdefault("table_choices", {}), table_key(table)
    if key not in known:
        choices = TableChoice.objects.filter(user=user, table=key).values_list("rows", "columns")
        known[key] = choices.first() or (DEFAULT_PAGE_SIZE, "")
    chosen: tuple[int, str] = known[key]
    return chosen


def save_choice(user: User, table: str, rows: str | None, names: Iterable[str]) -> None:
    """Remember a user's choice. Names that no column can have are dropped."""
    named = sorted({name for name in names if COLUMN_NAME.fullmatch(name)})[:MAX_CHOSEN_COLUMNS]
    chosen = {"rows": read_page_size(rows), "columns": join_names(named)}
    TableChoice.objects.update_or_create(user=user, table=table, defaults=chosen)
    vars(user).pop("table_choices", None)


def read_page_size(text: str | None) -> int:
    """Return the number of rows per page; the smallest if the string is not one of the allowed numbers."""
    return next((size for size in PAGE_SIZES if str(size) == text), PAGE_SIZES[0])


def parse_names(text: str) -> set[str] | None:
    """Return the columns named in a string, or None if it names none. A dash means the empty set."""
    parts = text.split(".")
    names = {name for name in parts if COLUMN_NAME.fullmatch(name)}
    return names if names or NO_COLUMNS in parts else None


def join_names(names: Iterable[str]) -> str:
    return ".".join(names) or NO_COLUMNS


def table_key(table_class: type[Table]) -> str:
    return table_class.__name__.lower()
