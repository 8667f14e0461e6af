"""What we keep. The database is the truth; Redis only carries. Words: docs/glossary.md."""

from batches.models.batches import (
    NEVER_SENT,
    QUIET,
    UNDER_WAY,
    UNDIGESTED,
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
from batches.models.operations import Hold, HoldQuerySet, Lease, Minute
from batches.models.suppression import Suppression
from batches.models.uploads import LOOK_BACK, Continuation, MappingTemplate, Upload, UploadQuerySet

__all__ = [
    "LOOK_BACK",
    "NEVER_SENT",
    "QUIET",
    "UNDER_WAY",
    "UNDIGESTED",
    "Batch",
    "BatchQuerySet",
    "Continuation",
    "Digest",
    "EarlierAnswer",
    "Event",
    "EventQuerySet",
    "Export",
    "ExportLayout",
    "Hold",
    "HoldQuerySet",
    "Item",
    "ItemQuerySet",
    "Lease",
    "MappingTemplate",
    "Minute",
    "Suppression",
    "Upload",
    "UploadQuerySet",
    "make_token",
]
