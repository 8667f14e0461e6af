"""Who wants to be mailed what."""

from django.conf import settings
from django.contrib.auth import get_user_model

from notices.models import Kind, Mails

WANTED = {
    Mails.EVERYTHING: set(Kind),
    Mails.NEEDED: set(Kind) - {Kind.COMPLETE},
    Mails.NOTHING: set(),
}


def find_wishes(user_ids):
    """User → kinds that they want to be mailed, in one query. Nobody who is inactive or has no address is among them.

    Who has not chosen gets everything: it is about their own lists, or they are needed.
    """
    if not settings.IS_MAILING:
        return {}
    users = get_user_model().objects.filter(pk__in=user_ids, is_active=True).exclude(email="")
    return {pk: WANTED[mails or Mails.EVERYTHING] for pk, mails in users.values_list("pk", "preference__mails")}
