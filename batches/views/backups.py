"""Settings → Backups: when the last backup was made, and how to make and restore one."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.rights import Right, require
from batches.models import Backup
from batches.user_request import UserRequest

SHOWN_BACKUPS = 20
OLD_AFTER = timedelta(days=2)
"""Whoever makes a backup every night has a younger one."""


def backups_page(request: UserRequest) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    shown = list(Backup.objects.all()[:SHOWN_BACKUPS])
    context = {
        "backups": shown,
        "last": shown[0] if shown else None,
        "is_old": bool(shown) and shown[0].made_at < timezone.now() - OLD_AFTER,
    }
    return render(request, "settings/backups.html", context)
