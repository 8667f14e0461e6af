"""The statuses of lists and batches, the outcomes of people, and the groups of them that rules depend on."""

from django.db import models

from batches.people import name_parts, owner_words
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
    FIRST_LAST = name_parts.FIRST_LAST, "First name first: John A Smith"
    LAST_FIRST = name_parts.LAST_FIRST, "Last name first: Smith John A"


class OwnerKind(models.TextChoices):
    PERSON = owner_words.PERSON, "Person"
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


class MatchDecided(models.TextChoices):
    """What a user says about a match."""

    SAME = "same", "Same person"
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


class CallResult(models.TextChoices):
    RIGHT_PERSON = "right_person", "Right person"
    NO_ANSWER = "no_answer", "No answer"
    WRONG_NUMBER = "wrong_number", "Wrong number"
    DO_NOT_CALL = "do_not_call", "Do not call"
    DISCONNECTED = "disconnected", "Disconnected"
    DECEASED = "deceased", "Deceased"


class CallSource(models.TextChoices):
    PAGE = "page", "Page"
    FILE = "file", "File"
    API = "api", "API"


class SuppressionReason(models.TextChoices):
    """Why somebody is on the do-not-contact list."""

    REQUEST = "request", "They asked"
    LITIGATOR = "litigator", "Litigator"
    REGISTRY = "registry", "On a registry"
    WRONG_PERSON = "wrong_person", "Wrong person"
    ERASURE = "erasure", "Erasure"
    OTHER = "other", "Other"


class AskedHow(models.TextChoices):
    """The way in which somebody asked not to be contacted."""

    PHONE = "phone", "On the phone"
    TEXT = "text", "By text message"
    EMAIL = "email", "By email"
    LETTER = "letter", "By letter"
    IN_PERSON = "in_person", "In person"


class ScrubKind(models.TextChoices):
    REGISTRY = "registry", "National registry"
    STATE = "state", "State list"
    LITIGATOR = "litigator", "Litigators"
    REASSIGNED = "reassigned", "Reassigned numbers"
    INTERNAL = "internal", "Our own list"


class ScrubStatus(models.TextChoices):
    ORDERED = "ordered", "Ordered"
    LOADING = "loading", "Loading"
    READY = "ready", "In force"
    REPLACED = "replaced", "Replaced"
    APPLIED = "applied", "Applied"
    REMOVED = "removed", "Removed"
    FAILED = "failed", "Failed"


class LoadedKind(models.TextChoices):
    """What a file that is taken in row by row holds."""

    OUTCOMES = "outcomes", "Outcomes of calls"
    DO_NOT_CONTACT = "do_not_contact", "Do-not-contact lines"


class LoadingStatus(models.TextChoices):
    LOADING = "loading", "Being read"
    DONE = "done", "Done"
    FAILED = "failed", "Could not be read"


class ScrubCheckStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    ASKING = "asking", "Asking"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Emptied(models.TextChoices):
    """Why the data with which a person was traced is gone."""

    NO = "", "Kept"
    ERASED = "erased", "Erased on request"
    EXPIRED = "expired", "Deleted after the retention time"


class ErasureStatus(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DECLINED = "declined", "Declined"


class DeclineReason(models.TextChoices):
    """Why a request is declined. These are fixed sentences, because free text could name the person."""

    UNCONFIRMED = "unconfirmed", "Their identity could not be confirmed"
    NOT_FOUND = "not_found", "Nobody was found"
    BY_LAW = "by_law", "The law requires the data to be kept"
    WITHDRAWN = "withdrawn", "They withdrew the request"


class CorrectionStatus(models.TextChoices):
    CHECKING = "checking", "Reading rows"
    DONE = "done", "Done"
    FAILED = "failed", "Could not be read"


# Groups of outcomes

OUTCOME_ANSWERED = [Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR]
OUTCOME_COUNTED = [*OUTCOME_ANSWERED, Outcome.MISSING]
"""The outcomes by which people to be traced are counted. Those without one of these are pending."""
OUTCOME_RERUNNABLE = [Outcome.MISSING, Outcome.ERROR]
"""People whom a user may trace once more."""
OUTCOME_BORROWED = [Outcome.DUPLICATE, Outcome.REUSED]
"""People who have the answer of another item."""
OUTCOME_NOT_SENT = [Outcome.INVALID, Outcome.DUPLICATE, Outcome.REUSED, Outcome.SUPPRESSED, Outcome.COMPANY]
"""People who are never sent. The upload has a count for each of these outcomes, such as `invalid_count`."""
OUTCOME_UNUSABLE = [outcome for outcome in OUTCOME_NOT_SENT if outcome != Outcome.REUSED]
"""People who were not sent and have no answer of their own. Those with the answer of another list count as results."""

# Groups of list statuses

UPLOAD_EDITABLE = [UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED]
"""The list's file and columns may still be changed."""
UPLOAD_FINISHED = [UploadStatus.COMPLETE, UploadStatus.CANCELLED]
"""Nothing more happens to the list by itself, so its data may expire."""
UPLOAD_ARCHIVABLE = [*UPLOAD_EDITABLE, *UPLOAD_FINISHED]
"""The list may be archived. Any other status takes it out of the archive, because a list that spends is not hidden."""
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
"""The batch is no longer used, and is not shown in its list's strip."""
BATCH_IN_STRIP = [
    BatchStatus.CLOSED,
    BatchStatus.ACKNOWLEDGED,
    BatchStatus.SUBMITTING,
    BatchStatus.UNCONFIRMED,
    BatchStatus.REFUSED,
    BatchStatus.PLANNED,
]
"""Statuses shown in a list's strip, in display order."""
