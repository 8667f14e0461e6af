"""The filters of the table of lists, and those of the people on a list's page. Each is a link."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import django_filters as filters
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import QueryDict

from accounts.rights import Right, can
from batches.models import Batch, Tag, Upload, UploadQuerySet
from batches.statuses import OUTCOME_UNUSABLE, UPLOAD_STARTED, Outcome, UploadStatus
from batches.tables.filters import IdFilter
from batches.tracing.counts import Counts


class ListView(StrEnum):
    """A view of the table of lists, as its address names it."""

    ALL = ""
    MINE = "mine"
    RUNNING = "running"
    NEEDS_ME = "needs-me"
    COMPLETE = "complete"
    ARCHIVED = "archived"


VIEW_LABELS = {
    ListView.ALL: "All",
    ListView.MINE: "Mine",
    ListView.RUNNING: "Running",
    ListView.NEEDS_ME: "Needs me",
    ListView.COMPLETE: "Complete",
    ListView.ARCHIVED: "Archived",
}
OWN_VIEWS = {ListView.MINE, ListView.NEEDS_ME}
"""Views that show other lists to each user."""


class UploadFilter(filters.FilterSet):
    q = filters.CharFilter(method="search")
    status = filters.ChoiceFilter(choices=UploadStatus.choices)
    by = filters.CharFilter(field_name="created_by__username", lookup_expr="icontains")
    source = filters.CharFilter(field_name="list_source", lookup_expr="icontains")
    tag = IdFilter(field_name="tags")
    view = filters.CharFilter(method="in_view")

    class Meta:
        model = Upload
        fields = ["q", "status", "by", "source", "tag", "view"]

    def __init__(self, data: QueryDict, user: User) -> None:
        """Filter the lists that `user` sees. Archived lists are only in the view of their own."""
        self.view = read_view(data)
        self.user = user
        self.visible = Upload.objects.visible_to(user)
        shown = self.visible.archived() if self.view == ListView.ARCHIVED else self.visible.unarchived()
        super().__init__(data, shown.with_creator().prefetch_related("tags"))

    def search(self, queryset: UploadQuerySet, _: str, text: str) -> UploadQuerySet:
        """Match the name of a list, of its source, or of the user who uploaded it."""
        names = ["name", "list_source", "created_by__username"]
        return queryset.filter(Q.create([(f"{name}__icontains", text) for name in names], connector=Q.OR))

    def in_view(self, queryset: UploadQuerySet, *_: str) -> UploadQuerySet:
        match self.view:
            case ListView.MINE:
                return queryset.owned_by(self.user)
            case ListView.RUNNING:
                return queryset.filter(status__in=[UploadStatus.CHECKING, *UPLOAD_STARTED])
            case ListView.NEEDS_ME:
                return queryset.filter(needs_user(self.user))
            case ListView.COMPLETE:
                return queryset.filter(status=UploadStatus.COMPLETE)
        return queryset

    @property
    def view_links(self) -> list["FilterLink"]:
        return make_links(self.data, "view", VIEW_LABELS, self.view)

    @property
    def source_links(self) -> list["FilterLink"]:
        """A link for each frequent source of the lists that the user sees."""
        sources = self.visible.list_sources()
        return make_links(self.data, "source", dict(zip(sources, sources, strict=True)), self.data.get("source", ""))

    @property
    def tag_links(self) -> list["FilterLink"]:
        """A link for each tag of the lists that the user sees."""
        tags = {str(tag.pk): tag.name for tag in Tag.objects.of_lists(self.visible)}
        return make_links(self.data, "tag", tags, self.data.get("tag", ""))

    @property
    def chosen_links(self) -> list["FilterLink"]:
        """The chosen source, tag, status and user, each as a link that drops it."""
        labels = {"source": "", "tag": "", "status": "", "by": "Uploaded by "}
        chosen = []
        for name, prefix in labels.items():
            if value := self.data.get(name, ""):
                label = self.name_choice(name, value)
                chosen.append(FilterLink(f"{prefix}{label}", make_address(self.data, name, ""), is_current=True))
        return chosen

    def name_choice(self, name: str, value: str) -> str:
        if name == "tag":
            tag = Tag.objects.of_lists(self.visible).filter(pk=value).first() if value.isdecimal() else None
            return str(tag or "Unknown tag")
        return str(dict(UploadStatus.choices).get(value, value)) if name == "status" else value

    @property
    def kept_fields(self) -> Iterable[tuple[str, Any]]:
        """What the search keeps of the address, as (name, value)."""
        return [(name, value) for name, value in self.data.items() if name not in ("q", "page") and value]


@dataclass(frozen=True)
class FilterLink:
    """A link that sets or drops one filter and keeps the others."""

    label: str
    address: str
    is_current: bool = False


def make_links(query: QueryDict, name: str, choices: Mapping[Any, str], current: str) -> list[FilterLink]:
    return [
        FilterLink(label, make_address(query, name, str(value)), is_current=str(value) == current)
        for value, label in choices.items()
    ]


def make_address(query: QueryDict, name: str, value: str) -> str:
    """Return the query string with one filter changed, on the first page."""
    changed = query.copy()
    changed.pop("page", None)
    changed.pop(name, None)
    if value:
        changed[name] = value
    return f"?{changed.urlencode()}"


def read_view(query: QueryDict) -> ListView:
    """Return the view that an address names, or that of all lists."""
    return next((view for view in ListView if view == query.get("view")), ListView.ALL)


def needs_user(user: User) -> Q:
    """Return the condition that a list waits for what a user may do.

    These are the user's own lists that are not started, lists that the user may approve, and lists with batches that
    the user may decide about.
    """
    needed = Q(pk__in=[])
    if can(user, Right.UPLOAD):
        own = Q(owner=user) | Q(owner=None, created_by=user)
        needed |= own & Q(status__in=[UploadStatus.DRAFT, UploadStatus.READY, UploadStatus.FAILED])
    if can(user, Right.APPROVE):
        needed |= Q(status=UploadStatus.APPROVAL) & ~Q(created_by=user) & ~Q(start_asked_by=user)
    if can(user, Right.DECIDE):
        needed |= Q(pk__in=Batch.objects.needing_decision().order_by().values("upload"))
    return needed


@dataclass(frozen=True)
class OutcomeFilter:
    """A link that shows only the people with one outcome."""

    value: str
    label: str
    count: int
    condition: Q


def has_result(outcome: Outcome) -> Q:
    """Return the condition that a person has this result (see `with_results`), be it new or from another list."""
    return Q(outcome=outcome) | Q(outcome=Outcome.REUSED, result=outcome)


def list_result_filters(counts: Counts) -> list[OutcomeFilter]:
    """Return a filter for each result that occurs."""
    filters = [
        OutcomeFilter(Outcome.MATCHED, "Matched", counts.matched, has_result(Outcome.MATCHED)),
        OutcomeFilter(Outcome.NO_MATCH, "No match", counts.no_match, has_result(Outcome.NO_MATCH)),
        OutcomeFilter(Outcome.ERROR, "Errors", counts.error, Q(outcome=Outcome.ERROR)),
        OutcomeFilter(Outcome.MISSING, "Missing", counts.missing, Q(outcome=Outcome.MISSING)),
    ]
    return [each for each in filters if each.count]


def list_unsent_filters(upload: Upload) -> list[OutcomeFilter]:
    """Return a filter for each reason why people were not sent."""
    filters = [
        OutcomeFilter(outcome, outcome.label, upload.unsent_counts[outcome], Q(outcome=outcome))
        for outcome in OUTCOME_UNUSABLE
    ]
    return [each for each in filters if each.count]


def find_chosen(filters: list[OutcomeFilter], data: QueryDict) -> OutcomeFilter | None:
    """Return the filter that the address names, or None if it names none of them."""
    return next((each for each in filters if each.value == data.get("outcome")), None)
