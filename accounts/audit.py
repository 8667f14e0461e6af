"""Write the audit log."""

from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import User

from accounts.models import AuditEntry, AuditKind

current_address: ContextVar[str | None] = ContextVar("current_address", default=None)
"""The IP address that the current request comes from. None outside requests."""


def make_entry(
    kind: AuditKind,
    user: User | None,
    *,
    upload_id: int | None = None,
    item_ids: bytes = b"",
    detail: str = "",
    address: str | None = None,
) -> AuditEntry:
    """Return an entry of the audit log, unsaved. `item_ids` is a packed IdSet; `detail` must not contain personal data.

    `user` is None for the shell, and for a failed login with a name that nobody has. `address` is the caller's IP
    address. It must be given only if the request has ended: the default is that of the current request.
    """
    return AuditEntry(
        kind=kind,
        user=user,
        address=address or current_address.get(),
        upload_id=upload_id,
        item_ids=item_ids,
        detail=detail[:300],
    )


def record(kind: AuditKind, user: User | None, **facts: Any) -> None:
    """Add an entry to the audit log. The arguments are those of make_entry."""
    make_entry(kind, user, **facts).save(force_insert=True)
