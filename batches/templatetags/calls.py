"""Show the outcomes of calls, and the buttons that record them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, NamedTuple

from django import template
from django.utils import timezone

from batches.models import CallOutcome
from batches.people.contacts import Phone
from batches.people.standing import format_day
from batches.statuses import CallResult
from batches.templatetags.components import post_button
from batches.templatetags.moments import date_and_time

register = template.Library()


class OutcomeButton(NamedTuple):
    """The look of the button for one outcome."""

    outcome: CallResult
    icon: str
    look: str


BUTTONS = [
    OutcomeButton(CallResult.RIGHT_PERSON, "user-check", "s"),
    OutcomeButton(CallResult.NO_ANSWER, "phone-missed", "s"),
    OutcomeButton(CallResult.WRONG_NUMBER, "phone-off", "s"),
    OutcomeButton(CallResult.DO_NOT_CALL, "ban", "s danger"),
]
RARE_BUTTONS = [
    OutcomeButton(CallResult.DISCONNECTED, "phone-off", "plain"),
    OutcomeButton(CallResult.DECEASED, "circle-x", "plain"),
]
"""Buttons in the menu behind the others."""


@register.simple_tag
def outcome_buttons(rare: bool = False) -> list[OutcomeButton]:
    """Return the buttons beside a number, or those in the menu."""
    return RARE_BUTTONS if rare else BUTTONS


@register.inclusion_tag("components/post_button.html", takes_context=True)
def outcome_button(context: dict[str, Any], button: OutcomeButton, phone: Phone) -> dict[str, Any]:
    """Return the button that records one outcome of a call to a person's number."""
    label, icon, back = button.outcome.label, button.icon, context["request"].get_full_path()
    return post_button(
        context,
        label,
        "item-call",
        context["item"].pk,
        look=button.look,
        icon=icon,
        about=phone.display,
        number=phone.digits,
        outcome=button.outcome.value,
        next=back,
    )


@register.filter
def called_at(moment: datetime) -> str:
    """Return the time of a call, or only its day if a file of outcomes gave no time. Such a call is at midnight."""
    local = timezone.localtime(moment, timezone.get_default_timezone())
    return format_day(local.date()) if local.time() == time.min else date_and_time(moment)


@register.filter
def of_phone(calls: Mapping[str, Sequence[CallOutcome]], phone: Phone) -> Sequence[CallOutcome]:
    """Return the outcomes of calls to a phone."""
    return calls.get(phone.digits, [])
