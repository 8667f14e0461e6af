"""Keep a user's choice of a light or dark theme: in the profile and, for quick access, in the session."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest

from accounts.models import Profile, Theme

THEME = "theme"
"""Session key. Its value is the user's theme when the session last noted activity."""


def find(request: HttpRequest) -> Theme:
    """Return the theme of the request's session, without a query."""
    session = getattr(request, "session", None)
    return Theme(session.get(THEME, Theme.SYSTEM)) if session is not None else Theme.SYSTEM


def refresh(request: HttpRequest, user: User) -> None:
    """Copy a user's theme from the profile to the session, because it may have been changed in another browser."""
    theme = Profile.objects.filter(user=user).values_list("theme", flat=True).first() or Theme.SYSTEM
    if request.session.get(THEME, Theme.SYSTEM) != theme:
        request.session[THEME] = theme


def choose(request: HttpRequest, theme: Theme) -> None:
    """Store the theme that the request's user has chosen."""
    Profile.objects.update_or_create(user=cast(User, request.user), defaults={"theme": theme})
    request.session[THEME] = theme


def read(text: str) -> Theme | None:
    """Return the theme with this name, or None if there is none. "system" stands for no choice."""
    return Theme("" if text == "system" else text) if text in {"system", *Theme.values} else None
