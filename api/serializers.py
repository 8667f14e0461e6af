"""Serialize records as the API returns them. Queries are made once for a whole page."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.conf import settings
from msgspec.structs import asdict

from batches.intake.suppression import suppressed_contacts
from batches.intake.trace_settings import PUBLIC_NAMES, TraceSettings
from batches.models import Batch, Item, Upload
from batches.people.contacts import Contact
from batches.results import digests
from batches.statuses import OUTCOME_COUNTED, Priority
from batches.tracing.counts import Counts, count_batches, count_uploads
from batches.tracing.spending import max_credits
from batches.vendor.answers import read_contact
from batches.vendor.protocol import PERSON_FIELDS

UPLOAD_FIELDS = [
    "id",
    "name",
    "filename",
    "status",
    "created_at",
    "started_at",
    "completed_at",
    "revision",
    "waits_until",
    "read_percent",
    "columns",
    "problem",
]
"""Fields that have the same name in the API and in the model; so do BATCH_FIELDS."""
BATCH_FIELDS = [
    "id",
    "number",
    "kind",
    "status",
    "size",
    "attempts",
    "problem",
    "submitted_at",
    "acknowledged_at",
    "closed_at",
    "next_try_at",
]


def serialize_uploads(uploads: Sequence[Upload]) -> list[dict[str, Any]]:
    """Serialize uploads that were loaded with their creators. Makes two queries."""
    counts = count_uploads(uploads)
    return [serialize_upload(upload, counts[upload.pk]) for upload in uploads]


def serialize_upload(upload: Upload, counts: Counts) -> dict[str, Any]:
    trace_settings = TraceSettings.from_upload(upload)
    return (
        {name: getattr(upload, name) for name in UPLOAD_FIELDS}
        | {PUBLIC_NAMES.get(name, name): value for name, value in trace_settings.as_dict().items()}
        | {
            "source": upload.list_source,
            "doubts": upload.uncertain,
            "priority": Priority(upload.priority).name.lower(),
            "url": settings.PUBLIC_URL + upload.get_absolute_url(),
            "created_by": upload.created_by.get_username() if upload.created_by else "",
            "rows": upload.row_count,
            "people": upload.item_count,
            "counts": serialize_counts(counts) | upload.unsent_counts,
            "percent": counts.percent if upload.is_started_once else 0,
            "credits": counts.credits,
            "most_credits": max_credits(upload.item_count),
            "mapping": column_names(upload),
            "gaps": trace_settings.gaps,
        }
    )


def column_names(upload: Upload) -> dict[str, list[str]]:
    """Return the mapping of an upload as field → names of its columns."""
    return {field: [upload.columns[position] for position in positions] for field, positions in upload.mapping.items()}


def serialize_counts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in ["pending", *OUTCOME_COUNTED]}


def serialize_batches(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Serialize batches. Makes one query."""
    counts = count_batches(batches)
    return [
        {name: getattr(batch, name) for name in BATCH_FIELDS}
        | {"counts": serialize_counts(counts[batch.pk]), "credits": counts[batch.pk].credits}
        for batch in batches
    ]


def serialize_items(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Serialize items that were loaded with the items whose answers they have. Makes one query."""
    phones, emails = suppressed_contacts()
    return [serialize_item(item, phones, emails) for item in items]


def serialize_item(item: Item, phones: Collection[str], emails: Collection[str]) -> dict[str, Any]:
    """Serialize an item, without the phones and emails on the do-not-contact list."""
    answered = item.answer_item
    contact = read_contact(answered.answer) if answered.answer else None
    return {
        "id": item.pk,
        "upload": item.upload_id,
        "batch": item.batch_id,
        "row": item.row_number,
        "owner_number": item.owner_number,
        "owner_kind": item.owner_kind,
        "owner_name": item.owner_name,
        "asked": {name: value for name in PERSON_FIELDS if (value := getattr(item, name))},
        "outcome": item.outcome,
        "message": item.message,
        "same_as": item.same_as_id,
        "found": serialize_contact(contact, phones, emails) if contact else None,
        "match": digests.check_match(item, contact) if contact else "",
        "credits": item.credits,
        "answered_at": answered.answered_at,
    }


def serialize_contact(contact: Contact, phones: Collection[str], emails: Collection[str]) -> dict[str, Any]:
    """Serialize contact details without the given phones and emails."""
    return asdict(contact) | {
        "phones": [asdict(phone) for phone in contact.phones if phone.digits not in phones],
        "emails": [asdict(email) for email in contact.emails if email.address.lower() not in emails],
        "address": contact.address,
        "current_address": asdict(contact.current),
    }
