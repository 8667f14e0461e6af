"""Describe the limits on sending and spending, for Settings → Sending."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from batches.tracing.limits import credits_left_today
from batches.tracing.spending import to_money


@dataclass(frozen=True)
class Limit:
    """One limit that the operator has set, or could set."""

    label: str
    setting: str
    """The name of the setting."""
    credits: Decimal | None
    """None if there is no limit."""
    left: Decimal | None = None
    """What is left of it today, if it is a daily limit."""

    @property
    def money(self) -> Decimal | None:
        return None if self.credits is None else to_money(self.credits)

    @property
    def money_left(self) -> Decimal | None:
        return None if self.left is None else to_money(self.left)


def describe_limits() -> list[Limit]:
    """Return the limits on what lists may cost. Without a limit, what could be spent is not counted."""
    return [
        Limit("All lists in one day (UTC)", "DAILY_CREDIT_LIMIT", as_limit("DAILY_CREDIT_LIMIT"), credits_left_today()),
        Limit("One list", "UPLOAD_CREDIT_LIMIT", as_limit("UPLOAD_CREDIT_LIMIT")),
        Limit("One list without approval", "APPROVAL_ABOVE", as_limit("APPROVAL_ABOVE")),
    ]


def as_limit(setting: str) -> Decimal | None:
    return Decimal(getattr(settings, setting)) or None
