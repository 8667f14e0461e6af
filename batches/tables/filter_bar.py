"""The bar of filters above a table: which filters are active, and what else can be chosen.

Each choice is a link to the table with that filter added or removed, so it applies at once and needs no script.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import django_filters as filters
from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict

from batches.forms.widgets import SearchInput
from batches.tables.filters import ConditionFilter

KEPT = ["sort", "columns"]
"""Parameters of a table that are not filters, and that filtering does not change."""
Counts = Mapping[str, Mapping[str, int]]
"""Name of a filter → its value → how many records have it."""


@dataclass(frozen=True)
class Choice:
    """A value of a filter, as a link that adds or removes it."""

    label: str
    address: str
    is_on: bool
    count: int | None = None


class ChoiceGroup(NamedTuple):
    label: str
    choices: list[Choice]
    is_exclusive: bool


class Chip(NamedTuple):
    """An active filter, as a link that removes it."""

    label: str
    address: str


class FilterBar:
    """The filters of a page."""

    def __init__(self, request: HttpRequest, filterset: filters.FilterSet, counts: Counts | None = None) -> None:
        self.request, self.filterset = request, filterset
        self.form: forms.Form = filterset.form
        self.form.is_valid()
        self.counts = counts or {}
        visible = self.form.visible_fields()
        self.search = next((field for field in visible if isinstance(field.field.widget, SearchInput)), None)
        with_choices = [field for field in visible if isinstance(field.field, forms.ChoiceField)]
        self.groups = [self.make_group(field) for field in with_choices]
        self.fields = [field for field in visible if field not in with_choices and field != self.search]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the search box keeps: the other filters, the order and the columns."""
        return list(self.keep([self.search.name] if self.search else []))

    @property
    def hidden_of_fields(self) -> list[tuple[str, str]]:
        """What the form of the fields without choices keeps."""
        return list(self.keep([field.name for field in self.fields]))

    def keep(self, left_out: list[str]) -> Iterator[tuple[str, str]]:
        for name in [*self.filterset.filters, *KEPT]:
            if name not in left_out:
                yield from ((name, value) for value in self.request.GET.getlist(name) if value)

    @property
    def chips(self) -> list[Chip]:
        chips = [
            Chip(choice.label if not self.needs_name(group) else f"{group.label}: {choice.label}", choice.address)
            for group in self.groups
            for choice in group.choices
            if choice.is_on
        ]
        for field in [*([self.search] if self.search else []), *self.fields]:
            if value := self.request.GET.get(field.name, "").strip():
                text = f"“{value}”" if field == self.search else f"{field.label}: {value}"
                chips.append(Chip(text, self.address(field.name, [])))
        return chips

    @property
    def clear(self) -> str:
        """The address without filters, of the same list or batch."""
        query = self.request.GET.copy()
        shown = {field.name for field in self.form.visible_fields()}
        for name in [*shown, "page", "item"]:
            query.pop(name, None)
        return self.join(query)

    def needs_name(self, group: ChoiceGroup) -> bool:
        """Return whether the values of a filter say nothing without its name, as “yes”, “none” and “me” do."""
        return any(
            ((isinstance(each, ConditionFilter) and not each.says_all) or name == "assigned")
            and (each.label or name) == group.label
            for name, each in self.filterset.filters.items()
        )

    def make_group(self, field: BoundField) -> ChoiceGroup:
        several = isinstance(field.field, forms.MultipleChoiceField)
        chosen = self.request.GET.getlist(field.name)
        counts = self.counts.get(field.name, {})
        choices = []
        for value, label in flat_choices(field):
            is_on = value in chosen
            others = [each for each in chosen if each != value] if several else []
            address = self.address(field.name, others if is_on else [*others, value])
            choices.append(Choice(label, address, is_on, counts.get(value)))
        return ChoiceGroup(str(field.label), choices, not several)

    def address(self, name: str, values: list[str]) -> str:
        """Return the address with these values of a filter, from the first page on."""
        query = self.request.GET.copy()
        query.pop("page", None)
        query.setlist(name, values)
        return self.join(query)

    def join(self, query: QueryDict) -> str:
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path


def flat_choices(field: BoundField) -> Iterator[tuple[str, str]]:
    """Yield the values and labels of a field's choices, without the empty one."""
    choices: Any = field.field.choices  # type: ignore[attr-defined]
    for value, label in choices:
        if str(value):
            yield str(value), str(label)
