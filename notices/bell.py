"""The bell: a user's latest unread notices."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from notices.models import Notice

MAX_COUNTED = 100
"""Maximum number of unread notices that are loaded. If that many are, the bell shows "99+"."""


@dataclass(frozen=True)
class Unread:
    """A user's unread notices."""

    user_id: int
    newest: list[tuple[int, str]]
    """Id and text of at most MAX_COUNTED notices, newest first."""

    @property
    def count(self) -> str:
        return f"{MAX_COUNTED - 1}+" if len(self.newest) == MAX_COUNTED else str(len(self.newest))

    @property
    def etag(self) -> str:
        """Changes whenever the bell does: a new notice has a new id, and a read one lowers the count."""
        newest_id = self.newest[0][0] if self.newest else 0
        return f'"{self.user_id}-{newest_id}-{len(self.newest)}"'

    @property
    def ids(self) -> str:
        return " ".join(str(pk) for pk, _ in self.newest)


def find_unread(user: User) -> Unread:
    """Load a user's unread notices in one query, which uses the index of unread notices."""
    return Unread(user.pk, list(Notice.objects.filter(user=user).unread().values_list("pk", "text")[:MAX_COUNTED]))
