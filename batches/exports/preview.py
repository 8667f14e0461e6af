"""Fill a layout with the first rows of a list, so that whoever edits it sees what its columns contain."""

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from django.contrib.auth.models import User

from batches.exports.layouts import AskedFields, ExportRow, Layout, compile_columns, name_columns
from batches.exports.lines import Tally, read_lines
from batches.exports.rows import ExportChoices, ExportReader
from batches.models import Upload
from batches.people.contacts import HOUSEHOLD, Address, Contact, Email, OtherPerson
from batches.people.standing import CALL, LABELS, StandingPhone
from batches.statuses import MatchCheck, Outcome, UploadStatus

MAX_ROWS = 3
"""How many rows a preview shows. More would not fit beside the editor."""
MAX_LISTS = 5
"""How many of the newest complete lists are searched for a person."""
MAX_PEOPLE = 20
"""How many people of each of them are tried. A layout may leave out some, such as those without a phone."""


class PreviewRow(NamedTuple):
    """A line that a layout would write."""

    values: list[str]
    item_id: int = 0
    """0 for the invented person."""
    number: str = ""
    """The number of the person's row in the list."""


@dataclass(frozen=True)
class LayoutPreview:
    """The first lines that a layout would write."""

    names: list[str]
    """The names of its columns."""
    rows: list[PreviewRow]
    upload: Upload | None = None
    """The list of the rows. None for the invented person."""

    @property
    def columns(self) -> list[tuple[str, tuple[str, ...]]]:
        """Pairs of a column's name and its values, one for each row."""
        return list(zip(self.names, zip(*(row.values for row in self.rows), strict=True), strict=False))

    @property
    def item_ids(self) -> list[int]:
        """The ids of the people who are shown, each once."""
        return list(dict.fromkeys(row.item_id for row in self.rows))


def make_preview(layout: Layout, user: User) -> LayoutPreview:
    """Fill a layout with the first rows of the user's newest list with people who fit, or with an invented person."""
    complete = Upload.objects.visible_to(user).filter(status=UploadStatus.COMPLETE)
    for upload in complete.order_by("-pk")[:MAX_LISTS]:
        matched = upload.items.filter(outcome=Outcome.MATCHED, emptied="").order_by("row_number", "owner_number")
        ids = list(matched.values_list("pk", flat=True)[:MAX_PEOPLE])
        reader = ExportReader(upload, upload.items.filter(pk__in=ids), layout, ExportChoices())
        # Each line is filled before the next is read: those of one person are the same object.
        lines = (PreviewRow(fill(layout, row), row.pk, row.number) for row in read_lines(reader, Tally()))
        if rows := list(islice(lines, MAX_ROWS)):
            return LayoutPreview(name_columns(layout, upload.all_columns), rows, upload)
    return LayoutPreview(name_columns(layout, []), [PreviewRow(fill(layout, make_sample_row(layout)))])


def fill(layout: Layout, row: ExportRow) -> list[str]:
    """Return the values of a row, in the order of the layout's columns."""
    values = compile_columns(layout.columns)(row)
    return [*row.cells, *values] if layout.originals else values


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
