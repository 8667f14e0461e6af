"""Middleware that remembers a request's address, ends old sessions, and asks users to set up a second factor."""

import time
from collections.abc import Callable
from typing import cast

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import themes
from accounts.audit import current_address
from accounts.client_address import find_address
from accounts.sign_in import must_have_second_factor

GetResponse = Callable[[HttpRequest], HttpResponse]

BEGAN, SEEN = "began", "seen"
"""Session keys. Their values are when the user logged in and when they were last active, in seconds since 1970."""
WRITE_EVERY = 60
"""Seconds. Activity causes a session to be written at most this often."""
OPEN_WITHOUT_SECOND_FACTOR = (
    *("/settings/security/", "/login/", "/logout/", "/oidc/", "/static/"),
    *("/healthz", "/livez", "/readyz"),
)


def remember_address(get_response: GetResponse) -> GetResponse:
    """Return a middleware that keeps the caller's address for the audit log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = current_address.set(find_address(request.META))
        try:
            return get_response(request)
        finally:
            current_address.reset(token)

    return middleware


def end_old_sessions(get_response: GetResponse) -> GetResponse:
    """Return a middleware that logs out users who were idle for too long or logged in too long ago."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = time.time()
            if is_over(request, now):
                logout(request)
            elif not is_poll(request) and now - request.session.get(SEEN, 0) > WRITE_EVERY:
                note_activity(request, now)
        return get_response(request)

    return middleware


def begin(request: HttpRequest, user: User) -> None:
    """Start counting a session's time, at the login, and use the user's theme."""
    request.session[BEGAN] = request.session[SEEN] = time.time()
    themes.refresh(request, user)


def is_over(request: HttpRequest, now: float) -> bool:
    # Sessions begun before these keys existed have neither: their time counts from now.
    began, seen = request.session.get(BEGAN, now), request.session.get(SEEN, now)
    return now - began > settings.SESSION_HOURS * 3600 or now - seen > settings.SESSION_IDLE_MINUTES * 60


def is_poll(request: HttpRequest) -> bool:
    """Return whether the page is polling for updates, which is not activity by its user."""
    return "X-Poll" in request.headers


def note_activity(request: HttpRequest, now: float) -> None:
    request.session.setdefault(BEGAN, now)
    request.session[SEEN] = now
    themes.refresh(request, cast(User, request.user))
    UserSession.objects.filter(session_key=request.session.session_key).update(
        last_seen_at=timezone.now(),
        ip=current_address.get() or "0.0.0.0",  # noqa: S104 - not an address to listen on
    )


def ask_for_second_factor(get_response: GetResponse) -> GetResponse:
    """Return a middleware that leads users who must have a second factor to set one up before anything else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and is_second_factor_missing(request.user, request.path):
            if "HX-Request" in request.headers:
                return HttpResponse(headers={"HX-Redirect": "/settings/security/"})
            messages.warning(request, "Your role needs a second factor. Set one up to continue.")
            return redirect("security")
        return get_response(request)

    return middleware


def is_second_factor_missing(user: User, path: str) -> bool:
    if not settings.SECOND_FACTOR_FOR or path.startswith(OPEN_WITHOUT_SECOND_FACTOR):
        return False
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return must_have_second_factor(user) and not is_mfa_enabled(user, kinds)
