"""Serialize records as the API returns them, with as many queries for a whole page as for one record."""

from collections.abc import Container, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects
from msgspec.structs import asdict

from batches.intake.suppression import list_suppressed_contacts
from batches.intake.trace_settings import PUBLIC_NAMES, TraceSettings
from batches.models import Batch, Item, Upload
from batches.numbers_to_call import FoundPerson, PersonNumbers, load_numbers
from batches.people.contacts import Contact
from batches.people.match_decision import describe_verdict
from batches.people.standing import JudgedPhone
from batches.reports.reused import Reused, count_reused, include_reused
from batches.results.match_decisions import judge_matches, read_decision
from batches.statuses import OUTCOME_COUNTED, Priority
from batches.tracing import purposes
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
    "wait_reason",
    "read_percent",
    "columns",
    "problem",
    "note",
]
"""Fields of lists that have the same name in the API and in the model. BATCH_FIELDS are those of batches."""
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
    """Serialize uploads that were loaded with their creators. This takes three queries, or four with reused answers."""
    prefetch_related_objects(uploads, "tags")
    counts, reused = count_uploads(uploads), count_reused(uploads)
    return [serialize_upload(upload, counts[upload.pk], reused[upload.pk]) for upload in uploads]


def serialize_upload(upload: Upload, counts: Counts, reused: Reused) -> dict[str, Any]:
    trace_settings = TraceSettings.from_upload(upload)
    return (
        {name: getattr(upload, name) for name in UPLOAD_FIELDS}
        | {PUBLIC_NAMES.get(name, name): value for name, value in trace_settings.as_dict().items()}
        | {
            "source": upload.list_source,
            "doubts": upload.uncertain,
            "purpose": purposes.make_record(upload),
            "tags": [tag.name for tag in upload.tags.all()],
            "owner": upload.responsible.get_username() if upload.responsible else "",
            "archived": upload.is_archived,
            "priority": Priority(upload.priority).name.lower(),
            "url": settings.PUBLIC_URL + upload.get_absolute_url(),
            "created_by": upload.created_by.get_username() if upload.created_by else "",
            "rows": upload.row_count,
            "people": upload.item_count,
            "counts": serialize_counts(counts) | upload.unsent_counts,
            "results": serialize_results(include_reused(counts, reused)),
            "percent": counts.percent if upload.was_ever_started else 0,
            "credits": counts.credits,
            "most_credits": max_credits(upload.item_count),
            "hidden_rows": upload.file_format.get("hidden_rows", 0),
            "with_hidden": upload.file_format.get("with_hidden", False),
            "mapping": name_mapped_columns(upload),
            "gaps": trace_settings.gaps,
            "refresh_stale": upload.refreshes_stale,
            "stale": reused.stale,
        }
    )


def name_mapped_columns(upload: Upload) -> dict[str, list[str]]:
    """Return the mapping of an upload as field → names of its columns."""
    return {field: [upload.columns[position] for position in positions] for field, positions in upload.mapping.items()}


def serialize_counts(counts: Counts) -> dict[str, int]:
    return {"pending": counts.pending} | serialize_results(counts)


def serialize_results(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in OUTCOME_COUNTED}


def serialize_batches(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Serialize batches. This takes one query."""
    counts = count_batches(batches)
    return [
        {name: getattr(batch, name) for name in BATCH_FIELDS}
        | {"counts": serialize_counts(counts[batch.pk]), "credits": counts[batch.pk].credits}
        for batch in batches
    ]


def serialize_items(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Serialize items that were loaded with the items whose answers they share. The queries are those of a page."""
    items = list(items)
    phones, emails = list_suppressed_contacts()
    people = find_people(items)
    numbers = load_numbers(people)
    return [serialize_item(person, numbers[person.item.pk], phones, emails) for person in people]


def find_people(items: Sequence[Item]) -> list[FoundPerson]:
    """Return items with what was found, read from the answers that count, and judged as users have decided."""
    found = [
        (item, read_contact(item.answer_item.answer, item.name_parts)) for item in items if item.answer_item.answer
    ]
    contacts = {item.pk: contact for item, contact in found}
    judged = judge_matches(found)
    people = []
    for item in items:
        verdict, made = judged.get(item.pk, ("", None))
        decision = read_decision(made) if made else None
        people.append(FoundPerson(item, contacts.get(item.pk), verdict, item.answer_item.answered_at, decision))
    return people


def serialize_item(
    person: FoundPerson, numbers: PersonNumbers, phones: Container[str], emails: Container[str]
) -> dict[str, Any]:
    """Serialize an item, without the phones and emails on the do-not-contact list."""
    item, contact, verdict, answered_at, decision = person
    asked = {name: value for name in PERSON_FIELDS if (value := getattr(item, name))}
    return {
        "id": item.pk,
        "upload": item.upload_id,
        "batch": item.batch_id,
        "row": item.row_number,
        "owner_number": item.owner_number,
        "owner_kind": item.owner_kind,
        "owner_name": item.owner_name,
        "asked": asked,
        "outcome": item.outcome,
        "result": item.shown_outcome,
        "message": item.message,
        "same_as": item.same_as_id,
        "found": serialize_contact(contact, numbers, phones, emails) if contact else None,
        "match": verdict,
        "match_reason": describe_verdict(verdict, decision, asked, contact) if contact else "",
        "match_decision": decision._asdict() if decision else None,
        "credits": item.credits,
        "answered_at": answered_at,
    }


def serialize_phone(judged: JudgedPhone) -> dict[str, Any]:
    """Serialize a phone with its standing."""
    standing = judged.standing
    reasons = [reason._asdict() for reason in standing.reasons]
    return asdict(judged.phone) | {"standing": standing.value, "label": standing.label, "reasons": reasons}


def serialize_contact(
    contact: Contact, numbers: PersonNumbers, phones: Container[str], emails: Container[str]
) -> dict[str, Any]:
    """Serialize contact details without the given phones and emails."""
    return asdict(contact) | {
        "phones": [serialize_phone(judged) for judged in numbers.phones if judged.phone.digits not in phones],
        "emails": [asdict(email) for email in contact.emails if email.address.lower() not in emails],
        "others": [
            asdict(other)
            | {
                "phones": [asdict(phone) for phone in other.phones if phone.digits not in phones],
                "emails": [asdict(email) for email in other.emails if email.address.lower() not in emails],
            }
            for other in contact.others
        ],
        "address": contact.address,
        "current_address": asdict(contact.current),
    }
