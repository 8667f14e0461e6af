from typing import Any

from django import forms
from django.conf import settings

from batches.forms.widgets import EmailInput, Select
from notices.models import MailPreference
from notices.time_zones import list_zones


class SettingsForm(forms.Form):
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="Email address",
        help_text="Notices are sent to this address. Leave it empty to receive no mail.",
        widget=EmailInput({"autocomplete": "email"}),
    )
    mails = forms.ChoiceField(
        choices=MailPreference.choices,
        label="Notices by mail",
        help_text="You are needed if one of your lists cannot be read or is ready to start, if a list needs your "
        "approval, or if a batch needs a decision.",
        widget=Select,
    )
    zone = forms.ChoiceField(
        required=False,
        label="Time zone",
        help_text="Dates are shown in this time zone, in this browser only.",
        widget=Select,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["zone"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [("", "Time zone of this browser"), *list_zones()]
        if not settings.IS_MAILING:
            self.fields["email"].help_text = "This server does not send mail. Ask its operator to set EMAIL_URL."
