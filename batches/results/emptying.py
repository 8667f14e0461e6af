"""Empty the data that people were asked for with. Their ids, outcomes, costs and counts stay."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import AuditEntry
from batches import search_index
from batches.erased import find_erased
from batches.models import Digest, EarlierAnswer, ExportCertificate, Item, Suppression, Upload
from batches.numbers.found import forget_numbers, keep_numbers
from batches.results import digests
from batches.results.search import search_people
from batches.retention import AT_ONCE, CHUNK_SIZE, Retained, RetainedOfLists, delete_records
from batches.statuses import Emptied, Outcome, SuppressionKind
from batches.vendor.protocol import PERSON_FIELDS

EMPTY_INPUTS: dict[str, Any] = dict.fromkeys(
    [*PERSON_FIELDS, "owner_name", "fingerprint", "problem_columns", "findings"], ""
) | {"cells": []}


@transaction.atomic
def empty_inputs(ids: Iterable[int], why: Emptied) -> int:
    """Empty the rows and the fields of items that have not been emptied yet. Return how many."""
    items = Item.objects.filter(pk__in=ids, emptied="")
    emptied = list(items.values_list("pk", flat=True))
    # The message may quote cells of the row.
    items.filter(outcome=Outcome.INVALID).update(message="")
    items.update(**EMPTY_INPUTS, emptied=why)
    digests.remake_terms(Digest.objects.filter(item__in=emptied))
    return len(emptied)


def expire_inputs(upload: Upload) -> Iterator[int]:
    """Empty the rows of a list in chunks. Yield how many people were in each."""
    upload.corrections.exclude(previous_cells=None).update(previous_cells={})
    for page in Item.objects.filter(upload=upload, emptied="").in_pages(CHUNK_SIZE, ["pk"]):
        yield empty_inputs([pk for (pk,) in page], Emptied.EXPIRED)


@transaction.atomic
def erase_answers(items: QuerySet[Any]) -> None:
    """Remove everything that was found for items, and what the vendor said about it."""
    ids = list(items.order_by().values_list("pk", flat=True))
    numbers = forget_numbers(digests.read_contacts(ids).values())
    Item.objects.filter(pk__in=ids).update(answer="", message="")
    EarlierAnswer.objects.filter(item__in=ids).update(answer="", message="")
    Digest.objects.filter(item__in=ids).update(found="", search_terms="")
    # Filters look up each number by its row. Only the few numbers that are recognised later need to be searched for.
    erased = find_erased((SuppressionKind.PHONE.value, f"{number:010d}") for number in numbers)
    keep_numbers({int(digits) for _, digits in erased if search_people(digits, None, limit=1).ids})


def erase_late_answers(items: QuerySet[Any]) -> None:
    """Remove answers that arrived about erased people, and their words from SQLite's index."""
    erase_answers(items)
    search_index.merge(connection)


RETAINED_INPUTS: list[Retained | RetainedOfLists] = [
    RetainedOfLists("Rows of lists", "inputs_deleted_at", expire_inputs, "INPUT_RETENTION_DAYS"),
    Retained(
        "Lifted do-not-contact entries",
        Suppression.objects.filter(lifted_at__isnull=False),
        "lifted_at",
        delete_records,
        "INPUT_RETENTION_DAYS",
    ),
    Retained(
        "Answers for erased people",
        Item.objects.filter(emptied=Emptied.ERASED).exclude(answer=""),
        "answered_at",
        erase_late_answers,
        AT_ONCE,
    ),
]
RETAINED_RECORDS = [
    Retained("Audit log", AuditEntry.objects.all(), "at", delete_records, "AUDIT_RETENTION_DAYS"),
    Retained(
        "Export certificates", ExportCertificate.objects.all(), "made_at", delete_records, "EXPORT_CERTIFICATE_DAYS"
    ),
]
"""What was done with the data. It names nobody who was traced."""
