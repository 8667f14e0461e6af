"""What pages say about the vendor's key."""

from typing import Any

from django import template

from accounts.rights import Right, can
from webhooks import vendor_key
from webhooks.models import KeyCheck

register = template.Library()

DOTS: dict[str, str] = {KeyCheck.Result.ACCEPTED: "good", KeyCheck.Result.REFUSED: "bad"}


@register.filter
def key_dot(result: str) -> str:
    """Return the look of the dot beside the result of a check."""
    return DOTS.get(result, "wait")


@register.inclusion_tag("settings/_vendor_key_note.html", takes_context=True)
def vendor_key_note(context: dict[str, Any]) -> dict[str, Any]:
    """Show a note if, by the vendor's last answer, lists cannot be traced with one of our keys as expected."""
    request = context.get("request")
    return {
        "problems": vendor_key.list_problems(),
        "may_look": request is not None and can(request.user, Right.ADMINISTER),
    }
