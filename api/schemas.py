"""What the API takes and gives, as its document says it. Names are those of the screens and of `manage.py trace`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from ninja import Field, Header, Query, Schema
from pydantic import AfterValidator, StringConstraints

from batches.statuses import (
    BatchKind,
    BatchStatus,
    Companies,
    NameOrder,
    Outcome,
    OwnerKind,
    Priority,
    UploadStatus,
)

PAGE = 100
PAGE_MOST = 500
LAST_ID = 1_999_999_999


def refuse_nul(text):
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    return text


Text = Annotated[str, StringConstraints(max_length=500), AfterValidator(refuse_nul)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST, description="Most entries of the answer.")]
Place = Annotated[int, Query(ge=0, le=LAST_ID, description="`next` of the page before; left out for the first page.")]
Key = Annotated[str, Header(alias="Idempotency-Key", description="Your own name for this list, up to 200 characters.")]
PriorityName = StrEnum("PriorityName", {priority.name: priority.name.lower() for priority in Priority})


class Problem(Schema):
    """Why nothing was done."""

    detail: str
    field: str = Field("", description="Which input is wrong, where one is.")


NOT_HERE = {401: Problem, 404: Problem}


class SettingsIn(Schema):
    """How a list is read and traced. What is not given stays as it was guessed."""

    mapping: list[Text] = Field([], description="FIELD=COLUMN each: a column's name or number. A+B joins columns.")
    fixed: list[Text] = Field([], description="FIELD=VALUE each: the same for all rows. FIELD= drops it.")
    match: list[Text] = Field([], description="What a match must bring: phones, emails, or both.")
    name_order: NameOrder | None = Field(None, description="Of full names.")
    companies: Companies | None = Field(None, description="What becomes of owners that are no person.")
    co_owners: bool | None = Field(None, description="Whether second owners are traced as well.")
    look_back: int | None = Field(None, description="Days for which an earlier answer counts; 0: never.")

    def settings(self) -> dict[str, Any]:
        return self.dict(include=set(SettingsIn.model_fields))


class Order(SettingsIn):
    """A new list, beside its file."""

    name: Text = Field("", description="Left empty, it is the file's name.")
    priority: PriorityName = PriorityName.NORMAL
    source: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="Where the list is from; scorecards compare sources."
    )


class Counts(Schema):
    """Who is sent, by outcome."""

    pending: int
    matched: int
    no_match: int
    error: int
    missing: int


class AllCounts(Counts):
    """A list's people by outcome, with those who are not sent."""

    invalid: int
    duplicate: int
    reused: int
    suppressed: int
    company: int


class UploadOut(Schema):
    id: int
    name: str
    filename: str
    status: UploadStatus
    priority: PriorityName
    source: str
    url: str = Field(description="Its page.")
    created_by: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    rows: int
    people: int = Field(description="How many are to be traced.")
    counts: AllCounts
    percent: int = Field(description="Of the people, those that are done; 0 until the list is started.")
    read_percent: int = Field(description="While it is checked: how much of the file is read.")
    credits: float
    most_credits: float = Field(description="The most that it can cost.")
    columns: list[str]
    mapping: dict[str, list[str]] = Field(description="Field → the names of its columns.")
    fixed: dict[str, str]
    match: list[str]
    name_order: NameOrder
    companies: Companies
    co_owners: bool
    look_back: int
    doubts: dict[str, str] = Field(description="Field → why its guessed column is in doubt. Look before checking.")
    gaps: list[str] = Field(description="What the mapping lacks before any row can be traced.")
    problem: str


class UploadPage(Schema):
    uploads: list[UploadOut]
    next: int | None = Field(description="Send it as `before` for the next page; null on the last one.")


class BatchOut(Schema):
    id: int
    number: int
    kind: BatchKind
    status: BatchStatus
    size: int
    attempts: int
    counts: Counts
    credits: float
    submitted_at: datetime | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    next_try_at: datetime | None
    problem: str


class BatchPage(Schema):
    batches: list[BatchOut]
    next: int | None = Field(description="Send it as `after` for the next page; null on the last one.")


class PhoneOut(Schema):
    number: str
    type: str
    do_not_call: bool | None
    carrier: str
    last_seen: str
    is_connected: bool | None


class EmailOut(Schema):
    address: str
    type: str


class AddressOut(Schema):
    """The parts are empty where the vendor did not tell them apart."""

    line: str
    street: str
    city: str
    state: str
    zip: str


class ContactOut(Schema):
    """What was found. Phones and emails on the suppression list are left out, as in exports."""

    names: list[str]
    phones: list[PhoneOut] = Field(description="The most useful first.")
    emails: list[EmailOut]
    address: str = Field(description="The current one, on one line.")
    current_address: AddressOut
    former_addresses: list[str]
    age: str
    deceased: bool | None
    relatives: list[str]
    profiles: list[str] = Field(description="Addresses of social profiles.")
    is_known_shape: bool = Field(description="False where the answer could not be read; it is kept with the item.")


class ItemOut(Schema):
    id: int
    upload: int
    batch: int | None
    row: int
    owner_number: int
    owner_kind: OwnerKind
    asked: dict[str, str] = Field(description="What was sent, or would be.")
    outcome: Outcome
    message: str
    same_as: int | None = Field(description="Whose answer it has: a duplicate's first, or who was traced before.")
    found: ContactOut | None
    match: Literal["same", "perhaps", "other", ""] = Field(
        description="Whether the name found is the one asked for; empty where one of them is not known."
    )
    credits: float | None
    answered_at: datetime | None


class FoundOut(Schema):
    items: list[ItemOut]
    is_cut_off: bool = Field(description="There are more than these: one more word narrows it down.")


class ItemPage(Schema):
    items: list[ItemOut]
    next: int | None = Field(description="Send it as `after` for the next page; null on the last one.")
