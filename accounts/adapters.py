"""Adapt django-allauth: its limits, mails and messages, and who may log in by single sign-on."""

import logging
from base64 import b32encode
from collections.abc import Iterable
from secrets import token_bytes
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts import encryption, mail, throttle
from accounts.audit import current_address, record
from accounts.forms import find_users
from accounts.models import AuditKind
from accounts.passwords import list_session_hashes, rebind_sessions_and_tokens
from accounts.sign_in import absolute, find_page

logger = logging.getLogger(__name__)
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - not an address to listen on
SINGLE_SIGN_ON = "sso"
"""The id of the provider in settings."""
METHODS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code from your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}
MESSAGES = {
    "account/messages/password_changed.txt": "Password changed. Your other sessions have ended.",
    "mfa/messages/totp_activated.txt": "Authenticator app set up.",
    "mfa/messages/totp_deactivated.txt": "Authenticator app removed.",
    "mfa/messages/recovery_codes_generated.txt": "Recovery codes created.",
    "mfa/messages/webauthn_added.txt": "Passkey added.",
    "mfa/messages/webauthn_removed.txt": "Passkey removed.",
    "usersessions/messages/sessions_logged_out.txt": "Your other sessions have ended.",
    "socialaccount/messages/account_connected.txt": "Connected.",
    "socialaccount/messages/account_disconnected.txt": "Disconnected.",
}
"""The messages that replace django-allauth's. Its other messages are left out."""


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or password is wrong.",
        "incorrect_password": "Wrong password.",
        "too_many_login_attempts": "Too many wrong codes. Please wait five minutes, then try again.",
        "enter_current_password": "This is not your current password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return current_address.get() or UNKNOWN_ADDRESS

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        try:
            self.attempt = throttle.begin_attempt(request, credentials["username"])
        except throttle.TooManyAttempts as problem:
            raise ValidationError(str(problem)) from None
        before = User.objects.filter(username=credentials["username"]).first()
        user = super().authenticate(request, **credentials)
        if user:
            self.attempt.forgive()
            if before:
                rebind_sessions_and_tokens(request, user, list_session_hashes(before))
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `authenticate` counts attempts."""

    def post_login(self, request: HttpRequest, user: Any, **options: Any) -> HttpResponse:
        """Redirect to a page, even if the session ended when the user pressed a button."""
        if address := options.get("redirect_url"):
            options["redirect_url"] = find_page(address)
        return super().post_login(request, user, **options)

    def set_password(self, user: Any, password: str) -> None:
        """Save only the password: an administrator may have changed the user while it was being hashed."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("security")

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        return absolute(reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token}))

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict]:
        methods = [
            method | {"description": METHODS.get(method["id"], method["description"])}
            for method in super().get_reauthentication_methods(user)
        ]
        if not methods and settings.OIDC_URL and user.is_authenticated:
            address = reverse("openid_connect_login", args=[SINGLE_SIGN_ON])
            methods = [{"id": "sso", "description": f"Use {settings.OIDC_NAME}", "url": address}]
        return methods

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        mail.post(self.render_mail(template_prefix, email, {"email": email} | context, headers=mail.HEADERS))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: accounts/events.py sends these mails."""

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if text := message or MESSAGES.get(message_template or ""):
            messages.add_message(request, messages.SUCCESS if message is None else level, text, extra_tags=extra_tags)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong. Wait for the next one and enter it.",
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return encryption.decrypt(encrypted_text)
        except encryption.CannotDecrypt as problem:
            logger.error("A second factor: %s", problem)
            # No code matches a random secret, so the login is refused.
            return b32encode(token_bytes(20)).decode()

    def get_totp_label(self, user: Any) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": "skipportal"}


class SessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            record(AuditKind.SESSIONS_ENDED, ended[0].user, detail=f"{len(ended)} ended")


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """The rules of single sign-on: connected users may log in and, if there is an OIDC_ROLE, everybody else may too."""

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> NoReturn:
        raise ImmediateHttpResponse(refuse_single_sign_on(request))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse a new user if another user has the same address: only the other user can connect the two accounts."""
        is_connecting = sociallogin.state.get("process") == "connect"
        if not sociallogin.is_existing and not is_connecting and find_users_with_addresses(sociallogin):
            messages.error(
                request,
                "You have an account already. Log in with your password, then open Security under "
                f"Settings and connect {settings.OIDC_NAME}.",
            )
            raise ImmediateHttpResponse(redirect("login"))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(settings.OIDC_ROLE)

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        user = super().save_user(request, sociallogin, form)
        user.groups.add(Group.objects.get(name=settings.OIDC_ROLE))
        return user

    def authenticate_by_email(self, sociallogin: Any) -> Any:
        """Return the only user with an address that the provider has verified, and the address.

        Return None if there is no such user, or more than one, or if the provider's addresses are not trusted.
        """
        if not settings.OIDC_TRUST_EMAIL:
            return None
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        users = {user for email in verified for user in User.objects.filter(email__iexact=email)}
        return (users.pop(), verified[0]) if len(users) == 1 else None

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: accounts/events.py sends these mails."""

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("security")


def find_users_with_addresses(sociallogin: Any) -> list[User]:
    """Return the users with an address of the account at the provider."""
    return [user for address in sociallogin.email_addresses for user in find_users(address.email)]


def refuse_single_sign_on(request: HttpRequest) -> HttpResponse:
    """Return the redirect to the login page after single sign-on has failed."""
    messages.error(
        request, f"{settings.OIDC_NAME} did not work. Try again in a few minutes, or log in with your password."
    )
    page = request.GET.get("next")
    return redirect(f"{reverse('login')}{'?' if page else ''}{urlencode({'next': page}) if page else ''}")
