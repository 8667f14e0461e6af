from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from batches import backups
from batches.file_storage import describe_failure
from batches.nouns import noun_for


class Command(BaseCommand):
    help = "Back up the database and the stored files to a new directory, while everything runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path, help="A new or empty directory.")

    def handle(self, *, directory: Path, **_: Any) -> None:
        try:
            made = backups.make(directory.absolute())
        except OSError as problem:
            raise CommandError(f"No backup was made. {describe_failure(problem)}") from None
        except backups.BackupError as problem:
            raise CommandError(f"No backup was made. {problem}") from None
        files = f"{made.files:,} {noun_for(made.files, 'file')}"
        self.stdout.write(f"Backed up the database and {files}, {filesizeformat(made.size)}, to {directory}.")
        if made.missing:
            self.stdout.write(f"{made.missing:,} {noun_for(made.missing, 'file')} of lists could not be found.")
        self.stdout.write("It has personal data: keep it encrypted, on another computer, with SECRET_KEY elsewhere.")
