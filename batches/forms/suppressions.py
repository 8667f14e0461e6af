"""Entries of the suppression list, typed or in a file."""

from django import forms

LARGEST_SUPPRESSION = 2_000_000


class SuppressionForm(forms.Form):
    """Lines to be put on the suppression list: pasted, or a file of them."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Phones, emails, or people with an address",
        help_text="One a line. People as first name, last name, address, city, state, ZIP, or under column names.",
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 6}),
    )
    file = forms.FileField(
        required=False, label="Or a CSV file", widget=forms.ClearableFileInput(attrs={"class": "form-control"})
    )
    reason = forms.CharField(
        max_length=200,
        required=False,
        help_text="For whoever looks later.",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )

    def clean_file(self):
        """Return the text of the file."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > LARGEST_SUPPRESSION:
            raise forms.ValidationError("The file is larger than 2 MB: split it.")
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not text in UTF-8: save it as CSV (UTF-8).") from None

    def texts(self):
        """Return what was pasted and what was uploaded; each may have column names of its own."""
        return [text for text in (self.cleaned_data["text"], self.cleaned_data["file"]) if text.strip()]
