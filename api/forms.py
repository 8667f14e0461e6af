from django import forms

from api.models import ApiToken


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name"]
        help_texts = {"name": ""}
        widgets = {"name": forms.TextInput(attrs={"class": "form-control", "placeholder": "What it is for"})}
