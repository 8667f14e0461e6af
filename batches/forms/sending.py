"""The form for unblocking all sending."""

from django import forms

from batches.forms.widgets import TextInput


class UnblockForm(forms.Form):
    why = forms.CharField(
        max_length=200,
        label="Why can sending continue?",
        help_text="For the audit log, such as “New key set on all hosts.”",
        widget=TextInput({"autocomplete": "off"}),
    )
