from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict

from batches.exports import files
from batches.exports.presets import find_preset, list_presets
from batches.files.writers import WRITERS
from batches.forms.exports import SEEN_LABELS, ExportForm
from batches.models import Upload
from batches.statuses import Outcome
from batches.tables.filters import ItemFilter

DEFAULT_FORMAT = "csv"


class Command(BaseCommand):
    help = "Write the results of a list to a CSV or XLSX file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("upload", type=int, help="The number of the list.")
        parser.add_argument(
            "--preset", default="", help="A built-in preset such as dialer, or the name of one that everyone shares."
        )
        parser.add_argument("--layout", help="wide (the default), long, full, or a layout that your team has saved.")
        parser.add_argument("--outcome", default="", help="Export only these outcomes, separated by commas.")
        parser.add_argument("--without-dnc", action="store_true", help="Leave out do-not-call phones.")
        parser.add_argument(
            "--without-stale", action="store_true", help="Leave out phones with a stale do-not-call flag."
        )
        parser.add_argument(
            "--seen-within", choices=list(filter(None, SEEN_LABELS)), help="Months within which phones were last seen."
        )
        parser.add_argument("--out", required=True, help="The file to write.")
        parser.add_argument(
            "--format",
            choices=list(WRITERS),
            help="The file's format. By default what its name ends in, or else that of the preset, or csv.",
        )

    def handle(
        self,
        *,
        upload: int,
        outcome: str,
        without_dnc: bool,
        without_stale: bool,
        out: str,
        preset: str = "",
        seen_within: str | None = None,
        layout: str | None = None,
        format: str | None = None,
        **_: Any,
    ) -> None:
        data = read_preset(preset) if preset else QueryDict(mutable=True)
        if outcomes := read_outcomes(outcome):
            data.setlist("outcome", outcomes)
        data["layout"] = layout or data.get("layout", "wide")
        data["format"] = format or read_suffix(out) or data.get("format", DEFAULT_FORMAT)
        if seen_within:
            data["seen_within"] = seen_within
        left_out = {"without_dnc": without_dnc, "without_stale": without_stale}
        data.update({name: "1" for name, is_left_out in left_out.items() if is_left_out})
        exported_upload = Upload.objects.filter(pk=upload).first()
        if exported_upload is None:
            raise CommandError(f"There is no list with number {upload}.")
        try:
            write_export(exported_upload, out, data)
        except OSError as problem:
            raise CommandError(f"Cannot write {out}: {problem.strerror}.") from None


def read_preset(name: str) -> QueryDict:
    """Return the choices of a preset that everyone can use."""
    presets = list_presets(None)
    preset = find_preset(name, presets)
    if preset is None:
        raise CommandError(f"Unknown preset: {name}. Use one of {', '.join(each.name for each in presets)}.")
    return preset.apply_to(QueryDict())


def read_outcomes(text: str) -> list[str]:
    """Return the outcomes in a text, which are separated by commas."""
    outcomes = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := set(outcomes) - set(Outcome.values):
        raise CommandError(f"Unknown outcome: {', '.join(sorted(unknown))}. Use one of {', '.join(Outcome.values)}.")
    return outcomes


def write_export(upload: Upload, out: str, data: QueryDict | None = None) -> None:
    """Write the results of an upload to a file. Raise OSError if it cannot be written.

    `data` holds the choices, as the address of an export does. By default, the file is wide and contains everyone.
    """
    data = data or QueryDict(f"format={read_suffix(out) or DEFAULT_FORMAT}")
    layout = files.find_layout(data.get("layout", "wide"))
    if layout is None:
        raise CommandError(f"Unknown layout: {data['layout']}. Use one of {', '.join(files.list_layouts())}.")
    form, people = ExportForm(data), ItemFilter(data, upload.items.all(), None, upload)
    with Path(out).open("wb") as file:
        chunks = files.stream_export(upload, people.qs, layout, form.choices, str(data["format"]), chosen=people.chosen)
        file.writelines(chunks)


def read_suffix(out: str) -> str:
    """Return the format that the name of a file ends in, or "" if it ends otherwise."""
    suffix = Path(out).suffix.lower().removeprefix(".")
    return suffix if suffix in WRITERS else ""
