"""Load what the bell shows: a user's latest unread notices."""

from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth.models import User

from notices.models import Notice

MAX_COUNTED = 100
"""Maximum number of unread notices that are loaded. If that many are loaded, the bell shows "99+"."""


class UnreadNotice(NamedTuple):
    pk: int
    text: str


@dataclass(frozen=True)
class Unread:
    """A user's unread notices."""

    user_id: int
    newest: list[UnreadNotice]
    """At most MAX_COUNTED notices, newest first."""

    @property
    def count(self) -> str:
        """Return the number of unread notices as the bell shows it."""
        return f"{MAX_COUNTED - 1}+" if len(self.newest) == MAX_COUNTED else str(len(self.newest))

    @property
    def etag(self) -> str:
        """Return a value that changes with the bell: a new notice has a new id, and reading one lowers the count."""
        newest_id = self.newest[0].pk if self.newest else 0
        return f'"{self.user_id}-{newest_id}-{len(self.newest)}"'

    @property
    def ids(self) -> str:
        """Return the ids of the notices, separated by spaces."""
        return " ".join(str(notice.pk) for notice in self.newest)


def find_unread(user: User) -> Unread:
    """Load a user's unread notices in one query, which uses the index of unread notices."""
    newest = Notice.objects.filter(user=user).unread().values_list("pk", "text")[:MAX_COUNTED]
    return Unread(user.pk, [UnreadNotice(pk, text) for pk, text in newest])
