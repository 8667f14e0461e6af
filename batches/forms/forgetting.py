"""The forms of the page that erases people."""

from typing import Any

from django import forms
from django.utils import timezone

from batches.forms.widgets import CheckboxSelectMultiple, DateInput, SearchInput, Select, TextInput
from batches.models import ErasureRequest
from batches.people.search_terms import MAX_SEARCH_LENGTH
from batches.statuses import DeclineReason


class PersonSearchForm(forms.Form):
    """Whom to look for."""

    q = forms.CharField(
        max_length=MAX_SEARCH_LENGTH,
        label="Name, address, phone or email",
        help_text="In any list, file or do-not-contact entry. Words may be in any order.",
        widget=SearchInput,
    )


class RequestForm(forms.ModelForm):
    """A new request for the register."""

    class Meta:
        model = ErasureRequest
        fields = ["reference", "received_on"]
        widgets = {"reference": TextInput, "received_on": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["received_on"].required = False

    def clean_received_on(self) -> Any:
        received_on = self.cleaned_data["received_on"] or timezone.localdate()
        if received_on > timezone.localdate():
            raise forms.ValidationError("This day is in the future.")
        return received_on


class ErasureForm(forms.Form):
    """Which of the people found are meant, and the request that it answers."""

    person = forms.MultipleChoiceField(
        label="Who is meant?",
        widget=CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one person."},
    )
    request = forms.ModelChoiceField(
        ErasureRequest.objects.none(),
        required=False,
        label="Request",
        empty_label="A new request",
        widget=Select,
    )
    reference = forms.CharField(
        max_length=40,
        required=False,
        label="Reference of a new request",
        help_text="The number of your ticket or letter. No names.",
        validators=ErasureRequest._meta.get_field("reference").validators,
        widget=TextInput,
    )

    def __init__(self, data: Any, choices: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        self.fields["request"].queryset = ErasureRequest.objects.open()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("request") and not self.cleaned_data.get("reference"):
            self.add_error("reference", "Choose a request, or enter the reference of a new one.")
        return self.cleaned_data


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(choices=DeclineReason, widget=Select)
