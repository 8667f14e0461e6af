"""Check the cells of a row: find what is sent, or what is wrong. Pure.

Unambiguous values are normalised (spelled-out states, ZIP+4, lost leading zeros, formatted phones, units inside
addresses, names in capitals). Unreadable values are left out with a warning. A row is invalid only if no person can
be traced with the rest. The rules are those of the vendor (docs/vendor.md, section 1), which refuses a whole batch for
one bad item.
"""

from collections.abc import Iterable, Iterator

from batches.intake.checked_row import MAX_FIELD_LENGTH, CheckedRow, ProblemKind, RowProblem, RowWarning, WarningKind
from batches.intake.row_addresses import ABROAD_REASON, read_address
from batches.intake.row_contacts import normalise_email, normalise_phone
from batches.intake.row_names import leave_out_names, read_names
from batches.mapping.fields import MAILING_FIELDS, NAME_FIELDS, PROPERTY_FIELDS, SPLIT
from batches.people import cells, places, whole_addresses
from batches.people.name_parts import FIRST_LAST
from batches.people.owner_words import PERSON

MAX_LENGTH_READ = 1_000
"""Maximum number of characters read from a cell: some patterns take time that grows with the square of the length."""
MULTILINE_FIELDS = {"address", "mail_address", *SPLIT}
"""Fields in whose cells a line break separates parts as a comma does."""
AMBIGUOUS_PLACEHOLDERS = {
    "first_name": {"na", "x"},
    "last_name": {"na", "x"},
    "middle_name": {"x"},
    "unit": {"x", "xx"},
}
"""Field → placeholders that can also be a real value of it."""
FIRST_DIGITS = frozenset("123456789")
"""A cell that begins with one of these is not a placeholder."""


def check(texts: dict[str, str], name_order: str = FIRST_LAST) -> CheckedRow:
    """Check the row of one person, given as field → text of its cell. `name_order` is the order of a full name.

    Nothing is raised: what is wrong is in `CheckedRow.problems`.
    """
    fields = read_cells(texts)
    checked = CheckedRow(fields)
    split_combined_fields(fields)
    property_country, mailing_country = fields.pop("country", ""), fields.pop("mail_country", "")
    read_names(checked, name_order)
    read_address(checked, PROPERTY_FIELDS, property_country)
    read_address(checked, MAILING_FIELDS, mailing_country)
    if "phone" in fields:
        checked.normalise("phone", normalise_phone)
    if "email" in fields:
        checked.normalise("email", normalise_email)
    drop_partial_addresses(checked)
    if checked.owner_kind != PERSON:
        leave_out_names(fields)
    if not has_complete_addresses(checked):
        checked.problems = find_problems(checked)
    if fields and max(map(len, fields.values())) > MAX_FIELD_LENGTH:
        checked.problems = find_length_problems(checked) + checked.problems
    return checked


def read_cells(texts: dict[str, str]) -> dict[str, str]:
    """Return the cleaned cells that are neither empty nor a placeholder."""
    fields = {}
    are_clean = are_clean_cells(texts.values())
    for name, text in texts.items():
        if not text:
            continue
        if are_clean and (
            text[0] in FIRST_DIGITS
            or (
                len(text) > cells.MAX_PLACEHOLDER_LENGTH
                and (text[0] != text[-1] or len(text) > cells.MAX_REPEATED_LENGTH)
            )
            or not cells.is_placeholder_text(text)
        ):
            fields[name] = text
        elif cleaned := clean_cell(name, text):
            fields[name] = cleaned
    # `NA` and `X` are placeholders after all if the other name is no longer than an initial or two.
    for name, other in (("first_name", "last_name"), ("last_name", "first_name")):
        if (
            (short := fields.get(name))
            and len(short) < 3
            and short.lower() in ("na", "x")
            and len(fields.get(other, "")) < 3
        ):
            del fields[name]
    return fields


def are_clean_cells(texts: Iterable[str]) -> bool:
    """Return whether no cell of a row needs cleaning, unless it is a placeholder. This is a quick check for most rows.

    Their text is printable ASCII, without spaces at its ends, repeated spaces, or the start of a formula.
    """
    row = f"|{'|'.join(texts)}|"
    return (
        len(row) <= MAX_LENGTH_READ
        and row.isascii()
        and row.isprintable()
        and "  " not in row
        and "| " not in row
        and " |" not in row
        and "|'" not in row
        and "|=" not in row
    )


def clean_cell(name: str, text: str) -> str:
    """Return the cleaned text of a field's cell, or "" if it is a placeholder."""
    if ("\n" in text or "\r" in text) and name in MULTILINE_FIELDS:
        text = ", ".join(line.strip(" ,") for line in text.splitlines() if line.strip(" ,"))
    if cleaned := cells.clean(text[:MAX_LENGTH_READ]):
        return cleaned
    word = text.strip()
    return word if word.lower() in AMBIGUOUS_PLACEHOLDERS.get(name, ()) else ""


def check_co_owner(checked: CheckedRow) -> CheckedRow:
    """Check the second owner of a row as a separate person at the same addresses."""
    person = checked.co_owner
    assert person  # noqa: S101 - callers check it
    names = {"first_name": person.first, "middle_name": person.middle, "last_name": person.last}
    fields = {name: text for name, text in checked.fields.items() if name not in {*NAME_FIELDS, "phone", "email"}}
    second = check(fields | {name: text for name, text in names.items() if text})
    second.generation = second.generation or person.generation
    second.warnings = []
    return second


def split_combined_fields(fields: dict[str, str]) -> None:
    """Split whole addresses and places into their parts. A part with a column of its own is not replaced."""
    if fields.keys().isdisjoint(SPLIT):
        return
    for prefix in ("", "mail_"):
        parts: dict[str, str] = {}
        if whole := fields.pop(f"{prefix}full_address", ""):
            if places.is_foreign(whole):
                fields.setdefault(f"{prefix}country", whole)
            parts = dict(zip(("address", "city", "state", "zip"), whole_addresses.split_whole(whole), strict=True))
        if place := fields.pop(f"{prefix}place", ""):
            parts |= dict(zip(("city", "state", "zip"), places.split_place(place), strict=True))
        for part, text in parts.items():
            if text and not fields.get(prefix + part):
                fields[prefix + part] = text


def find_length_problems(checked: CheckedRow) -> list[RowProblem]:
    """Return a problem for each field that is too long to be stored, which usually means that the row was misread."""
    problems = []
    for name, text in checked.fields.items():
        if len(text) > MAX_FIELD_LENGTH:
            count = f"{len(text):,}" if len(text) < MAX_LENGTH_READ else f"{MAX_LENGTH_READ:,} or more"
            sentence = f"{count} characters; {MAX_FIELD_LENGTH} is the most."
            problems.append(RowProblem(name, ProblemKind.TOO_LONG, sentence))
    return problems


def drop_partial_addresses(checked: CheckedRow) -> None:
    """Leave out incomplete addresses, and places without a street, if the person can be traced with the rest.

    Land without a street address is common in county lists, and the vendor would require more fields than the row has.
    """
    fields = checked.fields
    if has_complete_addresses(checked):
        return
    has_contact = "phone" in fields or "email" in fields
    for own, other in ((PROPERTY_FIELDS, MAILING_FIELDS), (MAILING_FIELDS, PROPERTY_FIELDS)):
        street, unit, city, state, _ = own
        other_street, _, other_city, other_state, _ = other
        if fields.keys().isdisjoint(own):
            continue
        has_other_address = all(name in fields for name in (other_street, other_city, other_state))
        if street in fields:
            if (city not in fields or state not in fields) and (has_other_address or has_contact):
                checked.warnings.append(RowWarning(street, WarningKind.INCOMPLETE))
                for part in own:
                    fields.pop(part, None)
        elif has_other_address or (has_contact and not can_be_sent_without_street(checked, own)):
            for part in own:
                fields.pop(part, None)
        elif unit in fields:
            del fields[unit]


def can_be_sent_without_street(checked: CheckedRow, parts: list[str]) -> bool:
    """Return whether a city without a street may be sent: it needs its state and ZIP, and a person's whole name."""
    _, _, city, state, zip_code = parts
    required = ("first_name", "last_name", city, state, zip_code)
    return checked.owner_kind == PERSON and all(name in checked.fields for name in required)


def has_complete_addresses(checked: CheckedRow) -> bool:
    """Return whether a row has an address, and every address of it meets the vendor's requirements.

    This is the quick check for most rows. If it fails, `find_problems` decides.
    """
    fields = checked.fields
    has_property, has_mailing = "address" in fields, "mail_address" in fields
    if not (has_property or has_mailing):
        return False
    is_property_complete = (
        "city" in fields and "state" in fields if has_property else fields.keys().isdisjoint(PROPERTY_FIELDS)
    )
    is_mailing_complete = (
        "mail_city" in fields and "mail_state" in fields if has_mailing else fields.keys().isdisjoint(MAILING_FIELDS)
    )
    return is_property_complete and is_mailing_complete


def find_problems(checked: CheckedRow) -> list[RowProblem]:
    """Return a problem for each of the vendor's requirements that a row does not meet."""
    if checked.owner_kind != PERSON and not {"address", "mail_address", "email", "phone"} & checked.fields.keys():
        sentence = "Companies, trusts and the like are traced by mailing address, and this row has none."
        return [RowProblem("", ProblemKind.UNADDRESSED, sentence)]
    missing = list(find_missing_parts(checked.fields))
    if not missing:
        return []
    if not missing[0].field and checked.reasons:
        # The row is not empty, but its cells cannot be read. Say why instead.
        missing = []
    reasons = {name: make_problem(name, reason) for name, reason in checked.reasons.items()}
    found = {each.field: reasons.get(each.field, each) for each in missing}
    if not missing or any(each.field in checked.reasons for each in missing):
        # Report everything that is wrong, so that all of it can be fixed in one go.
        found |= {name: problem for name, problem in reasons.items() if name not in found}
    return list(found.values())


def make_problem(name: str, reason: str) -> RowProblem:
    return RowProblem(name, ProblemKind.FOREIGN if reason == ABROAD_REASON else ProblemKind.UNREADABLE, reason)


def find_missing_parts(fields: dict[str, str]) -> Iterator[RowProblem]:
    """Yield a problem for each empty field that the vendor requires in addition to the filled ones."""
    if not any(fields.get(name) for name in ("address", "mail_address", "city", "mail_city", "email", "phone")):
        yield RowProblem("", ProblemKind.NOTHING, "Nothing to trace by: give an address, a city, an email or a phone.")
    for street, unit, city, state, zip_code in (PROPERTY_FIELDS, MAILING_FIELDS):
        if fields.get(street):
            for part, name in ((city, "city"), (state, "state")):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, f"empty; an address needs its {name}.")
            continue
        if fields.get(unit):
            yield RowProblem(street, ProblemKind.EMPTY, "empty; a unit needs its address.")
        if fields.get(city):
            for part in ("first_name", "last_name", state, zip_code):
                if not fields.get(part):
                    yield RowProblem(part, ProblemKind.EMPTY, "empty; a city without a street address needs it.")
