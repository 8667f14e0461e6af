"""Share a selection of people by a short link. The link gives no rights: it shows people only to users who see them."""

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.utils import timezone

from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.models import ItemQuerySet, SharedSelection, Upload
from batches.people_audit import record_people
from batches.retention import Retained, delete_records

MAX_SHARED = 1_000
"""Maximum number of people who are shared one by one. Filters can stand for more."""
MAX_QUERY = 2_000
MAX_SHOWN = 100
"""Maximum number of links that a user's own list of links shows, the latest first."""
PERSONAL = {"q", "problem", "shared"}
"""Filters that may name somebody or are somebody's own. They are not stored; the people are."""


class TooMany(Exception):
    """There are too many people to share one by one. The message says what to do."""


def share(
    items: ItemQuerySet, filters: Mapping[str, Sequence[str]], user: User, upload: Upload | None = None
) -> SharedSelection:
    """Return a new link to people: to all who match the filters or, without filters, to these people one by one.

    People are also shared one by one if the filters name somebody or mean something else for others. Raise TooMany if
    there are too many people for that.
    """
    require(user, Right.SEE_LISTS)
    query = urlencode(sorted((name, value) for name, values in filters.items() for value in values if value))
    if query and len(query) <= MAX_QUERY and not needs_people(filters):
        return SharedSelection.objects.create(query=query, upload=upload, made_by=user)
    people = list(items.visible_to(user).order_by("pk").values_list("upload_id", "pk")[: MAX_SHARED + 1])
    if len(people) > MAX_SHARED:
        raise TooMany(
            f"No link was made: at most {MAX_SHARED:,} people can be shared with these filters. Narrow the filters."
        )
    record_people(AuditKind.SHARED, user, people)
    return SharedSelection.objects.create(item_ids=[pk for _, pk in people], upload=upload, made_by=user)


def needs_people(filters: Mapping[str, Sequence[str]]) -> bool:
    """Return whether filters name somebody, or mean something else for others."""
    return any(any(filters.get(name, ())) for name in PERSONAL) or any(filters.get("assigned", ()))


def find_shared(key: str) -> SharedSelection | None:
    """Return the selection with this key, if its link still works."""
    return SharedSelection.objects.in_force().filter(key=key).select_related("made_by").first()


def filter_shared(items: ItemQuerySet, key: str) -> ItemQuerySet:
    """Keep the people who are shared one by one by a link, and nobody if the link no longer works."""
    shared = find_shared(key)
    return items.filter(pk__in=shared.item_ids or []) if shared else items.none()


def list_own(user: User) -> list[SharedSelection]:
    """Return the links that a user has made and that still work, the latest first."""
    made = SharedSelection.objects.in_force().filter(made_by=user).select_related("upload")
    return list(made.order_by("-pk")[:MAX_SHOWN])


def revoke(pk: int, user: User) -> bool:
    """Revoke one of a user's own links. Return False if it was revoked before."""
    own = SharedSelection.objects.filter(pk=pk, made_by=user, revoked_at=None)
    return own.update(revoked_at=timezone.now()) == 1


# Deleting


def forget_shared(item_ids: Collection[int]) -> int:
    """Take people who are erased out of all links. Return how many links named them."""
    gone, changed = set(item_ids), []
    for shared in SharedSelection.objects.exclude(item_ids=None).only("item_ids"):
        kept = [pk for pk in shared.item_ids or [] if pk not in gone]
        if kept != shared.item_ids:
            shared.item_ids = kept
            changed.append(shared)
    SharedSelection.objects.bulk_update(changed, ["item_ids"], batch_size=100)
    return len(changed)


RETAINED_LINKS = Retained("Shared selections of people", SharedSelection.objects.all(), "made_at", delete_records)
