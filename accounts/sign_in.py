"""Decide who must confirm their identity, where a login leads, and who must have a second factor."""

import inspect
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.encoding import iri_to_uri

from accounts.names import name_of
from accounts.rights import Right, Role, can

View = Callable[..., Any]


def recently_authenticated(view: View) -> View:
    """Decorate a view that may be opened only within REAUTHENTICATION_MINUTES of a login or a confirmation.

    Otherwise users must first confirm their identity. Their request then continues, even if it is a POST.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not is_recently_authenticated(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return inner


def is_recently_authenticated(request: HttpRequest) -> bool:
    """Return whether the user's last login or confirmation is at most REAUTHENTICATION_MINUTES old.

    If the setting is 0, any login is recent enough.
    """
    if not request.user.is_authenticated:
        return False
    if not settings.REAUTHENTICATION_MINUTES:
        return True
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < settings.REAUTHENTICATION_MINUTES * 60


def find_page(address: str) -> str:
    """Return the address of a page: the given one or, if it belongs to a button, that of the page with the button."""
    path = urlsplit(address).path
    if not is_button(path):
        return address
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        if is_button(path) is False:
            return path
    return reverse("dashboard")


def is_button(path: str) -> bool | None:
    """Return whether an address only accepts POST, or None if there is no such address."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return None
    while view is not None:
        # `require_POST` keeps its methods in this variable.
        methods = (
            inspect.getclosurevars(view).nonlocals.get("request_method_list") if inspect.isfunction(view) else None
        )
        if methods and "GET" not in methods:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def has_role(user: User) -> bool:
    return any(can(user, right) for right in Right)


def describe_missing_role() -> str:
    """Return the sentence for a user who may do nothing yet."""
    names = list_administrators()
    return f"You have no role yet. Ask an administrator{': ' if names else ''}{', '.join(names)}."


def list_administrators() -> list[str]:
    """Return the names of up to five administrators."""
    is_administrator = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR)
    users = User.objects.filter(is_administrator, is_active=True).distinct().order_by("username")[:5]
    return [name_of(user) for user in users]


def must_have_second_factor(user: User) -> bool:
    """Return whether one of the user's roles is in SECOND_FACTOR_FOR. Superusers count as administrators."""
    if not settings.SECOND_FACTOR_FOR:
        return False
    is_included = user.is_superuser and Role.ADMINISTRATOR in settings.SECOND_FACTOR_FOR
    return is_included or user.groups.filter(name__in=settings.SECOND_FACTOR_FOR).exists()


def absolute(address: str) -> str:
    """Return an address of a page in full, for mails."""
    return f"{settings.PUBLIC_URL}{iri_to_uri(address)}"
