"""Forms for files of results: what is chosen of them, and layouts of the team's own."""

from django import forms

from batches.exports.files import find_layout, layout_names
from batches.exports.layouts import PHONE, PHONE_PARTS, UnknownField, find_source
from batches.exports.rows import CHOICES, Choices
from batches.forms.widgets import SELECT
from batches.models import ExportLayout

BUILT_IN_WORDS = {
    "wide": "Wide: five phones in a row",
    "long": "Long: a row for each phone",
    "full": "Full: ten phones in a row, and more",
}
FORMAT_WORDS = {"csv": "CSV", "xlsx": "Excel workbook (XLSX)"}
TYPES = [("mobile", "Mobile"), ("landline", "Landline"), ("voip", "VoIP"), ("", "Not said")]
MOST_COLUMNS = 200
YES = {"1", "on", "true", "yes"}
"""What chooses, as ?without_dnc=1; all else does not."""
ROW_PHONE = {f"phone{part}" for part in PHONE_PARTS}


class ExportForm(forms.Form):
    """Layout, format, and what is left out. What is not given is as in the plain download: wide, CSV, all of it."""

    layout = forms.ChoiceField(required=False, widget=SELECT)
    format = forms.ChoiceField(choices=FORMAT_WORDS.items(), required=False, widget=SELECT)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["layout"].choices = [(name, BUILT_IN_WORDS.get(name, name)) for name in layout_names()]
        box = {"class": "form-check-input"}
        for name, label in CHOICES.items():
            self.fields[name] = forms.BooleanField(label=label, required=False, widget=forms.CheckboxInput(attrs=box))

    def clean_layout(self):
        """Return the Layout that was chosen."""
        return find_layout(self.cleaned_data["layout"] or "wide")

    def clean_format(self):
        return self.cleaned_data["format"] or "csv"

    @property
    def choices(self):
        return Choices(**{name: self.data.get(name, "").lower() in YES for name in CHOICES})

    @property
    def boxes(self):
        return [self[name] for name in CHOICES]


def find_problem(*checked: forms.Form) -> tuple[str, str] | None:
    """Return what is wrong with forms, as the field's name and a sentence, or None if nothing is."""
    for form in checked:
        if not form.is_valid():
            name, errors = next(iter(form.errors.items()))
            return name, errors[0]
    return None


class LayoutForm(forms.ModelForm):
    """A layout of the team's own: its columns as lines of `Column name = field`."""

    columns = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"class": "form-control font-monospace", "rows": 14, "spellcheck": "false"}),
        help_text="One a line, in their order: the column's name, =, and a field of those listed beside.",
    )
    types = forms.MultipleChoiceField(
        choices=TYPES,
        required=False,
        label="Types of phones",
        help_text="None chosen: all.",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    class Meta:
        model = ExportLayout
        fields = ["name", "per", "columns", "originals", "needs", "most_phones", "types"]
        labels = {
            "per": "A row for each",
            "originals": "The list's own columns stand before these",
            "needs": "Leave people out who lack",
            "most_phones": "Most phones of one person",
        }
        help_texts = {"most_phones": "0: all.", "originals": ""}
        widgets = {
            "name": forms.TextInput(attrs={"class": "form-control"}),
            "per": SELECT,
            "needs": SELECT,
            "originals": forms.CheckboxInput(attrs={"class": "form-check-input"}),
            "most_phones": forms.NumberInput(attrs={"class": "form-control", "min": 0}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.columns:
            self.initial["columns"] = "\n".join(f"{name} = {field}" for name, field in self.instance.columns)

    def clean_name(self):
        name = self.cleaned_data["name"].strip()
        if name.lower() in BUILT_IN_WORDS:
            raise forms.ValidationError(f"“{name}” is a layout that is always there: choose another name.")
        return name

    def clean_columns(self):
        lines = [
            (number, line) for number, line in enumerate(self.cleaned_data["columns"].splitlines(), 1) if line.strip()
        ]
        if len(lines) > MOST_COLUMNS:
            raise forms.ValidationError(f"{MOST_COLUMNS} columns are the most.")
        if not lines:
            raise forms.ValidationError("Name at least one column.")
        columns = [read_column(number, line) for number, line in lines]
        names = [name for name, _ in columns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise forms.ValidationError(f"The column “{twice}” is there twice.")
        return columns

    def clean(self):
        super().clean()
        about_the_row = [name for name, field in self.cleaned_data.get("columns", []) if field in ROW_PHONE]
        if about_the_row and self.cleaned_data.get("per") != PHONE:
            self.add_error(
                "columns", f"“{about_the_row[0]}” is about the row's phone: have a row for each phone, or name phone_1."
            )


def read_column(number, line):
    """Read a line of a layout as [column name, field]. Raises ValidationError that names the line and the reason."""
    name, equals, field = (part.strip() for part in line.partition(" = " if " = " in line else "="))
    if not equals or not name or not field:
        raise forms.ValidationError(f"Line {number}, “{line.strip()}”: write the column's name, =, and a field.")
    try:
        find_source(field)
    except UnknownField as problem:
        raise forms.ValidationError(f"Line {number}: {problem} Those that there are stand beside.") from None
    return [name, field]
