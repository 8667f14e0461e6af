"""The database models. All state is in the database; Redis only holds queues. For the terms, see docs/glossary.md."""

from batches.models.assignments import Assignment, AssignmentQuerySet
from batches.models.batches import (
    IS_ANSWERED_ELSEWHERE,
    IS_IN_DOUBT,
    IS_UNDER_WAY,
    NEEDS_DIGEST,
    QUIET_PERIOD,
    WAS_NEVER_SENT,
    Batch,
    BatchQuerySet,
    Digest,
    EarlierAnswer,
    Item,
    ItemQuerySet,
    make_token,
)
from batches.models.budgets import TeamBudget, TeamBudgetQuerySet
from batches.models.calls import CallOutcome, CallOutcomeQuerySet, PersonNote
from batches.models.erasure import ErasedKey, ErasureRequest
from batches.models.events import Event, EventQuerySet
from batches.models.exports import Export, ExportCertificate, ExportLayout
from batches.models.loaded_files import LoadedFile
from batches.models.match_decisions import MatchDecision, MatchDecisionQuerySet
from batches.models.numbers import HAS_MARKS, NumberBackfill, PhoneNumber, PhoneNumberQuerySet
from batches.models.operations import (
    Backup,
    FileStore,
    Lease,
    Minute,
    Receiver,
    SendingBlock,
    SendingBlockQuerySet,
    SentCount,
    VendorKey,
)
from batches.models.purposes import Purpose, PurposeQuerySet
from batches.models.scrubs import ScrubCheck, ScrubLine, ScrubSource, ScrubSourceQuerySet
from batches.models.shared import LINK_LIFETIME, SharedSelection, SharedSelectionQuerySet
from batches.models.suppression import Suppression, SuppressionQuerySet
from batches.models.table_settings import (
    DEFAULT_PAGE_SIZE,
    EVERYONE,
    EXPORT_TABLE,
    SavedView,
    SavedViewQuerySet,
    TableChoice,
)
from batches.models.uploads import (
    DEFAULT_LOOK_BACK_DAYS,
    NEEDS_RETENTION,
    Correction,
    MappingTemplate,
    Tag,
    Upload,
    UploadQuerySet,
    in_visible_list,
)
from batches.models.vendor_accounts import DEFAULT_ACCOUNT, VendorAccount, VendorAccountQuerySet
from batches.models.visits import ListVisit

__all__ = [
    "DEFAULT_ACCOUNT",
    "DEFAULT_LOOK_BACK_DAYS",
    "DEFAULT_PAGE_SIZE",
    "EVERYONE",
    "EXPORT_TABLE",
    "HAS_MARKS",
    "IS_ANSWERED_ELSEWHERE",
    "IS_IN_DOUBT",
    "IS_UNDER_WAY",
    "LINK_LIFETIME",
    "NEEDS_DIGEST",
    "NEEDS_RETENTION",
    "QUIET_PERIOD",
    "WAS_NEVER_SENT",
    "Assignment",
    "AssignmentQuerySet",
    "Backup",
    "Batch",
    "BatchQuerySet",
    "CallOutcome",
    "CallOutcomeQuerySet",
    "Correction",
    "Digest",
    "EarlierAnswer",
    "ErasedKey",
    "ErasureRequest",
    "Event",
    "EventQuerySet",
    "Export",
    "ExportCertificate",
    "ExportLayout",
    "FileStore",
    "Item",
    "ItemQuerySet",
    "Lease",
    "ListVisit",
    "LoadedFile",
    "MappingTemplate",
    "MatchDecision",
    "MatchDecisionQuerySet",
    "Minute",
    "NumberBackfill",
    "PersonNote",
    "PhoneNumber",
    "PhoneNumberQuerySet",
    "Purpose",
    "PurposeQuerySet",
    "Receiver",
    "SavedView",
    "SavedViewQuerySet",
    "ScrubCheck",
    "ScrubLine",
    "ScrubSource",
    "ScrubSourceQuerySet",
    "SendingBlock",
    "SendingBlockQuerySet",
    "SentCount",
    "SharedSelection",
    "SharedSelectionQuerySet",
    "Suppression",
    "SuppressionQuerySet",
    "TableChoice",
    "Tag",
    "TeamBudget",
    "TeamBudgetQuerySet",
    "Upload",
    "UploadQuerySet",
    "VendorAccount",
    "VendorAccountQuerySet",
    "VendorKey",
    "in_visible_list",
    "make_token",
]
