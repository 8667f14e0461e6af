"""The names of users, as their colleagues see them."""

from django.contrib.auth.models import AbstractUser


def name_of(user: AbstractUser | None, if_unknown: str = "") -> str:
    """Return a user's full name or, without one, the user name. Return `if_unknown` if there is no user."""
    return user.get_full_name() or user.get_username() if user else if_unknown
