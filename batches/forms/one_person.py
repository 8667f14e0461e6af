"""The form that traces one person."""

from typing import Any, cast

from django import forms
from django.contrib.auth.models import User

from batches.forms.widgets import EmailInput, Select, TextInput
from batches.intake.checked_row import CheckedRow
from batches.intake.one_person import ENTERED_FIELDS, check_person
from batches.models import Purpose
from batches.tracing import purposes

MAX_ENTERED = 255
"""Maximum number of characters in a field, as in the columns of `Item`."""


class OnePersonForm(forms.Form):
    first_name = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    middle_name = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    last_name = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    address = forms.CharField(required=False, max_length=MAX_ENTERED, label="Street address", widget=TextInput)
    unit = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    city = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    state = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput)
    zip = forms.CharField(required=False, max_length=MAX_ENTERED, label="ZIP", widget=TextInput)
    phone = forms.CharField(required=False, max_length=MAX_ENTERED, widget=TextInput({"type": "tel"}))
    email = forms.CharField(required=False, max_length=MAX_ENTERED, widget=EmailInput)

    purpose = forms.ChoiceField(
        required=False,
        label="What is the result used for?",
        help_text="Kept with the person's list, its exports and its history.",
        widget=Select,
    )
    ROWS = (
        ("three", ["first_name", "middle_name", "last_name"]),
        ("two", ["address", "unit"]),
        ("three", ["city", "state", "zip"]),
        ("two", ["phone", "email"]),
        ("", ["purpose"]),
    )
    """The look of each row of the form, and the fields in it."""
    checked: CheckedRow

    def __init__(self, data: Any = None, *, user: User) -> None:
        """Offer the purposes that need no note, and preselect the one that is suggested to `user`."""
        suggested = purposes.suggest(user)
        super().__init__(data, initial={"purpose": suggested.key if suggested else ""})
        offered = [(each.key, each.label) for each in Purpose.objects.offered() if not each.needs_note]
        purpose = cast(forms.ChoiceField, self.fields["purpose"])
        purpose.choices = offered
        if not offered:
            del self.fields["purpose"]

    def clean(self) -> None:
        self.checked, wrong = check_person(self.entered)
        for name, sentence in wrong.items():
            self.add_error(name or None, sentence[:1].upper() + sentence[1:])

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows = [(look, [name for name in names if name in self.fields]) for look, names in self.ROWS]
        return [{"look": look, "fields": [self[name] for name in names]} for look, names in rows if names]

    @property
    def entered(self) -> dict[str, str]:
        """What was entered, as field → text."""
        return {name: self.cleaned_data.get(name, "") for name in ENTERED_FIELDS}
