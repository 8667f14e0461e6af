"""The schemas of the API, as its OpenAPI document describes them.

Fields are named as on the screens and in `manage.py trace`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from ninja import Field, Header, Query, Schema
from pydantic import AfterValidator, StringConstraints

from batches.intake.trace_settings import PUBLIC_NAMES, SETTING_NAMES
from batches.statuses import (
    BatchKind,
    BatchStatus,
    CompanyHandling,
    NameOrder,
    Outcome,
    OwnerKind,
    UploadStatus,
)

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 500
MAX_ID = 1_999_999_999


def refuse_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains a NUL character")
    return text


Text = Annotated[str, StringConstraints(max_length=500), AfterValidator(refuse_nul)]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of entries to return.")]
Cursor = Annotated[
    int, Query(ge=0, le=MAX_ID, description="The `next` value of the previous page. Leave it out for the first page.")
]
Key = Annotated[str, Header(alias="Idempotency-Key", description="Your own name for this list, up to 200 characters.")]
Revision = Annotated[
    int | None,
    Query(ge=1, le=MAX_ID, description="The `revision` of the list as you saw it. 409 if it has changed since."),
]


class PriorityName(StrEnum):
    """The names of `Priority`, in lower case."""

    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


class Problem(Schema):
    """Why a call failed."""

    detail: str
    field: str = Field(default="", description="The input that caused the error, if any.")


NOT_FOUND_RESPONSES = {401: Problem, 404: Problem}


class ListOptions(Schema):
    """How a list is read and traced. Options you omit keep their guessed values."""

    mapping: list[Text] = Field(
        default=[], description="Each is FIELD=COLUMN, with the name or number of a column. A+B joins columns."
    )
    fixed: list[Text] = Field(
        default=[], description="Each is FIELD=VALUE, a value that is the same for every row. FIELD= removes it."
    )
    match: list[Text] = Field(default=[], description="What a match must include: phones, emails or both.")
    name_order: NameOrder | None = Field(default=None, description="The order of full names.")
    companies: CompanyHandling | None = Field(default=None, description="How owners that are not people are handled.")
    co_owners: bool | None = Field(default=None, description="Whether second owners are traced too.")
    look_back: int | None = Field(default=None, description="Reuse answers from the last N days. 0: never.")

    accept_guesses: bool = Field(
        default=False, description="Accept uncertain columns as guessed. If false, the check refuses them."
    )

    def settings(self) -> dict[str, Any]:
        given = self.dict(include=set(ListOptions.model_fields))
        kept = {"labels": PUBLIC_NAMES, "accept_guesses": self.accept_guesses}
        return kept | {name: given[PUBLIC_NAMES.get(name, name)] for name in SETTING_NAMES}


class NewList(ListOptions):
    """A new list's settings, sent with its file."""

    name: Text = Field(default="", description="If empty, the name of the file is used.")
    priority: PriorityName = PriorityName.NORMAL
    source: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="", description="Where the list comes from. Scorecards compare sources."
    )


class BatchCounts(Schema):
    """The people of a batch by outcome."""

    pending: int
    matched: int
    no_match: int
    error: int
    missing: int


class ListCounts(BatchCounts):
    """The people of a list by outcome, including those who are not sent."""

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
    url: str = Field(description="The address of its page in the portal.")
    created_by: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    revision: int = Field(description="Grows with every change. Pass it to `start` to start the list as you saw it.")
    waits_until: datetime | None = Field(description="When sending continues, if the daily credit limit was reached.")
    rows: int
    people: int = Field(description="How many people will be traced.")
    counts: ListCounts
    percent: int = Field(description="Percentage of people who are done. 0 until the list is started.")
    read_percent: int = Field(description="Percentage of the file that has been read, while the list is being checked.")
    credits: float
    most_credits: float = Field(description="The most that the list can cost.")
    columns: list[str]
    mapping: dict[str, list[str]] = Field(description="Field → names of its columns.")
    fixed: dict[str, str]
    match: list[str]
    name_order: NameOrder
    companies: CompanyHandling
    co_owners: bool
    look_back: int
    doubts: dict[str, str] = Field(description="Field → why its guessed column is uncertain. Review before checking.")
    gaps: list[str] = Field(description="What the mapping still needs before any row can be traced.")
    problem: str


class UploadPage(Schema):
    uploads: list[UploadOut]
    next: int | None = Field(description="Pass it as `before` to get the next page. Null on the last page.")


class BatchOut(Schema):
    id: int
    number: int
    kind: BatchKind
    status: BatchStatus
    size: int
    attempts: int
    counts: BatchCounts
    credits: float
    submitted_at: datetime | None
    acknowledged_at: datetime | None
    closed_at: datetime | None
    next_try_at: datetime | None
    problem: str


class BatchPage(Schema):
    batches: list[BatchOut]
    next: int | None = Field(description="Pass it as `after` to get the next page. Null on the last page.")


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
    """An address. Its parts are empty if the vendor did not separate them."""

    line: str
    street: str
    city: str
    state: str
    zip: str


class ContactOut(Schema):
    """What was found. Phones and emails on the do-not-contact list are left out, as in exports."""

    names: list[str]
    phones: list[PhoneOut] = Field(description="Most useful first.")
    emails: list[EmailOut]
    address: str = Field(description="The current address on one line.")
    current_address: AddressOut
    former_addresses: list[str]
    age: str
    deceased: bool | None
    relatives: list[str]
    profiles: list[str] = Field(description="Addresses of social profiles.")
    is_known_shape: bool = Field(description="False if the answer could not be read. It is kept with the person.")


class ItemOut(Schema):
    id: int
    upload: int
    batch: int | None
    row: int
    owner_number: int
    owner_kind: OwnerKind
    owner_name: str = Field(
        description="The name of a company, trust or the like, as in the file. It is not sent. Empty for people."
    )
    asked: dict[str, str] = Field(description="What was sent, or would have been.")
    outcome: Outcome
    message: str
    same_as: int | None = Field(
        description="The person whose answer this one shares: the first duplicate, or one traced earlier."
    )
    found: ContactOut | None
    match: Literal["same", "perhaps", "other", ""] = Field(
        description="Whether the name that was found is the one asked for. Empty if either is unknown."
    )
    credits: float | None
    answered_at: datetime | None


class SearchResults(Schema):
    items: list[ItemOut]
    is_cut_off: bool = Field(description="There are more people than these. Add a word to narrow the search.")


class ItemPage(Schema):
    items: list[ItemOut]
    next: int | None = Field(description="Pass it as `after` to get the next page. Null on the last page.")
