"""The form that chooses which scorecards to compare."""

from django import forms

from batches.forms.widgets import Select
from batches.reports import scorecards

PERIODS = [(1, "Last 31 days"), (3, "Last 3 months"), (12, "Last 12 months"), (120, "All")]


class CompareForm(forms.Form):
    by = forms.ChoiceField(
        choices=[(by, label) for by, (label, _) in scorecards.SCORECARD_GROUPINGS.items()],
        required=False,
        label="Compare by",
        widget=Select,
    )
    months = forms.TypedChoiceField(
        choices=PERIODS,
        coerce=int,
        required=False,
        empty_value=12,  # type: ignore[arg-type] # Django takes any value.
        label="Closed in",
        widget=Select,
    )
