"""Forms for the files and details of lists, and for a list's corrected file."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from accounts.models import Team
from batches.forms.widgets import FileInput, Select, TextInput
from batches.models import Upload
from batches.statuses import Priority

LIST_SUFFIXES = ".csv,.txt,.tsv,.tab,.xlsx,.xlsm,.xls,.xlsb,.ods,.htm,.html,.xml"
"""Suffixes of the files that can be read as lists."""
MAX_FILES = 50
"""Maximum number of files that can be uploaded at once."""
PRIORITIES = [(each.value, each.label) for each in (Priority.LOW, Priority.NORMAL, Priority.URGENT)]


class ListFilesInput(forms.FileInput):
    """An input for several files. It covers the area that the page shows in its place."""

    allow_multiple_selected = True


class ListFilesField(forms.FileField):
    """One or several files. Each is a list of its own, so what is wrong with one of them does not concern the others.

    Empty files are accepted here, and refused like other unreadable ones when they are read.
    """

    widget = ListFilesInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, **kwargs)

    def clean(self, data: list[UploadedFile], initial: Any = None) -> list[UploadedFile]:
        given: list[UploadedFile | None] = [*data] if data else [None]
        files = [super(ListFilesField, self).clean(file, initial) for file in given]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(f"Please upload at most {MAX_FILES} files at once.")
        return [file for file in files if file is not None]


class DetailsForm(forms.Form):
    """The details of a list, besides its file."""

    name = forms.CharField(max_length=200, required=False, widget=TextInput)
    source = forms.CharField(
        max_length=100,
        required=False,
        help_text="Reports compare sources.",
        widget=TextInput({"list": "sources", "placeholder": "County or provider"}),
    )
    priority = forms.TypedChoiceField(
        choices=PRIORITIES,
        coerce=int,
        initial=Priority.NORMAL,
        help_text="Urgent lists go ahead of all others.",
        widget=forms.RadioSelect,
    )

    @property
    def file_hint(self) -> str:
        """Which files are accepted."""
        return f"CSV or Excel, up to {filesizeformat(settings.MAX_UPLOAD_BYTES).replace('.0', '')}"

    def prepare_file_input(self, label: str) -> None:
        """Name the input of files, and tell scripts and browsers which files are accepted."""
        self.fields["file"].widget.attrs |= {
            "accept": LIST_SUFFIXES,
            "aria-label": label,
            "data-max-bytes": settings.MAX_UPLOAD_BYTES,
            "aria-describedby": "file-hint",
        }


class UploadForm(DetailsForm):
    """The files of new lists, and the details that they share."""

    file = ListFilesField(label="Files", error_messages={"required": "Please choose the file with your list."})
    is_one_of_several = forms.BooleanField(required=False, widget=forms.HiddenInput)
    """Whether the file is one of several that a script sends one by one."""
    field_order = ["file"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Offer the choice of a team to a `user` of several teams."""
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "If empty, the file's name. Several lists get both."
        if (teams := Team.objects.of_user(user)).count() > 1:
            self.fields["team"] = forms.ModelChoiceField(
                teams, empty_label=None, help_text="Everyone in this team sees the list.", widget=Select
            )
        self.prepare_file_input("Choose CSV or Excel files")

    @property
    def files_chosen(self) -> list[UploadedFile]:
        """The files of a valid form."""
        return self.cleaned_data["file"]

    @property
    def is_for_several(self) -> bool:
        """Whether more than one list is being uploaded, by a valid form."""
        return len(self.files_chosen) > 1 or self.cleaned_data["is_one_of_several"]

    @property
    def details(self) -> dict[str, Any]:
        """The details that the lists share, of a valid form."""
        return {name: self.cleaned_data[name] for name in ("priority", "source", "team") if name in self.cleaned_data}


class FileForm(DetailsForm):
    """A list's details, and optionally a file that replaces its current one."""

    file = forms.FileField(
        label="File",
        required=False,
        widget=forms.FileInput,
        error_messages={"empty": "The file is empty. Save your list as CSV or XLSX and upload that file."},
    )
    field_order = ["file"]

    def __init__(self, *args: Any, upload: Upload, **kwargs: Any) -> None:
        details = {"name": upload.name, "source": upload.list_source, "priority": upload.priority}
        super().__init__(*args, **kwargs | {"initial": details})
        self.fields["name"].help_text = "If empty, the file's name."
        self.prepare_file_input("Choose another CSV or Excel file")


class CorrectionForm(forms.Form):
    file = forms.FileField(label="Corrected file", widget=FileInput({"accept": ".csv,.xlsx"}))
