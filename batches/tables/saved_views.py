"""Views of tables: some that everybody has, and those that a user has saved under a name."""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.rights import Right, Role, require
from batches.models import EVERYONE, EXPORT_TABLE, SavedView

MAX_VIEWS = 30
"""How many views a user can save for one table."""
PEOPLE = "tickableitemtable"
READY_TO_CALL = "deceased=no&has=callable&match=same"
"""The people to call first: the right person, alive as far as is known, with a number that may be called."""
MY_PEOPLE = "assigned=me"
NOT_EXPORTED = "exported=no&outcome=matched"
"""People with a match that is in no file yet."""
COMMON_VIEWS: dict[str, list[tuple[str, str]]] = {
    PEOPLE: [
        ("Everyone", ""),
        ("My people", MY_PEOPLE),
        ("Ready to call", READY_TO_CALL),
        ("Check first", "has=callable&match=other&match=perhaps"),
        ("Not exported yet", NOT_EXPORTED),
        ("To re-run", "outcome=missing&outcome=error"),
    ],
    "uploadtable": [("All lists", "")],
    "exporttable": [("All exports", "")],
    "suppressiontable": [
        ("All", ""),
        ("People", "kind=person"),
        ("Phones", "kind=phone"),
        ("Emails", "kind=email"),
        ("Due soon", "state=due"),
    ],
    "unmatcheddeliverytable": [("All", ""), ("Waiting", "status=waiting")],
    "reconciliationtable": [("All batches", ""), ("By list", "by=list"), ("By month", "by=month")],
    "scorecards": [("Sources", ""), ("Lists of the last 3 months", "by=list&months=3")],
    "spend": [("Sources this month", ""), ("Teams last month", "by=team&period=last-month")],
    "audittable": [("Everything", ""), ("Exports", "kind=exported"), ("Failed logins", "kind=login_failed")],
}
"""Table → the names and queries of the views that everybody has."""
NOT_SAVED = {"page", "per_page", "upload", "batch", "item", "count", "preset", "shared"}
"""Parameters that are left out of every view: where the reader was, and which list, batch or person it was about."""
TYPED_WORDS = {
    PEOPLE: {"q", "problem"},
    "suppressiontable": {"q"},
    "audittable": {"item"},
    EXPORT_TABLE: {"q", "problem"},
}
"""Table → parameters in which somebody may be named. They are not saved either."""

SHARED_WITH = {
    "": "Only me",
    EVERYONE: "Everyone",
    Role.MEMBER.value: "Members",
    Role.LEAD.value: "Leads",
    Role.ADMINISTRATOR.value: "Administrators",
}
"""With whom a preset can be shared → what the form calls them. They are the roles that may export."""


class ViewTab(NamedTuple):
    """A view as a link above its table."""

    name: str
    query: str
    is_current: bool
    pk: int | None = None
    """None for a view that everybody has."""
    people_count: int = 0
    """How many people it has, if that is shown."""


def normalise_query(table: str, query: str) -> str:
    """Return a query string without empty parameters and without those that are not saved, in a fixed order."""
    left_out = NOT_SAVED | TYPED_WORDS.get(table, set())
    pairs = parse_qsl(query[:4000], keep_blank_values=False)
    return urlencode(sorted({(name, value) for name, value in pairs if name not in left_out and value.strip()}))


def list_tabs(user: User, table: str, query: str) -> list[ViewTab]:
    """Return the views of a table. The one that the reader looks at is marked; columns do not count."""
    now = without_columns(normalise_query(table, query))
    common = [ViewTab(name, text, is_same(table, text, now)) for name, text in COMMON_VIEWS.get(table, [("All", "")])]
    saved = [
        ViewTab(view.name, view.query, is_same(table, view.query, now), view.pk)
        for view in SavedView.objects.of_table(user, table)
    ]
    # A user may have saved what everybody has. Then the user's own name counts.
    if any(tab.is_current for tab in saved):
        common = [tab._replace(is_current=False) for tab in common]
    return [*common, *saved]


def is_same(table: str, query: str, now: str) -> bool:
    return without_columns(normalise_query(table, query)) == now


def without_columns(query: str) -> str:
    return urlencode([(name, value) for name, value in parse_qsl(query) if name != "columns"])


def save_view(user: User, table: str, name: str, query: str, shared_with: str = "") -> SavedView:
    """Save a view, or replace the one with the same name. Raise ValidationError if it has no name or is one too many.

    Nobody but the user sees the view in the table, but its address can be passed on. A preset of exports can be shared
    with a role or with everyone, by those who may decide.
    """
    if shared_with not in SHARED_WITH or table != EXPORT_TABLE:
        shared_with = ""
    if shared_with:
        require(user, Right.DECIDE)
    name = " ".join(name.split())[:60]
    if not name:
        raise ValidationError("Please give the view a name.")
    views = SavedView.objects.of_table(user, table)
    if views.exclude(name=name).count() >= MAX_VIEWS:
        raise ValidationError(f"You have {MAX_VIEWS} saved views here. Please delete one first.")
    normalised = normalise_query(table, query)
    if len(normalised) > 2000:
        raise ValidationError("These filters are too long to be saved.")
    saved = {"query": normalised, "shared_with": shared_with}
    view, _ = SavedView.objects.update_or_create(user=user, table=table, name=name, defaults=saved)
    return view


def rename_view(view: SavedView, name: str) -> None:
    """Give a view another name. Raise ValidationError if there is no name, or another view has it."""
    view.name = " ".join(name.split())[:60]
    if not view.name:
        raise ValidationError("Please give the view a name.")
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError:
        raise ValidationError(f"You already have a view “{view.name}” here.") from None
