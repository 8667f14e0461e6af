from django import forms
from django.conf import settings

from notices.models import Mails
from notices.time_zones import list_zones


class SettingsForm(forms.Form):
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="Email address",
        help_text="Where your notices go. Left empty, you are mailed nothing.",
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "email"}),
    )
    mails = forms.ChoiceField(
        choices=Mails,
        label="Which notices are mailed to you",
        help_text="You are needed when a list cannot be read, is ready to start or to be approved, or when a batch "
        "is to be decided about.",
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    zone = forms.ChoiceField(
        required=False,
        label="Time zone of dates",
        help_text="Kept in this browser.",
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["zone"].choices = [("", "As this browser says"), *list_zones()]
        if not settings.IS_MAILING:
            self.fields["email"].help_text = "This server sends no mail: whoever runs it has not set EMAIL_URL."
