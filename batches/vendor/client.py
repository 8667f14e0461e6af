"""The socket half of the vendor: one call, its time limits, and errors sorted by what the caller may do.

A new connection for every call: on a kept one, a drop between two calls could not be told from a batch
that was taken, and would look like money spent.
"""

import ssl
from datetime import UTC, datetime, timedelta

import requests
from django.conf import settings
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from batches.vendor import protocol

CONNECT_MAX = 10
"""Seconds within which a connection must stand. How long an answer may take is a setting, VENDOR_TIMEOUT."""

NEVER_CONNECTED = (ConnectTimeoutError, NewConnectionError, NameResolutionError)
BAD_SETTINGS = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


class VendorError(Exception):
    """Why a call did not bring what it was made for. Its text may be shown to staff."""


class VendorUnreachable(VendorError):
    """Nothing was sent: try again later."""


class VendorBusy(VendorError):
    """Nothing was taken: try again later, not before `until` where that is set."""

    def __init__(self, message, until=None):
        super().__init__(message)
        self.until = until


class VendorRefused(VendorError):
    """Nothing was taken, and nothing will be until the request changes. `refusal` says whose fault it is."""

    def __init__(self, refusal):
        super().__init__(refusal.message)
        self.refusal = refusal


class VendorUnauthorised(VendorError):
    """Nothing was taken: the key is missing, wrong, or lacks the scope."""


class VendorSilent(VendorError):
    """It may have been taken, and nobody can tell: asking again can cost twice."""


def submit_batch(body):
    """Send an encoded batch. Return its Acknowledgement, or raises a VendorError."""
    reply = post(protocol.BATCH_PATH, body)
    try:
        return protocol.decode_acknowledgement(reply.content)
    except protocol.Malformed as problem:
        raise VendorSilent(str(problem)) from None


def trace_person(body):
    """Send one encoded person. Return the body of the answer, or raises a VendorError."""
    return post(protocol.SINGLE_PATH, body, is_answer=protocol.is_no_match).content


def post(path, body, is_answer=lambda _: False):
    """Return the vendor's reply if it is 200, or a 404 that `is_answer` accepts. Raises a VendorError."""
    asked_at = datetime.now(UTC)
    headers = {protocol.KEY_HEADER: settings.REALESTATEAPI_KEY, "content-type": "application/json"}
    try:
        reply = requests.post(
            settings.REALESTATEAPI_URL + path,
            data=body,
            headers=headers | {"connection": "close"},
            timeout=(min(CONNECT_MAX, settings.VENDOR_TIMEOUT), settings.VENDOR_TIMEOUT),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        if was_never_sent(error):
            raise VendorUnreachable("The vendor could not be reached.") from None
        raise VendorSilent("The connection broke before the vendor answered.") from None
    if reply.status_code == 200 or (reply.status_code == 404 and is_answer(reply.content)):
        return reply
    raise sort_reply(reply.status_code, reply.content, asked_at)


def was_never_sent(error):
    """Tell whether no connection was ever made, so that the vendor cannot have taken anything."""
    if isinstance(error, BAD_SETTINGS):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    cause = reason.args[0] if reason is not None and reason.args else None
    return isinstance(reason, NEVER_CONNECTED) or isinstance(cause, ssl.SSLCertVerificationError)


def sort_reply(status, body, asked_at):
    """Return the VendorError for a reply that is no answer (docs/vendor.md, 3)."""
    refusal = protocol.decode_refusal(body)
    if status in {401, 403}:
        return VendorUnauthorised(f"The vendor does not accept the API key ({status}: {refusal.message})")
    if status == 429 and "daily" in refusal.message.lower():
        return VendorBusy("The vendor's daily credit limit is reached.", until=next_midnight(asked_at))
    if status in {429, 503}:
        return VendorBusy(f"The vendor is busy ({status}).")
    if status >= 500 or status < 300 or status in {408, 409}:
        return VendorSilent(f"The vendor failed ({status}) and may have taken the batch.")
    if status in {400, 413, 422}:
        return VendorRefused(refusal)
    return VendorUnreachable(f"The vendor answered {status}: check REALESTATEAPI_URL.")


def next_midnight(now):
    """Return the next midnight UTC, at which the vendor's credit windows begin (docs/vendor.md, 3)."""
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
