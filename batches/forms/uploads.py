"""A list's file, what is said about it, and its corrected rows."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from batches.forms.widgets import SELECT
from batches.statuses import Priority


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx", "class": "form-control"}),
        error_messages={
            "required": "Choose the file with your list.",
            "empty": "The file is empty. Save the list as CSV or XLSX and upload that.",
        },
    )
    name = forms.CharField(
        max_length=200,
        required=False,
        help_text="Left empty, it is the file's name.",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    source = forms.CharField(
        max_length=100,
        required=False,
        help_text="Where the list is from, as a county or a provider: scorecards compare sources.",
        widget=forms.TextInput(attrs={"class": "form-control", "list": "sources"}),
    )
    priority = forms.TypedChoiceField(
        choices=Priority,
        coerce=int,
        initial=Priority.NORMAL,
        help_text="Urgent lists go before all others.",
        widget=SELECT,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        self.fields["file"].help_text = f"CSV or XLSX, up to {limit}. One person a row, column names in the first."
        self.fields["file"].widget.attrs["data-most-bytes"] = settings.MAX_UPLOAD_BYTES


class FileForm(UploadForm):
    """What is said of a list, and another file in the place of its own where one is chosen."""

    def __init__(self, *args, upload, **kwargs):
        details = {name: getattr(upload, name) for name in ("name", "source", "priority")}
        super().__init__(*args, initial=details, **kwargs)
        self.fields["file"].required = False
        self.fields["file"].help_text += " Choose none to keep the file that is there."


class ContinuationForm(forms.Form):
    mended = forms.FileField(
        label="Mended rows", widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx", "class": "form-control"})
    )
