"""A filter by a relation that may have millions of choices."""

from urllib.parse import parse_qsl

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.admin.widgets import AutocompleteSelect

from batches.keys import read_key


class AutocompleteFilter(admin.FieldListFilter):
    """Narrows to one related record, which is searched for as it is typed; its number is asked for without JavaScript.

    In `list_filter` as `("upload", AutocompleteFilter)`. The address says what Django's own filter by relation says.
    """

    template = "admin/autocomplete_filter.html"

    def __init__(self, field, request, params, model, model_admin, field_path):
        self.parameter = f"{field_path}__{field.target_field.name}__exact"
        super().__init__(field, request, params, model, model_admin, field_path)
        related = model_admin.admin_site.get_model_admin(field.remote_field.model)
        self.is_allowed = related.has_view_permission(request)
        self.choice = forms.ModelChoiceField(
            related.get_queryset(request),
            required=False,
            widget=AutocompleteSelect(field, model_admin.admin_site, attrs={"id": f"id_{self.parameter}"}),
        )

    def expected_parameters(self):
        return [self.parameter]

    def has_output(self):
        """Only for who may see what is to be chosen from: the search would refuse anybody else."""
        return self.is_allowed

    @property
    def value(self):
        """What is chosen, as text. Without JavaScript the select is empty and the number comes behind it."""
        return next((value for value in reversed(self.used_parameters.get(self.parameter, [])) if value), "")

    def queryset(self, request, queryset):
        if not self.value:
            return queryset
        if not read_key(self.value):
            raise IncorrectLookupParameters
        return queryset.filter(**{self.parameter: self.value})

    def choices(self, changelist):
        """One, which has all that the template shows."""
        without = changelist.get_query_string(remove=[self.parameter, PAGE_VAR])
        others = parse_qsl(without.removeprefix("?"))
        widget = self.choice.widget.render(self.parameter, self.value)
        yield {"widget": widget, "name": self.parameter, "value": self.value, "others": others, "all": without}
