"""Create, rename and delete teams."""

from django.contrib.auth.models import User
from django.db import transaction

from accounts import audit
from accounts.models import AuditKind, Team
from accounts.team.members import CannotChange, lock_roles


def refuse_taken(name: str, team: Team | None = None) -> None:
    """Raise CannotChange if another team has this name, ignoring case."""
    if Team.objects.filter(name__iexact=name).exclude(pk=team.pk if team else 0).exists():
        raise CannotChange(f"There is already a team with the name {name}. Choose another name.")


def lock_teams(*pks: int | None) -> dict[int, Team]:
    """Lock teams, and return them by id. Raise CannotChange if one has been deleted."""
    wanted = {pk for pk in pks if pk is not None}
    teams = {team.pk: team for team in Team.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    if wanted - set(teams):
        raise CannotChange("This team has since been deleted.")
    return teams


def create(actor: User | None, name: str) -> Team:
    with transaction.atomic():
        lock_roles(actor)
        refuse_taken(name)
        team = Team.objects.create(name=name)
        audit.record(AuditKind.TEAM_CHANGED, actor, detail=f"Created the team {name}")
    return team


def rename(actor: User | None, pk: int, name: str) -> Team:
    with transaction.atomic():
        lock_roles(actor)
        team = lock_teams(pk)[pk]
        refuse_taken(name, team)
        before, team.name = team.name, name
        team.save(update_fields=["name"])
        if before != name:
            audit.record(AuditKind.TEAM_CHANGED, actor, detail=f"Renamed the team {before} to {name}")
    return team


def delete(actor: User | None, pk: int, move_to: int | None) -> tuple[Team, int]:
    """Delete a team, after moving its lists to another one. Return the team and how many lists were moved."""
    with transaction.atomic():
        lock_roles(actor)
        # With the team locked, no list can be added to it.
        teams = lock_teams(pk, move_to)
        team, target = teams[pk], teams.get(move_to or 0)
        moved = 0
        if target is not None and target != team:
            moved = team.uploads.update(team=target)
        elif team.uploads.exists():
            raise CannotChange(f"The team {team.name} has lists. Choose a team that gets them.")
        name, _ = team.name, team.delete()
        detail = f"Deleted the team {name}"
        if target is not None and moved:
            detail = f"{detail}; {moved:,} {'list' if moved == 1 else 'lists'} went to {target.name}"
        audit.record(AuditKind.TEAM_CHANGED, actor, detail=detail)
    return team, moved
