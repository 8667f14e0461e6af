"""Filters above the tables of lists, batches, people, exports and the do-not-contact list."""

import hashlib
from collections.abc import Mapping
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.forms.boundfield import BoundField

from batches.forms.widgets import CheckboxSelectMultiple, SearchInput, Select, TextInput
from batches.models import Batch, Export, Item, Suppression, Upload
from batches.people.search_terms import MAX_SEARCH_WORDS
from batches.results import search as result_search
from batches.statuses import BatchStatus, MatchCheck, Outcome, SuppressionKind, UploadStatus


class IdFilter(filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput, **kwargs)


class UploadFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name", widget=SearchInput)
    status = filters.ChoiceFilter(choices=UploadStatus.choices, empty_label="Any status", widget=Select)
    by = filters.CharFilter(field_name="created_by__username", lookup_expr="icontains", label="By", widget=SearchInput)
    source = filters.CharFilter(field_name="list_source", lookup_expr="icontains", label="Source", widget=SearchInput)

    class Meta:
        model = Upload
        fields = ["q", "status", "by", "source"]


class SuppressionFilter(filters.FilterSet):
    q = filters.CharFilter(
        field_name="label", lookup_expr="icontains", label="Name, phone or email", widget=SearchInput
    )
    kind = filters.ChoiceFilter(choices=SuppressionKind.choices, empty_label="Any kind", widget=Select)

    class Meta:
        model = Suppression
        fields = ["q", "kind"]


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
    "usable": ("A mobile that may be called", Q(digest__usable_mobiles__gt=0)),
    "phone": ("A phone", Q(digest__phones__gt=0)),
    "email": ("An email", Q(digest__emails__gt=0)),
    "none": ("Neither phone nor email", Q(digest__phones=0, digest__emails=0)),
}
DO_NOT_CALL_CONDITIONS = {
    "none": ("None of the numbers", Q(digest__phones__gt=0, digest__do_not_call=0)),
    "some": ("Some number", Q(digest__do_not_call__gt=0)),
    "all": ("All numbers", Q(digest__do_not_call__gt=0, digest__do_not_call=F("digest__phones"))),
}
DECEASED_CONDITIONS = {
    "yes": ("Yes", Q(digest__deceased=True)),
    "no": ("No, or unknown", ~Q(digest__deceased=True) | Q(digest=None)),
}


CREDIT_CONDITIONS = {"odd": ("Cannot be counted", Q(digest__odd_credits__gt=""))}


class ConditionFilter(filters.ChoiceFilter):
    """A choice among conditions, given as value → (label, condition of an item)."""

    def __init__(self, conditions: Mapping[str, tuple[str, Q]], **kwargs: Any) -> None:
        self.conditions = conditions
        choices = [(value, label) for value, (label, _) in conditions.items()]
        super().__init__(choices=choices, empty_label="Any", widget=Select, **kwargs)

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(self.conditions[value][1]) if value in self.conditions else queryset


class ItemFilter(filters.FilterSet):
    upload = IdFilter()
    batch = IdFilter()
    q = filters.CharFilter(method="search", label="Name, address, phone or email", widget=SearchInput)
    outcome = filters.MultipleChoiceFilter(choices=Outcome.choices, distinct=False, widget=CheckboxSelectMultiple)
    match = filters.MultipleChoiceFilter(
        field_name="digest__match",
        choices=MatchCheck.choices,
        distinct=False,
        label="Match check",
        widget=CheckboxSelectMultiple,
    )
    has = ConditionFilter(CONTACT_CONDITIONS, label="Has")
    dnc = ConditionFilter(DO_NOT_CALL_CONDITIONS, label="Do not call")
    deceased = ConditionFilter(DECEASED_CONDITIONS, label="Deceased")
    credits = ConditionFilter(CREDIT_CONDITIONS, label="Credits")
    state = filters.CharFilter(
        method="in_state",
        label="State",
        max_length=2,
        widget=TextInput({"class": "form-control short", "autocapitalize": "characters"}),
    )
    problem = filters.CharFilter(field_name="message", lookup_expr="icontains", label="Problem", widget=SearchInput)

    class Meta:
        model = Item
        fields = ["upload", "batch", "q", "outcome", "match", "has", "dnc", "deceased", "credits", "state", "problem"]

    def __init__(self, data: Any, queryset: QuerySet, upload: Upload | None = None) -> None:
        """Filter `queryset`. `upload` is the list that it is limited to already, if `data` does not name one."""
        super().__init__(data, queryset)
        self.is_one_upload = upload is not None

    def search(self, queryset: QuerySet, _: str, text: str) -> QuerySet:
        """Search people.

        Within a list or batch, match people whose requested fields contain every word. Otherwise, use the search index.
        """
        if not (self.is_one_upload or self.form.cleaned_data.get("upload") or self.form.cleaned_data.get("batch")):
            return queryset.filter(pk__in=result_search.search_people(text).ids)
        fields = ["first_name", "last_name", "address", "city", "mail_address", "phone", "email"]
        for word in text.split()[:MAX_SEARCH_WORDS]:
            queryset = queryset.filter(Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR))
        return queryset

    def in_state(self, queryset: QuerySet, _: str, text: str) -> QuerySet:
        """Match the state of the property, or that of the mailing address if the property has none."""
        state = text.upper()
        return queryset.filter(Q(state=state) | Q(state="", mail_state=state))

    @property
    def is_bounded(self) -> bool:
        """Whether a list, a batch or a search limits the people."""
        self.form.is_valid()
        return any(self.form.cleaned_data.get(name) for name in ("upload", "batch", "q"))

    @property
    def groups(self) -> list[BoundField]:
        return [self.form[name] for name in ("outcome", "match")]

    @property
    def selects(self) -> list[BoundField]:
        return [self.form[name] for name in ("has", "dnc", "deceased", "credits", "state", "problem")]

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
