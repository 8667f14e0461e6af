"""Assign people to colleagues, from the table of people and the page of a person."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.names import name_of
from accounts.rights import Right, require
from batches import assignments
from batches.assignments import AssignmentResult
from batches.keys import read_key
from batches.nouns import noun_for
from batches.user_request import UserRequest
from batches.views.item_choice import choose_confirmed
from batches.views.shortcuts import redirect_back

NOBODY = "nobody"


@require_POST
def assign_items(request: UserRequest) -> HttpResponse:
    """Assign the selected people to a user, or to nobody."""
    require(request.user, Right.SEE_CONTACTS)
    chosen = request.POST.get("to", "")
    assignee = assignments.list_assignees(request.user).filter(pk=read_key(chosen) or 0).first()
    if assignee is None and chosen != NOBODY:
        messages.warning(request, "Nobody was assigned. Choose a colleague.")
        return redirect_back(request, "items")
    if (items := choose_confirmed(request)) is not None:
        try:
            if assignee is None:
                text = describe_result(assignments.unassign(items, request.user), "nobody")
            else:
                name = "you" if assignee == request.user else name_of(assignee)
                text = describe_result(assignments.assign(items, assignee, request.user), name)
        except assignments.TooMany as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, text)
    return redirect_back(request, "items")


def describe_result(result: AssignmentResult, name: str) -> str:
    """Return a sentence about how many people were assigned to a user with this name, and how many could not be."""
    changed, unseen = result.changed, result.unseen
    text = f"Assigned {changed:,} {noun_for(changed, 'person,people')} to {name}."
    if not changed:
        text = f"Nothing changed: they were already assigned to {name}." if not unseen else "Nobody was assigned."
    if not unseen:
        return text
    where = "person is in a list" if unseen == 1 else "people are in lists"
    return f"{text} {unseen:,} {where} that {name} may not see."
