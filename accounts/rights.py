"""Define what users may do, and the roles that bundle these rights.

Each right is a permission of Django, and each role is a group that a migration creates. The functions that act call
`require`, so pages, API, admin and shell share the same check.
"""

from enum import StrEnum

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied


class Right(StrEnum):
    """A permission, as `User.has_perm` names it."""

    SEE_LISTS = "accounts.see_lists"
    SEE_CONTACTS = "accounts.see_contacts"
    UPLOAD = "accounts.upload_lists"
    START = "accounts.start_lists"
    DECIDE = "accounts.decide"
    EXPORT = "accounts.export_results"
    SUPPRESS = "accounts.edit_suppressions"
    APPROVE = "batches.approve_upload"
    ADMINISTER = "accounts.administer"


class Role(StrEnum):
    """The name of a group."""

    VIEWER = "Viewer"
    MEMBER = "Member"
    LEAD = "Lead"
    APPROVER = "Approver"
    ADMINISTRATOR = "Administrator"


MEMBER_RIGHTS = [Right.SEE_LISTS, Right.SEE_CONTACTS, Right.UPLOAD, Right.START, Right.EXPORT, Right.SUPPRESS]
ROLE_RIGHTS: dict[Role, list[Right]] = {
    Role.VIEWER: [Right.SEE_LISTS],
    Role.MEMBER: MEMBER_RIGHTS,
    Role.LEAD: [*MEMBER_RIGHTS, Right.DECIDE],
    Role.APPROVER: [Right.SEE_LISTS, Right.APPROVE],
    Role.ADMINISTRATOR: list(Right),
}

REFUSALS: dict[Right, str] = {
    Right.SEE_LISTS: "see lists",
    Right.SEE_CONTACTS: "see contact details",
    Right.UPLOAD: "upload or change lists",
    Right.START: "start lists",
    Right.DECIDE: "decide about batches or re-run people",
    Right.EXPORT: "export results",
    Right.SUPPRESS: "change the do-not-contact list",
    Right.APPROVE: "approve lists",
    Right.ADMINISTER: "change settings that concern everyone",
}
"""What a user without the right may not do, as the end of a sentence."""


class RightMissing(PermissionDenied):
    """The user may not do this. The message says what, and whom to ask."""

    def __init__(self, right: Right, what: str = "") -> None:
        """Name what the user may not do: `what`, as the end of a sentence, or all that the right allows."""
        super().__init__(f"You may not {what or REFUSALS[right]}. Ask an administrator for another role.")


def can(user: User | AnonymousUser, right: Right) -> bool:
    return user.has_perm(right)


def require(user: User | None, right: Right) -> None:
    """Raise RightMissing if the user lacks the right. None (the shell or skipportal itself) has all rights."""
    if user is not None and not can(user, right):
        raise RightMissing(right)
