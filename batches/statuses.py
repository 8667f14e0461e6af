"""The statuses of lists and batches, the outcomes of people, and the groups of them that rules depend on."""

from django.db import models

from batches.people import owner_kinds, owner_names
from batches.vendor import protocol


class UploadStatus(models.TextChoices):
    DRAFT = "draft", "Review columns"
    CHECKING = "checking", "Reading rows"
    READY = "ready", "Ready to start"
    APPROVAL = "approval", "Awaiting approval"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETE = "complete", "Complete"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Could not be read"


class BatchStatus(models.TextChoices):
    PLANNED = "planned", "Waiting"
    SUBMITTING = "submitting", "Sending"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    ACKNOWLEDGED = "acknowledged", "With the vendor"
    REFUSED = "refused", "Refused"
    CLOSED = "closed", "Closed"
    DISSOLVED = "dissolved", "Replanned"
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
    SUPPRESSED = "suppressed", "Do not contact"
    COMPANY = "company", "Company (skipped)"


class Priority(models.IntegerChoices):
    URGENT = 0, "Urgent"
    NORMAL = 1, "Normal"
    LOW = 2, "Low"


class BatchKind(models.TextChoices):
    BULK = "bulk", "Batch"
    SINGLE = "single", "One person"


class NameOrder(models.TextChoices):
    FIRST_LAST = owner_names.FIRST_LAST, "First name first: John A Smith"
    LAST_FIRST = owner_names.LAST_FIRST, "Last name first: Smith John A"


class OwnerKind(models.TextChoices):
    PERSON = owner_kinds.PERSON, "Person"
    COMPANY = "company", "Company"
    TRUST = "trust", "Trust"
    ESTATE = "estate", "Estate"
    GOVERNMENT = "government", "Government"
    CHURCH = "church", "Church"


class CompanyHandling(models.TextChoices):
    """How to trace owners that are not people."""

    MAIL = "mail", "Trace them by mailing address, without a name"
    LEAVE_OUT = "leave_out", "Skip them"


class MatchCheck(models.TextChoices):
    """Whether the person found is the person asked for, judged by name."""

    SAME = "same", "Same person"
    PERHAPS = "perhaps", "Perhaps"
    OTHER = "other", "Someone else"


class OddCredits(models.TextChoices):
    """Why the cost that an answer states cannot be counted."""

    MISSING = protocol.CREDITS_MISSING, "Not given"
    NEGATIVE = protocol.CREDITS_NEGATIVE, "Negative"
    TOO_MANY = protocol.CREDITS_TOO_MANY, "Too large"
    NOT_A_NUMBER = protocol.CREDITS_NOT_A_NUMBER, "Not a number"


class ExportRequirement(models.TextChoices):
    """What a person must have to be included in an export."""

    NOTHING = "", "Nothing: include everyone"
    PHONE = "phone", "A phone"
    EMAIL = "email", "An email"
    ADDRESS = "address", "An address"


class SuppressionKind(models.TextChoices):
    PERSON = "person", "Person"
    PHONE = "phone", "Phone"
    EMAIL = "email", "Email"


class CorrectionStatus(models.TextChoices):
    CHECKING = "checking", "Reading rows"
    DONE = "done", "Done"
    FAILED = "failed", "Could not be read"


# Groups of outcomes

OUTCOME_ANSWERED = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR]
OUTCOME_COUNTED = [*OUTCOME_ANSWERED, Outcome.MISSING]
"""People to be traced are counted by these outcomes; the rest of them are pending."""
OUTCOME_RERUNNABLE = [Outcome.MISSING, Outcome.ERROR]
"""People whom a user may trace once more."""
OUTCOME_BORROWED = [Outcome.DUPLICATE, Outcome.REUSED]
"""People who have the answer of another item."""
OUTCOME_NOT_SENT = [Outcome.INVALID, Outcome.DUPLICATE, Outcome.REUSED, Outcome.SUPPRESSED, Outcome.COMPANY]
"""People who are never sent. The upload has a count of each: `invalid_count`…"""

# Groups of list statuses

UPLOAD_EDITABLE = [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED]
"""The list's file and columns may still be changed."""
UPLOAD_STARTED = [UploadStatus.RUNNING, UploadStatus.PAUSED]
"""Batches of the list may be planned and sent."""
UPLOAD_NEEDS_ACTION = [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED]
"""The list waits for a user."""
UPLOAD_NEXT_STEP: dict[str, str] = {
    UploadStatus.DRAFT: "Review columns",
    UploadStatus.READY: "Review and start",
    UploadStatus.APPROVAL: "Review and approve",
    UploadStatus.FAILED: "See what went wrong",
}

# Groups of batch statuses

BATCH_AT_VENDOR = [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.ACKNOWLEDGED]
"""The vendor has the batch, or may have it."""
BATCH_NEEDS_DECISION = [BatchStatus.UNCONFIRMED, BatchStatus.REFUSED]
BATCH_OPEN = [BatchStatus.PLANNED, *BATCH_AT_VENDOR, BatchStatus.REFUSED]
BATCH_GONE = [BatchStatus.DISSOLVED, BatchStatus.CANCELLED]
"""The batch is not used any more, and is not shown in its list's strip."""
BATCH_IN_STRIP = [BatchStatus.CLOSED, BatchStatus.ACKNOWLEDGED, BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED]
BATCH_IN_STRIP += [BatchStatus.REFUSED, BatchStatus.PLANNED]
"""Statuses shown in a list's strip, in display order."""
