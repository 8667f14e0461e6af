from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from batches.fields import FIXABLE, FULL_NAME, LABELS, MAPPABLE, NAME_PARTS, find_gaps
from batches.models import MappingTemplate, Upload
from batches.recall import header_of
from batches.receiving import LONGEST_LOOK_BACK
from batches.statuses import Companies, NameOrder, Priority
from batches.vendor.protocol import FIELDS

SELECT = forms.Select(attrs={"class": "form-select"})
JOINED = 5
"""Most columns that are joined into one field: house number, direction, street, type, direction."""
JOINABLE = [FULL_NAME, "address", "mail_address"]


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


class MappingForm(forms.Form):
    """For each field of a person the columns that say it, or one value for all rows; and who is traced how."""

    name_order = forms.ChoiceField(choices=NameOrder, required=False, label="Full names are written", widget=SELECT)
    match = forms.MultipleChoiceField(
        choices=[("phones", "a phone"), ("emails", "an email")],
        required=False,
        label="A match must bring",
        help_text="Nothing chosen: a phone. Both chosen: one of them is enough.",
        widget=forms.CheckboxSelectMultiple,
    )
    companies = forms.ChoiceField(
        choices=Companies,
        required=False,
        label="Companies, trusts, estates, governments and churches",
        help_text="The vendor finds more of them without their names, by the mailing address alone.",
        widget=SELECT,
    )
    co_owners = forms.BooleanField(
        required=False,
        label="Trace second owners as well",
        help_text="Where a name holds two, as in SMITH JOHN & MARY, each is a person of their own and paid for.",
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    look_back = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_LOOK_BACK,
        required=False,
        label="Days in which an earlier answer counts",
        help_text="Who was traced since, in any list, is answered from then at no cost. 0: all are asked for anew.",
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    template = forms.CharField(
        max_length=200,
        required=False,
        label="Remember these columns as",
        help_text="Files with these column names are read this way from now on, for everybody. Empty: nothing is kept.",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )

    def __init__(self, *args, upload: Upload, samples=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.upload = upload
        choices = [("", "— none —"), *((i, describe_column(upload, i, samples)) for i in range(len(upload.columns)))]
        for name in MAPPABLE:
            positions = upload.mapping.get(name, [])
            for number in range(JOINED if name in JOINABLE else 1):
                self.fields[name_place(name, number)] = forms.TypedChoiceField(
                    choices=choices,
                    coerce=int,
                    empty_value=None,
                    required=False,
                    label=f"{LABELS[name]}, joined with column {number + 1}" if number else LABELS[name],
                    initial=positions[number] if number < len(positions) else None,
                    widget=SELECT,
                )
            if name in upload.doubts:
                self.fields[name].widget.attrs["aria-describedby"] = f"doubt-{name}"
        for name in FIXABLE:
            self.fields[f"fixed_{name}"] = forms.CharField(
                max_length=100,
                required=False,
                label=f"{LABELS[name]}, where it has no column",
                initial=upload.fixed.get(name, ""),
                widget=forms.TextInput(attrs={"class": "form-control", "placeholder": "the same for all rows"}),
            )
        for name in OPTIONS:
            self.initial.setdefault(name, getattr(upload, name))
        # Under the same name only where the same columns are meant: a file that is similar needs one of its own.
        template = upload.used_template
        is_same = template and template.header == header_of(upload.columns)
        self.initial.setdefault("template", template.name if is_same else "")

    @property
    def chosen(self):
        """What was chosen so far, right or not, as field of the upload → value; of a form that was looked at."""
        return {"mapping": self.mapping, "fixed": self.fixed} | self.options

    def groups(self):
        """The fields as the screen shows them: heading, then each with what may be joined, fixed or asked about it."""
        return [
            ("Person", [self.describe(name) for name in (FULL_NAME, *FIELDS[:3], "phone", "email")]),
            ("Property", [self.describe(name) for name in (*FIELDS[3:8], "full_address", "place")]),
            ("Mailing", [self.describe(name) for name in (*FIELDS[8:13], "mail_full_address", "mail_place")]),
        ]

    def describe(self, name):
        more = [self[name_place(name, number)] for number in range(1, JOINED)] if name in JOINABLE else []
        fixed = self[f"fixed_{name}"] if name in FIXABLE else None
        is_joined = any(field.value() not in (None, "") for field in more)
        doubt = self.upload.doubts.get(name, "")
        return {"field": self[name], "more": more, "fixed": fixed, "is_joined": is_joined, "doubt": doubt}

    def clean(self):
        cleaned = super().clean()
        self.mapping = {name: positions for name in MAPPABLE if (positions := self.read_positions(name))}
        self.fixed = {name: text for name in FIXABLE if (text := cleaned.get(f"fixed_{name}"))}
        # What is not said stays as it is.
        self.options = {name: cleaned[name] for name in OPTIONS if cleaned.get(name) not in (None, "")}
        used = {}
        for name, position in ((name, position) for name, positions in self.mapping.items() for position in positions):
            if position in used:
                self.add_error(name, f"This column is {LABELS[used[position]]} already.")
            used.setdefault(position, name)
        for gap in find_gaps([*self.mapping, *self.fixed]):
            self.add_error(None, gap)
        if FULL_NAME in self.mapping and NAME_PARTS & set(self.mapping):
            self.add_error(FULL_NAME, "Choose either the full name or first and last name.")
        return cleaned

    def read_positions(self, name):
        chosen = [self.cleaned_data.get(name_place(name, number)) for number in range(JOINED)]
        return [position for position in chosen if position is not None]


OPTIONS = ["name_order", "match", "companies", "co_owners", "look_back"]


def name_place(name, number):
    """The form's name for the columns of a field: address, address-2…"""
    return f"{name}-{number + 1}" if number else name


class TemplateForm(forms.Form):
    """Another template for a draft, or none: its columns are guessed then."""

    use_template = forms.ModelChoiceField(
        MappingTemplate.objects.all(),
        required=False,
        empty_label="— guess the columns —",
        label="Template",
        widget=SELECT,
    )


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
        """The text of the file."""
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
        """What was pasted and what was uploaded; each may have column names of its own."""
        return [text for text in (self.cleaned_data["text"], self.cleaned_data["file"]) if text.strip()]


LARGEST_SUPPRESSION = 2_000_000


class ContinuationForm(forms.Form):
    mended = forms.FileField(
        label="Mended rows", widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx", "class": "form-control"})
    )


def describe_column(upload, position, samples):
    name = upload.columns[position].strip() or f"Column {position + 1}"
    sample = next((row[position] for row in samples if position < len(row) and row[position].strip()), "")
    return f"{name} — {sample[:40]}" if sample else name
