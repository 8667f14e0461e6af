"""Find what a user can do about lists, and what waits for others. The number of queries is constant."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from accounts.access import list_viewers
from accounts.rights import Right, can
from batches.models import Batch, Event, Suppression, Upload
from batches.statuses import UploadStatus
from batches.tracing.limits import max_credits
from batches.tracing.spending import find_involved

MAX_LISTS = 30
"""Maximum number of lists that are looked at."""
MAX_SHOWN = 8
"""Maximum number of lists shown in each part."""


class Act(StrEnum):
    """What is to be done about a list."""

    APPROVE = "approve"
    FIX_ROWS = "fix_rows"
    START = "start"
    CHECK_COLUMNS = "check_columns"
    REPLACE_FILE = "replace_file"


ACT_RIGHTS = {
    Act.APPROVE: Right.APPROVE,
    Act.FIX_ROWS: Right.START,
    Act.START: Right.START,
    Act.CHECK_COLUMNS: Right.UPLOAD,
    Act.REPLACE_FILE: Right.UPLOAD,
}


@dataclass(frozen=True)
class Need:
    """A list about which somebody can do something."""

    act: Act
    upload: Upload
    asked: Event | None = None
    """The request for approval."""
    declined: Event | None = None
    """The refusal of an earlier request."""

    @property
    def people(self) -> int:
        return self.upload.item_count

    @property
    def max_credits(self) -> Decimal:
        """The most that the list can cost."""
        return max_credits(self.upload.item_count)


@dataclass(frozen=True)
class Waiting:
    """A list about which only others can do something."""

    need: Need
    users: list[User]
    """Those who can. For a list without an owner it is empty: any lead can."""


@dataclass(frozen=True)
class Needs:
    """What a user can do about lists, and what waits for others."""

    mine: list[Need] = field(default_factory=list)
    others: list[Waiting] = field(default_factory=list)
    has_more: bool = False
    """Whether there are more lists than these."""


def select_waiting(user: User | None) -> dict[str, QuerySet[Any]]:
    """Return what waits for somebody, as far as `user` sees it, by name. The names are those of `find_filled`."""
    return {
        "lists": Upload.objects.visible_to(user).needing_action(),
        "batches": Batch.objects.visible_to(user).needing_decision(),
        "requests": Suppression.objects.due_soon(),
    }


def load_needs(user: User) -> Needs:
    """Return the lists that wait for `user` or for others, as far as `user` sees them, oldest first."""
    visible = Upload.objects.visible_to(user).needing_action().select_related("created_by", "start_asked_by")
    uploads = list(visible.order_by("pk")[: MAX_LISTS + 1])
    has_more, uploads = len(uploads) > MAX_LISTS, uploads[:MAX_LISTS]
    if not uploads:
        return Needs()
    awaiting = [upload for upload in uploads if upload.status == UploadStatus.APPROVAL]
    involved = find_involved(awaiting) if awaiting else {}
    events = find_requests(uploads)
    mine: list[Need] = []
    others: list[Need] = []
    for upload in uploads:
        need = make_need(upload, events.get(upload.pk))
        (mine if is_for(user, need, involved) else others).append(need)
    shown = others[:MAX_SHOWN]
    has_more = has_more or len(mine) > MAX_SHOWN or len(others) > MAX_SHOWN
    return Needs(mine[:MAX_SHOWN], name_others(shown, involved) if shown else [], has_more)


def make_need(upload: Upload, last: Event | None) -> Need:
    """Return what is to be done about a list. `last` is the latest request for approval or its refusal."""
    match upload.status:
        case UploadStatus.APPROVAL:
            return Need(Act.APPROVE, upload, asked=last)
        case UploadStatus.FAILED:
            return Need(Act.REPLACE_FILE, upload)
        case UploadStatus.DRAFT:
            return Need(Act.CHECK_COLUMNS, upload)
    if last and last.what == Event.APPROVAL_DECLINED:
        return Need(Act.START, upload, declined=last)
    return Need(Act.FIX_ROWS if upload.invalid_count else Act.START, upload)


def find_requests(uploads: Iterable[Upload]) -> dict[int, Event]:
    """Return list id → its latest request for approval or refusal of one."""
    asked = [upload.pk for upload in uploads if upload.status in (UploadStatus.APPROVAL, UploadStatus.READY)]
    kinds = [Event.APPROVAL_REQUESTED, Event.APPROVAL_DECLINED]
    events = Event.objects.filter(upload__in=asked, what__in=kinds).select_related("user").order_by("at", "pk")
    return {event.upload_id: event for event in events}


def is_for(user: User, need: Need, involved: dict[int, set[int]]) -> bool:
    """Return whether the user has the right and, except for approvals, the list is theirs.

    Lists without an active owner are for those who decide. An approval is for those who were not involved in the list.
    """
    if not can(user, ACT_RIGHTS[need.act]):
        return False
    if need.act == Act.APPROVE:
        return user.pk not in involved[need.upload.pk]
    owner = find_owner(need.upload)
    return can(user, Right.DECIDE) if owner is None else owner == user


def find_owner(upload: Upload) -> User | None:
    """Return who looks after a list, or None if nobody does: it came from the shell, or its owner has left."""
    owner = upload.created_by
    return owner if owner and owner.is_active else None


def name_others(needs: list[Need], involved: dict[int, set[int]]) -> list[Waiting]:
    """Return the lists with those who can do something about them."""
    to_approve = [need.upload for need in needs if need.act == Act.APPROVE]
    approvers = list_viewers(to_approve, Right.APPROVE) if to_approve else {}
    waiting = []
    for need in needs:
        owner, pk = find_owner(need.upload), need.upload.pk
        users = [owner] if owner else []
        if need.act == Act.APPROVE:
            users = [user for user in approvers[pk] if user.pk not in involved[pk]]
        waiting.append(Waiting(need, users))
    return waiting
