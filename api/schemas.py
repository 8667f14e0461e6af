"""The schemas of the API, which its OpenAPI document describes.

Options have the same names as in `manage.py trace`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from ninja import Field, Header, Query, Schema
from pydantic import AfterValidator, StringConstraints

from api.models import MAX_KEY_LENGTH
from batches.intake.list_details import MAX_NAME, MAX_NOTE, MAX_SOURCE, MAX_TAG
from batches.intake.trace_settings import MAX_LOOK_BACK_DAYS, PUBLIC_NAMES, SETTING_NAMES
from batches.keys import MAX_KEY
from batches.models.uploads import MAX_TAGS
from batches.statuses import (
    BatchKind,
    BatchStatus,
    CompanyHandling,
    NameOrder,
    Outcome,
    OwnerKind,
    UploadStatus,
)
from batches.vendor.protocol import MATCH_REQUIREMENTS

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 500
MAX_COUNT = 1_999_999_999
"""An upper bound for revisions and numbers of people that fits into the database's integers."""


def refuse_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains a NUL character")
    return text


def hide_null(described: dict[str, Any]) -> None:
    """Leave null out of an option's schema. Forms cannot send null, and omitting the option means the same."""
    (given,) = [choice for choice in described.pop("anyOf") if choice != {"type": "null"}]
    described.update(given)


def describe_look_back(described: dict[str, Any]) -> None:
    hide_null(described)
    described.update(minimum=0, maximum=MAX_LOOK_BACK_DAYS)


WithoutNul = Annotated[str, AfterValidator(refuse_nul), Field(json_schema_extra={"pattern": "^[^\\u0000]*$"})]
"""The pattern is only for the document. A string with a NUL character is refused with a sentence."""
NOT_BLANK = "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"
Text = Annotated[WithoutNul, StringConstraints(max_length=500)]
Requirement = Annotated[Text, Field(json_schema_extra={"enum": MATCH_REQUIREMENTS})]
"""A value that is not one of these is refused where the options are read, with the same sentence as in the shell."""
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of entries to return.")]
Cursor = Annotated[
    int, Query(ge=0, le=MAX_KEY, description="The `next` value of the previous page. Leave it out for the first page.")
]
IdempotencyKeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description=f"A key of your choice, up to {MAX_KEY_LENGTH} characters. A repeated call with the same key "
        "does not create a second list.",
        max_length=MAX_KEY_LENGTH,
    ),
]
Revision = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_COUNT,
        description="The `revision` of the list as you saw it. If it has since changed, the answer is 409.",
    ),
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


REFUSALS = {401: Problem, 403: Problem, 422: Problem, 429: Problem}
"""How every operation answers callers without a token, scope or right, invalid inputs, and too many calls."""
NOT_FOUND_RESPONSES = {404: Problem} | REFUSALS


class ListOptions(Schema):
    """How a list is read and traced. Options that are omitted keep their current or guessed values."""

    mapping: list[Text] = Field(
        default=[], description="Each is FIELD=COLUMN, with the name or number of a column. A+B joins columns."
    )
    fixed: list[Text] = Field(
        default=[], description="Each is FIELD=VALUE, a value that is the same for every row. FIELD= removes it."
    )
    match: list[Requirement] = Field(default=[], description="What a match must include: phones, emails or both.")
    name_order: NameOrder | None = Field(
        default=None, description="The order of full names.", json_schema_extra=hide_null
    )
    companies: CompanyHandling | None = Field(
        default=None, description="How owners that are not people are handled.", json_schema_extra=hide_null
    )
    co_owners: bool | None = Field(
        default=None, description="Whether second owners are traced too.", json_schema_extra=hide_null
    )
    look_back: int | None = Field(
        default=None,
        description="Reuse answers from the last N days. 0: never.",
        json_schema_extra=describe_look_back,
    )

    accept_guesses: bool = Field(
        default=False, description="Accept uncertain columns as guessed. If false, the check refuses them."
    )

    def settings(self) -> dict[str, Any]:
        """Return the arguments of GivenSettings: each setting under its name in the code."""
        given = self.dict(include=set(ListOptions.model_fields))
        settings = {name: given[PUBLIC_NAMES.get(name, name)] for name in SETTING_NAMES}
        return {"labels": PUBLIC_NAMES, "accept_guesses": self.accept_guesses} | settings


class NewList(ListOptions):
    """The options of a new list, sent with its file."""

    name: Text = Field(default="", description="If empty, the name of the file is used.")
    priority: PriorityName = PriorityName.NORMAL
    source: Annotated[WithoutNul, StringConstraints(max_length=100)] = Field(
        default="", description="Where the list comes from. Scorecards compare sources."
    )
    with_hidden: bool = Field(default=False, description="Include the rows that a workbook hides.")
    refresh_stale: bool = Field(
        default=False,
        description="Trace people again whose earlier answer has stale Do Not Call flags. This costs credits.",
    )


class StaleChoice(StrEnum):
    """What becomes of earlier answers with stale Do Not Call flags."""

    REFRESH = "refresh"
    USE = "use"


class ListChanges(Schema):
    """The details of a list to change. Those that are omitted or null stay as they are."""

    # Documented like WithoutNul: a blank name is refused with a sentence too.
    name: (
        Annotated[Text, StringConstraints(max_length=MAX_NAME), Field(json_schema_extra={"pattern": NOT_BLANK})] | None
    ) = None
    source: Annotated[Text, StringConstraints(max_length=MAX_SOURCE)] | None = Field(
        default=None, description="Where the list comes from. Scorecards compare sources."
    )
    note: Annotated[WithoutNul, StringConstraints(max_length=MAX_NOTE)] | None = Field(
        default=None, description="What colleagues should know about the list."
    )
    tags: Annotated[list[Text], Field(max_length=MAX_TAGS)] | None = Field(
        default=None, description=f"All tags of the list, each of at most {MAX_TAG} characters and without a comma."
    )
    owner: Text | None = Field(default=None, description="The user name of the colleague who looks after the list.")
    priority: PriorityName | None = Field(default=None, description="Can be changed while the list is running.")
    archived: bool | None = Field(
        default=None,
        description="Whether the list is left out of the table of lists. A running list cannot be archived.",
    )


class BatchCounts(Schema):
    """The people of a batch by outcome."""

    pending: int
    matched: int
    no_match: int
    error: int
    missing: int


class ListResults(Schema):
    """The people of a list by result. A reused answer counts as what it is: matched or no match."""

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


class StatedPurpose(Schema):
    key: str
    version: int = Field(description="The version of the words that was stated.")
    label: str
    note: str


class UploadOut(Schema):
    id: int
    name: str
    filename: str
    status: UploadStatus
    priority: PriorityName
    source: str
    note: str
    tags: list[str]
    owner: str = Field(description="Who looks after the list: the user who uploaded it, unless it was handed on.")
    archived: bool
    url: str = Field(description="The address of its page in the portal.")
    created_by: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    revision: int = Field(description="Grows with every change. Pass it to `start` to start the list as you saw it.")
    waits_until: datetime | None = Field(
        description="When sending continues, or is tried again, if the daily credit limit or a budget was reached."
    )
    wait_reason: str = Field(description="Why nothing is sent, if the budget of the list's team does not allow it.")
    purpose: StatedPurpose | None = Field(description="What the list is used for, as stated at its start.")
    rows: int
    people: int = Field(description="How many people will be traced.")
    counts: ListCounts
    results: ListResults
    percent: int = Field(description="Percentage of people who have an answer. 0 until the list is started.")
    read_percent: int = Field(description="Percentage of the file that has been read, while the list is being checked.")
    credits: float
    most_credits: float = Field(description="The most that the list can cost.")
    columns: list[str]
    hidden_rows: int = Field(description="How many rows the workbook hides. They are left out unless `with_hidden`.")
    with_hidden: bool
    mapping: dict[str, list[str]] = Field(description="Field → names of its columns.")
    fixed: dict[str, str]
    match: list[str]
    name_order: NameOrder
    companies: CompanyHandling
    co_owners: bool
    look_back: int
    refresh_stale: bool = Field(
        description="Whether people with a stale earlier answer are traced again. Otherwise it is used as it is."
    )
    stale: int = Field(description="How many reused answers have stale Do Not Call flags.")
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
    valid_since: str
    usage: str = Field(description="In how many of the last 12 months the number was used, as the vendor says.")


class ReasonOut(Schema):
    code: str
    sentence: str
    as_of: date | None = Field(description="The day of what the sentence says, if it is known.")


class JudgedPhoneOut(PhoneOut):
    standing: Literal["call", "check", "do_not_call"] = Field(
        description="Whether the number may be called as far as is known. It never means that a call is legal."
    )
    label: str = Field(description="The word of the screen for the standing.")
    reasons: list[ReasonOut] = Field(description="Why, the weightiest reason first.")


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


class OtherPersonOut(Schema):
    """Somebody else in the answer."""

    name: str
    relation: str = Field(description="household (same address), relative (same surname elsewhere), or other.")
    phones: list[PhoneOut]
    emails: list[EmailOut]
    address: str


class ContactOut(Schema):
    """What was found. Phones and emails on the do-not-contact list are left out, as in exports."""

    names: list[str]
    phones: list[JudgedPhoneOut] = Field(description="The numbers to call come first.")
    emails: list[EmailOut]
    address: str = Field(description="The current address on one line.")
    current_address: AddressOut
    former_addresses: list[str]
    age: str
    deceased: bool | None
    relatives: list[str]
    profiles: list[str] = Field(description="Addresses of social profiles.")
    others: list[OtherPersonOut] = Field(description="Other people in the answer, with their phones.")
    is_known_shape: bool = Field(description="False if the answer could not be read. The answer is kept all the same.")


class MatchDecisionOut(Schema):
    """What a user has said about a match. It counts more than the match check, in all lists of the person."""

    verdict: Literal["same", "other"]
    by: str = Field(description="The name of the user.")
    on: date


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
    asked: dict[str, str] = Field(description="What was sent, or would have been sent.")
    outcome: Outcome
    result: Outcome = Field(
        description="Like `outcome`; for a reused answer, the outcome in the list that it comes from."
    )
    message: str
    same_as: int | None = Field(
        description="The person whose answer is shared: the first row with the same person, or someone traced earlier."
    )
    found: ContactOut | None
    match: Literal["same", "perhaps", "other", ""] = Field(
        description="Whether the name that was found is the one asked for. Empty if either is unknown."
    )
    match_reason: str = Field(description="Why, as on screen: who decided it and when, or what the match check found.")
    match_decision: MatchDecisionOut | None = Field(
        description="The decision that `match` follows. Null if it is the verdict of the match check."
    )
    credits: float | None
    answered_at: datetime | None


class SearchResults(Schema):
    items: list[ItemOut]
    is_cut_off: bool = Field(description="Whether more people were found than these. Add a word to narrow the search.")


class ItemPage(Schema):
    items: list[ItemOut]
    next: int | None = Field(description="Pass it as `after` to get the next page. Null on the last page.")
