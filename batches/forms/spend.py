"""The forms of the Spend page: its period, and a team's budget."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from batches.forms.widgets import DateInput, NumberInput
from batches.reports import spend
from batches.tracing.credits import to_money

EARLIEST = date(2000, 1, 1)
"""The first day that a period may contain. Lists cannot be older."""


class PeriodForm(forms.Form):
    """The period, grouping and order in the address of the Spend page. Unknown ones are replaced by the defaults."""

    since = forms.DateField(required=False, label="From", widget=DateInput)
    until = forms.DateField(required=False, label="To", widget=DateInput)

    def __init__(self, data: Any, today: date) -> None:
        key, by = data.get("period", ""), data.get("by", "")
        self.by = by if by in spend.GROUPINGS else "source"
        self.order = spend.read_order(data.get("sort", ""))
        self.key = key if key in spend.PERIODS else "month"
        self.today = today
        is_custom = self.key == "custom" and ("since" in data or "until" in data)
        month = today.replace(day=1)
        super().__init__(data if is_custom else None, initial={"since": month, "until": today})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            last = min(cleaned.get("until") or self.today, self.today)
            first = cleaned.get("since") or last.replace(day=1)
            if first > last:
                raise forms.ValidationError("The first day is after the last, or still to come.")
            if first < EARLIEST:
                raise forms.ValidationError(f"Choose days from {EARLIEST:%Y} on.")
            if last - first > timedelta(spend.MAX_DAYS):
                raise forms.ValidationError("Choose a period of at most three years.")
            cleaned |= {"since": first, "until": last}
        return cleaned

    @property
    def period(self) -> spend.Period:
        """The period that was asked for, or this month if the days of a custom one are wrong."""
        if not self.is_bound or not self.is_valid():
            return spend.find_period(self.key, self.today)
        return spend.find_period(self.key, self.today, self.cleaned_data["since"], self.cleaned_data["until"])


class BudgetForm(forms.Form):
    """What a team may spend in a month: in dollars, or in credits if they have no price."""

    amount = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
        widget=NumberInput({"class": "input short", "inputmode": "decimal", "step": "0.01"}),
    )

    def __init__(self, data: Any, credits: Decimal | None) -> None:
        shown = None if credits is None else spend.to_shown(credits).quantize(Decimal("0.01"))
        super().__init__(data, initial={"amount": shown})
        unit = "credits" if to_money(Decimal(1)) is None else "US dollars"
        field = self.fields["amount"]
        field.label = f"Budget a month, in {unit}"
        field.help_text = "Leave it empty for no limit. It applies from this month on."

    @property
    def credits(self) -> Decimal | None:
        """The budget in credits, or None for no limit."""
        amount = self.cleaned_data["amount"]
        if amount is None or not settings.PRICE_PER_CREDIT:
            return amount
        return (amount / Decimal(str(settings.PRICE_PER_CREDIT))).quantize(Decimal("0.0001"))
