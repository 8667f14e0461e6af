from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches import backups
from batches.file_storage import describe_failure


class Command(BaseCommand):
    help = "Restore a backup to an empty database, with its files, and do what `restored` does."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="The directory that `backup` wrote.")

    def handle(self, *, directory: Path, **_: Any) -> None:
        try:
            manifest = backups.restore(directory.absolute())
        except OSError as problem:
            raise CommandError(f"Not restored. {describe_failure(problem)}") from None
        except backups.BackupError as problem:
            raise CommandError(f"Not restored. {problem}") from None
        self.stdout.write(f"Restored the backup of {manifest['made_at']}, made by version {manifest['version']}.")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("restored", stdout=self.stdout)
