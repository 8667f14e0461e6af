"""Log lines without people: the text of an exception can hold a row, so only its class is written."""

import logging
import traceback


class PrivateFormatter(logging.Formatter):
    """Writes where an exception came from and what kind it was, not what it said."""

    def formatException(self, exc_info):
        kind, _, trace = exc_info
        return f"{''.join(traceback.format_tb(trace))}{kind.__module__}.{kind.__qualname__}"


class NoJobTracebacks(logging.Filter):
    """Drops RQ's lines about failed jobs, which hold the exception's text; jobs.py writes its own."""

    def filter(self, record):
        return not (record.name.startswith("rq") and record.levelno >= logging.ERROR)
