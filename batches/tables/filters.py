"""Filters above the tables of lists, batches, people, exports and the do-not-contact list."""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import django_filters as filters
from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.forms.boundfield import BoundField
from django.utils import timezone

from batches import assignments, sharing
from batches.assignments import list_filter_choices
from batches.exports.exported import was_exported
from batches.exports.rows import find_first_month
from batches.forms.exports import SEEN_LABELS
from batches.forms.widgets import CheckboxSelectMultiple, SearchInput, Select, TextInput
from batches.keys import MAX_KEY
from batches.models import Batch, Export, Item, ItemQuerySet, Suppression, SuppressionQuerySet, Upload
from batches.numbers.conditions import has_phone
from batches.people.search_terms import MAX_SEARCH_WORDS
from batches.results import search as result_search
from batches.statuses import BatchStatus, MatchCheck, Outcome, SuppressionKind, SuppressionReason


class IdFilter(filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_KEY, widget=forms.HiddenInput, **kwargs)


class SuppressionFilter(filters.FilterSet):
    q = filters.CharFilter(
        field_name="label", lookup_expr="icontains", label="Name, phone or email", widget=SearchInput
    )
    kind = filters.ChoiceFilter(choices=SuppressionKind.choices, empty_label="Any kind", widget=Select)
    reason = filters.ChoiceFilter(
        field_name="reason_kind",
        choices=SuppressionReason.choices,
        label="Why",
        empty_label="Any reason",
        widget=Select,
    )
    state = filters.ChoiceFilter(
        choices=[("due", "Due soon or overdue"), ("open", "Requests to carry out"), ("expired", "Expired")],
        label="State",
        empty_label="In force",
        method="filter_state",
        widget=Select,
    )

    class Meta:
        model = Suppression
        fields = ["q", "kind", "reason", "state"]

    @property
    def qs(self) -> Any:
        """Return the entries in force, unless the state says otherwise."""
        found = super().qs
        return found if self.form.cleaned_data.get("state") else found.in_force()

    def filter_state(self, entries: SuppressionQuerySet, name: str, state: str) -> SuppressionQuerySet:
        if state == "expired":
            return entries.has_expired()
        return entries.due_soon() if state == "due" else entries.open_requests()


class ExportFilter(filters.FilterSet):
    upload = IdFilter()
    user = filters.CharFilter(field_name="user__username", lookup_expr="icontains", label="Who", widget=SearchInput)

    class Meta:
        model = Export
        fields = ["upload", "user"]


class BatchFilter(filters.FilterSet):
    upload = IdFilter()
    status = filters.ChoiceFilter(choices=BatchStatus.choices, empty_label="Any status", widget=Select)

    class Meta:
        model = Batch
        fields = ["upload", "status"]


CONTACT_CONDITIONS = {
    "mobile": ("A mobile", Q(digest__mobiles__gt=0)),
    "usable": ("A mobile that may be called", Q(digest__mobiles__gt=0)),
    "callable": ("A phone that may be called", Q(digest__phones__gt=0)),
    "phone": ("A phone", Q(digest__phones__gt=0)),
    "email": ("An email", Q(digest__emails__gt=0)),
    "none": ("Neither phone nor email", Q(digest__phones=0, digest__emails=0)),
}
PHONE_CONDITIONS: dict[str, dict[str, Any]] = {
    "mobile": {"mobile": True},
    "usable": {"mobile": True, "callable": True},
    "callable": {"callable": True},
}
"""Contact condition → what one phone must be, besides. If the filter by months is set, the same phone must pass it."""
DO_NOT_CALL_CONDITIONS = {
    "none": ("None of the numbers", Q(digest__phones__gt=0)),
    "some": ("Some number", Q(digest__phones__gt=0)),
    "all": ("All numbers", Q(digest__phones__gt=0)),
}
SEEN_CONDITIONS = {value: (label, Q(digest__phones__gt=0)) for value, label in SEEN_LABELS.items() if value}
DECEASED_CONDITIONS = {
    "yes": ("Yes", Q(digest__deceased=True)),
    "no": ("No, or unknown", ~Q(digest__deceased=True) | Q(digest=None)),
}

EXPORTED_CONDITIONS = {"no": ("Not exported yet", Q()), "yes": ("Exported before", Q())}
CREDIT_CONDITIONS = {"odd": ("Cannot be counted", Q(digest__odd_credits__gt=""))}


OTHER_FIELDS = ["has", "seen", "dnc", "deceased", "credits", "exported", "state", "assigned", "problem"]
"""The filters of people that are no checkboxes, as an export's page shows them."""


class ConditionFilter(filters.ChoiceFilter):
    """A choice among conditions, given as value → (label, condition of a record)."""

    def __init__(self, conditions: Mapping[str, tuple[str, Q]], says_all: bool = False, **kwargs: Any) -> None:
        """Make a filter. If `says_all`, the labels of its choices are clear without the filter's own."""
        self.conditions, self.says_all = conditions, says_all
        choices = [(value, label) for value, (label, _) in conditions.items()]
        super().__init__(choices=choices, empty_label="Any", widget=Select, **kwargs)

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(self.conditions[value][1]) if value in self.conditions else queryset


class ItemFilter(filters.FilterSet):
    upload = IdFilter()
    batch = IdFilter()
    q = filters.CharFilter(method="search", label="Name, address, phone or email", widget=SearchInput)
    outcome = filters.MultipleChoiceFilter(
        choices=Outcome.choices, method="filter_outcome", widget=CheckboxSelectMultiple
    )
    match = filters.MultipleChoiceFilter(
        field_name="digest__match",
        choices=MatchCheck.choices,
        distinct=False,
        label="Match check",
        widget=CheckboxSelectMultiple,
    )
    has = ConditionFilter(CONTACT_CONDITIONS, label="Has", method="filter_has")
    seen = ConditionFilter(SEEN_CONDITIONS, label="Phone seen within", method="filter_seen")
    dnc = ConditionFilter(DO_NOT_CALL_CONDITIONS, label="Do not call", method="filter_do_not_call")
    deceased = ConditionFilter(DECEASED_CONDITIONS, label="Deceased")
    credits = ConditionFilter(CREDIT_CONDITIONS, label="Credits")
    exported = ConditionFilter(EXPORTED_CONDITIONS, label="Exports", method="filter_exported", says_all=True)
    state = filters.CharFilter(
        method="in_state",
        label="State",
        max_length=2,
        widget=TextInput({"class": "input short", "autocapitalize": "characters"}),
    )
    assigned = filters.ChoiceFilter(
        method="filter_assigned", choices=(), label="Assigned to", empty_label="Anybody", widget=Select
    )
    shared = filters.CharFilter(method="filter_shared", max_length=16, label="Shared link", widget=forms.HiddenInput)
    problem = filters.CharFilter(field_name="message", lookup_expr="icontains", label="Problem", widget=SearchInput)

    class Meta:
        model = Item
        fields = [
            "upload",
            "batch",
            "q",
            "outcome",
            "match",
            "has",
            "seen",
            "dnc",
            "deceased",
            "credits",
            "exported",
            "state",
            "assigned",
            "shared",
            "problem",
        ]

    def __init__(self, data: Any, queryset: QuerySet, user: User | None, upload: Upload | None = None) -> None:
        """Filter `queryset`, of people whom `user` sees; None sees everyone.

        `upload` is the list that the queryset is limited to, if `data` does not name it.
        """
        super().__init__(data, queryset)
        self.user = user
        self.list_of_page = upload
        # A function: the choices are only loaded if they are shown, or one is chosen.
        self.filters["assigned"].extra["choices"] = partial(list_filter_choices, user)

    def search(self, queryset: QuerySet, _: str, text: str) -> QuerySet:
        """Search people.

        Within a list or batch, match people whose requested fields contain every word. Otherwise, use the search index.
        """
        if not (self.list_of_page or self.form.cleaned_data.get("upload") or self.form.cleaned_data.get("batch")):
            return queryset.filter(pk__in=result_search.search_people(text, self.user).ids)
        fields = ["first_name", "last_name", "address", "city", "mail_address", "phone", "email"]
        for word in text.split()[:MAX_SEARCH_WORDS]:
            queryset = queryset.filter(Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR))
        return queryset

    def filter_outcome(self, items: ItemQuerySet, _: str, outcomes: list[str]) -> ItemQuerySet:
        """Match people by outcome. A reused answer counts as what it is, and as reused."""
        return items.with_result(outcomes) if outcomes else items

    def in_state(self, queryset: QuerySet, _: str, text: str) -> QuerySet:
        """Match the state of the property, or that of the mailing address if the property has none."""
        state = text.upper()
        return queryset.filter(Q(state=state) | Q(state="", mail_state=state))

    @property
    def first_month(self) -> str:
        """The first month in which a phone may have been seen last, by the filter; "" for any."""
        return find_first_month(int(self.form.cleaned_data.get("seen") or 0), timezone.localdate())

    def filter_has(self, items: ItemQuerySet, _: str, value: str) -> ItemQuerySet:
        items = items.filter(CONTACT_CONDITIONS[value][1])
        if value not in PHONE_CONDITIONS or (value == "mobile" and not self.first_month):
            return items
        return items.filter(has_phone(**PHONE_CONDITIONS[value], first_month=self.first_month))

    def filter_seen(self, items: ItemQuerySet, _: str, value: str) -> ItemQuerySet:
        """Match people with a phone that was seen within some months, unless the filter of contacts does so."""
        if self.form.cleaned_data.get("has") in PHONE_CONDITIONS:
            return items
        return items.filter(SEEN_CONDITIONS[value][1], has_phone(first_month=self.first_month))

    def filter_do_not_call(self, items: ItemQuerySet, _: str, value: str) -> ItemQuerySet:
        items = items.filter(DO_NOT_CALL_CONDITIONS[value][1])
        if value == "all":
            return items.exclude(has_phone(callable=True))
        must_not = has_phone(callable=False)
        return items.filter(must_not) if value == "some" else items.exclude(must_not)

    def filter_exported(self, items: ItemQuerySet, _: str, value: str) -> ItemQuerySet:
        """Match people who are in an export of their list, or in none. Only complete exports count."""
        chosen = self.form.cleaned_data
        exports = Export.objects.all()
        if upload := self.list_of_page or chosen.get("upload"):
            exports = exports.filter(upload=upload)
        elif batch := chosen.get("batch"):
            exports = exports.filter(upload__batches=batch)
        condition = was_exported(exports)
        if value == "yes":
            return items.filter(condition) if condition else items.none()
        return items.exclude(condition) if condition else items

    def filter_assigned(self, items: ItemQuerySet, _: str, value: str) -> ItemQuerySet:
        return assignments.filter_assigned(items, value, self.user)

    def filter_shared(self, items: ItemQuerySet, _: str, key: str) -> ItemQuerySet:
        return sharing.filter_shared(items, key)

    @property
    def looks_up_numbers(self) -> bool:
        """Whether the people are filtered by each of their phones, and not only by columns."""
        self.form.is_valid()
        chosen = self.form.cleaned_data
        return chosen.get("has") in PHONE_CONDITIONS or bool(chosen.get("dnc") or chosen.get("seen"))

    @property
    def is_bounded(self) -> bool:
        """Whether a list, a batch, an assignee or a search limits the people."""
        return self.can_choose_all or bool(self.form.cleaned_data.get("q"))

    @property
    def can_choose_all(self) -> bool:
        """Whether something can be done with all people who match: those of a list, a batch, a link or an assignee."""
        self.form.is_valid()
        chosen = self.form.cleaned_data
        is_of_somebody = chosen.get("assigned", "") not in ("", "nobody")
        return is_of_somebody or any(map(chosen.get, ("upload", "batch", "shared")))

    @property
    def checkbox_fields(self) -> list[BoundField]:
        return [self.form[name] for name in ("outcome", "match")]

    @property
    def other_fields(self) -> list[BoundField]:
        return [self.form[name] for name in OTHER_FIELDS]

    @property
    def chosen(self) -> dict[str, list[str]]:
        """The active filters as name → values, for the log of exports."""
        names = [name for name in self.filters if name != "upload"]
        return {name: values for name in names if any(values := self.data.getlist(name))}

    @property
    def signature(self) -> str:
        """A hash that is equal for addresses with the same filters, and does not reveal them."""
        pairs = sorted((name, value) for name in self.filters for value in self.data.getlist(name) if value)
        return hashlib.blake2b(repr(pairs).encode(), digest_size=8).hexdigest()
