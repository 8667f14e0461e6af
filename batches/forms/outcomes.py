"""The form with which a file of outcomes is uploaded."""

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from batches.forms.widgets import FileInput


class OutcomesForm(forms.Form):
    """A file with what came of calls."""

    file = forms.FileField(
        label="File",
        help_text="CSV or XLSX, with a column of numbers and a column of outcomes. A date and a note may be added.",
        error_messages={"required": "Please choose the file."},
        widget=FileInput({"accept": ".csv,.txt,.xlsx"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.MAX_UPLOAD_BYTES:
            raise forms.ValidationError("This file is too large. Please split it.")
        return file
