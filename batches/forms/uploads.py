"""Forms for a list's file and details, and for its corrected file."""

from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from batches.forms.widgets import FileInput, Select, TextInput
from batches.models import Upload
from batches.statuses import Priority

LIST_SUFFIXES = ".csv,.txt,.tsv,.tab,.xlsx,.xlsm,.xls,.xlsb,.ods,.htm,.html,.xml"
"""Suffixes of the files that can be read as lists."""


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=FileInput({"accept": LIST_SUFFIXES}),
        error_messages={
            "required": "Please choose the file with your list.",
            "empty": "The file is empty. Save your list as CSV or XLSX and upload that file.",
        },
    )
    name = forms.CharField(
        max_length=200,
        required=False,
        help_text="If you leave it empty, the list is named after its file.",
        widget=TextInput,
    )
    source = forms.CharField(
        max_length=100,
        required=False,
        help_text="Where the list comes from, such as a county or provider. Scorecards compare sources.",
        widget=TextInput({"list": "sources"}),
    )
    priority = forms.TypedChoiceField(
        choices=Priority,
        coerce=int,
        initial=Priority.NORMAL,
        help_text="Urgent lists are sent before all others.",
        widget=Select,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        self.fields[
            "file"
        ].help_text = f"CSV or XLSX, up to {limit}. One person per row, with column names in the first row."
        self.fields["file"].widget.attrs["data-most-bytes"] = settings.MAX_UPLOAD_BYTES


class FileForm(UploadForm):
    """A list's details, and optionally a file to replace its own."""

    def __init__(self, *args: Any, upload: Upload, **kwargs: Any) -> None:
        details = {"name": upload.name, "source": upload.list_source, "priority": upload.priority}
        super().__init__(*args, initial=details, **kwargs)
        self.fields["file"].required = False
        self.fields["file"].help_text += " Leave this empty to keep the current file."


class CorrectionForm(forms.Form):
    file = forms.FileField(label="Corrected file", widget=FileInput({"accept": ".csv,.xlsx"}))
