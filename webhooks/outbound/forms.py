"""Forms about endpoints."""

from django import forms

from batches.forms.widgets import TextInput
from webhooks.models import Endpoint
from webhooks.outbound.http import Forbidden, resolve


class AddressMixin:
    """A mixin for forms with the address of an endpoint, which must be one that may be called."""

    cleaned_data: dict[str, str]

    def clean_url(self) -> str:
        try:
            resolve(self.cleaned_data["url"])
        except Forbidden as problem:
            raise forms.ValidationError(str(problem)) from None
        return self.cleaned_data["url"]


class NewEndpointForm(AddressMixin, forms.ModelForm):
    class Meta:
        model = Endpoint
        fields = ["url"]
        help_texts = {"url": "https://… on a public host, at port 443 or 8443."}
        widgets = {"url": TextInput({"type": "url", "autocomplete": "off", "placeholder": "https://example.com/hook"})}


class MomentInput(TextInput):
    """A field for a date and a time of day, in the reader's time zone."""

    input_type = "datetime-local"


class ReplayForm(forms.Form):
    """The time since which messages are sent again."""

    since = forms.DateTimeField(label="Since", widget=MomentInput)


class ConfirmedReplayForm(ReplayForm):
    """What somebody has confirmed: the time, and the last message that was counted."""

    newest = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
