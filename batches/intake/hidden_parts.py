"""Say what the workbook of a list hides, and what becomes of it."""

from collections.abc import Sequence

from batches.mapping.column_uses import name_columns
from batches.models import Upload
from batches.nouns import noun_for

MAX_NAMED = 10
"""Maximum number of columns, and of sheets, that are named."""


def format_hidden(upload: Upload, is_review: bool = False) -> list[str]:
    """Return what the workbook of a list hides, one sentence each. The review also says how to trace hidden rows."""
    file_format = upload.file_format
    names = name_columns(upload.columns)
    columns = [names[position] for position in file_format.get("hidden_columns", ()) if position < len(names)]
    sheets = [name for name in file_format.get("hidden_sheets", ()) if name != file_format.get("sheet")]
    sentences = [
        format_rows(file_format.get("hidden_rows", 0), bool(file_format.get("with_hidden")), is_review),
        f"Hidden columns: {some_names(columns)}. They are kept, and sent only if you choose them." if columns else "",
        f"Hidden sheets: {some_names(sheets)}. They are not read." if sheets else "",
    ]
    return list(filter(None, sentences))


def format_rows(count: int, is_traced: bool, is_review: bool) -> str:
    if not count:
        return ""
    are = "is" if count == 1 else "are"
    rows = f"{count:,} {noun_for(count, 'row')} of the workbook {are} hidden"
    if is_traced:
        return f"{rows}, and traced like the others."
    more = " To trace them as well, go back to the columns." if is_review else ""
    return f"{rows} and left out.{more}"


def some_names(names: Sequence[str]) -> str:
    """Return the first names in quotes, and how many others there are."""
    rest = len(names) - MAX_NAMED
    return ", ".join(f"“{name}”" for name in names[:MAX_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
