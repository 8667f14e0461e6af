"""Say what the workbook of a list hides, and whether that is read."""

from collections.abc import Sequence

from batches.mapping.column_uses import name_columns
from batches.models import Upload
from batches.nouns import noun_for

WITHOUT_HIDDEN_ROWS = ("xls", "xlsb")
"""Kinds of workbooks whose hidden rows cannot be told from the others."""
UNKNOWN_ROWS = (
    "Rows that are hidden in this .{} workbook, for example by a filter, are traced too. "
    "To leave them out, save the workbook as XLSX and upload that."
)
MAX_NAMED = 10
"""Maximum number of columns, and of sheets, that are named."""


def format_hidden(upload: Upload, is_review: bool = False) -> list[str]:
    """Return what the workbook of a list hides, one sentence each. For the review, say how to trace hidden rows too."""
    file_format = upload.file_format
    names = name_columns(upload.columns)
    columns = [names[position] for position in file_format.get("hidden_columns", ()) if position < len(names)]
    sheets = [name for name in file_format.get("hidden_sheets", ()) if name != file_format.get("sheet")]
    sentences = [
        format_rows(file_format.get("hidden_rows", 0), bool(file_format.get("with_hidden")), is_review),
        f"Hidden columns: {format_names(columns)}. They are kept, and sent only if you choose them." if columns else "",
        f"Hidden sheets: {format_names(sheets)}. They are not read." if sheets else "",
        UNKNOWN_ROWS.format(file_format["kind"]) if file_format.get("kind") in WITHOUT_HIDDEN_ROWS else "",
    ]
    return list(filter(None, sentences))


def format_rows(count: int, is_traced: bool, is_review: bool) -> str:
    if not count:
        return ""
    verb = "is" if count == 1 else "are"
    rows = f"{count:,} {noun_for(count, 'row')} of the workbook {verb} hidden"
    if is_traced:
        return f"{rows}, and traced like the others."
    advice = " To trace them as well, go back to the columns." if is_review else ""
    return f"{rows} and left out.{advice}"


def format_names(names: Sequence[str]) -> str:
    """Return the first few names in quotes, and how many more there are."""
    rest = len(names) - MAX_NAMED
    return ", ".join(f"“{name}”" for name in names[:MAX_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
