"""Say in words what the findings of rows mean, and which columns they concern. Each finding is a `field:kind`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from batches.intake.checked_row import MAX_FIELD_LENGTH, ProblemKind, WarningKind
from batches.intake.row_reader import find_columns, name_column
from batches.mapping.fields import PROPERTY_FIELDS
from batches.mapping.guessing import find_countries
from batches.models import Upload

PROBLEM_TITLES = {
    ProblemKind.EMPTY: "{column} is empty",
    ProblemKind.UNREADABLE: "{column} is not {what}",
    ProblemKind.FOREIGN: "The address is outside the United States",
    ProblemKind.NOTHING: "The row has nothing to search by",
    ProblemKind.UNADDRESSED: "A company or trust needs a mailing address",
    ProblemKind.TOO_LONG: "{column} is too long",
    ProblemKind.TOO_WIDE: "The row has more cells than there are columns",
}
"""Kind of problem → what is wrong."""
HINTS = {
    ProblemKind.EMPTY: "An address needs its city and state; a city without a street also needs a name and a ZIP.",
    ProblemKind.FOREIGN: "Only addresses in the United States are traced.",
    ProblemKind.NOTHING: "Enter an address, a city, an email or a phone.",
    ProblemKind.UNADDRESSED: "Companies, trusts and the like are traced by mailing address.",
    ProblemKind.TOO_LONG: f"At most {MAX_FIELD_LENGTH} characters are sent.",
    ProblemKind.TOO_WIDE: "This often happens when a cell contains a comma but is not in quotation marks.",
}
"""Kind of problem → what to do about it, or why it is a problem."""


class ExpectedValue(NamedTuple):
    name: str
    hint: str
    """How to write it."""


EXPECTED_VALUES = {
    "address": ExpectedValue("a street address", "Enter a number and a street."),
    "city": ExpectedValue("a city", "Enter the city's name."),
    "state": ExpectedValue("a US state", "Enter the state's two letters or its name."),
    "zip": ExpectedValue("a ZIP", "Enter the ZIP's five digits, or five and four."),
    "phone": ExpectedValue("a US phone number", "Enter the phone's ten digits."),
    "email": ExpectedValue("an email address", "Enter one address, such as ada@example.com."),
}
"""Field → what is expected in it."""
CONTACT_FIELDS = ["phone", "email"]


@dataclass(frozen=True)
class Finding:
    """One problem or warning of a row."""

    field: str
    kind: str

    @property
    def part(self) -> str:
        """The field without the prefix of the mailing address."""
        return self.field.removeprefix("mail_")

    @property
    def address_fields(self) -> list[str]:
        """All fields of the same address, including those that are split into others."""
        prefix = "mail_" if self.field.startswith("mail_") else ""
        return [f"{prefix}{part}" for part in (*PROPERTY_FIELDS, "full_address", "place")]


def parse_findings(text: str) -> list[Finding]:
    return [Finding(*token.split(":")) for token in text.split()]


def format_title(upload: Upload, finding: Finding) -> str:
    """Return what is wrong, with the name of the column."""
    expected = EXPECTED_VALUES.get(finding.part)
    what = expected.name if expected else "readable"
    return PROBLEM_TITLES[ProblemKind(finding.kind)].format(column=name_column(upload, finding.field), what=what)


def find_hint(finding: Finding) -> str:
    """Return how to fix a problem, or why it is one."""
    if finding.kind == ProblemKind.UNREADABLE and finding.part in EXPECTED_VALUES:
        return EXPECTED_VALUES[finding.part].hint
    return HINTS.get(ProblemKind(finding.kind), "")


def find_positions(upload: Upload, findings: Iterable[Finding]) -> list[int]:
    """Return the positions of the columns that findings concern, or of all mapped columns if there are none."""
    found = {position for finding in findings for position in find_concerned_columns(upload, finding)}
    return sorted(found) or list_mapped(upload)


def find_concerned_columns(upload: Upload, finding: Finding) -> Iterator[int]:
    """Yield the positions of the columns that a finding concerns: those of its field, or else of its whole address."""
    if finding.kind == ProblemKind.TOO_WIDE:
        yield from range(len(upload.all_columns))
        return
    fields = choose_fields(upload, finding)
    found = [position for field in fields for position in find_columns(upload, field)]
    if finding.kind in (ProblemKind.FOREIGN, WarningKind.FOREIGN):
        found += find_countries(upload.columns).values()
    yield from found or (position for field in finding.address_fields for position in find_columns(upload, field))


def choose_fields(upload: Upload, finding: Finding) -> Iterable[str]:
    """Return the fields whose cells show what is wrong and can be edited to fix it."""
    mailing_fields = Finding("mail_address", "").address_fields
    property_fields = Finding("address", "").address_fields
    if finding.kind == ProblemKind.NOTHING:
        return [*property_fields, *mailing_fields, *CONTACT_FIELDS]
    if finding.kind == ProblemKind.UNADDRESSED:
        has_mailing_columns = any(find_columns(upload, field) for field in mailing_fields)
        return mailing_fields if has_mailing_columns else property_fields
    if finding.kind in (ProblemKind.FOREIGN, WarningKind.FOREIGN, WarningKind.INCOMPLETE):
        return finding.address_fields
    if finding.kind == WarningKind.ELSEWHERE:
        # The ZIP is not in the state, and either can be wrong.
        return [finding.field, finding.field.replace("zip", "state")]
    return [finding.field]


def match_columns(upload: Upload, names: str) -> list[int]:
    """Return the positions of the columns with these names, or of all mapped columns if there are none."""
    wanted = set(names.split(", "))
    found = [position for position, name in enumerate(upload.columns) if name.strip() in wanted]
    return found or list_mapped(upload)


def list_mapped(upload: Upload) -> list[int]:
    """Return the positions of all columns that a field is read from."""
    width = len(upload.columns)
    return sorted({position for each in upload.mapping.values() for position in each if position < width})
