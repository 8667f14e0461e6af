from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches import call_files
from batches.intake import loaded_files
from batches.nouns import noun_for
from batches.statuses import LoadedKind, LoadingStatus


class Command(BaseCommand):
    help = "Record what came of calls from a CSV or XLSX file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A file with a column of numbers and a column of outcomes.")

    def handle(self, *, file: str, **_: Any) -> None:
        try:
            with Path(file).open("rb") as stream:
                loaded = loaded_files.receive(File(stream, Path(file).name), LoadedKind.OUTCOMES, None)
        except OSError as problem:
            raise CommandError(f"Cannot read {file}: {problem.strerror}.") from None
        call_files.work_on(loaded.pk)
        loaded.refresh_from_db()
        for row, column, reason in loaded.problems:
            self.stderr.write(f"Row {row}, {column or 'whole row'}: {reason}")
        if loaded.status == LoadingStatus.FAILED:
            raise CommandError(loaded.problem)
        outcomes = f"{loaded.taken_count:,} {noun_for(loaded.taken_count, 'outcome')}"
        rows = f"{loaded.row_count:,} {noun_for(loaded.row_count, 'row')}"
        self.stdout.write(
            f"Recorded {outcomes} from {rows}. {loaded.repeated_count:,} had been recorded before, and "
            f"{loaded.problem_count:,} could not be recorded."
        )
