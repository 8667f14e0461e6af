"""What the bell says: the newest of a user's unread notices."""

from dataclasses import dataclass

from notices.models import Notice

MOST = 100
"""So many are looked at; of more the bell says "99+"."""


@dataclass(frozen=True)
class Unread:
    user_id: int
    newest: list
    """(id, text) of at most MOST, the newest first."""

    @property
    def count(self):
        return f"{MOST - 1}+" if len(self.newest) == MOST else str(len(self.newest))

    @property
    def etag(self):
        """Another one whenever the bell says something else: a new notice has a new number, a read one is missing."""
        newest_id = self.newest[0][0] if self.newest else 0
        return f'"{self.user_id}-{newest_id}-{len(self.newest)}"'

    @property
    def ids(self):
        return " ".join(str(pk) for pk, _ in self.newest)


def find_unread(user):
    """One query, of the index of what is unread."""
    return Unread(user.pk, list(Notice.objects.filter(user=user).unread().values_list("pk", "text")[:MOST]))
