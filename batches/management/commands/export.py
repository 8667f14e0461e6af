from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from batches.exports import LAYOUTS, stream_csv
from batches.lifecycle import record
from batches.models import Upload
from batches.statuses import Outcome


class Command(BaseCommand):
    help = "Write an upload's results as CSV."

    def add_arguments(self, parser):
        parser.add_argument("upload", type=int)
        parser.add_argument("--layout", choices=LAYOUTS, default="wide")
        parser.add_argument("--outcome", default="", help="Only these, separated by commas.")
        parser.add_argument("--without-dnc", action="store_true", help="Leave out do-not-call phones.")
        parser.add_argument("--out", required=True)

    def handle(self, *, upload, layout, outcome, without_dnc, out, **_):
        outcomes = [word.strip() for word in outcome.split(",") if word.strip()]
        if unknown := set(outcomes) - set(Outcome.values):
            raise CommandError(
                f"No outcome is called {', '.join(sorted(unknown))}; there are {', '.join(Outcome.values)}."
            )
        found = Upload.objects.filter(pk=upload).first()
        if found is None:
            raise CommandError(f"There is no upload {upload}.")
        try:
            write_export(found, out, layout, outcomes, without_dnc)
        except OSError as problem:
            raise CommandError(f"{out} cannot be written: {problem.strerror}.") from None


def write_export(upload, out, layout="wide", outcomes=(), without_dnc=False):
    with Path(out).open("w", encoding="utf-8", newline="") as file:
        file.writelines(stream_csv(upload, layout, outcomes, without_dnc))
    record(upload.pk, "exported", detail=f"{layout}, from the shell")
