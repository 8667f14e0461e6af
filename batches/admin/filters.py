"""An admin filter for a relation that may have millions of choices."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest

from batches.keys import read_key


class AutocompleteFilter(admin.FieldListFilter):
    """A filter by one related record, which is found while the user types. Without JavaScript, the user enters its id.

    Use it in `list_filter` as `("upload", AutocompleteFilter)`. It uses the same URLs as Django's own relation filter.
    """

    template = "admin/autocomplete_filter.html"

    def __init__(
        self,
        field: ForeignKey,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: admin.ModelAdmin,
        field_path: str,
    ) -> None:
        self.parameter = f"{field_path}__{field.target_field.name}__exact"
        super().__init__(field, request, params, model, model_admin, field_path)
        related = model_admin.admin_site.get_model_admin(field.remote_field.model)
        self.is_allowed = related.has_view_permission(request)
        self.choice = forms.ModelChoiceField(
            related.get_queryset(request),
            required=False,
            widget=AutocompleteSelect(field, model_admin.admin_site, attrs={"id": f"id_{self.parameter}"}),
        )

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def has_output(self) -> bool:
        """Return whether the user may see the related records; the search refuses everyone else."""
        return self.is_allowed

    @property
    def value(self) -> str:
        """The chosen id. Without JavaScript, the select's empty value comes first, then that of the number field."""
        given: Any = self.used_parameters.get(self.parameter, [])
        return next((value for value in reversed(given) if value), "")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value:
            return queryset
        if not read_key(self.value):
            raise IncorrectLookupParameters
        return queryset.filter(**{self.parameter: self.value})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield a single choice with everything that the template shows."""
        query_without = changelist.get_query_string(remove=[self.parameter, PAGE_VAR])
        others = parse_qsl(query_without.removeprefix("?"))
        widget = self.choice.widget.render(self.parameter, self.value)
        yield {"widget": widget, "name": self.parameter, "value": self.value, "others": others, "all": query_without}
