"""Learn from recent charges what a match costs, because the vendor publishes no price (decision 53)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from django.conf import settings
from django.core.cache import cache

from batches.models import Batch
from batches.nouns import noun_for
from batches.statuses import BatchStatus

COST_SAMPLE_BATCHES = 200
"""Number of recently closed batches whose charges the cost is learnt from."""
MIN_CHARGED_MATCHES = 20
"""Minimum number of charged matches for the learnt cost to be used. Fewer could all be exceptions."""
CACHE_SECONDS = 30
"""How long the learnt cost is cached, so that pages need not read these batches each time."""
CACHE_KEY = "learnt-match-cost"


@dataclass(frozen=True)
class LearntCost:
    """The recent cost of a match: the median, and the number of charged matches it is based on."""

    credits: Decimal
    matches: int


def credits_per_match() -> Decimal:
    """Return what a match costs: the learnt cost or, until enough matches have been charged, CREDITS_PER_MATCH."""
    learnt = learnt_cost()
    return learnt.credits if learnt.matches >= MIN_CHARGED_MATCHES else configured_cost()


def configured_cost() -> Decimal:
    return Decimal(str(settings.CREDITS_PER_MATCH))


def learnt_cost() -> LearntCost:
    """Return the recent cost of a match. It may be CACHE_SECONDS old."""
    return cast(LearntCost, cache.get_or_set(CACHE_KEY, compute_learnt_cost, CACHE_SECONDS))


def compute_learnt_cost() -> LearntCost:
    """Compute the median cost of a match in the batches that closed last."""
    closed = Batch.objects.filter(status=BatchStatus.CLOSED, closed_at__isnull=False).order_by("-closed_at")
    sampled = list(closed.values_list("match_cost", "charged")[:COST_SAMPLE_BATCHES])
    costs = [(cost, count) for cost, count in sampled if cost is not None and count]
    return LearntCost(trim_zeros(weighted_median(costs)), sum(count for _, count in costs))


def trim_zeros(credits: Decimal) -> Decimal:
    """Return the same number without trailing zeros, so that pages show 150 credits, not 150.00."""
    return credits.quantize(Decimal(1)) if credits == credits.to_integral_value() else credits.normalize()


def weighted_median(costs: Iterable[tuple[Decimal, int]]) -> Decimal:
    """Return the median of costs, given as (cost, how often it occurs). Return 0 if there are none."""
    ordered = sorted(costs)
    middle = sum(count for _, count in ordered) / 2
    seen = 0
    for cost, count in ordered:
        seen += count
        if seen >= middle:
            return cost
    return Decimal(0)


def cost_warning() -> str:
    """Return a warning if matches cost something other than CREDITS_PER_MATCH, else ""."""
    learnt = learnt_cost()
    if not learnt.matches or learnt.credits == configured_cost():
        return ""
    setting = trim_zeros(configured_cost())
    text = f"Matches have recently cost {format_credits(learnt.credits)} each, but CREDITS_PER_MATCH is {setting}."
    if learnt.matches >= MIN_CHARGED_MATCHES:
        return text
    return (
        f"{text} The setting applies until {MIN_CHARGED_MATCHES} matches have been charged. So far: {learnt.matches}."
    )


def format_credits(credits: Decimal) -> str:
    return f"{credits:,f} {noun_for(credits, 'credit')}"


def to_money(credits: Decimal) -> Decimal | None:
    """Return what credits cost in money, or None if PRICE_PER_CREDIT is not set."""
    return credits * Decimal(str(settings.PRICE_PER_CREDIT)) if settings.PRICE_PER_CREDIT else None


def format_money(dollars: Decimal) -> str:
    """Return an amount in dollars and cents."""
    return f"${dollars:,.2f}"


def format_cost(credits: Decimal) -> str:
    """Return what credits cost in dollars and cents, or the number of credits if PRICE_PER_CREDIT is not set."""
    dollars = to_money(credits)
    return format_credits(trim_zeros(round(credits, 2))) if dollars is None else format_money(dollars)
