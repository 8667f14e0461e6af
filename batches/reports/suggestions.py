"""Suggest what a reader may be looking for: people, lists, pages, and actions.

The search of the bar shows these suggestions while its user types, and before that, what the user opened last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import AuditEntry, AuditKind
from accounts.rights import Right, can
from batches.action_rights import ACTION_RIGHTS
from batches.id_set import IdSet
from batches.models import Item, Upload
from batches.people.search_terms import MAX_SEARCH_WORDS, normalise
from batches.results.search import search_people
from batches.statuses import UPLOAD_STARTED, UploadStatus

MAX_PEOPLE = 6
MAX_LISTS = 6
MAX_RECENT = 4
"""How many of the people and lists that the reader opened last are shown before anything is typed."""
MAX_SEEN = 20
"""How many entries of the audit log are read to find the people whom the reader opened last."""
MAX_ACTED_ON = 3
"""For how many of the lists that were found the actions are shown."""
MIN_PEOPLE_SEARCH = 3
"""The least number of characters for which people are searched."""
MAX_TEXT = 100


@dataclass(frozen=True)
class Suggestion:
    """One line that a reader can choose."""

    label: str
    url: str
    icon: str
    detail: str = ""
    is_post: bool = False
    """Whether choosing it changes something, so that a button is needed."""


@dataclass
class SuggestionGroup:
    """Suggestions of one kind, with a link to all of that kind if there may be more."""

    title: str
    suggestions: list[Suggestion] = field(default_factory=list)
    more_url: str = ""
    more_label: str = ""


@dataclass(frozen=True)
class Target:
    """A page or an action that is the same for all lists."""

    label: str
    url_name: str
    icon: str
    keywords: str = ""
    """Other words by which it is found."""
    right: Right | None = None

    def suggest(self) -> Suggestion:
        return Suggestion(self.label, reverse(self.url_name), self.icon)


PAGES = (
    Target("Dashboard", "dashboard", icon="house", keywords="home start overview"),
    Target("Lists", "uploads", icon="list", keywords="uploads files"),
    Target("People", "items", icon="users", keywords="contacts results"),
    Target("Exports", "exports", icon="file-down", keywords="downloads csv files log"),
    Target("Reports", "reports", icon="trending-up", keywords="numbers"),
    Target("Spend", "spend", icon="wallet", keywords="reports money cost budget month", right=Right.SEE_LISTS),
    Target("Scorecards", "scorecards", icon="chart-column", keywords="reports match rate sources compare"),
    Target("Reconciliation", "reconciliation", icon="scale", keywords="reports vendor totals books"),
    Target("Batches", "batches", icon="layers", keywords="activity calls vendor"),
    Target("Export layouts", "layouts", icon="columns-3", keywords="columns presets dialer mailing"),
    Target("Do not contact", "suppressions", icon="ban", keywords="suppression dnc opt out", right=Right.SEE_CONTACTS),
    Target(
        "Scrub files", "scrubs", icon="phone-off", keywords="registry dnc state litigators", right=Right.SEE_CONTACTS
    ),
    Target("Unmatched deliveries", "unmatched-deliveries", icon="inbox", keywords="strays", right=Right.SEE_CONTACTS),
    Target("Notices", "notices", icon="bell", keywords="messages news"),
    Target("Settings", "settings", icon="settings", keywords="profile theme time zone mail"),
    Target("Security", "security", icon="lock", keywords="password passkey second factor"),
    Target("API tokens", "tokens", icon="code", keywords="programs keys"),
    Target("API reference", "api:openapi-view", icon="code", keywords="docs curl endpoints"),
    Target("Sending", "sending", icon="send", keywords="settings blocked unblock limits", right=Right.DECIDE),
    Target("Endpoints", "endpoints", icon="webhook", keywords="settings webhooks messages", right=Right.ADMINISTER),
    Target("Vendor key", "vendor-key", icon="key", keywords="settings check test live", right=Right.ADMINISTER),
    Target("Backups", "backups", icon="archive-restore", keywords="settings restore save", right=Right.ADMINISTER),
    Target("Purposes", "purposes", icon="clipboard-list", keywords="settings use why", right=Right.ADMINISTER),
    Target("Team", "team", icon="users", keywords="users roles invite", right=Right.ADMINISTER),
    Target("Audit log", "audit", icon="history", keywords="who did what", right=Right.ADMINISTER),
    Target("Retention", "retention", icon="clock", keywords="delete keep days", right=Right.ADMINISTER),
    Target("Help", "help", icon="circle-help", keywords="shortcuts questions how"),
    Target("What the words mean", "help-words", icon="book-open", keywords="glossary outcomes statuses columns help"),
)
ACTIONS = (
    Target(
        "Upload a list", "upload-new", icon="upload", keywords="new add file csv excel trace start", right=Right.UPLOAD
    ),
    Target("Trace one person", "item-new", icon="search", keywords="new single form lookup phone", right=Right.START),
    Target("Upload outcomes", "outcomes-upload", icon="upload", keywords="calls dialer file", right=Right.SUPPRESS),
    Target(
        "Add to Do not contact", "suppressions-add", icon="ban", keywords="suppress phone dnc", right=Right.SUPPRESS
    ),
    Target("New export layout", "layout-new", icon="columns-3", keywords="create columns", right=Right.EXPORT),
    Target("Invite a user", "team-invite", icon="user-plus", keywords="add colleague team", right=Right.ADMINISTER),
    Target("Forget a person", "forget", icon="eraser", keywords="erase delete privacy request", right=Right.ADMINISTER),
)


@dataclass(frozen=True)
class ListAction:
    """Something that can be done with one list, while it has one of these statuses."""

    verb: str
    url_name: str
    icon: str
    statuses: tuple[str, ...]
    is_post: bool = False

    def suggest(self, upload: Upload) -> Suggestion:
        is_filter = self.url_name == "items"
        url = f"{reverse('items')}?upload={upload.pk}" if is_filter else reverse(self.url_name, args=[upload.pk])
        return Suggestion(f"{self.verb} {upload.name}", url, self.icon, is_post=self.is_post)


REVIEWABLE = (UploadStatus.READY, UploadStatus.APPROVAL, UploadStatus.FAILED)
EXPORTABLE = (*UPLOAD_STARTED, UploadStatus.COMPLETE, UploadStatus.CANCELLED)
LIST_ACTIONS = (
    ListAction("Pause", "upload-pause", icon="pause", statuses=(UploadStatus.RUNNING,), is_post=True),
    ListAction("Resume", "upload-resume", icon="play", statuses=(UploadStatus.PAUSED,), is_post=True),
    ListAction("Review", "upload", icon="circle-check", statuses=REVIEWABLE),
    ListAction("Check the columns of", "upload-columns", icon="columns-3", statuses=(UploadStatus.DRAFT,)),
    ListAction("Export", "upload-export-choose", icon="file-down", statuses=EXPORTABLE),
    ListAction("Show the people of", "items", icon="users", statuses=EXPORTABLE),
)
"""What can be done with a list, the most urgent first. Starting one costs money, so it is done on the list's page."""


def suggest(text: str, user: User) -> tuple[list[SuggestionGroup], list[tuple[int, int]]]:
    """Return groups of suggestions, and the people in them as pairs of a list id and an item id.

    Without a text, suggest what the user opened last, and all actions and pages.
    """
    text = text.replace("\0", " ").strip()[:MAX_TEXT]
    people = find_people(text, user) if text else find_recent_people(user)
    uploads, verb = find_uploads(text, user) if text else (find_recent_uploads(user), "")
    people_group = SuggestionGroup("People" if text else "Recent people", [suggest_person(item) for item in people])
    lists_group = SuggestionGroup("Lists" if text else "Recent lists", [suggest_upload(upload) for upload in uploads])
    if text and len(people) == MAX_PEOPLE:
        people_group.more_url = f"{reverse('find')}?{urlencode({'q': text})}"
        people_group.more_label = f"All people for “{text}”"
    if text and len(uploads) == MAX_LISTS:
        lists_group.more_url = f"{reverse('uploads')}?{urlencode({'q': text})}"
        lists_group.more_label = f"All lists for “{text}”"
    own_actions = suggest_list_actions(uploads[:MAX_ACTED_ON], verb, user) if text else []
    actions_group = SuggestionGroup("Actions", [*own_actions, *suggest_targets(ACTIONS, text, user)])
    pages_group = SuggestionGroup("Pages", list(suggest_targets(PAGES, text, user)))
    groups = [people_group, lists_group, actions_group, pages_group]
    # A user who types a verb wants to act.
    if verb and own_actions:
        groups = [actions_group, lists_group, people_group, pages_group]
    return [group for group in groups if group.suggestions], [(item.upload_id, item.pk) for item in people]


def find_people(text: str, user: User) -> list[Item]:
    """Return people whom the text may mean, newest first. Return none if the user may not see contact details."""
    if len(text) < MIN_PEOPLE_SEARCH or not can(user, Right.SEE_CONTACTS):
        return []
    found = search_people(text, user, limit=MAX_PEOPLE)
    if not found.ids:
        return []
    return list(Item.objects.filter(pk__in=found.ids).for_tables().order_by("-pk"))


def find_recent_people(user: User) -> list[Item]:
    """Return the people whose pages the user opened last, as far as the user still sees them, the latest first."""
    if not can(user, Right.SEE_CONTACTS):
        return []
    seen = AuditEntry.objects.filter(user=user, kind=AuditKind.SEEN).order_by("-pk")
    ids: dict[int, None] = {}
    for packed in seen.values_list("item_ids", flat=True)[:MAX_SEEN]:
        ids |= dict.fromkeys(IdSet.unpack(bytes(packed)))
    latest = list(ids)[:MAX_RECENT]
    if not latest:
        return []
    items = Item.objects.visible_to(user).filter(pk__in=latest).for_tables()
    return sorted(items, key=lambda item: latest.index(item.pk))


def find_recent_uploads(user: User) -> list[Upload]:
    return list(Upload.objects.visible_to(user).unarchived().order_by("-pk")[:MAX_RECENT])


def find_uploads(text: str, user: User) -> tuple[list[Upload], str]:
    """Return lists whose name or source contains every word, newest first, and the verb that the text begins with.

    The text may contain only the beginning of a verb, as in “pau Probate”. If there is a verb, lists are also found by
    the other words alone.
    """
    words = text.split()[:MAX_SEARCH_WORDS]
    verb = next((action.verb for action in LIST_ACTIONS if normalise(action.verb).startswith(normalise(words[0]))), "")
    rest = words[1:] if verb else words
    visible = Upload.objects.visible_to(user)
    if verb:
        statuses = next(action.statuses for action in LIST_ACTIONS if action.verb == verb)
        acted_on = visible.filter(status__in=statuses).containing(rest)
        return list((visible.containing(words) | acted_on).order_by("-pk")[:MAX_LISTS]), verb
    return list(visible.containing(words).order_by("-pk")[:MAX_LISTS]), ""


def suggest_person(item: Item) -> Suggestion:
    return Suggestion(item.shown_name, item.get_absolute_url(), "user", f"{item.asked_address} · {item.upload.name}")


def suggest_upload(upload: Upload) -> Suggestion:
    return Suggestion(upload.name, upload.get_absolute_url(), "list", upload.get_status_display())


def suggest_list_actions(uploads: Iterable[Upload], verb: str, user: User) -> list[Suggestion]:
    """Return what the user may do with the lists now. With a verb, return only that action."""
    return [
        action.suggest(upload)
        for upload in uploads
        for action in LIST_ACTIONS
        if upload.status in action.statuses and (not verb or action.verb == verb) and may(user, action.url_name)
    ]


def may(user: User, url_name: str) -> bool:
    right = ACTION_RIGHTS.get(url_name)
    return right is None or can(user, right)


def suggest_targets(targets: Iterable[Target], text: str, user: User) -> Iterator[Suggestion]:
    """Yield the pages or actions that the user may open and that have a word beginning with each word of the text."""
    wanted = normalise(text).split()
    for target in targets:
        words = normalise(f"{target.label} {target.keywords}").split()
        is_found = all(any(word.startswith(beginning) for word in words) for beginning in wanted)
        if is_found and (target.right is None or can(user, target.right)):
            yield target.suggest()
