"""The database models. All state is in the database; Redis only holds queues. For terms see docs/glossary.md."""

from batches.models.batches import (
    IS_ANSWERED_ELSEWHERE,
    IS_IN_DOUBT,
    IS_NEVER_SENT,
    IS_UNDER_WAY,
    NEEDS_DIGEST,
    QUIET_PERIOD,
    Batch,
    BatchQuerySet,
    Digest,
    EarlierAnswer,
    Item,
    ItemQuerySet,
    make_token,
)
from batches.models.events import Event, EventQuerySet
from batches.models.exports import Export, ExportLayout
from batches.models.operations import Lease, Minute, Receiver, SendingBlock, SendingBlockQuerySet, SentCount, VendorKey
from batches.models.suppression import Suppression
from batches.models.uploads import DEFAULT_LOOK_BACK_DAYS, Correction, MappingTemplate, Upload, UploadQuerySet

__all__ = [
    "DEFAULT_LOOK_BACK_DAYS",
    "IS_ANSWERED_ELSEWHERE",
    "IS_IN_DOUBT",
    "IS_NEVER_SENT",
    "IS_UNDER_WAY",
    "NEEDS_DIGEST",
    "QUIET_PERIOD",
    "Batch",
    "BatchQuerySet",
    "Correction",
    "Digest",
    "EarlierAnswer",
    "Event",
    "EventQuerySet",
    "Export",
    "ExportLayout",
    "Item",
    "ItemQuerySet",
    "Lease",
    "MappingTemplate",
    "Minute",
    "Receiver",
    "SendingBlock",
    "SendingBlockQuerySet",
    "SentCount",
    "Suppression",
    "Upload",
    "UploadQuerySet",
    "VendorKey",
    "make_token",
]
