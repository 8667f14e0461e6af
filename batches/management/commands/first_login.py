import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "In sandbox mode, if there are no users: create one and print its name and password."

    def handle(self, **_: Any) -> None:
        users = get_user_model().objects
        if settings.IS_SANDBOX and not users.exists():
            password = secrets.token_urlsafe(9)
            users.create_superuser("demo", password=password)
            self.stdout.write(f"demo / {password}")
