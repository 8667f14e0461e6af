"""Limit the number of wrong passwords.

django-allauth's rate limits count failures in the database: for an account from one address, for an address, and for an
account from addresses where its user has not logged in lately. Nobody can lock others out of their accounts in this
way: from an address that a user has used before, only failures from that address count.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from allauth.core.internal import ratelimit
from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit import current_address
from accounts.models import AuditEntry, AuditKind

APP = "accounts"
LIMITS = {"here": "5/15m/key", "address": "30/15m/ip", "elsewhere": "50/60m/key"}
"""How many failures are allowed, within which time, and what they are counted by: see django-allauth's rate limits."""
FAMILIAR = timedelta(days=90)
"""For how long after a login an address counts as one that the user has used before."""


class TooManyAttempts(Exception):
    """A limit has been reached. The message says how long to wait."""

    def __init__(self, seconds: float) -> None:
        self.minutes = max(ceil(seconds / 60), 1)
        unit = "minute" if self.minutes == 1 else "minutes"
        super().__init__(f"Too many failed attempts. Please wait {self.minutes} {unit}, then try again.")


@dataclass
class Attempt:
    """An attempt to log in. It counts as failed unless `forgive` is called."""

    request: HttpRequest
    name: str
    usages: list[ratelimit.RateLimitUsage]

    def forgive(self) -> None:
        """Count the attempt as a success. Failures of this account from this address no longer count; others do."""
        for usage in self.usages:
            usage.rollback()
        ratelimit.clear(
            self.request, app=APP, action="here", config=LIMITS, key=make_key(self.request, "here", self.name)
        )


def begin_attempt(request: HttpRequest, name: str) -> Attempt:
    """Count an attempt before the password is checked, so that simultaneous attempts cannot exceed a limit.

    Raise TooManyAttempts if a limit has been reached.
    """
    attempt = Attempt(request, name, [])
    for action in choose_limits(request, name):
        key = make_key(request, action, name)
        usage = ratelimit.consume(request, app=APP, action=action, config=LIMITS, key=key)
        if usage is None:
            for earlier in attempt.usages:
                earlier.rollback()
            raise TooManyAttempts(find_wait(request, action, key))
        attempt.usages.append(usage)
    return attempt


def choose_limits(request: HttpRequest, name: str) -> list[str]:
    return ["here", "address"] if is_familiar(request, name) else list(LIMITS)


def is_familiar(request: HttpRequest, name: str) -> bool:
    """Return whether a user with this name has logged in from this address lately."""
    since = timezone.now() - FAMILIAR
    logins = AuditEntry.objects.filter(user__username=name, kind=AuditKind.LOGIN, at__gt=since)
    return logins.filter(address=current_address.get()).exists()


def make_key(request: HttpRequest, action: str, name: str) -> str:
    """Return what a limit counts by. Names are hashed, because people type passwords into the wrong field."""
    digest = hashlib.sha256(name.strip().casefold().encode()).hexdigest()
    return f"{ratelimit.get_ip(request)} {digest}" if action == "here" else digest


def find_wait(request: HttpRequest, action: str, key: str) -> float:
    """Return the seconds until the limit allows another attempt."""
    now, waits = time.time(), [0.0]
    for rate in ratelimit.get_rates(app=APP, action=action, config=LIMITS):
        cache_key = ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key)
        # The newest attempt comes first.
        is_allowed, attempts = ratelimit.apply_rate(caches["attempts"].get(cache_key, []), now, rate, dry_run=True)
        if not is_allowed:
            waits.append(attempts[rate.amount - 1] + rate.duration - now)
    return max(waits)
