"""Erase one person everywhere at once, and keep the register of requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches import search_index
from batches.assignments import forget_assignments
from batches.calls import forget_people
from batches.erased import Key, remember
from batches.forgetting.files import IsErased, Replacement, discard, needs_rewrite, rewrite
from batches.forgetting.identity import Identity
from batches.forgetting.people import Selection
from batches.forgetting.texts import erase_texts
from batches.id_set import IdSet
from batches.intake.corrections import PROBLEM_COLUMN, read_row_number
from batches.intake.row_check import check
from batches.intake.row_import import refresh_counts
from batches.intake.suppression import make_suppression_keys
from batches.intake.uploads import NEXT_REVISION
from batches.models import Correction, EarlierAnswer, ErasureRequest, Item, Suppression, Upload
from batches.nouns import noun_for
from batches.numbers.refresh import refresh
from batches.people.contacts import Contact
from batches.people.search_terms import read_search
from batches.results.deciding import forget_decisions
from batches.results.emptying import empty_inputs, erase_answers
from batches.sharing import forget_shared
from batches.statuses import (
    BATCH_OPEN,
    CorrectionStatus,
    DeclineReason,
    Emptied,
    ErasureStatus,
    Outcome,
    SuppressionKind,
    UploadStatus,
)
from batches.vendor.answers import read_contact
from batches.vendor.protocol import PERSON_FIELDS

NAMES_OF_COUNTS = {
    "people": "person in a list,people in lists",
    "lists": "list",
    "answers": "answer",
    "entries": "do-not-contact entry,do-not-contact entries",
    "texts": "other text",
    "files": "stored file",
    "files_deleted": "stored file that could not be read and was deleted,"
    "stored files that could not be read and were deleted",
}


class NotYet(Exception):
    """The person cannot be erased now. The message says why, and what to do."""


@dataclass
class PersonData:
    """Everything about one person that is to be erased."""

    selection: Selection
    identity: Identity
    keys: set[Key] = field(default_factory=set)
    """The keys by which the person is recognised later."""
    rows: dict[int, set[int]] = field(default_factory=dict)
    """List id → numbers of the person's rows."""

    @property
    def entries(self) -> Q:
        """The condition for the person's do-not-contact entries."""
        condition = Q(pk__in=self.selection.entries)
        for kind, key in self.keys:
            condition |= Q(kind=kind, key=key)
        condition |= Q(kind=SuppressionKind.PHONE, key__in=self.identity.phones)
        return condition | Q(kind=SuppressionKind.EMAIL, key__in=self.identity.emails)


def load_person(selection: Selection, text: str = "") -> PersonData:
    """Collect everything by which one person is recognised. `text` is what the user searched for."""
    person = PersonData(selection, Identity(), rows={pk: set(rows) for pk, rows in selection.rows.items()})
    for item in Item.objects.filter(pk__in=selection.items).select_related("digest"):
        person.identity.add_item(item)
        person.rows.setdefault(item.upload_id, set()).add(item.row_number)
        fields = {name: value for name in PERSON_FIELDS if (value := getattr(item, name))}
        person.keys |= make_suppression_keys(fields)
        if item.fingerprint:
            person.keys.add((SuppressionKind.PERSON, item.fingerprint))
        if item.answer:
            person.keys |= find_keys_at_found_addresses(fields, read_contact(item.answer, item.name_parts))
    for answer in EarlierAnswer.objects.filter(item__in=selection.items).exclude(answer=""):
        person.identity.add_contact(read_contact(answer.answer))
    for kind, key, label in Suppression.objects.filter(pk__in=selection.entries).values_list("kind", "key", "label"):
        person.keys.add((kind, key))
        if kind == SuppressionKind.PERSON:
            person.identity.add_name(" ".join(label.replace("·", ",").split(",")[:2]))
    for term in read_search(text).terms:
        if "@" in term:
            person.identity.emails.add(term)
            person.keys.add((SuppressionKind.EMAIL, term))
        elif len(term) == 10 and term.isdecimal():
            person.identity.phones.add(term)
            person.keys.add((SuppressionKind.PHONE, term))
    return person


def find_keys_at_found_addresses(fields: dict[str, str], contact: Contact) -> set[Key]:
    """Return the keys that combine the name asked for with each address at which the person was found."""
    names = {name: fields[name] for name in ("first_name", "last_name") if name in fields}
    keys: set[Key] = set()
    if len(names) == 2:
        for line in filter(None, [contact.address, *contact.former_addresses]):
            checked = check(names | {"full_address": line})
            if not checked.problems:
                keys |= make_suppression_keys(checked.fields)
    return keys


def refuse_in_flight(person: PersonData) -> None:
    """Raise NotYet while the person is being traced or their rows are being read, which would bring data back."""
    items = Item.objects.filter(pk__in=person.selection.items)
    in_flight = items.filter(outcome=Outcome.PENDING, batch__status__in=BATCH_OPEN).select_related("upload").first()
    if in_flight:
        raise NotYet(
            f"Nothing was erased, because this person is still being traced in list {in_flight.upload_id}. Try again "
            "when the list is complete, or cancel it."
        )
    lists = Upload.objects.filter(pk__in=person.rows)
    is_checking = lists.filter(status=UploadStatus.CHECKING).exists()
    is_correcting = Correction.objects.filter(upload__in=person.rows, status=CorrectionStatus.CHECKING).exists()
    if is_checking or is_correcting:
        raise NotYet("Nothing was erased, because the rows of a list with this person are being read. Try again soon.")


def preview(person: PersonData) -> dict[str, int]:
    """Count what erasing would change."""
    return preview_in_database(person) | {
        "texts": erase_texts(person.identity, person.selection.items, is_dry=True),
        "files": len(find_files(person)),
    }


def format_counts(counts: dict[str, int]) -> list[str]:
    """Return the counts as words, such as "2 answers". Leave out those that are 0."""
    return [f"{count:,} {noun_for(count, NAMES_OF_COUNTS[name])}" for name, count in counts.items() if count]


def find_files(person: PersonData) -> list[tuple[Upload | Correction, IsErased]]:
    """Return the owners of stored files with rows of the person, each with the function that recognises these rows.

    Files whose rows are not stored in the database are searched too.
    """
    owners: list[tuple[Upload | Correction, IsErased]] = []
    is_unread = Q(status__in=[UploadStatus.DRAFT, UploadStatus.FAILED])
    for upload in Upload.objects.filter(Q(pk__in=person.rows) | is_unread).exclude(file=""):
        owners.append((upload, find_by_number(person, upload.pk)))
    for correction in Correction.objects.filter(upload__in=person.rows).exclude(file="").select_related("upload"):
        owners.append((correction, find_by_problem(person, correction)))
    return [(owner, is_erased) for owner, is_erased in owners if needs_rewrite(owner, is_erased)]


def find_by_number(person: PersonData, upload_id: int) -> IsErased:
    """Return the function that recognises the person's rows in the file of a list."""
    numbers = person.rows.get(upload_id, set())
    return lambda number, cells: number in numbers or is_about(person, cells)


def find_by_problem(person: PersonData, correction: Correction) -> IsErased:
    """Return the function that recognises the person's rows in a corrected file, which has row numbers in a column."""
    numbers = person.rows[correction.upload_id]
    position = max((place for place, name in enumerate(correction.columns) if name == PROBLEM_COLUMN), default=None)

    def is_erased(_: int, cells: Sequence[str]) -> bool:
        problem = cells[position] if position is not None and position < len(cells) else ""
        return read_row_number(problem) in numbers or is_about(person, cells)

    return is_erased


def is_about(person: PersonData, cells: Sequence[str]) -> bool:
    return person.identity.is_in(" ".join(cells))


def erase(person: PersonData, request: ErasureRequest, user: User | None) -> dict[str, int]:
    """Erase a person, and close the request. Return the counts. If this must wait, change nothing and raise NotYet.

    New files are written before the transaction and old ones deleted after it. If either is interrupted, the sweep
    deletes the files that no row refers to.
    """
    require(user, Right.ADMINISTER)
    refuse_in_flight(person)
    replacements = [rewrite(owner, is_erased) for owner, is_erased in find_files(person)]
    try:
        counts = erase_in_database(person, request, user, replacements)
    except BaseException:
        discard(replacements, applied=False)
        raise
    discard(replacements, applied=True)
    search_index.merge(connection)
    return counts


@transaction.atomic
def erase_in_database(
    person: PersonData, request: ErasureRequest, user: User | None, replacements: Sequence[Replacement]
) -> dict[str, int]:
    ids = person.selection.items
    # Lock in the same order as a re-run does: first the lists, then the items.
    list(Upload.objects.select_for_update(no_key=True).filter(pk__in=person.rows).order_by("pk"))
    list(Item.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    if not ErasureRequest.objects.open().select_for_update().filter(pk=request.pk).exists():
        raise NotYet("Nothing was erased, because this request has been decided already.")
    refuse_in_flight(person)
    counts = preview_in_database(person)
    for replacement in replacements:
        if not replacement.apply():
            raise NotYet("Nothing was erased, because a file has since been replaced. Please try again.")
    keys = person.keys | set(Suppression.objects.filter(person.entries).values_list("kind", "key"))
    remember(request, keys)
    Suppression.objects.filter(person.entries).delete()
    counts["texts"] = erase_texts(person.identity, ids)
    forget_people(ids)
    forget_assignments(ids)
    forget_decisions(ids)
    forget_shared(ids)
    erase_items(person)
    refresh(digits for kind, digits in keys if kind == SuppressionKind.PHONE)
    counts["files"] = sum(bool(each.new) for each in replacements)
    counts["files_deleted"] = sum(not each.new for each in replacements)
    ErasureRequest.objects.filter(pk=request.pk).update(
        status=ErasureStatus.DONE, decided_at=timezone.now(), decided_by=user, counts=counts
    )
    erased = IdSet()
    for pk in sorted(ids):
        erased.add(pk)
    audit.record(AuditKind.FORGOTTEN, user, item_ids=erased.pack(), detail=f"request {request.pk}")
    return counts


def preview_in_database(person: PersonData) -> dict[str, int]:
    """Count the people, lists, answers and entries that are about to be erased."""
    items = Item.objects.filter(pk__in=person.selection.items)
    earlier = EarlierAnswer.objects.filter(item__in=person.selection.items).exclude(answer="")
    return {
        "people": items.count(),
        "lists": len(person.rows),
        "answers": items.exclude(answer="").count() + earlier.count(),
        "entries": Suppression.objects.filter(person.entries).count(),
    }


def erase_items(person: PersonData) -> None:
    """Empty the items of a person, and everything that is stored with them."""
    ids = person.selection.items
    unsent = Item.objects.filter(pk__in=ids, outcome=Outcome.PENDING, batch=None)
    changed = set(unsent.values_list("upload_id", flat=True))
    unsent.update(outcome=Outcome.SUPPRESSED, same_as=None)
    empty_inputs(ids, Emptied.ERASED)
    # People whose rows were already deleted after the retention time are marked as erased as well.
    Item.objects.filter(pk__in=ids).update(emptied=Emptied.ERASED)
    erase_answers(Item.objects.filter(pk__in=ids))
    for upload_id, numbers in person.rows.items():
        # A second owner of the row has the same cells.
        Item.objects.filter(upload=upload_id, row_number__in=numbers).update(cells=[])
        for edit in Correction.objects.filter(upload=upload_id).exclude(previous_cells=None):
            kept = {number: row for number, row in (edit.previous_cells or {}).items() if int(number) not in numbers}
            Correction.objects.filter(pk=edit.pk).update(previous_cells=kept)
    for upload_id in sorted(changed):
        refresh_counts(upload_id)
    Upload.objects.filter(pk__in=changed).update(**NEXT_REVISION)


# The register


def receive(reference: str, received_on: date | None = None, user: User | None = None) -> ErasureRequest:
    """Add a request to the register."""
    return ErasureRequest.objects.create(
        reference=reference, received_on=received_on or timezone.localdate(), created_by=user
    )


def decline(request: ErasureRequest, reason: DeclineReason, user: User | None) -> bool:
    """Decline a request. Return False if it was decided before."""
    require(user, Right.ADMINISTER)
    is_declined = (
        ErasureRequest.objects.open()
        .filter(pk=request.pk)
        .update(status=ErasureStatus.DECLINED, reason=reason, decided_at=timezone.now(), decided_by=user)
    )
    return is_declined == 1
