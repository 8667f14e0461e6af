import json
import sys
import time
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand
from django.db.models import Count

from batches import jobs
from batches.files.file_format import UnreadableFile
from batches.intake import list_options, row_import, uploads
from batches.intake.list_options import GivenSettings, Refused
from batches.intake.trace_settings import TraceSettings
from batches.management.commands.export import write_export
from batches.mapping.fields import LABELS
from batches.models import Upload
from batches.statuses import Companies, NameOrder, Outcome, Priority, UploadStatus
from batches.tracing import spending
from batches.tracing.counts import count_uploads

ARGUMENTS = {"mapping": "--map", "fixed": "--fixed", "match": "--match", "look_back": "--look-back"}
"""Setting → the argument that gives it."""
OVER = {UploadStatus.COMPLETE, UploadStatus.CANCELLED, UploadStatus.FAILED}


class Command(BaseCommand):
    help = "Trace a list: upload, map, check, start; the same as on the screens."

    def add_arguments(self, parser):
        parser.add_argument("file")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="Guessed where not told; A+B joins columns.",
        )
        parser.add_argument(
            "--fixed", action="append", default=[], metavar="FIELD=VALUE", help="The same for all rows."
        )
        parser.add_argument("--name-order", choices=NameOrder.values, help="Of full names; guessed where not told.")
        parser.add_argument("--companies", choices=Companies.values, help="What becomes of owners that are no person.")
        parser.add_argument("--co-owners", action=BooleanOptionalAction, help="Trace second owners as well.")
        parser.add_argument(
            "--look-back", type=int, metavar="DAYS", help="How long an earlier answer counts; 0: never."
        )
        parser.add_argument("--name", default="")
        parser.add_argument("--source", default="", help="Where the list is from; scorecards compare sources.")
        parser.add_argument("--priority", choices=[p.name.lower() for p in Priority], default="normal")
        parser.add_argument("--match", default="", help="What a match must bring: phones, emails, or both.")
        parser.add_argument("--wait", action="store_true", help="Until the upload is complete.")
        parser.add_argument("--timeout", type=float, default=3600, metavar="S", help="Longest wait, in seconds.")
        parser.add_argument("--export", metavar="OUT.csv", help="Write the results here; with --wait when complete.")

    def handle(self, *, wait, timeout, export, **options):
        try:
            if export:
                # Found out before anything is spent, not after.
                Path(export).open("ab").close()
            upload = self.begin(**options)
        except (Refused, UnreadableFile, spending.OverLimit, OSError) as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
        is_in_time = not wait or self.follow(upload, timeout)
        upload.refresh_from_db()
        if export:
            write_export(upload, export)
        self.stdout.write(json.dumps(summarise(upload)))
        if not is_in_time:
            sys.exit(3)
        if wait and upload.status != UploadStatus.COMPLETE:
            self.stderr.write(f"The list was {upload.status} before it was complete.")
            sys.exit(1)

    def begin(self, *, file, name, priority, source, **options):
        given = read_given(**options)
        details = {"name": name, "priority": Priority[priority.upper()], "source": source}
        with Path(file).open("rb") as handle:
            upload, settings = list_options.receive(File(handle, name=Path(file).name), None, given, **details)
        self.warn_of_doubts(upload, settings)
        list_options.refuse_gaps(settings)
        uploads.accept_settings(upload, settings, None)
        row_import.check_rows(upload.pk)
        upload.refresh_from_db()
        if upload.status == UploadStatus.FAILED:
            raise Refused(upload.problem)
        status = jobs.start(upload, None)
        if status is None:
            raise Refused(f"None of the {upload.row_count} rows can be traced: see upload {upload.pk} for the reasons.")
        if status == UploadStatus.APPROVAL:
            self.stderr.write(f"Somebody must approve this list before it is started: upload {upload.pk}.")
        return upload

    def warn_of_doubts(self, upload: Upload, settings: TraceSettings) -> None:
        if upload.used_template:
            self.stderr.write(f"The columns are read as the template “{upload.used_template}” says.")
        for field in sorted(set(upload.doubts) - set(settings.fixed)):
            names = " + ".join(upload.columns[position] for position in settings.mapping.get(field, []))
            self.stderr.write(f"Not sure: {LABELS[field]}{': ' if names else ''}{names}. {upload.doubts[field]}")

    def follow(self, upload, timeout):
        """Show progress until the upload is over: True; or the time is: False."""
        if not jobs.is_redis_there():
            self.stderr.write("Redis does not answer: start script/server, the list goes on by itself then.")
        end, shown = time.monotonic() + timeout, None
        while time.monotonic() < end:
            upload.refresh_from_db()
            counts = count_uploads([upload])[upload.pk]
            line = (
                f"{counts.percent:3}%  {counts.done} of {counts.total}, {counts.matched} matched, {counts.error} errors"
            )
            if line != shown:
                self.stderr.write(line)
                shown = line
            if upload.status in OVER:
                return True
            time.sleep(min(0.5, max(end - time.monotonic(), 0)))
        return False


def read_given(*, match: str, **options: Any) -> GivenSettings:
    """Return the settings given on the command line."""
    return GivenSettings(
        mapping=options["map"],
        match=[word.strip() for word in match.split(",") if word.strip()],
        labels=ARGUMENTS,
        **{name: options[name] for name in ("fixed", "name_order", "companies", "co_owners", "look_back")},
    )


def summarise(upload):
    counts = count_uploads([upload])[upload.pk]
    by_outcome = dict(upload.items.order_by().values_list("outcome").annotate(Count("pk")))
    outcomes = {outcome: by_outcome.get(outcome, 0) for outcome in Outcome.values if outcome != Outcome.PENDING}
    return {
        "upload": upload.pk,
        "status": upload.status,
        "rows": upload.row_count,
        "items": upload.item_count,
        "batches": upload.batches.count(),
        **outcomes,
        "credits": float(counts.credits),
    }
