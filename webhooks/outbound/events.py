"""Which lists are complete and have not been told of, and what is said about them. No personal data."""

import json
from datetime import UTC, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from batches.models import Upload
from batches.statuses import COUNTED, UploadStatus
from batches.tracing.counts import count_uploads
from webhooks.models import Endpoint, Message

LATELY = timedelta(days=3)
"""Completions before are not told any more, for example to an endpoint that was away for long."""
TOGETHER = 100
"""Most messages that are written at once."""


def announce(now):
    """Write down what endpoints are to be told. Two clocks at once write each message once."""
    for endpoint in Endpoint.objects.filter(is_active=True):
        uploads = list(find_untold(endpoint, now)[:TOGETHER])
        counts = count_uploads(uploads) if uploads else {}
        messages = [make_message(endpoint, upload, counts[upload.pk], now) for upload in uploads]
        Message.objects.bulk_create(messages, ignore_conflicts=True)


def find_untold(endpoint, now):
    since = max(endpoint.created_at, now - LATELY)
    told = Message.objects.filter(endpoint=endpoint, upload=OuterRef("pk"), completed_at=OuterRef("completed_at"))
    complete = Upload.objects.filter(status=UploadStatus.COMPLETE, completed_at__gt=since)
    return complete.exclude(Exists(told)).order_by("completed_at")


def make_message(endpoint, upload, counts, now):
    body = write_body("upload.completed", upload.completed_at, describe(upload, counts))
    at = {"completed_at": upload.completed_at, "created_at": now, "next_try_at": now}
    return Message(endpoint=endpoint, upload=upload, body=body, **at)


def make_test(endpoint, now):
    """Return a message that shows whether an endpoint can be reached."""
    return Message(endpoint=endpoint, body=write_body("test", now, {}), created_at=now, next_try_at=now)


def write_body(kind, at, data):
    return json.dumps({"type": kind, "timestamp": write_time(at), "data": data}, separators=(",", ":"))


def write_time(at):
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def describe(upload, counts):
    return {
        "id": upload.pk,
        "name": upload.name,
        "status": upload.status,
        "completed_at": write_time(upload.completed_at),
        "counts": {name: getattr(counts, name) for name in COUNTED} | upload.unsent_counts,
        "credits": float(counts.credits),
        "url": settings.PUBLIC_URL + upload.get_absolute_url(),
    }
