import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.models import Team
from accounts.rights import Role
from accounts.team import members
from accounts.team.members import CannotChange


class Command(BaseCommand):
    help = "Add a user, and print a link with which they choose a password. It is valid once, for seven days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The name for logging in.")
        roles = ", ".join(Role)
        parser.add_argument("--role", action="append", required=True, help=f"One of {roles}. May be given repeatedly.")
        parser.add_argument("--team", action="append", default=[], help="The name of a team. May be given repeatedly.")
        parser.add_argument("--email", default="", help="Where notices are mailed. The link is not mailed.")

    def handle(self, *, name: str, role: list[str], team: list[str], email: str, **options: Any) -> None:
        try:
            roles = [find_role(text) for text in role]
            teams = [find_team(text) for text in team]
            invitation = members.add(None, name, email, roles, teams, with_mail=False)[1]
        except CannotChange as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
        self.stdout.write(invitation.link)


def find_role(text: str) -> Role:
    """Return the role with this name, ignoring case. Raise CannotChange if there is none."""
    for role in Role:
        if role.casefold() == text.casefold():
            return role
    raise CannotChange(f"There is no role {text}. Use one of {', '.join(Role)}.")


def find_team(text: str) -> Team:
    """Return the team with this name, ignoring case. Raise CannotChange if there is none."""
    if team := Team.objects.filter(name__iexact=text).first():
        return team
    names = ", ".join(Team.objects.values_list("name", flat=True))
    raise CannotChange(f"There is no team {text}. " + (f"Use one of {names}." if names else "No team exists yet."))
