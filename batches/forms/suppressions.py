"""The form that adds entries to the do-not-contact list."""

from django import forms

from batches.forms.widgets import FileInput, Textarea, TextInput

MAX_SUPPRESSION_BYTES = 2_000_000


class SuppressionForm(forms.Form):
    """Entries for the do-not-contact list: pasted, or in a CSV file."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Phones, emails, or people with an address",
        help_text="One per line. For people: first name, last name, address, city, state, ZIP, "
        "or put column names in the first line.",
        widget=Textarea({"rows": 6}),
    )
    file = forms.FileField(required=False, label="Or a CSV file", widget=FileInput)
    reason = forms.CharField(
        max_length=200,
        required=False,
        help_text="Why they must not be contacted. Everyone on your team can see it.",
        widget=TextInput,
    )

    def clean_file(self) -> str:
        """Return the text of the file; empty if there is none."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > MAX_SUPPRESSION_BYTES:
            raise forms.ValidationError("This file is larger than 2 MB. Please split it.")
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("This file is not UTF-8 text. Please save it as CSV (UTF-8).") from None

    def texts(self) -> list[str]:
        """Return the pasted and the uploaded text; each may have its own column names."""
        return [text for text in (self.cleaned_data["text"], self.cleaned_data["file"]) if text.strip()]
