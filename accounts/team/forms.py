"""Forms for inviting users, their roles and teams, and passwords."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User

from accounts.models import Team
from accounts.rights import Role

ROLE_MEANINGS: dict[Role, str] = {
    Role.VIEWER: "sees the lists of their teams, without contact details",
    Role.MEMBER: "like a viewer; also sees contact details, uploads, starts and exports lists, and edits the "
    "do-not-contact list",
    Role.LEAD: "like a member; also decides about batches and re-runs",
    Role.APPROVER: "sees the lists of their teams, and approves those above the limit",
    Role.ADMINISTRATOR: "may do everything, sees all lists, and manages the team",
}


class StyledForm(forms.BaseForm):
    """A form with the classes of `static/css/controls.css` on its widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxSelectMultiple):
                css = "select" if isinstance(field.widget, forms.Select) else "input"
                field.widget.attrs.setdefault("class", css)
            # The pages decide where the focus is.
            field.widget.attrs.pop("autofocus", None)


class MemberForm(StyledForm, forms.Form):
    """The roles and teams of a user."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    roles = forms.MultipleChoiceField(
        required=False,
        choices=[(role.value, f"{role.value}: {meaning}") for role, meaning in ROLE_MEANINGS.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text="Rights add up. A user without a role sees nothing.",
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A user sees the lists of their teams. Without a team, they see only their own.",
    )


class InvitationForm(MemberForm):
    """The name, address, roles and teams of a new user."""

    name = forms.CharField(
        max_length=150,
        help_text="For logging in. Letters, digits and @ . + - _",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    email = forms.EmailField(required=False, max_length=254, label="Email")
    field_order = ["name", "email", "roles", "teams", "version"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].required = True


class TeamForm(StyledForm, forms.Form):
    name = forms.CharField(max_length=100)


class DeleteTeamForm(StyledForm, forms.Form):
    """The team that gets the lists of a deleted team. It must be chosen if there are any."""

    move_to = forms.ModelChoiceField(
        Team.objects.none(), required=False, label="Move its lists to", empty_label="Choose a team"
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["move_to"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for mypy
        field.queryset = Team.objects.exclude(pk=team.pk)


def shorten_labels(first: forms.Field, second: forms.Field) -> None:
    """Give the two fields of a new password plainer labels than Django's."""
    first.label, second.label, second.help_text = "Password", "Password again", ""


class PasswordForm(StyledForm, SetPasswordForm):
    """The password that an invited person chooses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shorten_labels(self.fields["new_password1"], self.fields["new_password2"])


class FirstLoginForm(StyledForm, UserCreationForm):
    """The name, address and password of the first administrator."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "email")
        labels = {"username": "Name", "email": "Email"}
        help_texts = {"username": "For logging in. Letters, digits and @ . + - _"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shorten_labels(self.fields["password1"], self.fields["password2"])
