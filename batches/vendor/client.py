"""Call the vendor over HTTP: one call, its timeouts, and errors classified by what the caller may do next.

Each call uses a new connection. If a connection that was kept open broke between two calls, we could not tell that from
a batch that the vendor accepted, and would have to treat it as money spent.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import requests
from django.conf import settings
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from batches import spans
from batches.counters import DEFAULT_ACCOUNT, VENDOR_CALL_SECONDS, VENDOR_CALLS
from batches.vendor import protocol

CONNECT_ERRORS = (ConnectTimeoutError, NewConnectionError, NameResolutionError)
SETTINGS_ERRORS = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


UNREACHABLE = "The vendor could not be reached."


class VendorError(Exception):
    """A call that failed. The message may be shown to users."""


class VendorUnreachable(VendorError):
    """Nothing was sent. Try again later."""


class VendorBusy(VendorError):
    """The vendor accepted nothing. Try again later, but not before `until` if that is set."""

    def __init__(self, message: str, until: datetime | None = None):
        super().__init__(message)
        self.until = until


class VendorRefused(VendorError):
    """The vendor accepted nothing, and will not until the request changes. `refusal` says what is at fault."""

    def __init__(self, refusal: protocol.Refusal):
        super().__init__(refusal.message)
        self.refusal = refusal


class VendorUnauthorised(VendorError):
    """The vendor accepted nothing: the API key is missing, wrong, or lacks the scope."""


class VendorSilent(VendorError):
    """The vendor may or may not have accepted the request. Sending it again can cost twice."""


CALL_RESULTS: dict[type[VendorError], str] = {
    VendorUnreachable: "unreachable",
    VendorBusy: "busy",
    VendorRefused: "refused",
    VendorUnauthorised: "unauthorised",
    VendorSilent: "silent",
}
"""Class of the error of a call → its name in /metrics."""


def submit_batch(body: bytes, key: str, account: str = DEFAULT_ACCOUNT) -> protocol.Acknowledgement:
    """Send an encoded batch over an account. Raise a VendorError if the vendor does not acknowledge it."""
    with counted_call(account):
        reply = post(protocol.BATCH_PATH, body, key)
        try:
            return protocol.decode_acknowledgement(reply.content)
        except protocol.Malformed as problem:
            raise VendorSilent(str(problem)) from None


def trace_person(body: bytes, key: str, account: str = DEFAULT_ACCOUNT) -> bytes:
    """Send one encoded person over an account. Return the body of the answer. Raise a VendorError if there is none."""
    with counted_call(account):
        return post(protocol.SINGLE_PATH, body, key, is_answer=protocol.is_no_match).content


@contextmanager
def counted_call(account: str) -> Iterator[None]:
    """Record for /metrics and the trace of the list how long a call over an account took, and what came of it."""
    started, result = time.perf_counter(), "accepted"
    try:
        with spans.span("vendor call", kind=spans.CLIENT):
            yield
    except VendorError as error:
        result = CALL_RESULTS[type(error)]
        raise
    finally:
        VENDOR_CALL_SECONDS.labels(result).observe(time.perf_counter() - started)
        VENDOR_CALLS.labels(account, result).inc()


def fetch_key_info(key: str) -> protocol.KeyInfo:
    """Ask what one of our keys may be used for. Raise a VendorError if the vendor refuses the key, or does not say."""
    try:
        reply = requests.get(
            settings.REALESTATEAPI_URL + protocol.KEY_INFO_PATH,
            headers={protocol.KEY_HEADER: key, "connection": "close"},
            timeout=protocol.KEY_INFO_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException:
        raise VendorUnreachable(UNREACHABLE) from None
    if reply.status_code == 401:
        raise VendorUnauthorised(f"The vendor does not accept the API key: {read_message(reply)}")
    if reply.status_code != 200:
        raise VendorUnreachable(f"The vendor does not say what the key may be used for ({reply.status_code}).")
    try:
        return protocol.decode_key_info(reply.content)
    except protocol.Malformed as problem:
        raise VendorUnreachable(str(problem)) from None


def read_message(reply: requests.Response) -> str:
    return protocol.decode_refusal(reply.content).message


def post(path: str, body: bytes, key: str, is_answer: Callable[[bytes], bool] = lambda _: False) -> requests.Response:
    """Return a reply with status 200, or 404 if `is_answer` accepts its body. Raise a VendorError for any other."""
    asked_at = datetime.now(UTC)
    headers = {protocol.KEY_HEADER: key, "content-type": "application/json"}
    try:
        reply = requests.post(
            settings.REALESTATEAPI_URL + path,
            data=body,
            headers=headers | {"connection": "close"},
            timeout=(min(protocol.MAX_CONNECT_SECONDS, settings.VENDOR_TIMEOUT), settings.VENDOR_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        if was_never_sent(error):
            raise VendorUnreachable(UNREACHABLE) from None
        raise VendorSilent("The connection broke before the vendor answered.") from None
    if reply.status_code == 200 or (reply.status_code == 404 and is_answer(reply.content)):
        return reply
    raise error_for_reply(reply.status_code, reply.content, asked_at)


def was_never_sent(error: requests.RequestException) -> bool:
    """Return whether no connection was made, so that the vendor cannot have received anything."""
    if isinstance(error, SETTINGS_ERRORS):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    cause = reason.args[0] if reason is not None and reason.args else None
    return isinstance(reason, CONNECT_ERRORS) or isinstance(cause, ssl.SSLCertVerificationError)


def error_for_reply(status: int, body: bytes, asked_at: datetime) -> VendorError:
    """Return the VendorError for a reply other than an answer (docs/vendor.md, 3)."""
    refusal = protocol.decode_refusal(body)
    if status in {401, 403}:
        return VendorUnauthorised(f"The vendor does not accept the API key ({status}: {refusal.message})")
    if status == 429 and "daily" in refusal.message.lower():
        return VendorBusy("The vendor's daily credit limit is reached.", until=next_midnight(asked_at))
    if status in {429, 503}:
        return VendorBusy(f"The vendor is busy ({status}).")
    if status >= 500 or status < 300 or status in {408, 409}:
        return VendorSilent(f"The vendor failed ({status}) and may have accepted the batch.")
    if status in {400, 413, 422}:
        return VendorRefused(refusal)
    return VendorUnreachable(f"The vendor replied {status}. Check REALESTATEAPI_URL.")


def next_midnight(now: datetime) -> datetime:
    """Return the next midnight UTC, when the vendor's daily limit is reset (docs/vendor.md, 3)."""
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
