from datetime import date
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.intake import scrub_files
from batches.intake.scrub_files import ScrubDetails
from batches.numbers import scrubs
from batches.people.states import find_state
from batches.statuses import ScrubKind, ScrubStatus


class Command(BaseCommand):
    help = "Load a scrub file, and compare the numbers that were found with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="Text, CSV, XLSX, or a zip of one text file.")
        parser.add_argument("--kind", required=True, choices=ScrubKind.values)
        parser.add_argument("--name", required=True, help="A file of the same kind and name replaces the earlier one.")
        parser.add_argument(
            "--as-of", required=True, type=read_day, help="The day for which the file is right, such as 2026-11-01."
        )
        parser.add_argument("--state", default="", help="The state of a state list, such as VA.")
        parser.add_argument("--change-list", action="store_true", help="The file says which numbers to add and remove.")

    def handle(self, *, file: str, kind: str, name: str, as_of: date, state: str, change_list: bool, **_: Any) -> None:
        if state and not find_state(state):
            raise CommandError(f"{state} is not a state.")
        name = " ".join(name.split())[:200]
        details = ScrubDetails(ScrubKind(kind), name, as_of, find_state(state), change_list)
        try:
            with Path(file).open("rb") as stream:
                source = scrub_files.receive(File(stream, Path(file).name), details, None)
        except OSError as problem:
            raise CommandError(f"Cannot read {file}: {problem.strerror}.") from None
        scrubs.work_on(source.pk)
        source.refresh_from_db()
        if source.status == ScrubStatus.FAILED:
            raise CommandError(source.problem)
        self.stdout.write(
            f"Loaded {source.number_count or source.added_count:,} numbers from {source.line_count:,} lines, "
            f"{source.unreadable_count:,} of them without a number. {source.hit_count:,} are among ours."
        )


def read_day(text: str) -> date:
    """Return a day such as 2026-11-01. Raise ValueError, which argparse reports."""
    return date.fromisoformat(text)
