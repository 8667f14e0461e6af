"""Count which fields are guessed right, guessed wrong or asked about in tests/samples. See docs/mapping.md."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from batches.mapping.fields import SPLIT
from batches.mapping.guessing import guess_mapping

SAMPLES = Path(__file__).parent.parent / "tests" / "samples"
REPETITIONS = 3
"""How often the rows of a sample are repeated, because fewer than three values are not enough for a guess."""


@dataclass
class Score:
    kind: str
    right: int = 0
    asked: int = 0
    """Guessed right, but asked about."""
    asked_wrong: tuple = ()
    """Guessed wrong, but asked about."""
    wrong: tuple = ()
    """Guessed wrong, and not asked about."""
    missing: tuple = ()
    """Fields that have a column but are not guessed."""


def read_kinds():
    """Yield each kind's name, columns, rows, and expected fields with their columns."""
    for kind in json.loads((SAMPLES / "kinds.json").read_text()):
        yield kind["kind"], kind["columns"], kind["rows"] * REPETITIONS, kind["expected"]


def score(kind, columns, rows, expected):
    """Return the Score of the guesses for a kind of file."""
    guesses = guess_mapping(columns, rows)
    found = {field: [columns[position] for position in positions] for field, positions in guesses.mapping.items()}
    for field in set(found) & set(SPLIT):
        # If one column holds several fields, such as city, state and ZIP, only the first of them is expected.
        prefix = "mail_" if field.startswith("mail_") else ""
        first = f"{prefix}address" if field.endswith("full_address") else f"{prefix}city"
        found[first] = found.pop(field)
    right = {field for field in found if found[field] == expected.get(field)}
    wrong = set(found) - right
    asked = {field for field in guesses.doubts if field in found}
    return Score(
        kind,
        right=len(right - asked),
        asked=len(right & asked),
        asked_wrong=tuple(sorted(wrong & asked)),
        wrong=tuple(sorted(wrong - asked)),
        missing=tuple(sorted(set(expected) - set(found))),
    )


def read_headers():
    """Yield the same as `read_kinds` for the header rows of real exports."""
    from tests.mapping.test_guessing import EXPECTED  # noqa: PLC0415 - needs Django to be set up

    for name, fields in EXPECTED.items():
        with (SAMPLES / "headers" / f"{name}.csv").open() as file:
            columns = next(csv.reader(file))
        expected = {field: [column] for field, column in fields.items()}
        yield f"{name.replace('_', ' ')} (header only)", columns, [], expected


def main():
    import django  # noqa: PLC0415

    django.setup()
    print("\n".join(generate_table()))


def generate_table():
    """Yield the lines of the table."""
    scores = [score(*kind) for kind in [*read_headers(), *read_kinds()]]
    yield "| kind of file | right | right, asked | wrong, asked | wrong | not guessed |\n|---|--:|--:|---|---|---|"
    for each in scores:
        lists = [", ".join(fields) for fields in (each.asked_wrong, each.wrong, each.missing)]
        yield f"| {each.kind} | {each.right} | {each.asked} | {' | '.join(lists)} |"
    sums = [sum(getattr(each, name) for each in scores) for name in ("right", "asked")]
    sums += [sum(len(getattr(each, name)) for each in scores) for name in ("asked_wrong", "wrong", "missing")]
    yield f"| **{len(scores)} kinds** | {' | '.join(map(str, sums))} |"


if __name__ == "__main__":
    main()
