"""Convert between a mapping and what each column of a file is used for. Pure.

A mapping lists the columns of each field. The screen lists the fields of each column.
"""

from collections.abc import Iterable, Mapping, Sequence

from batches.mapping.fields import FULL_NAME, JOINABLE, LABELS, MAPPABLE, MAX_JOINED_COLUMNS, NAME_PARTS, SPLIT_NOTES

MAX_SHOWN_NAME_LENGTH = 80
"""Maximum length of a column's name on the screen."""
Uses = dict[int, list[str]]
"""Position of a column → the fields that it goes to."""


def name_columns(columns: Iterable[str]) -> list[str]:
    """Return the names of a file's columns as the screen shows them: none is empty, and none is too long."""
    return [shorten_name(" ".join(name.split())) or f"Column {number}" for number, name in enumerate(columns, start=1)]


def shorten_name(name: str) -> str:
    return name if len(name) <= MAX_SHOWN_NAME_LENGTH else f"{name[: MAX_SHOWN_NAME_LENGTH - 1]}…"


def list_uses(mapping: Mapping[str, Iterable[int]]) -> Uses:
    """Return the fields that each used column goes to, in the order of MAPPABLE."""
    uses: Uses = {}
    for name in MAPPABLE:
        for position in mapping.get(name, ()):
            uses.setdefault(position, []).append(name)
    return uses


def build_mapping(uses: Mapping[int, Iterable[str]], current: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Return the mapping that follows from what columns go to.

    Columns of one field are joined in the order of the file, unless the `current` mapping joins them in another order.
    """
    mapping: dict[str, list[int]] = {}
    for name in MAPPABLE:
        chosen = [position for position in sorted(uses) if name in uses[position]]
        joined = [position for position in current.get(name, ()) if position in chosen]
        if joined != sorted(joined):
            chosen = joined + [position for position in chosen if position not in joined]
        if chosen:
            mapping[name] = chosen
    return mapping


def explain_clash(
    name: str, positions: Sequence[int], columns: Sequence[str], current: Mapping[str, Sequence[int]]
) -> str:
    """Return why a field cannot have these columns, or "" if it can.

    Columns that the `current` mapping joins already, from the API or an older template, may stay joined.
    """
    joined_count = len(current.get(name, ()))
    named = join_words([f"“{columns[position]}”" for position in positions])
    if name not in JOINABLE and joined_count < 2 and len(positions) > 1:
        return (
            f"{LABELS[name]} can have only one column, but {named} go to it. "
            "Keep one of them, and choose something else for the rest."
        )
    most = max(MAX_JOINED_COLUMNS, joined_count)
    if len(positions) > most:
        return (
            f"{LABELS[name]} can be joined from {most} columns at most, but {named} go to it. "
            "Choose something else for some of them."
        )
    return ""


def list_use_notes(
    position: int, names: Iterable[str], mapping: Mapping[str, Sequence[int]], columns: Sequence[str]
) -> list[str]:
    """Return how a column is joined or split for the fields that it goes to, one sentence each."""
    notes = []
    for name in names:
        if others := [columns[other] for other in mapping.get(name, ()) if other != position]:
            notes.append(f"Joined with {join_words(others)}.")
        if name == FULL_NAME and not NAME_PARTS.isdisjoint(mapping):
            notes.append("Used for rows with neither a first nor a last name.")
        elif name in SPLIT_NOTES:
            notes.append(SPLIT_NOTES[name])
    return list(dict.fromkeys(notes))


def join_words(words: Sequence[str]) -> str:
    """Return words as they are listed in a sentence: `A`, `A and B`, `A, B and C`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
