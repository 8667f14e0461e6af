"""Widgets that several forms share."""

from django import forms

SELECT = forms.Select(attrs={"class": "form-select"})
