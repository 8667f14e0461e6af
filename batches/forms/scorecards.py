from django import forms

from batches.forms.widgets import SELECT
from batches.reports import scorecards

MONTHS = [(1, "last month"), (3, "last 3 months"), (12, "last 12 months"), (120, "all")]


class CompareForm(forms.Form):
    by = forms.ChoiceField(
        choices=[(by, word) for by, (word, _) in scorecards.GROUPINGS.items()],
        required=False,
        label="Compare by",
        widget=SELECT,
    )
    months = forms.TypedChoiceField(
        choices=MONTHS, coerce=int, required=False, empty_value=12, label="Closed within the", widget=SELECT
    )
