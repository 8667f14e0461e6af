import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from accounts import invitations

SANDBOX_USER = "demo"


class Command(BaseCommand):
    help = (
        "In sandbox mode, create a user if there is none, and print the name and password. With a real key, deactivate "
        "that user and, as long as there is no other, print a link with which the first administrator is created."
    )

    def handle(self, **_: Any) -> None:
        users = get_user_model().objects
        if settings.IS_SANDBOX:
            if not users.exists():
                password = secrets.token_urlsafe(9)
                users.create_superuser(SANDBOX_USER, password=password)
                self.stdout.write(f"{SANDBOX_USER} / {password}")
            return
        # A log may hold the sandbox's output, and the password with it.
        if users.filter(username=SANDBOX_USER, is_superuser=True, is_active=True).update(is_active=False):
            self.stdout.write(
                f"The sandbox's user {SANDBOX_USER} can no longer log in, because REALESTATEAPI_KEY is set."
            )
        if invitations.needs_first_login():
            self.stdout.write(f"Create the first administrator at {invitations.make_first_link()}")
