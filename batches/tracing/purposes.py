"""What a list is used for: stated at its start, from words that are kept in versions."""

from dataclasses import dataclass
from itertools import chain, count

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.models import Purpose, Upload

MAX_NOTE = 200
MAX_SLUG = 36
"""Leaves room for a number in a key of 40 characters."""


class NoPurpose(Exception):
    """The stated purpose cannot be used. The message says why, and what to do."""


@dataclass(frozen=True)
class StatedPurpose:
    """A purpose with what the user has added to it."""

    purpose: Purpose
    note: str = ""

    def __str__(self) -> str:
        version = f" (version {self.purpose.version})" if self.purpose.version > 1 else ""
        return f"{self.purpose.label}{version}{f': {self.note}' if self.note else ''}"


def state(key: str, note: str, user: User | None) -> StatedPurpose | None:
    """Return the purpose with this key; without a key, the one that `user` stated last or, if none, the default.

    Return None if no purpose is offered at all. Raise NoPurpose if the key is unknown or a note is missing.
    """
    note = " ".join(note.split())[:MAX_NOTE]
    if not key:
        purpose = suggest(user)
        return StatedPurpose(purpose, note) if purpose else None
    purpose = Purpose.objects.offered().filter(key=key).first()
    if purpose is None:
        known = ", ".join(Purpose.objects.offered().values_list("key", flat=True))
        raise NoPurpose(f"There is no purpose “{key}”. Use one of {known}.")
    if purpose.needs_note and not note:
        raise NoPurpose("Please say what the list is used for.")
    return StatedPurpose(purpose, note)


def suggest(user: User | None) -> Purpose | None:
    """Return the purpose that is preselected: that of the user's last start or, if none, DEFAULT_PURPOSE.

    A purpose that needs a note is never suggested.
    """
    started = Upload.objects.filter(created_by=user, purpose__isnull=False) if user else Upload.objects.none()
    last = started.order_by("-started_at").values_list("purpose__key", flat=True).first()
    offered = {purpose.key: purpose for purpose in Purpose.objects.offered() if not purpose.needs_note}
    return offered.get(last or "") or offered.get(settings.DEFAULT_PURPOSE) or next(iter(offered.values()), None)


def make_record(upload: Upload) -> dict[str, str | int] | None:
    """Return what a list is used for as data, for the API and the log of exports."""
    purpose = upload.purpose
    if purpose is None:
        return None
    return {"key": purpose.key, "version": purpose.version, "label": purpose.label, "note": upload.purpose_note}


@transaction.atomic
def change_words(purpose: Purpose, label: str, statement: str, user: User) -> Purpose:
    """Offer a new version of a purpose in place of this one. Without a change, return this one."""
    require(user, Right.ADMINISTER)
    if (purpose.label, purpose.statement) == (label, statement):
        return purpose
    withdraw(purpose, user)
    versions = Purpose.objects.filter(key=purpose.key).order_by("-version")
    version = versions.values_list("version", flat=True)[0] + 1
    return Purpose.objects.create(key=purpose.key, version=version, label=label, statement=statement, created_by=user)


@transaction.atomic
def add(label: str, statement: str, user: User) -> Purpose:
    """Offer a new purpose."""
    require(user, Right.ADMINISTER)
    key = make_key(label)
    audit.record(AuditKind.SETTINGS_CHANGED, user, detail=f"Added the purpose {key}")
    return Purpose.objects.create(key=key, label=label, statement=statement, created_by=user)


def make_key(label: str) -> str:
    """Return a key that is made of a label, with a number after it if another purpose has that key."""
    base = slugify(label)[:MAX_SLUG] or "purpose"
    taken = set(Purpose.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(key for key in chain([base], (f"{base}-{number}" for number in count(2))) if key not in taken)


def withdraw(purpose: Purpose, user: User) -> None:
    """Stop offering a purpose. Lists that were started for it keep it."""
    require(user, Right.ADMINISTER)
    if Purpose.objects.offered().filter(pk=purpose.pk).update(is_offered=False):
        audit.record(AuditKind.SETTINGS_CHANGED, user, detail=f"Withdrew the purpose {purpose.key}, {purpose.version}")
