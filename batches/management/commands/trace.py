import json
import sys
import time
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count

from batches import jobs
from batches.file_storage import describe_failure
from batches.files.file_format import UnreadableFile
from batches.intake import list_options, row_import, uploads
from batches.intake.hidden_parts import format_hidden
from batches.intake.list_options import GivenSettings, InvalidOption
from batches.intake.trace_settings import OPTION_NAMES, TraceSettings
from batches.management.commands.export import write_export
from batches.mapping.fields import LABELS, find_settled
from batches.models import Upload
from batches.statuses import CompanyHandling, NameOrder, Outcome, Priority, UploadStatus
from batches.tracing import purposes, spending
from batches.tracing.counts import count_uploads

ARGUMENT_NAMES = {
    "mapping": "--map",
    "constants": "--fixed",
    "match_requirements": "--match",
    "look_back": "--look-back",
    "accept_guesses": "--accept-guesses",
}
"""Setting → its argument on the command line."""
SINGLE_OPTIONS = set(OPTION_NAMES) - {"match_requirements"}
"""Settings with an argument of the same name."""
UPLOAD_FINISHED = {UploadStatus.COMPLETE, UploadStatus.CANCELLED, UploadStatus.FAILED}


class Command(BaseCommand):
    help = "Trace a list as on the screens: upload, map the columns, check, start."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="The list, as CSV or XLSX.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="The column that holds a field; A+B joins columns. Fields you leave out are guessed.",
        )
        parser.add_argument(
            "--fixed",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="The same value for every row.",
        )
        parser.add_argument("--name-order", choices=NameOrder.values, help="Order of full names; guessed if not given.")
        parser.add_argument(
            "--companies", choices=CompanyHandling.values, help="How to trace owners that are not people."
        )
        parser.add_argument("--co-owners", action=BooleanOptionalAction, help="Trace second owners as well.")
        parser.add_argument(
            "--look-back", type=int, metavar="DAYS", help="Reuse answers from the last DAYS days; 0: never."
        )
        parser.add_argument(
            "--refresh-stale",
            action="store_true",
            help="Trace people again whose earlier answer has stale Do Not Call flags, which costs credits.",
        )
        parser.add_argument("--name", default="", help="Name of the list; by default the name of the file.")
        parser.add_argument("--source", default="", help="Where the list comes from; scorecards compare sources.")
        parser.add_argument("--priority", choices=[p.name.lower() for p in Priority], default="normal")
        parser.add_argument("--purpose", default="", help="Key of the list's purpose; by default the server's.")
        parser.add_argument("--purpose-note", default="", help="What the list is used for, in your words.")
        parser.add_argument(
            "--match", default="", help="What a match must include: phones or emails. phones,emails: either of them."
        )
        parser.add_argument("--with-hidden", action="store_true", help="Trace the rows that a workbook hides as well.")
        parser.add_argument("--accept-guesses", action="store_true", help="Accept uncertain guesses of columns.")
        parser.add_argument("--wait", action="store_true", help="Wait until the list is complete.")
        parser.add_argument("--timeout", type=float, default=3600, metavar="S", help="Longest wait, in seconds.")
        parser.add_argument(
            "--export",
            metavar="OUT.csv",
            help="Write the results to this file; with --wait, once the list is complete.",
        )

    def handle(self, *, wait: bool, timeout: float, export: str | None, **options: Any) -> None:
        try:
            if export:
                # Fail before spending anything if the file cannot be written.
                Path(export).open("ab").close()
            upload = self.start_list(**options)
        except OSError as problem:
            self.stderr.write(describe_failure(problem))
            sys.exit(2)
        except (InvalidOption, UnreadableFile, purposes.NoPurpose, spending.SpendingRefused) as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
        is_in_time = not wait or self.wait_until_complete(upload, timeout)
        upload.refresh_from_db()
        if export:
            write_export(upload, export)
        self.stdout.write(json.dumps(summarise(upload)))
        if not is_in_time:
            sys.exit(3)
        if wait and upload.status != UploadStatus.COMPLETE:
            self.stderr.write(f"The list did not complete: it is {upload.status}.")
            sys.exit(1)

    def start_list(
        self,
        *,
        file: str,
        name: str,
        priority: str,
        source: str,
        with_hidden: bool,
        refresh_stale: bool,
        **options: Any,
    ) -> Upload:
        """Upload, check and start a list.

        Raise InvalidOption, UnreadableFile, NoPurpose, SpendingRefused or OSError if it cannot be started.
        """
        stated = purposes.state(options["purpose"], options["purpose_note"], None)
        given = read_given_settings(**options)
        details = {
            "name": name,
            "priority": Priority[priority.upper()],
            "source": source,
            "with_hidden": with_hidden,
            "refreshes_stale": refresh_stale,
        }
        with Path(file).open("rb") as handle:
            upload, settings = list_options.receive(File(handle, name=Path(file).name), None, given, **details)
        self.report_hidden_parts(upload)
        self.warn_about_guesses(upload, settings)
        list_options.validate_complete(settings)
        list_options.validate_certain(upload, settings, given)
        uploads.accept_settings(upload, settings, None)
        row_import.check_rows(upload.pk)
        upload.refresh_from_db()
        if upload.status == UploadStatus.FAILED:
            raise InvalidOption(upload.problem)
        status = jobs.start(upload, None, stated=stated)
        if status is None:
            raise InvalidOption(f"No row can be traced. See list {upload.pk} for the reasons.")
        if status == UploadStatus.APPROVAL:
            self.stderr.write(f"List {upload.pk} starts once someone else approves it.")
        return upload

    def report_hidden_parts(self, upload: Upload) -> None:
        for sentence in format_hidden(upload):
            self.stderr.write(sentence)

    def warn_about_guesses(self, upload: Upload, settings: TraceSettings) -> None:
        """Say which template is used, and which columns are uncertain."""
        if upload.used_template:
            self.stderr.write(f"Reading the columns with the template “{upload.used_template}”.")
        settled = set(settings.constants) | find_settled(upload.mapping, settings.mapping)
        for field in sorted(set(upload.uncertain) - settled):
            names = " + ".join(upload.columns[position] for position in settings.mapping.get(field, []))
            self.stderr.write(f"Uncertain: {LABELS[field]}{': ' if names else ''}{names}. {upload.uncertain[field]}")

    def wait_until_complete(self, upload: Upload, timeout: float) -> bool:
        """Show progress until the list is finished. Return False if `timeout` seconds pass first."""
        if not jobs.is_redis_available():
            self.stderr.write("Redis does not respond. Start script/server; the list then continues automatically.")
        deadline = time.monotonic() + timeout
        shown = None
        while time.monotonic() < deadline:
            upload.refresh_from_db()
            counts = count_uploads([upload])[upload.pk]
            line = (
                f"{counts.percent:3}%  {counts.done} of {counts.total}, {counts.matched} matched, {counts.error} errors"
            )
            if line != shown:
                self.stderr.write(line)
                shown = line
            if upload.status in UPLOAD_FINISHED:
                return True
            time.sleep(min(0.5, max(deadline - time.monotonic(), 0)))
        return False


def read_given_settings(*, match: str, **options: Any) -> GivenSettings:
    """Return the settings given on the command line."""
    return GivenSettings(
        mapping=options["map"],
        match_requirements=[name.strip() for name in match.split(",") if name.strip()],
        constants=options["fixed"],
        labels=ARGUMENT_NAMES,
        accept_guesses=options["accept_guesses"],
        **{name: options[name] for name in SINGLE_OPTIONS},
    )


def summarise(upload: Upload) -> dict[str, Any]:
    """Return the counts of a list that the last line of the output shows."""
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
