from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from batches.exports import files
from batches.exports.rows import Choices
from batches.models import Upload
from batches.statuses import Outcome


class Command(BaseCommand):
    help = "Write an upload's results as CSV."

    def add_arguments(self, parser):
        parser.add_argument("upload", type=int)
        parser.add_argument("--layout", default="wide", help="wide, long, full, or one of the team's.")
        parser.add_argument("--outcome", default="", help="Only these, separated by commas.")
        parser.add_argument("--without-dnc", action="store_true", help="Leave out do-not-call phones.")
        parser.add_argument("--out", required=True)

    def handle(self, *, upload, layout, outcome, without_dnc, out, **_):
        outcomes = [word.strip() for word in outcome.split(",") if word.strip()]
        if unknown := set(outcomes) - set(Outcome.values):
            raise CommandError(
                f"No outcome is called {', '.join(sorted(unknown))}; there are {', '.join(Outcome.values)}."
            )
        if files.find_layout(layout) is None:
            names = ", ".join(files.layout_names())
            raise CommandError(f"No layout is called {layout}; there are {names}.")
        found = Upload.objects.filter(pk=upload).first()
        if found is None:
            raise CommandError(f"There is no upload {upload}.")
        try:
            write_export(found, out, layout, outcomes, without_dnc)
        except OSError as problem:
            raise CommandError(f"{out} cannot be written: {problem.strerror}.") from None


def write_export(upload, out, layout="wide", outcomes=(), without_dnc=False):
    items = upload.items.filter(outcome__in=outcomes) if outcomes else upload.items
    chosen = {"outcome": list(outcomes)} if outcomes else {}
    with Path(out).open("wb") as file:
        choices = Choices(without_dnc=without_dnc)
        file.writelines(files.export(upload, items.all(), files.find_layout(layout), choices, chosen=chosen))
