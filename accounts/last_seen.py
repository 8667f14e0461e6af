"""Record when users last opened a page, at most every ten minutes and without a query for most requests."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.db import Error as StorageError
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Profile

logger = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=10)
"""The shortest time between two records of the same user."""


def record_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that records who opens pages. API tokens have their own time of last use."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # Django keeps the session's user here once something has asked for it. Pages without a login never ask.
        user = getattr(request, "_cached_user", None)
        if isinstance(user, User):
            record_seen(user)
        return response

    return middleware


def record_seen(user: User) -> None:
    """Store that a user is here, unless this process or another one has just stored it."""
    if not remember(user):
        return
    now = timezone.now()
    try:
        is_old = Q(seen_at=None) | Q(seen_at__lt=now - INTERVAL)
        if not Profile.objects.filter(is_old, user=user).update(seen_at=now):
            Profile.objects.bulk_create([Profile(user=user, seen_at=now)], ignore_conflicts=True)
    except StorageError as problem:
        # The page matters more.
        logger.warning("Could not record that user %s was here: %s", user.pk, type(problem).__name__)


def remember(user: User) -> bool:
    """Remember in this process that a user is here. Return False if it was remembered already."""
    return cache.add(f"seen-{user.pk}", True, INTERVAL.total_seconds())


@receiver(user_logged_in)
def skip_after_login(user: User, **_: Any) -> None:
    """Record nothing for a while after a login: Django itself records the login as `last_login`."""
    remember(user)
