from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.second_factor import remove_all


class Command(BaseCommand):
    help = "Remove a second factor that a user has lost. The user then logs in with the password, and sets up another."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The user's name.")

    def handle(self, *, name: str, **_: Any) -> None:
        try:
            user = User.objects.get(username=name)
        except User.DoesNotExist:
            raise CommandError(f"There is no user {name!r}.") from None
        if not Authenticator.objects.filter(user=user).exists():
            raise CommandError(f"{name} has no second factor.")
        remove_all(user)
        self.stdout.write(f"Removed the second factor of {name}. Their sessions have ended.")
