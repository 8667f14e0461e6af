"""Count which fields and values of realistic lists are read right, read wrong or asked about. See docs/mapping.md.

Each file in tests/samples/cases has its expected results in NAME.expected.json: `expected_mapping` for its columns, or
`rows` for its values.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SAMPLES = Path(__file__).parent.parent / "tests" / "samples" / "cases"
RIGHT, RIGHT_ASKED, RIGHTLY_ASKED = "right", "right, asked", "rightly asked"
WRONG_ASKED, WRONG, MISSED, CRASH = "wrong, asked", "wrong", "missed", "crash"
KINDS = [RIGHT, RIGHT_ASKED, RIGHTLY_ASKED, WRONG_ASKED, WRONG, MISSED, CRASH]
"""Kinds of verdicts. A column is rightly asked about if even a person could not know what it holds."""
GOOD = {RIGHT, RIGHT_ASKED, RIGHTLY_ASKED}


@dataclass
class Case:
    name: str
    path: Path
    expected: dict[str, Any]


@dataclass
class Verdict:
    kind: str
    """One of KINDS."""
    subject: str
    """The field or the row that was judged."""
    detail: str = ""


@dataclass
class ReadList:
    """A list as the portal reads it, without a database."""

    columns: list[str]
    guesses: Any
    rows: list[tuple[int, list[str]]]
    checked: dict[int, Any]
    """Row number → the checked row."""
    fingerprints: dict[int, str]


def read_cases(prefix: str, folder: Path = SAMPLES) -> Iterator[Case]:
    """Yield the cases whose names begin with a prefix: A for columns, B for values, C for whole files."""
    for path in sorted(folder.glob(f"{prefix}*.expected.json")):
        name = path.name.removesuffix(".expected.json")
        yield Case(name, path.with_name(name), json.loads(path.read_text()))


def read_list(path: Path, **settings: Any) -> ReadList:
    """Read a file, guess its columns and check its rows. Raise UnreadableFile if it cannot be read."""
    from batches.files import parsing  # noqa: PLC0415 - once Django is set up, as below
    from batches.intake.row_reader import RowReader  # noqa: PLC0415
    from batches.mapping.guessing import guess_mapping  # noqa: PLC0415

    examined = parsing.examine(path)
    rows = [(number, cells) for number, cells in parsing.read_rows(path, examined.file_format) if cells]
    guesses = guess_mapping(examined.columns, examined.samples)
    upload = SimpleNamespace(
        pk=0,
        columns=examined.columns,
        mapping=guesses.mapping,
        constants=settings.pop("constants", {}),
        name_order=guesses.name_order,
        co_owners=True,
        companies="by_mail",
    )
    reader = RowReader(upload, has_suppressions=False)
    checked = {number: reader.check(cells) for number, cells in rows}
    fingerprints = {number: reader.find_fingerprint(row) for number, row in checked.items()}
    return ReadList(examined.columns, guesses, rows, checked, fingerprints)


def judge_columns(case: Case) -> list[Verdict]:
    """Return a verdict for each field of a case, and for each mapped field that should not be."""
    found = read_list(case.path)
    mapping = {
        name: [found.columns[position] for position in positions] for name, positions in found.guesses.mapping.items()
    }
    doubts, verdicts = found.guesses.doubts, []
    expected = case.expected["expected_mapping"]
    for name, wanted in expected.items():
        got = mapping.get(name)
        if wanted == "ASK":
            kind = RIGHTLY_ASKED if name in doubts else MISSED
        elif got == wanted:
            kind = RIGHT_ASKED if name in doubts else RIGHT
        elif got is None:
            kind = MISSED
        else:
            kind = WRONG_ASKED if name in doubts else WRONG
        verdicts.append(Verdict(kind, name, f"{got}, not {wanted}"))
    for name in mapping.keys() - expected.keys() - set(case.expected["may_also_be_mapped"]):
        # If there are columns of first and last names, a column of full names is used only for names of companies.
        is_for_companies = name == "full_name" and {"first_name", "last_name"} <= expected.keys()
        if not is_for_companies:
            verdicts.append(Verdict(WRONG_ASKED if name in doubts else WRONG, name, f"{mapping[name]}, not mapped"))
    return verdicts


def judge_values(case: Case) -> list[Verdict]:
    """Return a verdict for each row of a case."""
    found = read_list(case.path)
    seen: set[str] = set()
    verdicts = []
    for row in case.expected["rows"]:
        checked = found.checked.get(row["row"])
        if checked is None:
            verdicts.append(Verdict(MISSED, f"row {row['row']}", "no such row"))
            continue
        fingerprint = found.fingerprints[row["row"]]
        differences = list(compare_row(row["expected"], checked, fingerprint in seen))
        seen.add(fingerprint)
        cells = " | ".join(row["cells"])
        verdicts.append(Verdict(WRONG if differences else RIGHT, f"row {row['row']}: {cells}", "; ".join(differences)))
    return verdicts


def compare_row(expected: dict[str, Any], checked: Any, is_duplicate: bool) -> Iterator[str]:
    """Yield the differences between a checked row and its expected values."""
    fields = checked.fields
    invalid = {problem.field for problem in checked.problems}
    for name, wanted in expected.items():
        if name == "kind":
            is_named = fields.get("first_name") or fields.get("last_name")
            got = "none" if checked.owner_kind == "person" and not is_named else checked.owner_kind
            allowed = wanted.split("|")
        elif name == "co":
            person = checked.co_owner
            got = f"{person.first} {person.last}" if person else ""
            allowed = [" ".join(wanted)]
        elif name == "outcome":
            got = "duplicate" if is_duplicate else "pending"
            allowed = [wanted]
        else:
            got = "" if name in invalid else fields.get(name, "")
            allowed = ["" if option == "not sent" else option for option in wanted.split("|")]
        if got.casefold() not in {option.casefold() for option in allowed}:
            yield f"{name}: {got!r}, not {wanted!r}"
    is_traceable = any(str(wanted) not in ("not sent", "not sent|") for wanted in expected.values())
    if checked.problems and is_traceable:
        yield f"invalid: {checked.problems[0].field} {checked.problems[0].sentence}"


def main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES
    for prefix, judge in (("A", judge_columns), ("B", judge_values)):
        total: Counter[str] = Counter()
        for case in read_cases(prefix, folder):
            try:
                verdicts = judge(case)
            except Exception as error:
                verdicts = [Verdict(CRASH, "", repr(error))]
            total.update(verdict.kind for verdict in verdicts)
            counts = Counter(verdict.kind for verdict in verdicts)
            print(f"{case.name[:60]:60} {dict(counts)}")
            for verdict in verdicts:
                if verdict.kind not in GOOD:
                    print(f"    {verdict.kind}: {verdict.subject}: {verdict.detail}")
        totals = {kind: total[kind] for kind in KINDS}
        print(f"{prefix}: {totals} of {total.total()}")


if __name__ == "__main__":
    main()
