"""Fill a layout with one person, so that whoever edits it sees what its columns contain."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from batches.exports.layouts import AskedFields, ExportRow, Layout, compile_columns, name_columns
from batches.exports.lines import Tally, read_lines
from batches.exports.rows import ExportChoices, ExportReader
from batches.models import Upload
from batches.people.contacts import HOUSEHOLD, Address, Contact, Email, OtherPerson
from batches.people.standing import CALL, LABELS, StandingPhone
from batches.statuses import MatchCheck, Outcome, UploadStatus

MAX_LISTS = 5
"""How many of the newest complete lists are searched for a person."""
MAX_PEOPLE = 20
"""How many people of each of them are tried. A layout may leave out some, such as those without a phone."""


@dataclass(frozen=True)
class LayoutPreview:
    """The first line that a layout would write."""

    cells: list[tuple[str, str]]
    """Pairs of a column name and its value."""
    upload: Upload | None = None
    """The person's list. None for the invented person."""
    item_id: int = 0
    row_number: str = ""


def make_preview(layout: Layout, user: User) -> LayoutPreview:
    """Fill a layout with the first person of the user's newest list who fits it, or else with an invented person."""
    complete = Upload.objects.visible_to(user).filter(status=UploadStatus.COMPLETE)
    for upload in complete.order_by("-pk")[:MAX_LISTS]:
        matched = upload.items.filter(outcome=Outcome.MATCHED, emptied="").order_by("row_number", "owner_number")
        ids = list(matched.values_list("pk", flat=True)[:MAX_PEOPLE])
        reader = ExportReader(upload, upload.items.filter(pk__in=ids), layout, ExportChoices())
        for row in read_lines(reader, Tally()):
            return LayoutPreview(fill(layout, row, upload.all_columns), upload, row.pk, row.number)
    return LayoutPreview(fill(layout, make_sample_row(layout), []))


def fill(layout: Layout, row: ExportRow, originals: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of a column name and its value in a row. `originals` are the names of the list's own columns."""
    values = compile_columns(layout.columns)(row)
    cells = [*row.cells, *values] if layout.originals else values
    return list(zip(name_columns(layout, originals), cells, strict=False))


SAMPLE_PHONES = [
    StandingPhone(
        "7035550142",
        type="mobile",
        do_not_call=False,
        carrier="Sample Wireless",
        last_seen="2026-01-02",
        is_connected=True,
        valid_since="2019-06",
        usage="12",
        standing=LABELS[CALL],
        flag_as_of="2026-01-15",
    ),
    StandingPhone("7035550117", type="landline", do_not_call=False, standing=LABELS[CALL], flag_as_of="2026-01-15"),
]
SAMPLE_ADDRESS = Address("18 Elm St, Herndon, VA 20170", "18 Elm St", "Herndon", "VA", "20170")
SAMPLE_CONTACT = Contact(
    names=["Cora Sample"],
    phones=list(SAMPLE_PHONES),
    emails=[Email("cora@example.com", "personal")],
    current=SAMPLE_ADDRESS,
    age="52",
    deceased=False,
    former_addresses=["4 Oak Ln, Reston, VA 20190"],
    relatives=["Wes Sample"],
    others=[OtherPerson("Wes Sample", HOUSEHOLD)],
)
SAMPLE_ASKED = AskedFields(
    first_name="Cora", last_name="Sample", address="18 Elm St", city="Herndon", state="VA", zip="20170"
)


def make_sample_row(layout: Layout) -> ExportRow:
    """Return the row of the invented person, with the phones that the layout includes."""
    wanted = [phone for phone in SAMPLE_PHONES if not layout.types or phone.type in layout.types]
    phones = wanted[: layout.max_phones or None]
    row = ExportRow(
        pk=1,
        number="2",
        cells=[],
        outcome=Outcome.MATCHED.value,
        outcome_word=str(Outcome.MATCHED.label),
        message="",
        credits="1",
        traced_at="2026-01-15T15:04:05+00:00",
        match=str(MatchCheck.SAME.label),
        contact=SAMPLE_CONTACT,
        asked=SAMPLE_ASKED,
        list="Sample list",
        phones=phones,
    )
    if phones and layout.is_per_phone:
        row.phone = phones[0]
    return row
