"""The pages for logging in and for security settings: our own, and changed ones of django-allauth."""

import logging
from typing import Any

import requests
from allauth.account.views import LoginView, password_change, password_reset
from allauth.account.views import reauthenticate as confirm_by_password
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.base.views import reauthenticate as confirm_by_code
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import reauthenticate_webauthn as confirm_by_passkey
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect import views as oidc_views
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import devices, themes
from accounts.adapters import refuse_single_sign_on
from accounts.sign_in import find_page, is_recently_authenticated

logger = logging.getLogger(__name__)

PROVIDER_ERRORS = (requests.RequestException, OAuth2Error, KeyError, TypeError, ValueError, AttributeError)
"""What django-allauth raises if the provider cannot be reached, or if its answer is not valid OpenID Connect."""


class LogInView(LoginView):
    """The login page.

    Users who are already logged in are redirected to a page, never to an address that only accepts POST.
    """

    def get_authenticated_redirect_url(self) -> str:
        return find_page(super().get_authenticated_redirect_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        single_sign_on = settings.OIDC_NAME if settings.OIDC_URL else ""
        next_page = self.request.POST.get("next") or self.request.GET.get("next", "")
        return super().get_context_data(**kwargs) | {"single_sign_on": single_sign_on, "next": next_page}


log_in = LogInView.as_view()


@login_not_required
def sign_up(request: HttpRequest) -> HttpResponse:
    """Say that only administrators create users."""
    return render(request, "account/signup_closed.html", status=403)


@login_not_required
@never_cache
def reset_password(request: HttpRequest) -> HttpResponse:
    """Ask for the address to which the link is to be mailed. Without a mail server, say whom to ask."""
    if settings.IS_MAILING:
        return password_reset(request)
    return render(request, "account/password_reset.html")


def change_password(request: HttpRequest) -> HttpResponse:
    """Show the form for a new password. Users who log in only by single sign-on have no password to change."""
    if isinstance(request.user, User) and request.user.has_usable_password():
        return password_change(request)
    messages.info(request, "You have no password here, because you log in another way.")
    return redirect("security")


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the reader's theme. Buttons that a script has pressed need no new page."""
    theme = themes.read(request.POST.get("theme", ""))
    if theme is None:
        return HttpResponse("There is no such theme.", status=422)
    themes.choose(request, theme)
    if "X-Theme" in request.headers:
        return HttpResponse(status=204)
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return redirect(page if is_ours else "settings")


@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Show how a user logs in, and where they are logged in."""
    authenticators = Authenticator.objects.filter(user=request.user).order_by("pk")
    by_type: dict[str, list[Authenticator]] = {}
    for each in authenticators:
        by_type.setdefault(each.type, []).append(each)
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "app": by_type.get(Authenticator.Type.TOTP),
        "passkeys": by_type.get(Authenticator.Type.WEBAUTHN, []),
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "session_count": UserSession.objects.filter(user=request.user).count(),
        "single_sign_on": settings.OIDC_NAME if settings.OIDC_URL else "",
        "connected": SocialAccount.objects.filter(user=request.user).first() if settings.OIDC_URL else None,
    }
    return render(request, "account/security.html", context)


class SessionsView(ListUserSessionsView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        for session in context["sessions"]:
            session.device = devices.format_device(session.user_agent)
        return context


list_sessions = SessionsView.as_view()


def to_page(response: HttpResponse) -> HttpResponse:
    """Return a response that redirects to a page, not to an address that only accepts POST."""
    if address := response.headers.get("Location"):
        response.headers["Location"] = find_page(address)
    return response


@never_cache
def confirm_password(request: HttpRequest) -> HttpResponse:
    return to_page(confirm_by_password(request))


@never_cache
def confirm_code(request: HttpRequest) -> HttpResponse:
    return to_page(confirm_by_code(request))


@never_cache
def confirm_passkey(request: HttpRequest) -> HttpResponse:
    return to_page(confirm_by_passkey(request))


@login_not_required
@never_cache
def begin_single_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Redirect to the provider or, if it does not answer, back to the login.

    Connecting the provider to an account requires a recent login.
    """
    if request.GET.get("process") == "connect" and not is_recently_authenticated(request):
        raise ReauthenticationRequired
    try:
        return oidc_views.login(request, provider_id)
    except PROVIDER_ERRORS as problem:
        return report_failure(request, problem)


@login_not_required
@never_cache
def finish_single_sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Log in the user whom the provider names."""
    try:
        return oidc_views.callback(request, provider_id)
    except PROVIDER_ERRORS as problem:
        return report_failure(request, problem)


def report_failure(request: HttpRequest, problem: Exception) -> HttpResponse:
    # Log the class only: the message may contain what the provider knows about a user.
    logger.warning("Single sign-on failed: %s", type(problem).__name__)
    return refuse_single_sign_on(request)


@login_not_required
def report_single_sign_on_error(request: HttpRequest) -> HttpResponse:
    return refuse_single_sign_on(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do about a form that was sent with a token that is no longer valid."""
    message = "You were away too long. Reload the page and try again."
    context = {
        "title": "Not sent",
        "message": message,
        "icon": "clock",
        "tone": "warn",
        "address": find_page(request.get_full_path()),
        "action": "Reload the page",
    }
    return render(request, "error.html", context, status=403)
