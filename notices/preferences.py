"""Find out which notices users want by mail."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import get_user_model

from notices.models import Kind, MailPreference

MAILED_KINDS: dict[str, set[Kind]] = {
    MailPreference.EVERYTHING: set(Kind),
    MailPreference.NEEDED: set(Kind) - {Kind.COMPLETE},
    MailPreference.NOTHING: set(),
}


def find_mailed_kinds(user_ids: Iterable[int]) -> dict[int, set[Kind]]:
    """Return, by user id, the kinds of notices that each user wants by mail. This takes one query.

    Users who are inactive or have no address are left out. Users who have not chosen get all notices, because these are
    about their own lists or need a decision.
    """
    if not settings.IS_MAILING:
        return {}
    users = get_user_model().objects.filter(pk__in=user_ids, is_active=True).exclude(email="")
    chosen = users.values_list("pk", "preference__mails")
    return {pk: MAILED_KINDS[mails or MailPreference.EVERYTHING] for pk, mails in chosen}
