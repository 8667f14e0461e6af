"""The words for where uploads, batches and items stand, and the groups of them that rules speak of."""

from django.db import models


class UploadStatus(models.TextChoices):
    DRAFT = "draft", "Columns to check"
    CHECKING = "checking", "Reading rows"
    READY = "ready", "Ready to start"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETE = "complete", "Complete"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Could not be read"


class BatchStatus(models.TextChoices):
    PLANNED = "planned", "Waiting its turn"
    SUBMITTING = "submitting", "Being sent"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    ACKNOWLEDGED = "acknowledged", "With the vendor"
    REFUSED = "refused", "Refused"
    CLOSED = "closed", "Closed"
    DISSOLVED = "dissolved", "Planned anew"
    CANCELLED = "cancelled", "Cancelled"


class Outcome(models.TextChoices):
    PENDING = "pending", "Pending"
    MATCHED = "matched", "Matched"
    NO_MATCH = "no_match", "No match"
    ERROR = "error", "Error"
    MISSING = "missing", "Missing"
    INVALID = "invalid", "Invalid"
    DUPLICATE = "duplicate", "Duplicate"
    REUSED = "reused", "Reused"
    SUPPRESSED = "suppressed", "Suppressed"


class Priority(models.IntegerChoices):
    URGENT = 0, "Urgent"
    NORMAL = 1, "Normal"
    LOW = 2, "Low"


class BatchKind(models.TextChoices):
    BULK = "bulk", "Batch"
    SINGLE = "single", "One person"


ANSWERED = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR]
RERUNNABLE = [Outcome.MISSING, Outcome.ERROR]
"""What a person may have asked for once more."""
STARTED = [UploadStatus.RUNNING, UploadStatus.PAUSED]
"""Lists of which batches may be made and sent."""
AT_VENDOR = [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.ACKNOWLEDGED]
NEEDING_A_PERSON = [BatchStatus.UNCONFIRMED, BatchStatus.REFUSED]
OPEN = [BatchStatus.PLANNED, *AT_VENDOR, BatchStatus.REFUSED]
