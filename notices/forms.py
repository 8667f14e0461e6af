from typing import Any

from django import forms
from django.conf import settings

from batches.forms.widgets import EmailInput, Select, TextInput
from notices.models import MailPreference
from notices.time_zones import list_zones

MAX_NAME = 150
"""Maximum number of characters in each part of a name, as in Django's `User`."""


class ProfileForm(forms.Form):
    """The name, the email address and the time zone of a user."""

    first_name = forms.CharField(required=False, max_length=MAX_NAME, widget=TextInput({"autocomplete": "given-name"}))
    last_name = forms.CharField(
        required=False,
        max_length=MAX_NAME,
        help_text="Colleagues see your name beside what you do. Without one, they see your user name.",
        widget=TextInput({"autocomplete": "family-name"}),
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="Email address",
        help_text="Notices are sent to this address. Leave it empty to receive no mail.",
        widget=EmailInput({"autocomplete": "email"}),
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
        if settings.OIDC_TRUST_EMAIL:
            # Users who enter somebody else's address would let that person into their account, or get into theirs.
            self.fields["email"].disabled = True
            self.fields["email"].help_text = "Notices are sent to this address. Administrators can change it."


class NoticesForm(forms.Form):
    """Which notices a user wants by mail."""

    mails = forms.ChoiceField(
        choices=MailPreference.choices,
        label="Notices by mail",
        help_text="You are needed if one of your lists cannot be read or is ready to start, if a list needs your "
        "approval, or if a batch needs a decision.",
        widget=Select,
    )
