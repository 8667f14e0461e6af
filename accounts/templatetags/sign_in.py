"""A template tag that shows fields of django-allauth's forms in the portal's style."""

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()


@register.inclusion_tag("account/_field.html")
def account_field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """Show a field with its label and errors. Only the first letter of the label is a capital."""
    widget = bound.field.widget
    widget.attrs.pop("placeholder", None)
    is_checkbox = isinstance(widget, forms.CheckboxInput)
    control = bound.as_widget(attrs={} if is_checkbox else {"class": "input"})
    return {
        "field": bound,
        "control": control,
        "label": label or str(bound.label).capitalize(),
        "is_checkbox": is_checkbox,
    }
