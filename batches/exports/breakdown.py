"""Count what a file leaves out, and why: each number, or each person, once, at the first reason that fits."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from batches.exports.layouts import ExportRow, Layout, compile_columns, name_columns
from batches.exports.lines import Tally, read_lines
from batches.exports.rows import CHOICE_LABELS, ExportChoices, ExportReader, find_reason_of_standing
from batches.models import ItemQuerySet, Upload
from batches.people.contacts import Phone
from batches.statuses import MatchCheck

MAX_PREVIEW_ROWS = 3
LISTED, UNSEEN, TYPES, ROOM, NEEDS = "listed", "seen_within", "types", "room", "needs"
REASON_LABELS = {
    LISTED: "Numbers on your do-not-contact list",
    **CHOICE_LABELS,
    UNSEEN: "Numbers not seen for some time",
    TYPES: "Phone types that the layout leaves out",
    ROOM: "More numbers than the layout has room for",
    NEEDS: "People without what the layout needs",
}
"""Reason → its label, in the order in which the reasons are checked."""
REASON_ICONS = {
    LISTED: "ban",
    "without_dnc": "ban",
    "mobiles_only": "phone",
    "once": "copy",
    "without_deceased": "user-minus",
    "without_other": "user-x",
    "without_suppressed": "ban",
    "without_stale": "clock",
    "without_disconnected": "phone-off",
    "without_exported": "history",
    UNSEEN: "clock",
    TYPES: "phone",
    ROOM: "columns-3",
    NEEDS: "user-x",
}


@dataclass(frozen=True)
class Step:
    """One step from everything that was found to what is in the file."""

    reason: str
    count: int
    left: int
    """How many remain after this step."""
    is_choice: bool
    """Whether the user can choose to keep these."""
    is_chosen: bool

    @property
    def label(self) -> str:
        return REASON_LABELS[self.reason]

    @property
    def icon(self) -> str:
        return REASON_ICONS[self.reason]

    @property
    def is_bad(self) -> bool:
        return self.reason in (LISTED, "without_dnc")


@dataclass
class Breakdown:
    """What a file would contain, and what it leaves out."""

    tally: Tally
    counts_people: bool
    """Whether people are counted, because the layout has no column for a phone."""
    found: int = 0
    """How many numbers were found, or how many people there are."""
    people: int = 0
    """How many people the numbers belong to."""
    by_reason: Counter[str] = field(default_factory=Counter)
    choices: ExportChoices = field(default_factory=ExportChoices)
    names: list[str] = field(default_factory=list)
    """The names of the file's columns."""
    preview: list[list[str]] = field(default_factory=list)
    """The first lines of the file."""
    preview_ids: list[int] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        """The steps, each with what remains. Reasons that nobody can choose are left out if they count nothing."""
        steps, left = [], self.found
        for reason in REASON_LABELS:
            count, is_choice = self.by_reason[reason], reason in CHOICE_LABELS
            if not count and not is_choice and (reason != UNSEEN or self.counts_people):
                continue
            left -= count
            steps.append(Step(reason, count, left, is_choice, is_choice and getattr(self.choices, reason)))
        return steps

    @property
    def kept(self) -> int:
        return self.found - sum(self.by_reason.values())


class BreakdownReader(ExportReader):
    """A reader that also counts what it leaves out."""

    def __init__(self, upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices) -> None:
        super().__init__(upload, items, layout, choices)
        self.breakdown = Breakdown(Tally(), counts_people=not self.max_phones, choices=choices)

    def read(self) -> Iterator[ExportRow]:
        for row, is_suppressed in self.read_candidates():
            is_in_file = not is_suppressed and self.is_wanted(row) and self.set_phones(row)
            self.count(row, is_suppressed, is_in_file)
            if is_in_file:
                yield row

    def count(self, row: ExportRow, is_suppressed: bool, is_in_file: bool) -> None:
        breakdown = self.breakdown
        if breakdown.counts_people:
            breakdown.found += 1
            breakdown.people += 1
            if not is_in_file:
                breakdown.by_reason[self.reason_for_person(row, is_suppressed) or NEEDS] += 1
            return
        phones = row.contact.phones
        breakdown.found += len(phones)
        breakdown.people += bool(phones)
        if is_in_file and (self.includes_all_phones or len(row.phones) == len(phones)):
            # Most files leave out nothing else, so their speed depends on this.
            if left_out := len(phones) - len(row.phones):
                breakdown.by_reason[ROOM] += left_out
            return
        kept = list(row.phones) if is_in_file else []
        for phone in phones:
            # What is kept is in the same order as what was found.
            if kept and phone is kept[0]:
                kept.pop(0)
            else:
                breakdown.by_reason[self.reason_for_phone(phone, row, is_suppressed, is_in_file)] += 1

    def reason_for_person(self, row: ExportRow, is_suppressed: bool) -> str:
        choices = self.choices
        if choices.without_deceased and row.contact.deceased:
            return "without_deceased"
        if choices.without_other and row.match == MatchCheck.OTHER.label:
            return "without_other"
        if is_suppressed:
            return "without_suppressed"
        return "without_exported" if row.pk in self.exported else ""

    def reason_for_phone(self, phone: Phone, row: ExportRow, is_suppressed: bool, is_in_file: bool) -> str:
        choices, types = self.choices, self.layout.types
        if self.suppressed_phones and phone.digits in self.suppressed_phones:
            return LISTED
        if reason := find_reason_of_standing(phone, choices):
            return reason
        if choices.mobiles_only and not phone.is_mobile:
            return "mobiles_only"
        if not self.is_recent(phone):
            return UNSEEN
        if types and phone.type not in types:
            return TYPES
        if reason := self.reason_for_person(row, is_suppressed):
            return reason
        if is_in_file and len(row.phones) >= self.max_phones:
            return ROOM
        return "once" if choices.once else NEEDS


def make_breakdown(upload: Upload, items: ItemQuerySet, layout: Layout, choices: ExportChoices) -> Breakdown:
    """Count what a file would contain and what it would leave out, and return its first lines."""
    reader = BreakdownReader(upload, items, layout, choices)
    breakdown = reader.breakdown
    breakdown.names = name_columns(layout, upload.all_columns)
    read = compile_columns(layout.columns)
    for row in read_lines(reader, breakdown.tally):
        if len(breakdown.preview) < MAX_PREVIEW_ROWS:
            breakdown.preview.append([*row.cells, *read(row)] if layout.originals else list(read(row)))
            breakdown.preview_ids.append(row.pk)
    return breakdown
