"""The rows of a list in groups: those that cannot be traced by problem, and those that are traced by warning."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.db.models import Count, Min, Q

from batches.intake.findings import Finding, find_hint, find_positions, finding_title, match_columns, read_findings
from batches.intake.row_check import WarningKind, digest
from batches.intake.row_reader import name_column
from batches.intake.row_warnings import SENTENCES
from batches.mapping.fields import LABELS
from batches.models import ItemQuerySet, Upload
from batches.statuses import Outcome

MAX_EDITED_ROWS = 50
"""Maximum number of rows of one problem that a page shows with inputs."""
MAX_SPREAD_ROWS = 2_000
"""Maximum number of rows of one problem that a change on the page can apply to, because one transaction saves them."""
MAX_EDITED_COLUMNS = 12
"""Maximum number of columns that can be edited on the page."""
MAX_GROUPS = 30
"""Maximum number of groups that are shown, the largest first."""
MAX_EXAMPLE = 60
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
    """The positions of the columns that it concerns."""
    condition: Q
    is_invalid: bool
    """Whether its rows cannot be traced."""
    named_rows: tuple[int, ...] = ()
    """The first rows with a warning, for lists that were read before the findings of their rows were stored."""
    example: str = ""

    @cached_property
    def key(self) -> str:
        """The group's name in URLs."""
        return digest([str(self.is_invalid), self.title])[:12]

    @cached_property
    def rows(self) -> ItemQuerySet:
        """Its rows in the order of the file."""
        items = self.upload.items.filter(owner_number=1).order_by("row_number")
        found = items.filter(self.condition)
        return found if self.is_invalid or found.exists() else items.filter(row_number__in=self.named_rows)

    @property
    def is_editable(self) -> bool:
        """Whether its rows are invalid, and narrow enough to be edited on the page."""
        return self.is_invalid and len(self.positions) <= MAX_EDITED_COLUMNS

    @property
    def shown_rows(self) -> ItemQuerySet:
        """The rows that a page shows with inputs, in the order of the file."""
        return self.rows.defer("answer")[:MAX_EDITED_ROWS]

    @property
    def further_rows(self) -> ItemQuerySet:
        """The rows after the `shown_rows` to which a change can apply."""
        return self.rows.defer("answer")[MAX_EDITED_ROWS:MAX_SPREAD_ROWS]

    @property
    def is_longer_than_page(self) -> bool:
        return self.count > MAX_EDITED_ROWS

    @property
    def spread_count(self) -> int:
        """How many of its rows a change can apply to."""
        return min(self.count, MAX_SPREAD_ROWS)

    @property
    def columns(self) -> list[tuple[int, str]]:
        """The positions and names of the columns that it concerns."""
        names = self.upload.all_columns
        return [(position, names[position].strip() or f"Column {position + 1}") for position in self.positions]


def list_problems(upload: Upload) -> list[ProblemGroup]:
    """Return the groups of rows that cannot be traced, the largest first."""
    invalid = upload.items.filter(outcome=Outcome.INVALID, owner_number=1).order_by()
    counted = invalid.values_list("findings", "problem_columns").annotate(count=Count("pk"), first=Min("row_number"))
    groups = [
        make_problem(upload, findings, columns, count, first)
        for findings, columns, count, first in counted.order_by("-count", "first")[:MAX_GROUPS]
    ]
    return add_examples(upload, merge_groups(groups))


def merge_groups(groups: Iterable[ProblemGroup]) -> list[ProblemGroup]:
    """Return the groups, with those of the same title as one: two fields can be read from one column."""
    merged: dict[str, ProblemGroup] = {}
    for group in groups:
        if not (same := merged.get(group.title)):
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


def make_problem(upload: Upload, text: str, columns: str, count: int, first: int) -> ProblemGroup:
    findings = read_findings(text)
    other = f"Problem in {columns}" if columns else "Other problem"
    titles = [finding_title(upload, finding) for finding in findings] or [other]
    hints = [find_hint(finding) for finding in findings] or ["Open a row to see what is wrong with it."]
    return ProblemGroup(
        upload=upload,
        title="; ".join(dict.fromkeys(titles)),
        hint=" ".join(dict.fromkeys(filter(None, hints))),
        count=count,
        first_row=first,
        positions=find_positions(upload, findings) if findings else match_columns(upload, columns),
        condition=Q(outcome=Outcome.INVALID, findings=text, problem_columns=columns),
        is_invalid=True,
    )


def list_warnings(upload: Upload) -> list[ProblemGroup]:
    """Return the groups of rows that are traced but have a warning, the largest first."""
    groups = [
        make_warning(upload, each["column"], WarningKind(each["kind"]), each["count"], each["rows"])
        for each in sorted(upload.warnings, key=lambda each: -each["count"])[:MAX_GROUPS]
    ]
    return add_examples(upload, groups)


def make_warning(upload: Upload, column: str, kind: WarningKind, count: int, rows: list[int]) -> ProblemGroup:
    findings = [Finding(field, kind.value) for field in LABELS if name_column(upload, field) == column]
    is_found = Q(pk=None)
    for finding in findings:
        is_found |= Q(findings__contains=f" {finding.field}:{finding.kind} ")
    return ProblemGroup(
        upload=upload,
        title=f"{column} {warning_text(upload, kind)}",
        hint="",
        count=count,
        first_row=rows[0] if rows else 0,
        positions=find_positions(upload, findings),
        # The condition on emptiness lets PostgreSQL use the index of the rows with findings.
        condition=is_found & ~Q(findings="") & ~Q(outcome=Outcome.INVALID),
        is_invalid=False,
        named_rows=tuple(rows),
    )


def warning_text(upload: Upload, kind: WarningKind) -> str:
    """Return a warning in words, to follow the column's name. A state that is the same for all rows is named."""
    states = {text for field, text in upload.constants.items() if field in ("state", "mail_state")}
    return f"is not in {states.pop()}" if kind == WarningKind.ELSEWHERE and len(states) == 1 else SENTENCES[kind]


def add_examples(upload: Upload, groups: list[ProblemGroup]) -> list[ProblemGroup]:
    """Return the groups, each with an example from its first row, in one query."""
    first = {group.first_row for group in groups}
    rows = upload.items.filter(row_number__in=first, owner_number=1).order_by()
    cells = dict(rows.values_list("row_number", "cells")) if groups else {}
    return [with_example(group, cells.get(group.first_row, [])) for group in groups]


def with_example(group: ProblemGroup, cells: list[str]) -> ProblemGroup:
    found = (cells[position].strip() for position in group.positions if position < len(cells))
    text = " · ".join(dict.fromkeys(filter(None, found)))
    shown = text if len(text) <= MAX_EXAMPLE else f"{text[: MAX_EXAMPLE - 1]}…"
    return replace(group, example=shown)


def find_group(upload: Upload, key: str) -> ProblemGroup | None:
    """Return the group with a key, or None if no row belongs to it any more."""
    return next((group for group in (*list_problems(upload), *list_warnings(upload)) if group.key == key), None)
