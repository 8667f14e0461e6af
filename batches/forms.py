from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from batches.mapping import FULL_NAME, LABELS, MAPPABLE, NAME_PARTS, find_gaps
from batches.models import Item, Upload
from batches.statuses import RERUNNABLE, Priority
from batches.vendor.protocol import FIELDS

FIXABLE = ["state", "mail_state"]
"""Fields that may be the same for every row: a county's roll has no column for its state."""


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx", "class": "form-control"}),
        error_messages={"empty": "The file is empty. Save the list as CSV or XLSX and upload that."},
    )
    name = forms.CharField(
        max_length=200,
        required=False,
        help_text="Left empty, it is the file's name.",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    priority = forms.TypedChoiceField(
        choices=Priority,
        coerce=int,
        initial=Priority.NORMAL,
        help_text="Urgent lists go before all others.",
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        self.fields["file"].help_text = f"CSV or XLSX, up to {limit}. One person a row, column names in the first."


class RerunForm(forms.Form):
    """Whom to ask for once more: those of an upload or a batch, or certain items; of one outcome where told."""

    upload = forms.IntegerField(required=False)
    batch = forms.IntegerField(required=False)
    item = forms.ModelMultipleChoiceField(Item.objects.all(), required=False)
    outcome = forms.ChoiceField(choices=[(outcome, outcome.label) for outcome in RERUNNABLE], required=False)

    def clean(self):
        if not any(self.cleaned_data.get(name) for name in ("upload", "batch", "item")):
            raise forms.ValidationError("Nobody was chosen.")

    def items(self):
        chosen = self.cleaned_data
        wanted = {"upload": chosen["upload"], "batch": chosen["batch"], "outcome": chosen["outcome"]}
        if chosen["item"]:
            wanted["pk__in"] = [item.pk for item in chosen["item"]]
        return Item.objects.filter(**{name: value for name, value in wanted.items() if value})


class MappingForm(forms.Form):
    """For each field of a person the column that says it, by position; a state may be one for all rows."""

    match = forms.MultipleChoiceField(
        choices=[("phones", "a phone"), ("emails", "an email")],
        required=False,
        label="A match must bring",
        help_text="Nothing chosen: a phone. Both chosen: one of them is enough.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, upload: Upload, samples=(), **kwargs):
        super().__init__(*args, **kwargs)
        choices = [("", "— none —"), *((i, describe_column(upload, i, samples)) for i in range(len(upload.columns)))]
        for name in MAPPABLE:
            self.fields[name] = forms.TypedChoiceField(
                choices=choices,
                coerce=int,
                empty_value=None,
                required=False,
                label=LABELS[name],
                initial=upload.mapping.get(name),
                widget=forms.Select(attrs={"class": "form-select"}),
            )
        for name in FIXABLE:
            self.fields[f"fixed_{name}"] = forms.CharField(
                max_length=30,
                required=False,
                label=f"{LABELS[name]}, where it has no column",
                initial=upload.fixed.get(name, ""),
                widget=forms.TextInput(attrs={"class": "form-control", "placeholder": "same for all rows, e.g. FL"}),
            )
        self.initial.setdefault("match", upload.match)

    def groups(self):
        """The fields as the screen shows them: heading, then its fields."""
        return [
            ("Person", [self[name] for name in (FULL_NAME, *FIELDS[:3], "phone", "email")]),
            ("Property", [self[name] for name in FIELDS[3:8]] + [self["fixed_state"]]),
            ("Mailing", [self[name] for name in FIELDS[8:13]] + [self["fixed_mail_state"]]),
        ]

    def clean(self):
        cleaned = super().clean()
        self.mapping = {name: cleaned[name] for name in MAPPABLE if cleaned.get(name) is not None}
        self.fixed = {name: text for name in FIXABLE if (text := cleaned.get(f"fixed_{name}"))}
        used = {}
        for name, position in self.mapping.items():
            if position in used:
                self.add_error(name, f"This column is {LABELS[used[position]]} already.")
            used.setdefault(position, name)
        for gap in find_gaps([*self.mapping, *self.fixed]):
            self.add_error(None, gap)
        if self.mapping.get(FULL_NAME) is not None and NAME_PARTS & set(self.mapping):
            self.add_error(FULL_NAME, "Choose either the full name or first and last name.")
        return cleaned


def describe_column(upload, position, samples):
    name = upload.columns[position].strip() or f"Column {position + 1}"
    sample = next((row[position] for row in samples if position < len(row) and row[position].strip()), "")
    return f"{name} — {sample[:40]}" if sample else name
