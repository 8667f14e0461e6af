from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches import shared_files


class Command(BaseCommand):
    help = "Make the stored files that this host sees the ones that every host must see."

    def handle(self, **_: Any) -> None:
        try:
            shared_files.expect_own_files()
        except OSError as error:
            raise CommandError(f"The files cannot be stored: {error}") from None
        self.stdout.write("From now on, every host must see the files that this host sees.")
