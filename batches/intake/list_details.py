"""Change what users say about a list: its name, source, note, tags and owner, and whether it is archived."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right, RightMissing, can, require
from batches.models import Tag, Upload
from batches.models.uploads import MAX_TAGS
from batches.statuses import UPLOAD_ARCHIVABLE
from batches.tracing.lifecycle import record

MAX_NAME = 200
MAX_SOURCE = 100
MAX_NOTE = 2000
MAX_TAG = 40
OWNER_REFUSED = "A list can only be handed to a member of its team who may upload lists."


class DetailsRefused(Exception):
    """The details of a list cannot be changed in this way. The message says why, and `field` names the detail."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class NewDetails:
    """The details to change. None keeps the current one."""

    name: str | None = None
    source: str | None = None
    note: str | None = None
    tags: list[str] | None = None
    owner: User | None = None


def is_responsible(upload: Upload, user: User) -> bool:
    """Return whether a user is responsible for a list: it was handed to them, or they uploaded and kept it."""
    return user.pk == (upload.owner_id or upload.created_by_id)


def may_edit(upload: Upload, user: User) -> bool:
    """Return whether a user may change the details of a list that they see: their own, or those of all as a lead."""
    return can(user, Right.DECIDE) or (can(user, Right.UPLOAD) and is_responsible(upload, user))


def require_editor(upload: Upload, user: User | None) -> None:
    """Raise RightMissing if a user may not change the details of a list. The shell (None) always may."""
    if user is None or may_edit(upload, user):
        return
    require(user, Right.UPLOAD)
    raise RightMissing(Right.DECIDE, "change the details of someone else's list")


def list_possible_owners(upload: Upload) -> list[User]:
    """Return the active users whom a list may be handed to, by name: the members of its team who may upload lists."""
    if upload.team is None:
        return [upload.responsible] if upload.responsible else []
    members = upload.team.members.filter(is_active=True).order_by("username")
    return [user for user in members if can(user, Right.UPLOAD) or user == upload.responsible]


def split_tags(text: str) -> list[str]:
    """Return the tags in a string, separated by commas, each once whatever its case."""
    tags = {" ".join(part.split()).casefold(): " ".join(part.split()) for part in reversed(text.split(","))}
    return [tag for tag in reversed(tags.values()) if tag]


@transaction.atomic
def change_details(upload: Upload, user: User | None, new: NewDetails) -> bool:
    """Change details of a list, and record each change in its history. Return whether anything has changed.

    Raise DetailsRefused if a detail is not allowed.
    """
    require_editor(upload, user)
    upload = Upload.objects.select_for_update(no_key=True, of=["self"]).get(pk=upload.pk)
    changes: dict[str, Any] = {}
    events: list[tuple[str, str]] = []
    if new.name is not None and (name := new.name.strip()) != upload.name:
        if not name:
            raise DetailsRefused("Please give the list a name.", "name")
        changes["name"] = refuse_too_long(name, MAX_NAME, "name")
        events.append(("renamed", describe_change(upload.name, name)))
    if new.source is not None and (source := new.source.strip()) != upload.list_source:
        changes["list_source"] = refuse_too_long(source, MAX_SOURCE, "source")
        events.append(("source changed", describe_change(upload.list_source, source)))
    if new.note is not None and (note := new.note.strip()) != upload.note:
        changes["note"] = refuse_too_long(note, MAX_NOTE, "note")
        events.append(("note changed", "" if note else "removed"))
    if new.owner is not None and new.owner != upload.responsible:
        if new.owner not in list_possible_owners(upload):
            raise DetailsRefused(OWNER_REFUSED, "owner")
        changes["owner"] = new.owner
        events.append(("owner changed", f"from {upload.responsible or 'nobody'} to {new.owner}"))
    if new.tags is not None and (change := change_tags(upload, new.tags)):
        events.append(("tags changed", change))
    if changes:
        Upload.objects.filter(pk=upload.pk).update(**changes)
    for what, detail in events:
        record(upload.pk, what, user=user, detail=detail)
    return bool(events)


def describe_change(before: str, after: str) -> str:
    if not (before and after):
        return f"“{after}”" if after else f"removed “{before}”"
    return f"from “{before}” to “{after}”"


def refuse_too_long(text: str, limit: int, name: str) -> str:
    """Return a string. Raise DetailsRefused if it is too long for the detail with this name."""
    if len(text) > limit:
        raise DetailsRefused(f"Please use at most {limit:,} characters.", name)
    return text


def change_tags(upload: Upload, names: Iterable[str]) -> str:
    """Give a list these tags and no others. Return what has changed, or "" if nothing has."""
    wanted = split_tags(",".join(names))
    if len(wanted) > MAX_TAGS:
        raise DetailsRefused(f"Please use at most {MAX_TAGS} tags.", "tags")
    for name in wanted:
        refuse_too_long(name, MAX_TAG, "tags")
    tags = [find_or_create_tag(name) for name in wanted]
    before, after = set(upload.tags.all()), set(tags)
    if before == after:
        return ""
    upload.tags.set(tags)
    changes = [("added", after - before), ("removed", before - after)]
    return "; ".join(f"{what} {', '.join(sorted(map(str, tags)))}" for what, tags in changes if tags)


def find_or_create_tag(name: str) -> Tag:
    """Return the tag with this name, in whatever case it was written first."""
    return Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name)[0]


@transaction.atomic
def archive(upload: Upload, user: User | None) -> bool:
    """Archive a list. Return False if it is archived already, or if something is still happening to it."""
    require_editor(upload, user)
    archivable = Upload.objects.unarchived().filter(pk=upload.pk, status__in=UPLOAD_ARCHIVABLE)
    if not archivable.update(archived_at=timezone.now()):
        return False
    record(upload.pk, "archived", user=user)
    return True


@transaction.atomic
def unarchive(upload: Upload, user: User | None) -> bool:
    """Take a list out of the archive. Return False if it is not archived."""
    require_editor(upload, user)
    if not Upload.objects.archived().filter(pk=upload.pk).update(archived_at=None):
        return False
    record(upload.pk, "unarchived", user=user)
    return True
