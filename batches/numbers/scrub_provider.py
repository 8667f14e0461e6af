"""Ask a provider whether numbers are on its lists, at a price per number.

Another provider is added as a class with the methods of `ScrubProvider`.
"""

from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Protocol

import requests
from django.conf import settings
from urllib3.exceptions import NewConnectionError

CONNECT_TIMEOUT, ANSWER_TIMEOUT = 10, 60


class ProviderRefused(Exception):
    """The provider was not reached, or did not accept the call. It charges nothing for it."""


class ProviderUnsure(Exception):
    """The provider may have accepted the call, and charge for it, but its answer did not arrive in full."""


class ScrubProvider(Protocol):
    """A service that knows numbers that must not be called."""

    def price(self, count: int) -> Decimal:
        """Return what checking this many numbers costs."""

    def check(self, numbers: Sequence[int]) -> set[int]:
        """Return the numbers that must not be called. Raise ProviderRefused or ProviderUnsure."""


class HttpScrubProvider:
    """A provider that takes numbers as JSON by POST, and answers with those that are on its lists."""

    def __init__(self, url: str, key: str, price_per_number: Decimal) -> None:
        self.url, self.key, self.price_per_number = url, key, price_per_number

    def price(self, count: int) -> Decimal:
        return self.price_per_number * count

    def check(self, numbers: Sequence[int]) -> set[int]:
        hits = {int(each) for each in self.post([str(number) for number in numbers]) if str(each).isdecimal()}
        return hits & set(numbers)

    def post(self, numbers: list[str]) -> list[str]:
        try:
            response = requests.post(
                self.url,
                json={"numbers": numbers},
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=(CONNECT_TIMEOUT, ANSWER_TIMEOUT),
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            if was_never_connected(problem):
                raise ProviderRefused("The provider cannot be reached.") from None
            raise ProviderUnsure("The connection to the provider broke before its answer.") from None
        if HTTPStatus.BAD_REQUEST <= response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderRefused(f"The provider refused the call (status {response.status_code}).")
        if response.status_code != HTTPStatus.OK:
            raise ProviderUnsure(f"The provider failed (status {response.status_code}).")
        try:
            hits = response.json()["hits"]
        except (ValueError, KeyError, TypeError):
            hits = None
        if not isinstance(hits, list):
            raise ProviderUnsure("The answer of the provider could not be read.")
        return hits


def was_never_connected(problem: requests.RequestException) -> bool:
    """Return whether a call failed before anything was sent."""
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    return isinstance(problem, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def get_provider() -> ScrubProvider | None:
    """Return the provider that the settings name, or None."""
    if not settings.SCRUB_PROVIDER_URL:
        return None
    return HttpScrubProvider(
        settings.SCRUB_PROVIDER_URL, settings.SCRUB_PROVIDER_KEY, Decimal(settings.SCRUB_PROVIDER_PRICE)
    )
