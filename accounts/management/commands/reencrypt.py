from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import encryption
from accounts.encryption import CannotDecrypt


class Command(BaseCommand):
    help = "Encrypt all stored secrets with the first of FIELD_ENCRYPTION_KEYS, so that the others can be removed."

    def handle(self, **_: Any) -> None:
        try:
            count = encryption.reencrypt()
        except CannotDecrypt as problem:
            raise CommandError(f"{problem} Secrets before this one are encrypted with the first key.") from None
        self.stdout.write(f"Secrets that are encrypted with the first key: {count}.")
