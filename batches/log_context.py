"""Remember which request or job this thread works on, so that each of its lines in the log says so.

Values are numbers and ids that we have made or checked, and never anything about a person.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

Context = Mapping[str, str | int]
log_context: ContextVar[Context] = ContextVar("log_context", default={})  # noqa: B039 - it is never changed in place


@contextmanager
def in_log_context(**values: str | int) -> Iterator[None]:
    """Add values to the context, and restore the earlier one at the end."""
    token = log_context.set({**log_context.get(), **values})
    try:
        yield
    finally:
        log_context.reset(token)
