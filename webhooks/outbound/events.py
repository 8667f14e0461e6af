"""Create messages about complete lists. They contain no personal data."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from batches.models import Upload
from batches.statuses import OUTCOME_COUNTED, UploadStatus
from batches.tracing.counts import Counts, count_uploads
from webhooks.models import EVENT_COMPLETED, EVENT_TEST, Endpoint, Message

LOOKBACK = timedelta(days=3)
"""Completions older than this are not reported, for example to an endpoint that was turned off for a long time."""
BATCH_SIZE = 100
"""Maximum number of messages that are created for one endpoint in one tick."""


def create_messages(now: datetime) -> None:
    """Create messages about complete lists. If two clocks do this at once, each message is still created only once."""
    for endpoint in Endpoint.objects.filter(is_active=True):
        uploads = list(find_unreported(endpoint, now)[:BATCH_SIZE])
        counts = count_uploads(uploads) if uploads else {}
        messages = [make_completion_message(endpoint, upload, counts[upload.pk], now) for upload in uploads]
        Message.objects.bulk_create(messages, ignore_conflicts=True)


def find_unreported(endpoint: Endpoint, now: datetime) -> QuerySet[Upload]:
    """Return the complete lists that no message has reported to an endpoint yet, oldest completion first."""
    since = max(endpoint.created_at, now - LOOKBACK)
    reported = Message.objects.filter(endpoint=endpoint, upload=OuterRef("pk"), completed_at=OuterRef("completed_at"))
    complete = Upload.objects.filter(status=UploadStatus.COMPLETE, completed_at__gt=since)
    return complete.exclude(Exists(reported)).order_by("completed_at")


def make_completion_message(endpoint: Endpoint, upload: Upload, counts: Counts, now: datetime) -> Message:
    """Return the message that tells an endpoint that a list is complete."""
    completed_at = cast(datetime, upload.completed_at)
    return Message(
        endpoint=endpoint,
        upload=upload,
        body=format_body(EVENT_COMPLETED, completed_at, describe_list(upload, completed_at, counts)),
        completed_at=completed_at,
        created_at=now,
        next_try_at=now,
    )


def make_test_message(endpoint: Endpoint, now: datetime) -> Message:
    """Return a message for finding out whether an endpoint can be reached."""
    return Message(endpoint=endpoint, body=format_body(EVENT_TEST, now, {}), created_at=now, next_try_at=now)


def format_body(kind: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": format_time(at), "data": data}, separators=(",", ":"))


def format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def describe_list(upload: Upload, completed_at: datetime, counts: Counts) -> dict[str, Any]:
    return {
        "id": upload.pk,
        "name": upload.name,
        "status": upload.status,
        "completed_at": format_time(completed_at),
        "counts": {name: getattr(counts, name) for name in OUTCOME_COUNTED} | upload.unsent_counts,
        "credits": float(counts.credits),
        "url": settings.PUBLIC_URL + upload.get_absolute_url(),
    }
