"""Keep personal data out of the log: the text of an exception can contain a row, so only its class is logged."""

import logging
import traceback
from typing import Any


class PrivateFormatter(logging.Formatter):
    """Format the traceback and the class of an exception, without its text."""

    def formatException(self, exc_info: Any) -> str:
        kind, _, trace = exc_info
        return f"{''.join(traceback.format_tb(trace))}{kind.__module__}.{kind.__qualname__}"


class NoJobTracebacks(logging.Filter):
    """Drop RQ's records of failed jobs, which contain the text of the exception. batches/jobs.py logs its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name.startswith("rq") and record.levelno >= logging.ERROR)
