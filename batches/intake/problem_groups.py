"""Group the rows of a list: those that cannot be traced by problem, and those that are traced by warning."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.db.models import Count, Min, Q

from batches.intake.checked_row import WarningKind
from batches.intake.findings import Finding, find_hint, find_positions, format_title, match_columns, parse_findings
from batches.intake.person_keys import hash_strings
from batches.intake.row_reader import name_column
from batches.intake.row_warnings import WARNING_TEXTS
from batches.mapping.fields import LABELS
from batches.models import ItemQuerySet, Upload
from batches.statuses import Outcome

MAX_EDITED_ROWS = 50
"""Maximum number of rows of one problem that a page shows with inputs to edit them."""
MAX_CHANGED_ROWS = 2_000
"""Maximum number of rows that one change on the page can apply to, because they are saved in one transaction."""
MAX_EDITED_COLUMNS = 12
"""Maximum number of columns that can be edited on the page."""
MAX_GROUPS = 30
"""Maximum number of groups that are shown, the largest first."""
MAX_EXAMPLE_LENGTH = 60
"""Maximum length of an example."""


@dataclass(frozen=True)
class ProblemGroup:
    """Rows with the same problem, or with the same warning."""

    upload: Upload
    title: str
    hint: str
    count: int
    first_row: int
    positions: list[int]
    """The positions of the columns that the problem or warning concerns."""
    condition: Q
    """The filter for the items of the group."""
    is_invalid: bool
    """Whether the rows cannot be traced."""
    listed_rows: tuple[int, ...] = ()
    """Numbers of the first rows, for lists whose rows were checked before findings were stored with them."""
    example: str = ""
    """What the first row has in the concerned columns."""

    @cached_property
    def key(self) -> str:
        """The group's identifier in URLs."""
        return hash_strings([str(self.is_invalid), self.title])[:12]

    @cached_property
    def rows(self) -> ItemQuerySet:
        """The group's rows, in the order of the file."""
        items = self.upload.items.filter(owner_number=1).order_by("row_number")
        found = items.filter(self.condition)
        return found if self.is_invalid or found.exists() else items.filter(row_number__in=self.listed_rows)

    @property
    def is_editable(self) -> bool:
        """Whether few enough columns are concerned to edit the rows on the page."""
        return 0 < len(self.positions) <= MAX_EDITED_COLUMNS

    @property
    def shown_rows(self) -> ItemQuerySet:
        """The rows that a page shows with inputs, in the order of the file."""
        return self.rows.defer("answer")[:MAX_EDITED_ROWS]

    @property
    def further_rows(self) -> ItemQuerySet:
        """The rows after `shown_rows` that a change can apply to as well."""
        return self.rows.defer("answer")[MAX_EDITED_ROWS:MAX_CHANGED_ROWS]

    @property
    def is_longer_than_page(self) -> bool:
        return self.count > MAX_EDITED_ROWS

    @property
    def changeable_count(self) -> int:
        """How many of the group's rows one change can apply to."""
        return min(self.count, MAX_CHANGED_ROWS)

    @property
    def columns(self) -> list[tuple[int, str]]:
        """The positions and names of the columns that the problem or warning concerns."""
        names = self.upload.all_columns
        return [(position, names[position].strip() or f"Column {position + 1}") for position in self.positions]


def list_problems(upload: Upload) -> list[ProblemGroup]:
    """Return the groups of rows that cannot be traced, the largest first."""
    invalid = upload.items.filter(outcome=Outcome.INVALID, owner_number=1).order_by()
    counted = invalid.values_list("findings", "problem_columns").annotate(count=Count("pk"), first=Min("row_number"))
    groups = [
        make_problem_group(upload, findings, columns, count, first)
        for findings, columns, count, first in counted.order_by("-count", "first")[:MAX_GROUPS]
    ]
    return add_examples(upload, merge_same_titles(groups))


def merge_same_titles(groups: Iterable[ProblemGroup]) -> list[ProblemGroup]:
    """Merge groups with the same title, which differ only in the field that is read from the column."""
    merged: dict[str, ProblemGroup] = {}
    for group in groups:
        same = merged.get(group.title)
        if same is None:
            merged[group.title] = group
            continue
        merged[group.title] = replace(
            same,
            count=same.count + group.count,
            first_row=min(same.first_row, group.first_row),
            positions=sorted({*same.positions, *group.positions}),
            condition=same.condition | group.condition,
        )
    return sorted(merged.values(), key=lambda group: -group.count)


def make_problem_group(upload: Upload, text: str, columns: str, count: int, first_row: int) -> ProblemGroup:
    """Return the group of the invalid rows that have the findings in `text` and the problem columns in `columns`."""
    findings = parse_findings(text)
    other = f"Problem in {columns}" if columns else "Other problem"
    titles = [format_title(upload, finding) for finding in findings] or [other]
    hints = [find_hint(finding) for finding in findings] or ["Open a row to see what is wrong with it."]
    return ProblemGroup(
        upload=upload,
        title="; ".join(dict.fromkeys(titles)),
        hint=" ".join(dict.fromkeys(filter(None, hints))),
        count=count,
        first_row=first_row,
        positions=find_positions(upload, findings) if findings else match_columns(upload, columns),
        condition=Q(outcome=Outcome.INVALID, findings=text, problem_columns=columns),
        is_invalid=True,
    )


def list_warnings(upload: Upload) -> list[ProblemGroup]:
    """Return the groups of rows that are traced but have a warning, the largest first."""
    groups = [
        make_warning_group(upload, each["column"], WarningKind(each["kind"]), each["count"], each["rows"])
        for each in sorted(upload.warnings, key=lambda each: -each["count"])[:MAX_GROUPS]
    ]
    return add_examples(upload, groups)


def make_warning_group(
    upload: Upload, column: str, kind: WarningKind, count: int, listed_rows: list[int]
) -> ProblemGroup:
    """Return the group of the rows with a kind of warning about a column. `listed_rows` are the first of them."""
    findings = [Finding(field, kind.value) for field in LABELS if name_column(upload, field) == column]
    has_finding = Q(pk=None)
    for finding in findings:
        has_finding |= Q(findings__contains=f" {finding.field}:{finding.kind} ")
    return ProblemGroup(
        upload=upload,
        title=f"{column} {format_warning(upload, kind)}",
        hint="",
        count=count,
        first_row=listed_rows[0] if listed_rows else 0,
        positions=find_positions(upload, findings),
        # The condition on emptiness lets PostgreSQL use the index of the rows with findings.
        condition=has_finding & ~Q(findings="") & ~Q(outcome=Outcome.INVALID),
        is_invalid=False,
        listed_rows=tuple(listed_rows),
    )


def format_warning(upload: Upload, kind: WarningKind) -> str:
    """Return the words of a warning that follow the column's name. If all rows are in one state, name the state."""
    states = {text for field, text in upload.constants.items() if field in ("state", "mail_state")}
    if kind == WarningKind.ELSEWHERE and len(states) == 1:
        return f"is not in {states.pop()}"
    return WARNING_TEXTS[kind]


def add_examples(upload: Upload, groups: list[ProblemGroup]) -> list[ProblemGroup]:
    """Return the groups, each with an example from its first row. Make one query for all of them."""
    first_rows = {group.first_row for group in groups}
    items = upload.items.filter(row_number__in=first_rows, owner_number=1).order_by()
    cells_by_row = dict(items.values_list("row_number", "cells")) if groups else {}
    return [add_example(group, cells_by_row.get(group.first_row, [])) for group in groups]


def add_example(group: ProblemGroup, cells: list[str]) -> ProblemGroup:
    """Return a group with the cells of the concerned columns as its example."""
    concerned = (cells[position].strip() for position in group.positions if position < len(cells))
    text = " · ".join(dict.fromkeys(filter(None, concerned)))
    example = text if len(text) <= MAX_EXAMPLE_LENGTH else f"{text[: MAX_EXAMPLE_LENGTH - 1]}…"
    return replace(group, example=example)


def find_group(upload: Upload, key: str) -> ProblemGroup | None:
    """Return the group with this key, or None if no rows are left in it."""
    return next((group for group in (*list_problems(upload), *list_warnings(upload)) if group.key == key), None)
