"""Find the people whom a user may mean: in lists, do-not-contact entries, and files whose rows are not stored yet."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from batches.files.file_format import FileFormat, UnreadableFile
from batches.intake import stored_files
from batches.keys import read_key
from batches.models import Item, Suppression, Upload
from batches.people.search_terms import Search, collect, read_search
from batches.results.search import MAX_FOUND, search_people
from batches.statuses import Emptied, UploadStatus
from batches.vendor.protocol import PERSON_FIELDS

STATUSES_WITHOUT_ITEMS = [UploadStatus.DRAFT, UploadStatus.FAILED, UploadStatus.CHECKING]
"""Statuses of lists whose people may be only in the file."""
SEARCHED_FIELDS = [*PERSON_FIELDS, "owner_name", "row_text"]


@dataclass(frozen=True)
class Candidate:
    """Somebody who was found, and may be the person to erase."""

    key: str
    """How forms identify the candidate.

    `p` and an item's id, `s` and the id of a do-not-contact entry, or `f`, a list's id, `-` and a row number.
    """
    name: str
    address: str = ""
    where: str = ""


@dataclass
class Selection:
    """What a user has chosen to erase."""

    items: set[int] = field(default_factory=set)
    entries: set[int] = field(default_factory=set)
    rows: dict[int, set[int]] = field(default_factory=dict)
    """List id → numbers of the rows that are only in the list's file."""

    def __bool__(self) -> bool:
        return bool(self.items or self.entries or self.rows)


def find_people(text: str) -> list[Candidate]:
    """Return everybody who matches every word of `text`. The last word may be incomplete."""
    search = read_search(text)
    if not search.terms and not search.prefix:
        return []
    return [*find_in_lists(text, search), *find_entries(search), *find_in_files(search)]


def find_in_lists(text: str, search: Search) -> list[Candidate]:
    """Return the matching people in lists, with those who share a fingerprint as one candidate."""
    ids = [*search_people(text, None).ids, *find_undigested(search).values_list("pk", flat=True)[:MAX_FOUND]]
    found = Item.objects.filter(pk__in=ids).exclude(emptied=Emptied.ERASED).select_related("upload").defer("answer")
    groups: dict[str, list[Item]] = {}
    for item in found.order_by("pk"):
        groups.setdefault(item.fingerprint or f"item {item.pk}", []).append(item)
    return [make_candidate(items) for items in groups.values()]


def make_candidate(items: list[Item]) -> Candidate:
    first = items[0]
    places = list(dict.fromkeys(f"{item.upload} (row {item.row_number})" for item in items))
    name = first.shown_name if first.asked_name or first.owner_name else " · ".join(filter(None, first.cells))
    return Candidate(f"p{first.pk}", name, first.asked_address, "; ".join(places))


def find_undigested(search: Search) -> QuerySet[Item]:
    """Return matching people in lists that are not digested yet, which the search therefore cannot find."""
    items = Item.objects.filter(upload__digested_at=None, digest=None).annotate(row_text=Cast("cells", TextField()))
    for term in filter(None, [*search.terms, search.prefix]):
        is_there = Q()
        for name in SEARCHED_FIELDS:
            is_there |= Q(**{f"{name}__icontains": term})
        items = items.filter(is_there)
    return items.order_by("pk")


def find_entries(search: Search) -> Iterator[Candidate]:
    """Yield matching do-not-contact entries, including lifted ones."""
    entries = Suppression.objects.all()
    for term in filter(None, [*search.terms, search.prefix]):
        entries = entries.filter(label__icontains=term)
    for entry in entries.order_by("pk")[:MAX_FOUND]:
        yield Candidate(f"s{entry.pk}", entry.label, "", "Do-not-contact list")


def find_in_files(search: Search) -> Iterator[Candidate]:
    """Yield matching rows in the files of lists whose rows may not be stored yet."""
    for upload in Upload.objects.filter(status__in=STATUSES_WITHOUT_ITEMS).exclude(file="").order_by("pk"):
        with suppress(UnreadableFile, OSError, ValueError, TypeError):
            for number, cells in stored_files.read_rows(upload.file, FileFormat(**upload.file_format)):
                if matches(search, cells):
                    row = " · ".join(filter(None, cells))
                    yield Candidate(f"f{upload.pk}-{number}", row, "", f"{upload} (row {number} of the file)")


def matches(search: Search, cells: Iterable[str]) -> bool:
    """Return whether a row contains every word of a search."""
    cells = list(cells)
    phones = [term for cell in cells for term in read_search(cell).terms if term.isdecimal() and len(term) == 10]
    words = collect(cells, phones, [cell for cell in cells if "@" in cell]).split()
    has_prefix = not search.prefix or any(word.startswith(search.prefix) for word in words)
    return has_prefix and set(search.terms) <= set(words)


def select(keys: Iterable[str]) -> Selection:
    """Return what the candidates' keys stand for.

    Choosing a person also selects every item with the same fingerprint, and their duplicates.
    """
    selection = Selection()
    for key in keys:
        kind, parts = key[:1], [read_key(part) for part in key[1:].split("-")]
        if kind == "p" and parts[0]:
            selection.items.add(parts[0])
        elif kind == "s" and parts[0]:
            selection.entries.add(parts[0])
        elif kind == "f" and len(parts) == 2 and parts[0] and parts[1]:
            selection.rows.setdefault(parts[0], set()).add(parts[1])
    selection.items = find_same(selection.items)
    selection.entries = set(Suppression.objects.filter(pk__in=selection.entries).values_list("pk", flat=True))
    known = Upload.objects.filter(pk__in=selection.rows).values_list("pk", flat=True)
    selection.rows = {pk: selection.rows[pk] for pk in known}
    return selection


def find_same(ids: set[int]) -> set[int]:
    """Return the ids of all items about the same people: those with the same fingerprint, and their duplicates."""
    chosen = Item.objects.filter(pk__in=ids).exclude(emptied=Emptied.ERASED)
    fingerprints = set(chosen.exclude(fingerprint="").values_list("fingerprint", flat=True))
    is_same = Q(pk__in=list(chosen.values_list("pk", flat=True))) | Q(fingerprint__in=fingerprints)
    same = set(Item.objects.filter(is_same).values_list("pk", flat=True))
    uploads = set(Item.objects.filter(pk__in=same).values_list("upload_id", flat=True))
    originals = Item.objects.filter(pk__in=same, same_as__isnull=False).values_list("same_as_id", flat=True)
    same |= set(Item.objects.filter(pk__in=list(originals)).values_list("pk", flat=True))
    return same | set(Item.objects.filter(upload__in=uploads, same_as__in=same).values_list("pk", flat=True))
