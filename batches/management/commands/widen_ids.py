from typing import Any

from django.core.management.base import BaseCommand, CommandError

from batches import wide_ids
from batches.index_operations import TableInUse


class Command(BaseCommand):
    help = "Give the ids of people 64 bits in a large PostgreSQL database, while all runs. It can be interrupted."

    def handle(self, **_: Any) -> None:
        if not wide_ids.find_short():
            self.stdout.write("All ids have 64 bits.")
            return
        try:
            wide_ids.widen(self.stdout.write)
        except wide_ids.AlreadyRunning:
            raise CommandError("manage.py widen_ids is running already.") from None
        except TableInUse:
            raise CommandError("A table was in use at each attempt. Run the command again, and it continues.") from None
        except wide_ids.Unexpected as difference:
            raise CommandError(f"A table is not as expected, and stays as it is: {difference}") from None
        self.stdout.write("All ids have 64 bits.")
