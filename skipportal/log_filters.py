"""Keep personal data out of the log. The message of an exception can contain a row, so only its class is logged."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Any

from batches.error_reports import find_sqlstate
from batches.log_context import log_context

SQLSTATE = re.compile(r"\(SQLSTATE (\w{5})\)")
"""How `batches.database.name_error` writes PostgreSQL's code."""


class PrivateFormatter(logging.Formatter):
    """A formatter that writes the traceback and the class of an exception, but not its message."""

    def formatException(self, exc_info: Any) -> str:
        kind, _, trace = exc_info
        return f"{''.join(traceback.format_tb(trace))}{name_exception(kind, exc_info[1])}"


def name_exception(kind: type[BaseException], error: BaseException | None) -> str:
    """Return the class of an exception and, if it comes from PostgreSQL, the code of the error (SQLSTATE)."""
    name = f"{kind.__module__}.{kind.__qualname__}"
    state = find_sqlstate(error)
    return f"{name} (SQLSTATE {state})" if state else name


class JsonFormatter(PrivateFormatter):
    """A formatter that writes one JSON object a line, for programs that collect logs, with its request or job."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **log_context.get(),
        }
        if written := SQLSTATE.search(line["message"]):
            line["sqlstate"] = written[1]
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
            if state := find_sqlstate(record.exc_info[1]):
                line["sqlstate"] = state
        return json.dumps(line, ensure_ascii=False)


class NoJobTracebacks(logging.Filter):
    """A filter that drops RQ's records of failed jobs, which contain exceptions. batches/jobs.py logs them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name.startswith("rq") and record.levelno >= logging.ERROR)


class NoAsyncioDetails(logging.Filter):
    """A filter that cuts asyncio's records to their first line. The others describe tasks with their exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "asyncio":
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return True
