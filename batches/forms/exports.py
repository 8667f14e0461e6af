"""Forms for exports, and for the team's own layouts."""

from typing import Any, cast

from django import forms
from django.forms.boundfield import BoundField

from batches.exports.files import as_layout, find_layout, list_layouts
from batches.exports.layouts import PER_PHONE, PHONE_PARTS, Layout, UnknownField, find_source
from batches.exports.rows import CHOICE_LABELS, ExportChoices
from batches.forms.widgets import CheckboxInput, CheckboxSelectMultiple, NumberInput, Select, Textarea, TextInput
from batches.models import ExportLayout

BUILT_IN_LABELS = {
    "wide": "Wide: one row per person, five phones",
    "long": "Long: one row per phone",
    "full": "Full: one row per person, ten phones, five emails",
}
SEEN_LABELS = {
    "": "Any time",
    "3": "3 months",
    "6": "6 months",
    "12": "12 months",
    "24": "24 months",
}
"""Months within which a number must have been seen → label."""
FORMAT_LABELS = {"csv": "CSV", "xlsx": "Excel workbook (XLSX)"}
PHONE_TYPES = [("mobile", "Mobile"), ("landline", "Landline"), ("voip", "VoIP"), ("", "Unknown")]
MAX_LAYOUT_COLUMNS = 200
TRUE_VALUES = {"1", "on", "true", "yes"}
"""Values that switch a choice on, as in ?without_dnc=1."""
ROW_PHONE_FIELDS = {f"phone{part}" for part in PHONE_PARTS}
"""Fields of the one phone that a row is about, in layouts with one row per phone."""


class ExportForm(forms.Form):
    """Layout, format, and what to leave out. By default, the wide layout as CSV, with nothing left out."""

    layout = forms.ChoiceField(required=False, widget=Select)
    format = forms.ChoiceField(choices=FORMAT_LABELS.items(), required=False, widget=Select)
    seen_within = forms.ChoiceField(
        choices=SEEN_LABELS.items(), required=False, label="Seen within", widget=Select({"class": "select s"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        layout = cast(forms.ChoiceField, self.fields["layout"])
        layout.choices = [(name, BUILT_IN_LABELS.get(name, name)) for name in list_layouts()]
        for name, label in CHOICE_LABELS.items():
            self.fields[name] = forms.BooleanField(label=label, required=False, widget=CheckboxInput)

    def clean_layout(self) -> Layout | None:
        """Return the chosen Layout."""
        return find_layout(self.cleaned_data["layout"] or "wide")

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or "csv"

    @property
    def choices(self) -> ExportChoices:
        chosen = {name: self.data.get(name, "").lower() in TRUE_VALUES for name in CHOICE_LABELS}
        months = self.data.get("seen_within", "")
        return ExportChoices(**chosen, seen_within=int(months) if months in SEEN_LABELS and months else 0)

    @property
    def checkboxes(self) -> list[BoundField]:
        return [self[name] for name in CHOICE_LABELS]


def first_error(*checked: forms.Form) -> tuple[str, str] | None:
    """Return the first error of some forms as (field, sentence), or None if all are valid."""
    for form in checked:
        if not form.is_valid():
            name, errors = next(iter(form.errors.items()))
            return name, str(errors[0])
    return None


class LayoutForm(forms.ModelForm):
    """A layout of the team's own. Its columns are lines of `Column name = field`."""

    columns = forms.CharField(
        strip=False,
        widget=Textarea({"class": "input mono", "rows": 14, "spellcheck": "false"}),
        help_text="One column per line, in order, written as “Column name = field”. See the list of fields.",
    )
    types = forms.MultipleChoiceField(
        choices=PHONE_TYPES,
        required=False,
        label="Phone types",
        help_text="If you choose none, all types are included.",
        widget=CheckboxSelectMultiple,
    )

    class Meta:
        model = ExportLayout
        fields = ["name", "per", "columns", "originals", "needs", "max_phones", "types"]
        labels = {
            "per": "One row per",
            "originals": "Put the list's original columns first",
            "needs": "Leave out people without",
            "max_phones": "Maximum phones per person",
        }
        help_texts = {"max_phones": "0 means no limit.", "originals": ""}
        widgets = {
            "name": TextInput,
            "per": Select,
            "needs": Select,
            "originals": CheckboxInput,
            "max_phones": NumberInput({"min": 0}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.columns:
            self.initial["columns"] = "\n".join(f"{name} = {field}" for name, field in self.instance.columns)

    def read_draft(self) -> Layout | str:
        """Return the layout as it is typed, which needs no name yet, or the sentence that says what is wrong with it.

        The sentence is empty if the layout has no columns yet.
        """
        if not self.is_bound:
            return as_layout(self.instance) if self.instance.columns else ""
        if not self.data.get("columns", "").strip():
            return ""
        if problem := next((str(errors[0]) for name, errors in self.errors.items() if name != "name"), ""):
            return problem
        data = self.cleaned_data
        columns = [(name, field) for name, field in data["columns"]]
        types, max_phones = tuple(data["types"]), data["max_phones"]
        return Layout("draft", columns, data["per"], data["originals"], data["needs"], types, max_phones)

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if name.lower() in BUILT_IN_LABELS:
            raise forms.ValidationError(f"“{name}” is the name of a built-in layout. Please choose another name.")
        return name

    def clean_columns(self) -> list[list[str]]:
        """Return the lines as [column name, field] each."""
        numbered = enumerate(self.cleaned_data["columns"].splitlines(), 1)
        lines = [(number, line) for number, line in numbered if line.strip()]
        if len(lines) > MAX_LAYOUT_COLUMNS:
            raise forms.ValidationError(f"A layout can have at most {MAX_LAYOUT_COLUMNS} columns.")
        if not lines:
            raise forms.ValidationError("Enter at least one column.")
        columns = [read_column(number, line) for number, line in lines]
        names = [name for name, _ in columns]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise forms.ValidationError(f"The column “{repeated}” appears twice. Please rename one of them.")
        return columns

    def clean(self) -> None:
        super().clean()
        row_phone_columns = [name for name, field in self.cleaned_data.get("columns", []) if field in ROW_PHONE_FIELDS]
        if row_phone_columns and self.cleaned_data.get("per") != PER_PHONE:
            problem = (
                f"“{row_phone_columns[0]}” needs one row per phone. Set “One row per” to phone, or use a numbered "
                "field such as phone_1."
            )
            self.add_error("columns", problem)


def read_column(number: int, line: str) -> list[str]:
    """Return a line of a layout as [column name, field]. Raise ValidationError if it is not one."""
    # Prefer an equals sign between spaces, because a column name can contain one without.
    separator = " = " if " = " in line else "="
    name, equals, field = (part.strip() for part in line.partition(separator))
    if not equals or not name or not field:
        raise forms.ValidationError(f"Line {number}, “{line.strip()}”: write it as “Column name = field”.")
    try:
        find_source(field)
    except UnknownField as problem:
        raise forms.ValidationError(f"Line {number}: {problem} See the list of fields.") from None
    return [name, field]
