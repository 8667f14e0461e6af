"""Change the details of a list."""

from django.contrib.auth.models import User
from django.db import transaction

from api.errors import BadInput, Conflict
from api.schemas import ListChanges
from batches.intake import list_details
from batches.intake.list_details import DetailsRefused, NewDetails
from batches.models import Upload
from batches.statuses import Priority
from batches.tracing import priority


@transaction.atomic
def change_list(upload: Upload, user: User, changes: ListChanges) -> None:
    """Make all of the changes, or none.

    Raise BadInput if a detail is not allowed, or Conflict if the list's status does not allow a change.
    """
    if changes.model_fields_set != {"priority"}:
        list_details.require_editor(upload, user)
    change_details(upload, user, changes)
    if changes.archived is not None and changes.archived != upload.is_archived:
        change = list_details.archive if changes.archived else list_details.unarchive
        if not change(upload, user):
            raise Conflict(f"A list with status {upload.status} cannot be archived.")
    if changes.priority:
        wanted = Priority[changes.priority.name]
        if not priority.change_priority(upload, user, wanted) and upload.priority != wanted:
            raise Conflict(f"The priority of a list with status {upload.status} cannot be changed.")


def change_details(upload: Upload, user: User, changes: ListChanges) -> None:
    given = changes.model_dump(include={"name", "source", "note", "tags"}, exclude_none=True)
    if changes.owner is not None:
        given["owner"] = find_owner(upload, changes.owner)
    if not given:
        return
    try:
        list_details.change_details(upload, user, NewDetails(**given))
    except DetailsRefused as problem:
        raise BadInput(problem.field, str(problem)) from None


def find_owner(upload: Upload, username: str) -> User:
    """Return the user with this name to whom the list may be handed. Raise BadInput if there is none."""
    for user in list_details.list_possible_owners(upload):
        if user.get_username() == username:
            return user
    raise BadInput("owner", list_details.OWNER_REFUSED)
