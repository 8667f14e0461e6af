"""Add the lines of a long file to the do-not-contact list."""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from batches.erased import Key
from batches.files import isolated_reader
from batches.intake import suppression
from batches.intake.loaded_files import FileIntake, Row, RowProblem, SliceResult
from batches.intake.suppression import MAX_PASTED_COLUMNS, Terms
from batches.models import LoadedFile
from batches.statuses import AskedHow, SuppressionReason

SLICE_SIZE = 500
"""Lines that are added in one transaction. On SQLite, nobody else can write in the meantime."""
DAYS = ("received_at", "expires_at")


def pack_terms(terms: Terms, reason: str) -> dict[str, Any]:
    """Return terms and the note of the entries in a form that can be stored."""
    packed = asdict(terms) | {"reason": reason}
    return packed | {name: packed[name].isoformat() for name in DAYS if packed[name]}


def unpack_terms(packed: dict[str, Any]) -> tuple[Terms, str]:
    """Return the terms and the note that `pack_terms` has packed."""
    given = dict(packed)
    reason = given.pop("reason", "")
    given |= {name: date.fromisoformat(given[name]) for name in DAYS if given.get(name)}
    given["reason_kind"] = SuppressionReason(given.get("reason_kind") or SuppressionReason.OTHER)
    given["asked_how"] = AskedHow(given["asked_how"]) if given.get("asked_how") else None
    return Terms(**given), reason


def open_lines(loaded: LoadedFile, path: Path) -> FileIntake:
    """Examine a file of do-not-contact lines, which are read like pasted ones. Raise UnreadableFile."""
    examined = isolated_reader.examine(path)
    file_format = examined.file_format
    names = [examined.columns] if file_format.header_row else []
    mapping, header_rows = suppression.find_columns([*names, *examined.samples])
    if not header_rows:
        file_format = replace(file_format, header_row=0)
    elif not file_format.header_row:
        file_format = replace(file_format, header_row=header_rows)
    terms, note = unpack_terms(loaded.terms)

    def take(rows: list[Row]) -> SliceResult:
        entries: dict[Key, str] = {}
        result = SliceResult()
        for number, cells in rows:
            found: dict[Key, str] = {}
            if len(cells) > MAX_PASTED_COLUMNS:
                reason = f"A line can have at most {MAX_PASTED_COLUMNS} columns."
            else:
                found, reason = suppression.read_line([cell.strip() for cell in cells], mapping)
            entries |= found
            if found:
                result.taken += 1
            else:
                result.problems.append(RowProblem(number, "", reason))
        if entries:
            suppression.store_entries(entries, loaded.created_by, note, terms)
        return result

    return FileIntake(file_format, take, SLICE_SIZE)
