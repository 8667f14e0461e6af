"""Forms about vendor accounts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Team
from batches import counters
from batches.forms.widgets import CheckboxSelectMultiple, NumberInput, TextInput
from batches.models import DEFAULT_ACCOUNT, VendorAccount
from batches.tracing.vendor_accounts import AccountDetails
from batches.vendor import protocol


def check_key(key: str) -> None:
    """Raise ValidationError if a key cannot be sent in a header."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValidationError("A key consists of letters, digits and signs, without spaces.")


class DetailsForm(forms.ModelForm):
    """What administrators choose for an account, apart from its key."""

    class Meta:
        model = VendorAccount
        fields = ["name", "teams", "items_in_flight", "calls_per_second"]
        labels = {"items_in_flight": "People at once", "calls_per_second": "Batches per second"}
        widgets = {
            "name": TextInput({"autocomplete": "off"}),
            "teams": CheckboxSelectMultiple(),
            "items_in_flight": NumberInput({"min": 1}),
            "calls_per_second": NumberInput({"min": 1, "max": protocol.SINGLE_CALLS_PER_SECOND}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not Team.objects.exists():
            self.fields["teams"].help_text = "There are no teams yet. Add one on the Team page, then choose it here."

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        # Pages use one of these names, and metrics the other.
        if name.casefold() in (DEFAULT_ACCOUNT.casefold(), counters.DEFAULT_ACCOUNT):
            raise ValidationError("This is the name of the account whose key is set on the server.")
        return name

    def clean_calls_per_second(self) -> int:
        calls = self.cleaned_data["calls_per_second"]
        if calls > protocol.SINGLE_CALLS_PER_SECOND:
            raise ValidationError(f"The vendor accepts {protocol.SINGLE_CALLS_PER_SECOND} in one second.")
        return calls

    @property
    def details(self) -> AccountDetails:
        """What was entered, once the form is valid."""
        return AccountDetails(**{name: self.cleaned_data[name] for name in DetailsForm.Meta.fields})


class KeyForm(forms.Form):
    key = forms.CharField(
        max_length=200,
        label="API key",
        help_text="It is stored encrypted, and never shown.",
        validators=[check_key],
        widget=TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class NewAccountForm(DetailsForm):
    key = KeyForm.base_fields["key"]

    field_order = ["name", "key"]
