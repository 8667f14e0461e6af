import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections

from batches.index_operations import LOCK_TIMEOUT

LOCK_NOT_AVAILABLE = "55P03"
ATTEMPTS = 30
PAUSE_SECONDS = 2


class Command(migrate.Command):
    """Migrate without waiting long for a lock: whatever comes later would wait too, even the vendor's results."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        try:
            self.migrate_patiently(*args, **options)
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")

    def migrate_patiently(self, *args: Any, **options: Any) -> None:
        """Migrate, and try again while a table is locked. What was interrupted is rolled back or can be repeated."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                    raise
            self.stderr.write(
                f"A table is in use (attempt {attempt} of {ATTEMPTS}). Nothing is waiting for us in the meantime."
            )
            time.sleep(PAUSE_SECONDS)
        raise CommandError("A table was in use at each attempt. Run the migration again at a quieter time.")
