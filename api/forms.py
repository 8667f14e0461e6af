from django import forms

from api.models import ApiToken
from batches.forms.widgets import TextInput


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name"]
        help_texts = {"name": ""}
        widgets = {"name": TextInput({"placeholder": "What it is for"})}
