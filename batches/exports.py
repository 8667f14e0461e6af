"""Results → CSV, a row at a time, in the order of the file.

The wide layout gives every row of the file back under its own columns, with what was found behind them; the long
layout has a row for each phone. A cell that a spreadsheet would run as a formula is defused with an apostrophe.
"""

import csv
import io
from dataclasses import replace

from batches.contacts import Contact
from batches.statuses import ANSWERED, Outcome
from batches.suppression import suppressed_numbers
from batches.vendor.answers import read_contact

LAYOUTS = ["wide", "long"]
WIDE_PHONES = 5
WIDE_EMAILS = 3
PIECE = 64 * 1024
"""Characters that go out at once."""
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")

PHONE_COLUMNS = [f"Phone {number}{part}" for number in range(1, WIDE_PHONES + 1) for part in ("", " Type", " DNC")]
EMAIL_COLUMNS = [f"Email {number}" for number in range(1, WIDE_EMAILS + 1)]
BEFORE = ["Outcome", "Message", "Matched Name"]
AFTER = ["Current Address", "Age", "Deceased", "Credits", "Traced At"]
COLUMNS = {
    "wide": [*BEFORE, *PHONE_COLUMNS, *EMAIL_COLUMNS, *AFTER],
    "long": [*BEFORE, "Phone", "Phone Type", "Phone DNC", *EMAIL_COLUMNS, *AFTER],
}


def stream_csv(upload, layout="wide", outcomes=(), without_dnc=False):
    """The export as pieces of text: UTF-8 once encoded, with a byte-order mark, CRLF line ends.

    `outcomes` keeps only rows of these outcomes; `without_dnc` leaves out phones that the vendor marked do-not-call.
    """
    return write_csv(make_rows(upload, layout, outcomes, without_dnc))


def write_csv(rows):
    """Rows as pieces of CSV text, each cell defused."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield BOM
    for row in rows:
        writer.writerow([defuse(cell) for cell in row])
        if buffer.tell() > PIECE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def make_rows(upload, layout, outcomes, without_dnc):
    originals = name_columns(upload)
    taken = set(originals)
    yield [*originals, *(f"{name} (trace)" if name in taken else name for name in COLUMNS[layout])]
    # Of those whose answer is another's: a duplicate's first, or who was traced before, or that of a duplicate's first.
    items = upload.items.select_related("same_as__same_as").order_by("row_number", "owner_number")
    suppressed = suppressed_numbers()
    if outcomes:
        items = items.filter(outcome__in=outcomes)
    for item in items.iterator(chunk_size=500):
        cells = item.cells + [""] * (len(originals) - len(item.cells))
        contact = keep_wanted(read_found(item), without_dnc, *suppressed)
        for found in WRITERS[layout](item, contact):
            yield [*cells, *found]


def name_columns(upload):
    width = len(upload.columns)
    extra = [f"Column {position}" for position in range(width + 1, width + upload.extra_columns + 1)]
    return [*upload.columns, *extra]


def defuse(cell):
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def write_wide(item, contact):
    cells = [cell for phone in contact.phones[:WIDE_PHONES] for cell in (phone.number, phone.type, phone.dnc)]
    padding = [""] * (len(PHONE_COLUMNS) - len(cells))
    yield [*write_before(item, contact), *cells, *padding, *write_emails(contact), *write_after(item, contact)]


def write_long(item, contact):
    for phone in contact.phones or [None]:
        cells = (phone.number, phone.type, phone.dnc) if phone else ("", "", "")
        yield [*write_before(item, contact), *cells, *write_emails(contact), *write_after(item, contact)]


WRITERS = {"wide": write_wide, "long": write_long}


def read_found(item):
    """The item's contact details; a duplicate has those of the row that was sent for it, a reused one those of then."""
    return read_contact(item.source.answer) if item.source.answer else Contact()


def keep_wanted(contact, without_dnc, phones, emails):
    """Contact details without numbers and addresses that are suppressed, and without do-not-call phones if so asked."""
    wanted = [p for p in contact.phones if p.digits not in phones and not (without_dnc and p.do_not_call)]
    return replace(
        contact, phones=wanted, emails=[email for email in contact.emails if email.address.lower() not in emails]
    )


def write_before(item, contact):
    return [item.outcome, describe(item, contact), contact.name]


def describe(item, contact):
    if item.outcome == Outcome.DUPLICATE and item.same_as:
        return f"Same as row {item.same_as.row_number} ({item.same_as.outcome})"
    if not contact.is_known_shape:
        return f"{item.message} (answer of unknown shape, kept with the item)".strip()
    return item.message


def write_emails(contact):
    addresses = [email.address for email in contact.emails[:WIDE_EMAILS]]
    return addresses + [""] * (WIDE_EMAILS - len(addresses))


def write_after(item, contact):
    deceased = {True: "yes", False: "no", None: ""}[contact.deceased]
    traced_at = item.source.answered_at
    credits = item.credits.normalize() if item.outcome in ANSWERED and item.credits is not None else None
    return [
        contact.address,
        contact.age,
        deceased,
        "" if credits is None else f"{credits:f}",
        traced_at.isoformat(timespec="seconds") if traced_at else "",
    ]
