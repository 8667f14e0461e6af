"""Write what happens to accounts to the audit log, and tell users what they should know."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social_signals
from django.conf import settings
from django.contrib.auth import signals as auth_signals
from django.contrib.auth.models import User
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import devices, mail, sessions
from accounts.audit import record
from accounts.models import AuditEntry, AuditKind
from accounts.sign_in import absolute

account_event = Signal()
"""Sent with `user` and `text`: a sentence for a notice about something that the user should know."""
FACTORS = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.WEBAUTHN: "a passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


def connect() -> None:
    """Connect the signals of Django and django-allauth."""
    auth_signals.user_logged_in.connect(begin_session)
    auth_signals.user_logged_out.connect(record_logout)
    auth_signals.user_login_failed.connect(record_failure)
    account_signals.user_logged_in.connect(record_login)
    account_signals.password_changed.connect(record_password_change)
    account_signals.password_reset.connect(record_password_change)
    factor_signals.authentication_failed.connect(record_wrong_code)
    factor_signals.authenticator_added.connect(record_new_factor)
    factor_signals.authenticator_removed.connect(record_removed_factor)
    factor_signals.authenticator_reset.connect(record_new_factor)
    social_signals.social_account_added.connect(record_single_sign_on_connected)
    social_signals.social_account_removed.connect(record_single_sign_on_disconnected)


def begin_session(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.begin(request, user)


def record_login(request: HttpRequest, response: HttpResponse, user: User, **_: Any) -> None:
    """Record a login, and tell the user if it is from a new browser. The first login is not news."""
    device = devices.format_device(request.headers.get("User-Agent", ""))
    is_first = not AuditEntry.objects.filter(user=user, kind=AuditKind.LOGIN).exists()
    is_new = user.pk not in devices.read_users(request)
    record(AuditKind.LOGIN, user, detail=device)
    devices.remember(request, response, user.pk)
    if is_new and not is_first:
        notify(user, f"New login to your account: {device}.", "new login")


def record_logout(user: User | None, **_: Any) -> None:
    if user is not None:
        record(AuditKind.LOGOUT, user)


def record_failure(credentials: dict[str, Any], **_: Any) -> None:
    """Record a failed login. If nobody has the name, leave it out, because it may be a password."""
    user = User.objects.filter(username=credentials.get("username")).first()
    record(AuditKind.LOGIN_FAILED, user, detail="Wrong password" if user else "Unknown name")


def record_wrong_code(user: User, **_: Any) -> None:
    record(AuditKind.LOGIN_FAILED, user, detail="Wrong code")


def record_password_change(user: User, **_: Any) -> None:
    record(AuditKind.PASSWORD_CHANGED, user)
    notify(user, "Your password was changed.", "password changed")


def record_new_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    factor = FACTORS[Authenticator.Type(authenticator.type)]
    record(AuditKind.SECOND_FACTOR_CHANGED, user, detail=f"Set up {factor}")
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        notify(user, f"A second factor was added to your account: {factor}.", "new second factor")


def record_removed_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    factor = FACTORS[Authenticator.Type(authenticator.type)]
    record(AuditKind.SECOND_FACTOR_CHANGED, user, detail=f"Removed {factor}")
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        notify(user, f"A second factor was removed from your account: {factor}.", "second factor removed")


def record_single_sign_on_connected(sociallogin: Any, **_: Any) -> None:
    user = sociallogin.user
    record(AuditKind.SECOND_FACTOR_CHANGED, user, detail="Connected single sign-on")
    notify(user, f"{settings.OIDC_NAME} was connected to your account.", "single sign-on connected")


def record_single_sign_on_disconnected(socialaccount: Any, **_: Any) -> None:
    record(AuditKind.SECOND_FACTOR_CHANGED, socialaccount.user, detail="Disconnected single sign-on")


def notify(user: User, text: str, subject: str) -> None:
    """Tell a user by mail and by notice about a change that somebody else may have made."""
    security = absolute(reverse("security"))
    mail.mail_user(
        user, subject, f"{text}\n\nIf this was not you, change your password and end your other sessions:\n{security}"
    )
    account_event.send(sender=User, user=user, text=text)
