"""Forms for a list's column mapping and its settings."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.forms.boundfield import BoundField
from django.http import QueryDict

from batches.forms.column_rows import ColumnGroup, ColumnRow, MissingRow, find_samples, group_rows
from batches.forms.widgets import CheckboxInput, CheckboxSelectMultiple, GroupedSelect, NumberInput, Select, TextInput
from batches.intake.mapping_templates import header_key
from batches.intake.sample_rows import count_unreadable, find_zip_states
from batches.intake.trace_settings import MAX_LOOK_BACK_DAYS, OPTION_NAMES, TraceSettings
from batches.mapping.column_uses import (
    Uses,
    build_mapping,
    explain_clash,
    join_words,
    list_use_notes,
    list_uses,
    name_columns,
)
from batches.mapping.fields import (
    FIXABLE,
    FULL_NAME,
    GROUP_OF,
    GROUPS,
    LABELS,
    MAPPABLE,
    describe_missing,
    expand_split_fields,
    find_lacking_fields,
    find_settled,
    is_derived,
)
from batches.models import MappingTemplate, Upload
from batches.people.owner_names import is_order_needed
from batches.people.states import title_of
from batches.statuses import CompanyHandling, NameOrder

MAX_LISTED = 1_000
"""Maximum number of columns offered, besides those in use. Nobody would read a longer page."""
MAX_FOR_TWO_USES = 100
"""Maximum number of columns of a file in which each can be used twice. In a wider file, only columns in use can."""
OPTIONS = tuple((heading, tuple((name, LABELS[name]) for name in names)) for heading, names in GROUPS.items())
USES = (("", (("", "Keep, do not send"),)), *OPTIONS)
FURTHER_USES = (("", (("", "Nothing else"),)), *OPTIONS)
FROM_ZIP, FIXED = "zip", "fixed"
COMPANY_CHOICES = {CompanyHandling.MAIL: "Trace by mailing address", CompanyHandling.LEAVE_OUT: "Leave them out"}
SOURCES = {FROM_ZIP: "Take it from the ZIP", FIXED: "Same for every row"}
"""Where the state can come from if no column holds it."""
DERIVABLE = {"state": "zip", "mail_state": "mail_zip"}
"""State → the ZIP that it can be taken from."""
MAX_STATES_NAMED = 4


class UseField(forms.Field):
    """What a column goes to. A page has up to a thousand of these, and a ChoiceField is slow to create."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and value not in LABELS:
            raise forms.ValidationError("Choose one of the fields in the list.", code="invalid_choice")


class MappingForm(forms.Form):
    """What each column of a file goes to, what is the same for every row, and the settings of the trace."""

    name_order = forms.ChoiceField(choices=NameOrder, required=False, label="Full names are written", widget=Select)
    match_requirements = forms.MultipleChoiceField(
        choices=[("phones", "A phone"), ("emails", "An email")],
        required=False,
        label="A match needs",
        help_text="You pay per match. With both ticked, either one is enough; with neither, a match needs a phone.",
        widget=CheckboxSelectMultiple,
    )
    companies = forms.ChoiceField(
        choices=COMPANY_CHOICES,
        required=False,
        label="Companies, trusts and estates",
        help_text="Recognized by name, as are governments and churches. More of them are found by mailing address.",
        widget=Select,
    )
    co_owners = forms.BooleanField(
        required=False,
        label="Trace the second owner too",
        help_text="“SMITH JOHN & MARY” counts as two people, and you pay for each match.",
        widget=CheckboxInput,
    )
    look_back = forms.IntegerField(
        min_value=0,
        max_value=MAX_LOOK_BACK_DAYS,
        required=False,
        label="Reuse results from the last",
        help_text="You do not pay again for people traced since then, in any list. With 0, everyone is traced again.",
        widget=NumberInput,
    )
    template = forms.CharField(
        max_length=200,
        required=False,
        label="Name",
        help_text="Later files with these column names are read the same way, for everyone. Empty: not remembered.",
        widget=TextInput,
    )

    def __init__(self, *args: Any, upload: Upload, rows: Sequence[Sequence[str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.upload, self.rows = upload, rows
        self.uses: Uses = list_uses(upload.mapping)
        self.names = name_columns(upload.columns)
        self.clashing: set[str] = set()
        self.positions = [
            position for position in range(len(self.names)) if position < MAX_LISTED or position in self.uses
        ]
        for position in self.positions:
            self.add_column(position)
        for name in FIXABLE:
            self.add_fixed(name)
        if self.is_bound:
            self.add_unsent()
        for name in OPTION_NAMES:
            self.initial.setdefault(name, getattr(upload, name))
        self.initial["match_requirements"] = upload.match_requirements or ["phones"]
        # Suggest the same name only for the same columns: a similar file needs a template of its own.
        template = upload.used_template
        has_same_columns = template is not None and template.header == header_key(upload.columns)
        self.initial.setdefault("template", template.name if template and has_same_columns else "")

    def add_column(self, position: int) -> None:
        """Add the selects for what a column goes to."""
        uses = self.uses.get(position, [])
        for number in range(self.count_selects(position)):
            name = self.names[position]
            self.fields[column_field(position, number)] = UseField(
                required=False,
                label=name,
                initial=uses[number] if number < len(uses) else "",
                widget=GroupedSelect(
                    FURTHER_USES if number else USES,
                    {
                        "aria-label": f"{name} {'also ' if number else ''}goes to",
                        "aria-describedby": f"note-{position}",
                    },
                ),
            )

    def count_selects(self, position: int) -> int:
        """Return how many selects a column has: one, or two if it can be used twice; more if it has more uses."""
        has_two = len(self.names) <= MAX_FOR_TWO_USES or position in self.uses or column_field(position, 1) in self.data
        return max(2 if has_two else 1, len(self.uses.get(position, ())))

    def add_fixed(self, name: str) -> None:
        """Add the input for a field's fixed value and, for a state, the choice of where it comes from."""
        value = self.upload.constants.get(name, "")
        self.fields[f"fixed_{name}"] = forms.CharField(
            max_length=100,
            required=False,
            label=f"{LABELS[name]}, the same for every row",
            initial=value,
            widget=TextInput,
        )
        if name in DERIVABLE:
            self.fields[f"source_{name}"] = forms.ChoiceField(
                choices=SOURCES,
                required=False,
                label=f"{LABELS[name]} comes from",
                initial=FIXED if value else FROM_ZIP,
                widget=Select,
            )

    def add_unsent(self) -> None:
        """Add where each state comes from if that was not sent: a fixed value if there is one, otherwise the ZIP."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name in DERIVABLE:
            data.setdefault(f"source_{name}", FIXED if data.get(f"fixed_{name}") else FROM_ZIP)
        self.data = data

    # What the page shows

    def groups(self) -> list[ColumnGroup]:
        """Return the groups of the table: the used columns, and the fields that lack a column, by heading."""
        return group_rows(
            [self.make_column_row(position) for position in self.positions if self.chosen.get(position)],
            list(self.list_missing_rows()),
        )

    def make_column_row(self, position: int) -> ColumnRow:
        """Return the row of a column: its first values, its selects and its notes."""
        names = self.chosen.get(position, [])
        doubts = (
            self.upload.uncertain.get(name, "") for name in names if position in self.upload.mapping.get(name, ())
        )
        fields = [column_field(position, number) for number in range(self.count_selects(position))]
        return ColumnRow(
            position=position,
            name=self.names[position],
            samples=find_samples(self.rows, position),
            select=self[fields[0]],
            more=[self[field] for field in fields[1:]],
            notes=[
                *list_use_notes(
                    position, [name for name in names if name not in self.clashing], self.mapping, self.names
                ),
                *filter(None, map(self.unreadable_note, names)),
            ],
            doubt=next(filter(None, doubts), ""),
            group=GROUP_OF[names[0]] if names else "",
            is_refused=not self.clashing.isdisjoint(names),
            errors=[str(error) for field in fields for error in self.errors.get(field, ())],
        )

    def rows_to_update(self, marked: Collection[str]) -> list[ColumnRow]:
        """Return the used columns, and those that the page still shows as used although they are now kept."""
        return [
            self.make_column_row(position)
            for position in self.positions
            if position in self.chosen or str(position) in marked
        ]

    def kept_group(self) -> ColumnGroup:
        """Return the columns that are kept and not sent."""
        return ColumnGroup(
            "", [], [self.make_column_row(position) for position in self.positions if not self.chosen.get(position)]
        )

    @property
    def kept_names(self) -> list[str]:
        return [name for position, name in enumerate(self.names) if not self.chosen.get(position)]

    @property
    def unlisted_count(self) -> int:
        """The number of columns that the page does not show."""
        return len(self.names) - len(self.positions)

    def list_missing_rows(self) -> Iterator[MissingRow]:
        """Yield the fields without a column that an address needs, or for which the template has a column."""
        asked = self.upload.uncertain.keys() - find_settled(self.upload.mapping, self.mapping)
        wanted = {*find_lacking_fields(self.mapping), *asked} - expand_split_fields(self.mapping)
        for name in MAPPABLE:
            if name in wanted:
                yield self.make_missing_row(name)

    def make_missing_row(self, name: str) -> MissingRow:
        """Return the row of a field without a column: where its value comes from, and whether it needs a look."""
        is_from_zip = is_derived(name, self.mapping)
        is_fixable = name in FIXABLE and not self.list_states(name)
        fixed = self[f"fixed_{name}"] if is_fixable else None
        source = self[f"source_{name}"] if is_fixable and is_from_zip else None
        has_fixed_value = fixed is not None and bool(fixed.value()) and not fixed.errors and is_chosen(source, FIXED)
        doubt = self.upload.uncertain.get(name, "")
        has_no_choice = is_from_zip and not is_fixable and not self.upload.used_template
        return MissingRow(
            name=name,
            label=LABELS[name],
            sentence=doubt if doubt and self.upload.used_template else describe_missing(name, self.mapping),
            source=source,
            fixed=fixed,
            is_asked=bool(doubt or not is_from_zip) and not has_fixed_value and not has_no_choice,
            group=GROUP_OF[name],
            is_derived=is_from_zip,
        )

    def list_states(self, name: str) -> list[str]:
        """Return the states of the first rows' ZIPs if there are several. Then the state cannot be a fixed value."""
        zip_field = DERIVABLE.get(name)
        states = find_zip_states(self.rows, self.mapping.get(zip_field, ())) if zip_field else []
        return states if len(states) > 1 else []

    @cached_property
    def unreadable_counts(self) -> Counter[str]:
        """Field → how many of the first rows' values cannot be read, as currently chosen."""
        chosen = copy(self.upload)
        self.current_settings.apply_to(chosen)
        return count_unreadable(chosen, self.rows)

    def unreadable_note(self, name: str) -> str:
        """Return how many of the first rows' values for a field are left out; empty if none are."""
        count = self.unreadable_counts[name]
        if not count:
            return ""
        subject = "it is" if count == 1 else "they are"
        return f"{count} of the first {len(self.rows)} cannot be read; {subject} left out."

    def fixed_fields(self) -> list[BoundField]:
        """Return the inputs for fixed values, except those that are in the row of a field without a column."""
        missing = {row.name for row in self.list_missing_rows()}
        return [self[f"fixed_{name}"] for name in FIXABLE if name not in missing and not self.list_states(name)]

    @property
    def has_fixed(self) -> bool:
        """Whether any of the `fixed_fields` has a value or an error."""
        return any(field.value() or field.errors for field in self.fixed_fields())

    @property
    def asks_name_order(self) -> bool:
        """Whether the order of full names makes a difference to this file."""
        if self["name_order"].errors:
            return True
        positions = self.mapping.get(FULL_NAME, [])
        full_names = []
        for cells in self.rows:
            parts = [cells[position].strip() for position in positions if position < len(cells)]
            full_names.append(" ".join(filter(None, parts)))
        return is_order_needed(full_names)

    @property
    def problems(self) -> list[tuple[BoundField | None, str]]:
        """Every error with its field, or with None if it is about the whole form."""
        return [
            (self[name] if name in self.fields else None, str(error))
            for name, errors in self.errors.items()
            for error in errors
        ]

    # What is chosen

    @property
    def current_settings(self) -> TraceSettings:
        """The settings in the form if it was sent, otherwise those of the upload."""
        return self.settings if self.is_validated else TraceSettings.from_upload(self.upload)

    @property
    def mapping(self) -> dict[str, list[int]]:
        """Field → positions of its columns, as currently chosen."""
        return self.current_settings.mapping

    @property
    def chosen(self) -> Uses:
        """What each column goes to, as currently chosen."""
        return self.chosen_uses if self.is_validated else self.uses

    @property
    def is_validated(self) -> bool:
        """Whether the form was sent. Reading `errors` validates it, so that its choices are known."""
        return self.is_bound and self.errors is not None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.chosen_uses = self.read_uses()
        self.settings = self.read_settings()
        for name, positions in self.settings.mapping.items():
            if clash := explain_clash(name, positions, self.names, self.upload.mapping):
                self.clashing.add(name)
                self.add_error(self.find_field(positions[-1], name), clash)
        for name in DERIVABLE:
            if self.read_fixed(name) and (states := self.list_states(name)):
                self.add_error(None, explain_refused_state(name, states))
            elif self.is_fixed_empty(name):
                self.add_error(f"fixed_{name}", "Enter the state, or take it from the ZIP.")
        for gap in self.settings.gaps:
            self.add_error(None, gap)
        return cleaned

    def clean_match_requirements(self) -> list[str]:
        """Return what a match must include. A phone alone is the default: if nothing was stored, it stays so."""
        chosen = self.cleaned_data["match_requirements"]
        return [] if chosen == ["phones"] and not self.upload.match_requirements else chosen

    def is_fixed_empty(self, name: str) -> bool:
        """Return whether a state should be the same for every row but was left empty."""
        return self.cleaned_data.get(f"source_{name}") == FIXED and not (
            self.cleaned_data.get(f"fixed_{name}") or name in self.settings.mapping or f"fixed_{name}" in self.errors
        )

    def read_settings(self) -> TraceSettings:
        """Return the upload's settings with the form's values, valid or not. Options left empty stay unchanged."""
        cleaned = self.cleaned_data
        return TraceSettings.from_upload(
            self.upload,
            mapping=build_mapping(self.chosen_uses, self.upload.mapping),
            constants={name: text for name in FIXABLE if (text := self.read_fixed(name))},
            **{name: cleaned[name] for name in OPTION_NAMES if cleaned.get(name) not in (None, "")},
        )

    def read_uses(self) -> Uses:
        """Return what each column goes to."""
        uses: Uses = {}
        for position in self.positions:
            names: list[str] = []
            for number in range(self.count_selects(position)):
                name = self.cleaned_data.get(column_field(position, number))
                if name and name not in names:
                    names.append(name)
            if names:
                uses[position] = names
        return uses

    def read_fixed(self, name: str) -> str:
        """Return a field's fixed value; empty if the field is taken from the ZIP."""
        if self.cleaned_data.get(f"source_{name}") == FROM_ZIP:
            return ""
        return self.cleaned_data.get(f"fixed_{name}") or ""

    def find_field(self, position: int, name: str) -> str:
        """Return the name of the select in which a column goes to a field."""
        fields = (column_field(position, number) for number in range(self.count_selects(position)))
        return next(field for field in fields if self[field].value() == name)


def column_field(position: int, number: int = 0) -> str:
    """Return the name of the form field for one of a column's uses: column-4, column-4-2 and so on."""
    return f"column-{position}-{number + 1}" if number else f"column-{position}"


def explain_refused_state(name: str, states: Sequence[str]) -> str:
    """Return why a state cannot be the same for every row, naming the states of the ZIPs."""
    shown = [title_of(state) for state in states[:MAX_STATES_NAMED]]
    more = [f"{len(states) - len(shown)} more"] if len(states) > len(shown) else []
    return (
        f"{LABELS[name]} cannot be the same for every row: the ZIPs in the first rows are in "
        f"{join_words([*shown, *more])}. It is taken from each row's ZIP."
    )


def is_chosen(source: BoundField | None, value: str) -> bool:
    """Return whether a choice has this value, or is not offered."""
    return source is None or source.value() == value


class AlikeForm(forms.Form):
    """The choice of other drafts with the same column names, for which the same columns are used."""

    also = forms.ModelMultipleChoiceField(Upload.objects.none(), required=False, widget=CheckboxSelectMultiple)

    def __init__(self, *args: Any, alike: QuerySet[Upload], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelMultipleChoiceField, self.fields["also"]).queryset = alike


class TemplateForm(forms.Form):
    """The choice of a template for a draft's columns. Without a template, the columns are guessed."""

    use_template = forms.ModelChoiceField(
        MappingTemplate.objects.all(),
        required=False,
        empty_label="None: guess the columns",
        label="Remembered columns",
        widget=Select,
    )
