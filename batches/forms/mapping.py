"""Which column says what, and how a list is traced."""

from django import forms

from batches.forms.widgets import SELECT
from batches.intake.mapping_templates import header_of
from batches.intake.trace_settings import LONGEST_LOOK_BACK, OPTION_NAMES, TraceSettings
from batches.mapping.fields import FIXABLE, FULL_NAME, LABELS, MAPPABLE, NAME_PARTS
from batches.models import MappingTemplate, Upload
from batches.statuses import Companies, NameOrder
from batches.vendor.protocol import FIELDS

JOINED = 5
"""Most columns that are joined into one field: house number, direction, street, type, direction."""

JOINABLE = [FULL_NAME, "address", "mail_address"]


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
        for name in OPTION_NAMES:
            self.initial.setdefault(name, getattr(upload, name))
        # Under the same name only where the same columns are meant: a file that is similar needs one of its own.
        template = upload.used_template
        is_same = template and template.header == header_of(upload.columns)
        self.initial.setdefault("template", template.name if is_same else "")

    def groups(self):
        """Group the fields as the screen shows them: heading, then each with what can be joined, fixed or asked."""
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
        self.settings = self.read_settings()
        mapping, used = self.settings.mapping, {}
        for name, position in ((name, position) for name, positions in mapping.items() for position in positions):
            if position in used:
                self.add_error(name, f"This column is {LABELS[used[position]]} already.")
            used.setdefault(position, name)
        for gap in self.settings.gaps:
            self.add_error(None, gap)
        if FULL_NAME in mapping and NAME_PARTS & set(mapping):
            self.add_error(FULL_NAME, "Choose either the full name or first and last name.")
        return cleaned

    def read_settings(self) -> TraceSettings:
        """Return the upload's settings with those of the form, right or wrong. An option left empty stays as it is."""
        cleaned = self.cleaned_data
        return TraceSettings.from_upload(
            self.upload,
            mapping={name: positions for name in MAPPABLE if (positions := self.read_positions(name))},
            fixed={name: text for name in FIXABLE if (text := cleaned.get(f"fixed_{name}"))},
            **{name: cleaned[name] for name in OPTION_NAMES if cleaned.get(name) not in (None, "")},
        )

    def read_positions(self, name):
        chosen = [self.cleaned_data.get(name_place(name, number)) for number in range(JOINED)]
        return [position for position in chosen if position is not None]


def name_place(name, number):
    """Return the form's name for one of a field's columns: address, address-2 and so on."""
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


def describe_column(upload, position, samples):
    name = upload.columns[position].strip() or f"Column {position + 1}"
    sample = next((row[position] for row in samples if position < len(row) and row[position].strip()), "")
    return f"{name} — {sample[:40]}" if sample else name
