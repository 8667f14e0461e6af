"""Records → what the API says of them. Queries only for all of a page at once."""

from django.conf import settings
from msgspec.structs import asdict

from batches.intake.suppression import suppressed_numbers
from batches.intake.trace_settings import TraceSettings
from batches.results import digests
from batches.statuses import COUNTED, Priority
from batches.tracing.counts import count_batches, count_uploads
from batches.tracing.spending import most_credits
from batches.vendor.answers import read_contact
from batches.vendor.protocol import FIELDS

SAME_NAME = [
    "id",
    "name",
    "source",
    "filename",
    "status",
    "created_at",
    "started_at",
    "completed_at",
    "read_percent",
    "columns",
]
SAME_NAME += ["doubts", "problem"]
OF_BATCH = ["id", "number", "kind", "status", "size", "attempts", "problem"]
OF_BATCH += ["submitted_at", "acknowledged_at", "closed_at", "next_try_at"]


def describe_uploads(uploads):
    """Describe uploads that were read with their creators; two queries."""
    counts = count_uploads(uploads)
    return [describe_upload(upload, counts[upload.pk]) for upload in uploads]


def describe_upload(upload, counts):
    trace_settings = TraceSettings.from_upload(upload)
    return (
        {name: getattr(upload, name) for name in SAME_NAME}
        | trace_settings.as_dict()
        | {
            "priority": Priority(upload.priority).name.lower(),
            "url": settings.PUBLIC_URL + upload.get_absolute_url(),
            "created_by": upload.created_by.get_username() if upload.created_by else "",
            "rows": upload.row_count,
            "people": upload.item_count,
            "counts": name_counts(counts) | upload.unsent_counts,
            "percent": counts.percent if upload.is_started_once else 0,
            "credits": counts.credits,
            "most_credits": most_credits(upload.item_count),
            "mapping": name_columns(upload),
            "gaps": trace_settings.gaps,
        }
    )


def name_columns(upload):
    return {field: [upload.columns[position] for position in places] for field, places in upload.mapping.items()}


def name_counts(counts):
    return {name: getattr(counts, name) for name in ["pending", *COUNTED]}


def describe_batches(batches):
    """One query."""
    counts = count_batches(batches)
    return [
        {name: getattr(batch, name) for name in OF_BATCH}
        | {"counts": name_counts(counts[batch.pk]), "credits": counts[batch.pk].credits}
        for batch in batches
    ]


def describe_items(items):
    """Items that were read with whose answer they have; one query."""
    suppressed = suppressed_numbers()
    return [describe_item(item, suppressed) for item in items]


def describe_item(item, suppressed):
    source = item.source
    contact = read_contact(source.answer) if source.answer else None
    return {
        "id": item.pk,
        "upload": item.upload_id,
        "batch": item.batch_id,
        "row": item.row_number,
        "owner_number": item.owner_number,
        "owner_kind": item.owner_kind,
        "asked": {name: value for name in FIELDS if (value := getattr(item, name))},
        "outcome": item.outcome,
        "message": item.message,
        "same_as": item.same_as_id,
        "found": describe_contact(contact, *suppressed) if contact else None,
        "match": digests.compare(item, contact) if contact else "",
        "credits": item.credits,
        "answered_at": source.answered_at,
    }


def describe_contact(contact, phones, emails):
    """Contact details without phones and emails that are suppressed."""
    return asdict(contact) | {
        "phones": [asdict(phone) for phone in contact.phones if phone.digits not in phones],
        "emails": [asdict(email) for email in contact.emails if email.address.lower() not in emails],
        "address": contact.address,
        "current_address": asdict(contact.current),
    }
