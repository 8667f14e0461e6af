"""Variants of django-allauth's forms."""

from typing import Any

from allauth.account import forms
from django.contrib.auth.models import User


class LoginForm(forms.LoginForm):
    """The login form. Its first field has the same name as in Django's own form, because scripts post to it."""

    def add_prefix(self, field_name: str) -> str:
        return super().add_prefix("username" if field_name == "login" else field_name)


class ResetPasswordForm(forms.ResetPasswordForm):
    """The form for requesting a link. Each user has only one address: the one in their settings."""

    users: list[User]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        self.users = find_users(email)
        return email

    def save(self, request: Any, **kwargs: Any) -> str:
        """Send the link. The response is the same, and takes equally long, whether or not a user has this address."""
        return super().save(request, **kwargs)


def find_users(email: str) -> list[User]:
    """Return the active users with this address who have a password."""
    users = User.objects.filter(email__iexact=email, is_active=True)
    return [user for user in users if user.has_usable_password()]
