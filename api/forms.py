from django import forms

from api.models import DEFAULT_DAYS, ApiToken, Scope
from batches.forms.widgets import CheckboxInput, CheckboxSelectMultiple, Select, TextInput

DAYS = [(days, f"{days} days") for days in (7, 30, 90, 365)]


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.READ],
        label="What it may be used for",
        widget=CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
        help_text="A token can never do more than you may do yourself.",
    )
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=DEFAULT_DAYS, label="Expires after", widget=Select)
    ends_with_password = forms.BooleanField(
        required=False, initial=True, label="Also end it when my password changes", widget=CheckboxInput
    )

    class Meta:
        model = ApiToken
        fields = ["name"]
        help_texts = {"name": ""}
        widgets = {"name": TextInput({"placeholder": "What it is for"})}
