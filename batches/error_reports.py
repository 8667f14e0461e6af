"""Report errors to Sentry if SENTRY_DSN is set, without anything that could be about a person.

Whatever is logged as an error is reported, and what ends a process. Of each report only what is listed here is sent.
"""

import logging
from typing import Any

import requests

from batches.log_context import log_context

OUR_LOGGERS = ("accounts", "api", "batches", "django", "notices", "skipportal", "webhooks")
"""Loggers that put no values into the texts of their messages. Those of other libraries are left out."""
SAFE_FIELDS = {
    *("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "server_name", "sdk", "type")
}
SAFE_FRAME_FIELDS = {"filename", "function", "module", "lineno", "in_app"}


def start(dsn: str, version: str, environment: str) -> None:
    """Report errors of this process from now on. Without a DSN, do nothing and import nothing."""
    if not dsn:
        return
    import sentry_sdk  # noqa: PLC0415 - takes memory, which only those who use it should spend
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.dedupe import DedupeIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration  # noqa: PLC0415
    from sentry_sdk.integrations.logging import LoggingIntegration  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        release=f"skipportal@{version}",
        environment=environment,
        # None of those that look at requests, queries or variables.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            AtexitIntegration(callback=lambda _pending, _timeout: None),
            DedupeIntegration(),
            ExcepthookIntegration(),
        ],
        before_send=keep_safe_fields,
        before_breadcrumb=lambda _crumb, _hint: None,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        auto_session_tracking=False,
    )


def try_address(dsn: str, version: str, timeout: float) -> int:
    """Send an envelope without a report to the address of a DSN. Return the status of the reply."""
    from sentry_sdk.utils import Dsn  # noqa: PLC0415 - as above

    auth = Dsn(dsn).to_auth(f"skipportal/{version}")
    headers = {"X-Sentry-Auth": auth.to_header(), "content-type": "application/x-sentry-envelope"}
    reply = requests.post(auth.get_api_url(), data=b"{}\n", headers=headers, timeout=timeout, allow_redirects=False)
    return reply.status_code


def keep_safe_fields(event: Any, hint: Any) -> Any:
    """Return a new report with classes, code lines and numbers only: no messages of exceptions, values or requests."""
    safe = {name: value for name, value in event.items() if name in SAFE_FIELDS}
    safe["tags"] = {name: str(value) for name, value in log_context.get().items()}
    errors = event.get("exception", {}).get("values", [])
    if errors:
        safe["exception"] = {"values": [describe_error(error) for error in errors]}
    if state := find_sqlstate(hint.get("exc_info", (None, None, None))[1]):
        safe["tags"]["sqlstate"] = state
    if str(event.get("logger", "")).partition(".")[0] in OUR_LOGGERS:
        # The text of the message, without the values that belong into it.
        safe["logentry"] = {"message": event.get("logentry", {}).get("message", "")}
    elif not errors:
        safe["logentry"] = {"message": "An error of a library was logged."}
    return safe


def describe_error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or []
    safe_frames = [{name: value for name, value in frame.items() if name in SAFE_FRAME_FIELDS} for frame in frames]
    return {"type": error.get("type"), "module": error.get("module"), "stacktrace": {"frames": safe_frames}}


def find_sqlstate(error: BaseException | None) -> str | None:
    """Return PostgreSQL's code of an error or of what caused it, or None."""
    while error is not None:
        if state := getattr(error, "sqlstate", None):
            return str(state)
        error = error.__cause__
    return None
