"""Write to the audit log who saw which people, and find out who saw a person.

An entry is about one list, and holds each of its people as one bit. So a page costs only one statement, however many
people it shows.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import QuerySet

from accounts.audit import make_entry
from accounts.models import AuditEntry, AuditKind
from batches.id_set import IdSet
from batches.models import Item

MAX_SEARCHED = 20_000
"""How many entries about a person's lists are searched for the person, at most. The latest are searched first."""


def record_people(kind: AuditKind, user: User | None, people: Iterable[tuple[int, int]], detail: str = "") -> None:
    """Add an entry for each list to the audit log. `people` are pairs of a list id and an item id."""
    ids_by_upload: defaultdict[int, IdSet] = defaultdict(IdSet)
    for upload_id, item_id in people:
        ids_by_upload[upload_id].add(item_id)
    entries = [
        make_entry(kind, user, upload_id=upload_id, item_ids=ids.pack(), detail=detail)
        for upload_id, ids in ids_by_upload.items()
    ]
    if len(entries) == 1:
        # Most pages show the people of one list. A single statement needs no transaction.
        entries[0].save(force_insert=True)
    else:
        AuditEntry.objects.bulk_create(entries)


def entries_about(item: Item) -> QuerySet[AuditEntry]:
    """Return the entries that name a person, in any list."""
    ids_by_upload = item.find_same_person_ids()
    entries = AuditEntry.objects.filter(upload_id__in=ids_by_upload).exclude(item_ids=b"").order_by("-pk")
    found = []
    for pk, list_id, packed in entries.values_list("pk", "upload_id", "item_ids")[:MAX_SEARCHED]:
        ids = IdSet.unpack(bytes(packed))
        if any(item_id in ids for item_id in ids_by_upload.get(list_id or 0, [])):
            found.append(pk)
    return AuditEntry.objects.filter(pk__in=found)
