from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from batches.exports import files
from batches.exports.layouts import WIDE, Layout
from batches.exports.rows import ExportChoices
from batches.models import Upload
from batches.statuses import Outcome


class Command(BaseCommand):
    help = "Write the results of a list to a CSV file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", type=int, help="The number of the list.")
        parser.add_argument("--layout", default="wide", help="wide, long, full, or a layout that your team has saved.")
        parser.add_argument("--outcome", default="", help="Export only these outcomes, separated by commas.")
        parser.add_argument("--without-dnc", action="store_true", help="Leave out do-not-call phones.")
        parser.add_argument("--out", required=True, help="The file to write.")

    def handle(self, *, upload: int, layout: str, outcome: str, without_dnc: bool, out: str, **_: Any) -> None:
        outcomes = [name.strip() for name in outcome.split(",") if name.strip()]
        if unknown := set(outcomes) - set(Outcome.values):
            raise CommandError(
                f"Unknown outcome: {', '.join(sorted(unknown))}. Use one of {', '.join(Outcome.values)}."
            )
        chosen_layout = files.find_layout(layout)
        if chosen_layout is None:
            names = ", ".join(files.list_layouts())
            raise CommandError(f"Unknown layout: {layout}. Use one of {names}.")
        found = Upload.objects.filter(pk=upload).first()
        if found is None:
            raise CommandError(f"There is no list with number {upload}.")
        try:
            write_export(found, out, chosen_layout, outcomes, without_dnc)
        except OSError as problem:
            raise CommandError(f"Cannot write {out}: {problem.strerror}.") from None


def write_export(
    upload: Upload, out: str, layout: Layout = WIDE, outcomes: Sequence[str] = (), without_dnc: bool = False
) -> None:
    """Write the results of an upload to a CSV file. Raises OSError."""
    items = upload.items.filter(outcome__in=outcomes) if outcomes else upload.items
    chosen = {"outcome": list(outcomes)} if outcomes else {}
    with Path(out).open("wb") as file:
        choices = ExportChoices(without_dnc=without_dnc)
        file.writelines(files.stream_export(upload, items.all(), layout, choices, chosen=chosen))
