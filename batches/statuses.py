"""The words for where uploads, batches and items stand, and the groups of them that rules speak of."""

from django.db import models

from batches.people import owner_names


class UploadStatus(models.TextChoices):
    DRAFT = "draft", "Columns to check"
    CHECKING = "checking", "Reading rows"
    READY = "ready", "Ready to start"
    APPROVAL = "approval", "To be approved"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETE = "complete", "Complete"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Could not be read"


class BatchStatus(models.TextChoices):
    PLANNED = "planned", "Waiting"
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
    COMPANY = "company", "Company, left out"


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
    PERSON = owner_names.PERSON, "Person"
    COMPANY = "company", "Company"
    TRUST = "trust", "Trust"
    ESTATE = "estate", "Estate"
    GOVERNMENT = "government", "Government"
    CHURCH = "church", "Church"


class Companies(models.TextChoices):
    """What becomes of owners that are no person."""

    MAIL = "mail", "Send them without names, by their mailing address"
    LEAVE_OUT = "leave_out", "Leave them out"


class MatchCheck(models.TextChoices):
    """Whether who was found is who was asked for, by their names."""

    SAME = "same", "Same person"
    PERHAPS = "perhaps", "Perhaps"
    OTHER = "other", "Someone else"


class Needs(models.TextChoices):
    """Without what a person has no row in an export."""

    NOTHING = "", "Nothing: every person has a row"
    PHONE = "phone", "A phone"
    EMAIL = "email", "An email"
    ADDRESS = "address", "An address"


class SuppressionKind(models.TextChoices):
    PERSON = "person", "Person"
    PHONE = "phone", "Phone"
    EMAIL = "email", "Email"


class ContinuationStatus(models.TextChoices):
    CHECKING = "checking", "Reading rows"
    DONE = "done", "Done"
    FAILED = "failed", "Could not be read"


ANSWERED = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR]
COUNTED = [*ANSWERED, Outcome.MISSING]
"""What is counted of people who are to be traced; all others of them are pending."""
RERUNNABLE = [Outcome.MISSING, Outcome.ERROR]
"""What a person may have asked for once more."""
EDITABLE = [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED]
"""Lists of which the file and the columns may still be changed."""
STARTED = [UploadStatus.RUNNING, UploadStatus.PAUSED]
"""Lists of which batches may be made and sent."""
BORROWED = [Outcome.DUPLICATE, Outcome.REUSED]
"""Whose answer is another item's."""
UNSENT = [Outcome.INVALID, Outcome.DUPLICATE, Outcome.REUSED, Outcome.SUPPRESSED, Outcome.COMPANY]
"""Who is not sent, with a count of each on the upload: `invalid_count`…"""
WAITING_FOR_A_PERSON = [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED]
NEXT_STEP = {
    UploadStatus.DRAFT: "Go on with the columns",
    UploadStatus.READY: "Review and start",
    UploadStatus.APPROVAL: "Look and approve",
    UploadStatus.FAILED: "See what can be done",
}
AT_VENDOR = [BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED, BatchStatus.ACKNOWLEDGED]
NEEDING_A_PERSON = [BatchStatus.UNCONFIRMED, BatchStatus.REFUSED]
OPEN = [BatchStatus.PLANNED, *AT_VENDOR, BatchStatus.REFUSED]
GONE = [BatchStatus.DISSOLVED, BatchStatus.CANCELLED]
IN_STRIP = [BatchStatus.CLOSED, BatchStatus.ACKNOWLEDGED, BatchStatus.SUBMITTING, BatchStatus.UNCONFIRMED]
IN_STRIP += [BatchStatus.REFUSED, BatchStatus.PLANNED]
"""Batches that a list has, in the order in which they are told of; others are no more."""
