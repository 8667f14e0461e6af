"""Widgets with the classes of `static/css/controls.css`. Use these in place of Django's."""

from functools import lru_cache
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class StyledMixin(forms.Widget):
    """A mixin that sets a widget's CSS class, unless its attributes name another."""

    css_class = "input"

    def __init__(self, attrs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(attrs={"class": self.css_class} | (attrs or {}), **kwargs)


class TextInput(StyledMixin, forms.TextInput):
    pass


class SearchInput(StyledMixin, forms.TextInput):
    input_type = "search"


class EmailInput(StyledMixin, forms.EmailInput):
    pass


class NumberInput(StyledMixin, forms.NumberInput):
    pass


class DateInput(StyledMixin, forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class Textarea(StyledMixin, forms.Textarea):
    pass


class FileInput(StyledMixin, forms.ClearableFileInput):
    pass


class Select(StyledMixin, forms.Select):
    css_class = "select"


class CheckboxInput(forms.CheckboxInput):
    pass


class CheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    pass


Groups = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Heading → options as value and label, in order. Options under an empty heading stand alone."""


class GroupedSelect(Select):
    """A select with grouped options, for pages with many selects. Django's own renders a template for each option."""

    def __init__(self, groups: Groups, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.groups = groups

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        options = render_groups(self.groups, str(value or ""))
        return format_html('<select name="{}"{}>{}</select>', name, attributes, options)


@lru_cache(maxsize=200)
def render_groups(groups: Groups, chosen: str) -> SafeString:
    """Return the options of a select."""
    parts = []
    for heading, options in groups:
        rendered = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((value, selected_attribute(value == chosen), label) for value, label in options),
        )
        parts.append(format_html('<optgroup label="{}">{}</optgroup>', heading, rendered) if heading else rendered)
    return format_html_join("", "{}", ((part,) for part in parts))


def selected_attribute(is_chosen: bool) -> SafeString:
    """Return the attribute that marks an option as chosen; empty for any other option."""
    return SafeString(" selected" if is_chosen else "")
