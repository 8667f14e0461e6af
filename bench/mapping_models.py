"""Compare the accuracy and speed of our rules with learned models (probablepeople, usaddress) on names and addresses.

Both read the values in tests/samples/cases and tests/samples/variants.py. See docs/mapping.md.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bench.mapping_cases import read_cases


class Value(NamedTuple):
    kind: str
    text: str
    order: str
    """The order of names; empty for addresses."""
    expected: tuple[str, ...]
    """The right answers for each part, separated by |. A * allows any."""


def read_values() -> Iterator[Value]:
    """Yield names, kinds of owners, streets and whole addresses with their right answers."""
    from tests.samples import variants  # noqa: PLC0415 - once Django is set up

    for order, rows in (("last_first", variants.LAST_FIRST), ("first_last", variants.FIRST_LAST)):
        for text, first, _, last, co_owner in rows:
            yield Value("names", text, order, (first, last, co_owner))
    for text, kind in variants.OWNER_KINDS:
        if kind != "none":
            yield Value("kinds of owners", text, "last_first", ("person" if kind == "person" else "other",))
    for text, street, unit in variants.STREETS:
        if street:
            yield Value("streets and units", text, "", (street, unit))
    for text, street, unit, city, state, zip_code in variants.WHOLE_ADDRESSES:
        yield Value("whole addresses", text, "", (street, unit, city, state, zip_code))
    yield from read_case_values()


def read_case_values() -> Iterator[Value]:
    for case in read_cases("B"):
        for row in case.expected["rows"]:
            yield from read_row(case.name, row["cells"], row["expected"])


def read_row(name: str, cells: list[str], expected: dict[str, Any]) -> Iterator[Value]:
    """Yield the value of a row that both contenders can read, if there is one. The case's name says its kind."""
    order = "first_last" if name.startswith("B15") else "last_first"
    if name[:3] in ("B01", "B02", "B03", "B15") and "first_name" in expected:
        co_owner = " ".join(expected.get("co", []))
        yield Value("names", cells[0], order, (expected["first_name"], expected["last_name"], co_owner))
    elif name.startswith("B04") and "none" not in expected.get("kind", ""):
        yield Value("kinds of owners", cells[0], order, ("other" if "kind" in expected else "person",))
    elif name.startswith("B05") and expected["address"] != "not sent":
        yield Value("streets and units", cells[2], "", (expected["address"], expected.get("unit", "*")))
    elif name.startswith("B12") and expected["address"] != "not sent":
        parts = [expected.get(part, "*") for part in ("unit", "city", "state", "zip")]
        yield Value("whole addresses", cells[1], "", (expected["address"], *parts))


# The contenders: each returns the parts of a value


def read_by_rules(value: Value) -> tuple[str, ...]:
    from batches.intake.row_check import check  # noqa: PLC0415

    # A row needs an address to be valid.
    mailing = {"mail_address": "1 Oak St", "mail_city": "Reno", "mail_state": "NV"}
    if value.kind in ("names", "kinds of owners"):
        checked = check({"full_name": value.text} | mailing, value.order)
        if value.kind == "kinds of owners":
            return ("person" if checked.owner_kind == "person" else "other",)
        co_owner = f"{checked.co_owner.first} {checked.co_owner.last}" if checked.co_owner else ""
        return checked.fields.get("first_name", ""), checked.fields.get("last_name", ""), co_owner
    if value.kind == "streets and units":
        fields = check({"address": value.text, "city": "Reno", "state": "NV"}).fields
        return fields.get("address", ""), fields.get("unit", "")
    fields = check({"full_address": value.text}).fields
    return tuple(fields.get(part, "") for part in ("address", "unit", "city", "state", "zip"))


def read_by_models(value: Value) -> tuple[str, ...]:
    import probablepeople  # noqa: PLC0415 - installed only for measurements
    import usaddress  # noqa: PLC0415

    if value.kind in ("names", "kinds of owners"):
        try:
            found, kind = probablepeople.tag(value.text)
        except probablepeople.RepeatedLabelError:
            return ("other",) if value.kind == "kinds of owners" else ("", "", "")
        if value.kind == "kinds of owners":
            return ("person" if kind in ("Person", "Household") else "other",)
        second = found.get("SecondGivenName", "")
        co_owner = f"{second} {found.get('SecondSurname') or found.get('Surname', '')}" if second else ""
        return found.get("GivenName", ""), found.get("Surname", ""), co_owner
    try:
        found, _ = usaddress.tag(value.text)
    except usaddress.RepeatedLabelError:
        return ("",) * len(value.expected)
    places = ("PlaceName", "StateName", "ZipCode")
    unit = " ".join(text for label, text in found.items() if label.startswith(("Occupancy", "Subaddress")))
    skipped = ("Occupancy", "Subaddress", *places, "Recipient", "NotAddress", "CountryName")
    street = " ".join(text for label, text in found.items() if not label.startswith(skipped))
    parts = (street, unit, *(found.get(label, "") for label in places))
    return parts[: len(value.expected)]


def is_right(value: Value, parts: tuple[str, ...]) -> bool:
    return all(is_same(value.kind, got, wanted) for got, wanted in zip(parts, value.expected, strict=True))


def is_same(kind: str, got: str, wanted: str) -> bool:
    """Return whether a part is one of the right answers. Other spellings and short forms count as right too."""
    if wanted == "*":
        return True
    return normalise(kind, got) in {normalise(kind, option) for option in wanted.split("|")}


def normalise(kind: str, text: str) -> str:
    """Return a string that is the same for all spellings of a part."""
    from batches.people.address_keys import key_of, key_of_unit  # noqa: PLC0415
    from batches.people.addresses import is_unit, normalise_unit, shorten  # noqa: PLC0415
    from batches.people.states import find_state  # noqa: PLC0415

    text = text.strip(" ,.")
    if kind in ("names", "kinds of owners"):
        return text.casefold().replace(".", "").replace("'", "")
    if state := find_state(text):
        return state.lower()
    if not text:
        return ""
    looks_like_street = text[0].isdigit() and " " in text
    if looks_like_street:
        return key_of(shorten(text))
    return key_of_unit(normalise_unit(text) if is_unit(text) else text)


CONTENDERS: dict[str, Callable[[Value], tuple[str, ...]]] = {"ours": read_by_rules, "models": read_by_models}


def main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    values = list(dict.fromkeys(read_values()))
    right: Counter[tuple[str, str]] = Counter()
    seconds: Counter[tuple[str, str]] = Counter()
    for name, read in CONTENDERS.items():
        read(values[0])  # loads what the contender needs
        for value in values:
            begin = time.process_time()
            parts = read(value)
            seconds[name, value.kind] += time.process_time() - begin
            right[name, value.kind] += is_right(value, parts)
    print(
        "| values | how many | right: ours | right: models | ours, µs each | models, µs each |\n"
        "|---|--:|--:|--:|--:|--:|"
    )
    for kind in dict.fromkeys(value.kind for value in values):
        count = sum(value.kind == kind for value in values)
        times = [f"{seconds[name, kind] / count * 1e6:,.0f}" for name in CONTENDERS]
        print(f"| {kind} | {count} | {right['ours', kind]} | {right['models', kind]} | {' | '.join(times)} |")


if __name__ == "__main__":
    main()
