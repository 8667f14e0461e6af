"""The form with the words of a purpose."""

from django import forms

from batches.forms.widgets import Textarea, TextInput


class PurposeForm(forms.Form):
    label = forms.CharField(max_length=80, widget=TextInput, help_text="What users choose when they start a list.")
    statement = forms.CharField(
        max_length=300,
        widget=Textarea({"rows": 3}),
        help_text="What they state by that, in one sentence. Say what the list is for, not that it is allowed.",
    )
