"""Read and change the do-not-contact list."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from pydantic import StringConstraints, field_validator

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right
from api.auth import needs
from api.models import Scope
from api.schemas import DEFAULT_PAGE_SIZE, NOT_FOUND_RESPONSES, REFUSALS, Cursor, PageSize, Problem
from api.uploads import split_page
from batches.intake import suppression
from batches.intake.suppression import Terms
from batches.models import Suppression
from batches.models.suppression import today
from batches.statuses import AskedHow, SuppressionKind, SuppressionReason
from batches.user_request import UserRequest

router = Router(tags=["Do not contact"])
CHANGES = needs(Scope.CALLS, Right.SUPPRESS)
MAX_LINES = 1_000
"""Maximum number of lines in one request."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00\r\n]*$")]
Words = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


class Stops(StrEnum):
    """What an entry stops."""

    CONTACT = "contact"
    TRACING = "tracing"
    BOTH = "both"


class EntriesIn(Schema):
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)] = Field(
        description="Each is a phone, an email, or a person: first name, last name, address, city, state and ZIP, "
        "separated by commas. The first line may name the columns."
    )
    reason_kind: SuppressionReason = SuppressionReason.OTHER
    reason: Words = ""
    received_at: date | None = Field(default=None, description="The day on which the request was received.")
    expires_at: date | None = Field(default=None, description="The first day on which the entries no longer count.")
    asked_by: Words = ""
    asked_how: AskedHow | None = None
    stops: Stops | None = Field(
        default=None,
        description="If null, an entry for a person stops contact and tracing; one for a phone or email stops contact.",
    )

    @field_validator("received_at")
    @classmethod
    def refuse_future(cls, day: date | None) -> date | None:
        """Refuse days that are still to come."""
        if day and day > today():
            raise ValueError("it is in the future")
        return day


class RefusedLine(Schema):
    number: int = Field(description="The position of the line, from 1.")
    reason: str


class EntriesAdded(Schema):
    added: int = Field(description="How many entries are new.")
    refused: list[RefusedLine]


class EntryOut(Schema):
    id: int
    kind: SuppressionKind
    label: str
    reason_kind: SuppressionReason
    reason: str
    blocks_contact: bool
    blocks_tracing: bool
    asked_by: str
    asked_how: str
    received_at: date | None
    due_at: date | None
    done_at: datetime | None
    expires_at: date | None
    created_at: datetime


class EntryPage(Schema):
    entries: list[EntryOut]
    next: int | None


class Lifted(Schema):
    lifted: bool = Field(description="False if the entry was no longer in force.")


@router.get(
    "/do-not-contact",
    summary="See the do-not-contact list",
    response={200: EntryPage} | REFUSALS,
    **needs(Scope.CONTACTS, Right.SEE_CONTACTS),
)
def list_entries(
    request: UserRequest,
    kind: Query[tuple[SuppressionKind, ...]] = (),
    since: date | None = None,
    after: Cursor = 0,
    limit: PageSize = DEFAULT_PAGE_SIZE,
) -> dict[str, Any]:
    """Return the entries in force, ordered by id, optionally only those of some kinds or added since a day (UTC)."""
    audit.record(AuditKind.API_READ, request.user, detail="the do-not-contact list")
    entries = Suppression.objects.in_force().filter(pk__gt=after)
    if kind:
        entries = entries.filter(kind__in=kind)
    if since:
        entries = entries.filter(created_at__date__gte=since)
    page, next_cursor = split_page(entries.order_by("pk"), limit, "pk")
    return {"entries": page, "next": next_cursor}


@router.post(
    "/do-not-contact",
    summary="Add to the do-not-contact list",
    response={200: EntriesAdded, 400: Problem} | REFUSALS,
    **CHANGES,
)
def add_entries(request: UserRequest, data: EntriesIn) -> dict[str, Any]:
    """Add phones, emails and people. Lines that cannot be used are listed; adding a line again changes nothing."""
    terms = Terms(
        reason_kind=data.reason_kind,
        received_at=data.received_at,
        expires_at=data.expires_at,
        asked_by=data.asked_by,
        asked_how=data.asked_how,
        blocks_contact=data.stops != Stops.TRACING,
        blocks_tracing=None if data.stops is None else data.stops != Stops.CONTACT,
    )
    try:
        result = suppression.suppress_lines(["\n".join(data.lines)], request.user, data.reason, terms)
    except suppression.NoLines:
        return {"added": 0, "refused": []}
    refused = [{"number": line.number, "reason": line.reason} for line in result.unusable]
    return {"added": result.added, "refused": refused}


@router.post(
    "/do-not-contact/{id:pk}/lift",
    summary="Lift a do-not-contact entry",
    response={200: Lifted} | NOT_FOUND_RESPONSES,
    **CHANGES,
)
def lift_entry(request: UserRequest, pk: int) -> dict[str, bool]:
    """Lift an entry, so that it no longer counts. It stays in the records."""
    entry = get_object_or_404(Suppression, pk=pk)
    return {"lifted": suppression.lift_entry(entry.pk, request.user)}
