"""The Team page, for administrators: users, invitations and teams."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import invitations
from accounts.invitations import Invitation
from accounts.models import Team
from accounts.rights import Right, Role, require
from accounts.team import members, teams
from accounts.team.forms import DeleteTeamForm, InvitationForm, MemberForm, TeamForm
from accounts.team.members import CannotChange

DOTS = {"Active": "good", "Invited": "wait", "Invitation expired": "warn"}
"""The look of a user's dot, by the user's status."""


class LoggedInRequest(HttpRequest):
    """A request from a user who is logged in."""

    user: User


def for_administrators(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view that only administrators may open."""

    @wraps(view)
    def guarded_view(request: LoggedInRequest, **kwargs: Any) -> HttpResponse:
        require(request.user, Right.ADMINISTER)
        return view(request, **kwargs)

    return guarded_view


# Users


@for_administrators
def team_page(request: LoggedInRequest) -> HttpResponse:
    users = list(
        User.objects.select_related("profile").prefetch_related("groups", "teams").order_by("-is_active", "username")
    )
    with_second_factor = members.find_users_with_second_factor(users)
    context = {
        "rows": [describe_row(user, with_second_factor) for user in users],
        "shows_second_factors": with_second_factor is not None,
        "teams": Team.objects.with_counts(),
    }
    return render(request, "team/page.html", context)


def describe_row(user: User, with_second_factor: set[int] | None) -> dict[str, Any]:
    """Return what the row for a user shows."""
    profile = getattr(user, "profile", None)
    times = [time for time in (user.last_login, profile and profile.seen_at) if time]
    status = describe_status(user)
    return {
        "user": user,
        "roles": list_roles(user),
        "teams": ", ".join(team.name for team in user.teams.all()),
        "seen_at": max(times, default=None),
        "second_factor": user.pk in (with_second_factor or set()),
        "status": status,
        "dot": DOTS.get(status, ""),
    }


def list_roles(user: User) -> str:
    roles = [group.name for group in user.groups.all()]
    if user.is_superuser:
        roles = ["Superuser", *roles]
    return ", ".join(roles)


def describe_status(user: User) -> str:
    if not user.is_active:
        return "Deactivated"
    if invitations.has_joined(user):
        return "Active"
    return "Invited" if invitations.is_open(user) else "Invitation expired"


@never_cache
@for_administrators
def invite(request: LoggedInRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            user, invitation = members.add(request.user, given["name"], given["email"], given["roles"], given["teams"])
        except CannotChange as problem:
            form.add_error(None, str(problem))
        else:
            return show_invitation(request, user, invitation)
    return render(request, "team/invite.html", {"form": form}, status=422 if form.errors else 200)


def show_invitation(request: LoggedInRequest, user: User, invitation: Invitation) -> HttpResponse:
    """Say that the invitation was mailed, or show its link, which will not be shown again."""
    if invitation.is_mailed:
        messages.success(request, f"Invitation mailed to {user.email}.")
        return redirect("team")
    return render(request, "team/link.html", {"invited": user, "link": invitation.link}, status=201)


@for_administrators
def user_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Show a user's roles and teams. On POST, change them."""
    user = get_object_or_404(User.objects.select_related("profile"), pk=pk)
    current = {
        "roles": [group.name for group in user.groups.all() if group.name in list(Role)],
        "teams": list(user.teams.all()),
        "version": members.find_version(user),
    }
    form = MemberForm(request.POST or None, initial=current)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            members.change(request.user, pk, given["version"], given["roles"], given["teams"])
        except CannotChange as problem:
            return refuse(request, problem, pk)
        messages.success(request, f"Roles and teams of {user.username} saved.")
        return redirect("team")
    context = {
        "form": form,
        "member": user,
        "status": describe_status(user),
        "roles": list_roles(user),
        "version": current["version"],
        "may_change": members.may_change(request.user, user),
        "is_invited": user.is_active and not invitations.has_joined(user),
    }
    return render(request, "team/user.html", context, status=422 if form.errors else 200)


def refuse(request: LoggedInRequest, problem: CannotChange, pk: int) -> HttpResponse:
    """Say why nothing was changed, on the page with the user's current state."""
    messages.error(request, str(problem))
    return redirect("team-user", pk=pk) if User.objects.filter(pk=pk).exists() else redirect("team")


@require_POST
@for_administrators
def deactivate(request: LoggedInRequest, pk: int) -> HttpResponse:
    return set_active(request, pk, False)


@require_POST
@for_administrators
def activate(request: LoggedInRequest, pk: int) -> HttpResponse:
    return set_active(request, pk, True)


def set_active(request: LoggedInRequest, pk: int, is_active: bool) -> HttpResponse:
    try:
        user = members.set_active(request.user, pk, request.POST.get("version", ""), is_active)
    except CannotChange as problem:
        return refuse(request, problem, pk)
    done = "can log in again" if is_active else "can no longer log in, and is logged out everywhere"
    messages.success(request, f"{user.username} {done}.")
    return redirect("team")


@never_cache
@require_POST
@for_administrators
def invite_again(request: LoggedInRequest, pk: int) -> HttpResponse:
    try:
        user, invitation = members.invite_again(request.user, pk)
    except CannotChange as problem:
        return refuse(request, problem, pk)
    return show_invitation(request, user, invitation)


# Teams


@for_administrators
def new_team(request: LoggedInRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = teams.create(request.user, form.cleaned_data["name"])
        except CannotChange as problem:
            form.add_error("name", str(problem))
        else:
            messages.success(request, f"Team {team.name} created.")
            return redirect("team")
    return render(request, "team/new_team.html", {"form": form}, status=422 if form.errors else 200)


@for_administrators
def edit_team(request: LoggedInRequest, pk: int) -> HttpResponse:
    """Show a team. On POST, rename it."""
    team = get_object_or_404(Team.objects.with_counts(), pk=pk)
    form = TeamForm(request.POST or None, initial={"name": team.name})
    if request.method == "POST" and form.is_valid():
        try:
            teams.rename(request.user, pk, form.cleaned_data["name"])
        except CannotChange as problem:
            form.add_error("name", str(problem))
        else:
            messages.success(request, f"Team {form.cleaned_data['name']} saved.")
            return redirect("team")
    return render_team(request, team, form, DeleteTeamForm(team))


@require_POST
@for_administrators
def delete_team(request: LoggedInRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team.objects.with_counts(), pk=pk)
    form = DeleteTeamForm(team, request.POST)
    if form.is_valid():
        target = form.cleaned_data["move_to"]
        try:
            _, moved = teams.delete(request.user, pk, target and target.pk)
        except CannotChange as problem:
            form.add_error("move_to", str(problem))
        else:
            noun = "list was" if moved == 1 else "lists were"
            also = f" {moved:,} {noun} moved to {target.name}." if moved else ""
            messages.success(request, f"Team {team.name} deleted.{also}")
            return redirect("team")
    return render_team(request, team, TeamForm(initial={"name": team.name}), form)


def render_team(request: LoggedInRequest, team: Team, form: TeamForm, delete_form: DeleteTeamForm) -> HttpResponse:
    context = {
        "team": team,
        "form": form,
        "delete_form": delete_form,
        "has_other_team": Team.objects.exclude(pk=team.pk).exists(),
    }
    return render(request, "team/team.html", context, status=422 if form.errors or delete_form.errors else 200)
