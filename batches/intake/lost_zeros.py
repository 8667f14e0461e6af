"""Add the leading zeros that spreadsheets drop from ZIPs, if the state alone does not show that one is missing."""

import re

from batches.intake.problem_groups import MAX_CHANGED_ROWS, ProblemGroup
from batches.intake.row_reader import trim
from batches.people import zip_codes

SHORT_ZIP = re.compile(r"[1-9]\d{3}", re.ASCII)


def add_zeros(group: ProblemGroup) -> dict[int, list[str]]:
    """Return row number → new cells for the rows of a group whose ZIP has four digits and exists with a zero.

    Return nothing for a group that is not about one column of ZIPs, and at most MAX_CHANGED_ROWS rows.
    """
    if not is_about_zips(group):
        return {}
    [position] = group.positions
    width = len(group.upload.columns)
    fixed = {}
    for row_number, cells in group.rows.values_list("row_number", "cells")[:MAX_CHANGED_ROWS]:
        text = cells[position].strip() if position < len(cells) else ""
        if SHORT_ZIP.fullmatch(text) and zip_codes.find_state(f"0{text}"):
            fixed[row_number] = trim([*cells[:position], f"0{text}", *cells[position + 1 :]], width)
    return fixed


def is_about_zips(group: ProblemGroup) -> bool:
    """Return whether a group concerns one column only, and that column holds ZIPs."""
    return any(group.upload.mapping.get(field) == group.positions for field in ("zip", "mail_zip"))
