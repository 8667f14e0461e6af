"""The form with which a scrub file is loaded."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from batches.forms.widgets import CheckboxInput, DateInput, FileInput, Select, TextInput
from batches.intake.scrub_files import ScrubDetails
from batches.people.states import find_state
from batches.statuses import ScrubKind


class ScrubForm(forms.Form):
    """A scrub file, and what it is."""

    file = forms.FileField(
        label="File",
        error_messages={"required": "Please choose the file."},
        widget=FileInput({"accept": ".txt,.csv,.xlsx,.zip"}),
    )
    kind = forms.ChoiceField(choices=ScrubKind.choices, widget=Select)
    name = forms.CharField(
        max_length=200,
        help_text="Such as “Registry, 703”. A file of the same kind and name replaces the earlier one.",
        widget=TextInput({"autocomplete": "off"}),
    )
    as_of = forms.DateField(
        label="As of",
        help_text="The day for which the file is right, not that of the upload.",
        widget=DateInput,
    )
    state = forms.CharField(
        max_length=30, required=False, help_text="Only for state lists, such as VA.", widget=TextInput
    )
    is_change_list = forms.BooleanField(
        required=False,
        label="It is a change list",
        help_text="It adds and removes numbers of the file with this kind and name: each line has an A or a D.",
        widget=CheckboxInput,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        size = filesizeformat(settings.MAX_UPLOAD_BYTES).replace(".0", "")
        self.fields["file"].help_text = (
            f"Text, CSV, XLSX, or a zip of such files, up to {size}. "
            "Whoever runs the server loads larger files with the command load_scrubs."
        )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_BYTES:
            raise forms.ValidationError("This file is too large. Zip it, or split it by area codes.")
        return file

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_as_of(self) -> Any:
        """Return the day. Refuse one that has not come yet."""
        day = self.cleaned_data["as_of"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day has not come yet. Enter the day for which the file is right.")
        return day

    def clean_state(self) -> str:
        text = self.cleaned_data["state"].strip()
        state = find_state(text) if text else ""
        if text and not state:
            raise forms.ValidationError("This is not a state. Enter it like VA or Virginia.")
        return state

    def details(self) -> ScrubDetails:
        """Return what a valid form says about its file."""
        given = {name: self.cleaned_data[name] for name in ("name", "as_of", "state", "is_change_list")}
        return ScrubDetails(kind=ScrubKind(self.cleaned_data["kind"]), **given)
