"""Record what came of calls."""

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field, StringConstraints

from accounts.rights import Right
from api.auth import needs
from api.models import Scope
from api.schemas import REFUSALS, Problem
from batches import calls
from batches.keys import MAX_KEY
from batches.models import Item
from batches.statuses import CallResult, CallSource
from batches.user_request import UserRequest

router = Router(tags=["People"])
MAX_OUTCOMES = 1_000
"""Maximum number of outcomes in one request."""


class OutcomeIn(Schema):
    """What came of one call."""

    item: int = Field(ge=1, le=MAX_KEY, description="The id of the person who was called.")
    number: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")] = Field(description="The ten digits.")
    outcome: CallResult
    note: Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")] = ""
    key: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00]*$")] = Field(
        default="", description="Your own id of the call. An outcome with a key that you have sent before is skipped."
    )


class OutcomesIn(Schema):
    outcomes: Annotated[list[OutcomeIn], Field(min_length=1, max_length=MAX_OUTCOMES)]


class RefusedOutcome(Schema):
    position: int = Field(description="The position in the request, from 0.")
    reason: str


class OutcomesOut(Schema):
    recorded: int
    repeated: int = Field(description="How many had been recorded before.")
    refused: list[RefusedOutcome]


@router.post(
    "/outcomes",
    summary="Record what came of calls",
    response={200: OutcomesOut, 400: Problem} | REFUSALS,
    **needs(Scope.CALLS, Right.SUPPRESS),
)
def record_outcomes(request: UserRequest, data: OutcomesIn) -> dict[str, Any]:
    """Record what came of up to 1,000 calls. Those that cannot be recorded are listed; all others are recorded."""
    recorded, refused = 0, []
    for position, each in enumerate(data.outcomes):
        try:
            call = calls.Call(each.item, each.number, each.outcome, each.note, each.key)
            recorded += calls.record(call, request.user, CallSource.API)
        except Item.DoesNotExist:
            refused.append({"position": position, "reason": "There is no such person, or you may not see the list."})
        except calls.NotTheirNumber as problem:
            refused.append({"position": position, "reason": str(problem)})
    return {"recorded": recorded, "repeated": len(data.outcomes) - recorded - len(refused), "refused": refused}
