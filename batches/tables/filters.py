import hashlib

import django_filters as filters
from django import forms
from django.db.models import F, Q

from batches.models import Batch, Export, Item, Suppression, Upload
from batches.people.search_terms import MOST_WORDS
from batches.results import search as result_search
from batches.statuses import BatchStatus, MatchCheck, Outcome, SuppressionKind, UploadStatus

SELECT = forms.Select(attrs={"class": "form-select"})
BOXES = forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
STATE = forms.TextInput(attrs={"class": "form-control short", "autocapitalize": "characters"})
SEARCH = forms.TextInput(attrs={"class": "form-control", "type": "search"})


class IdFilter(filters.Filter):
    field_class = forms.IntegerField

    def __init__(self, **kwargs):
        super().__init__(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput, **kwargs)


class UploadFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name", widget=SEARCH)
    status = filters.ChoiceFilter(choices=UploadStatus.choices, empty_label="Any status", widget=SELECT)
    by = filters.CharFilter(field_name="created_by__username", lookup_expr="icontains", label="By", widget=SEARCH)
    source = filters.CharFilter(lookup_expr="icontains", label="Source", widget=SEARCH)

    class Meta:
        model = Upload
        fields = ["q", "status", "by", "source"]


class SuppressionFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="label", lookup_expr="icontains", label="Name, phone or email", widget=SEARCH)
    kind = filters.ChoiceFilter(choices=SuppressionKind.choices, empty_label="Any kind", widget=SELECT)

    class Meta:
        model = Suppression
        fields = ["q", "kind"]


class ExportFilter(filters.FilterSet):
    upload = IdFilter()
    user = filters.CharFilter(field_name="user__username", lookup_expr="icontains", label="Who", widget=SEARCH)

    class Meta:
        model = Export
        fields = ["upload", "user"]


class BatchFilter(filters.FilterSet):
    upload = IdFilter()
    status = filters.ChoiceFilter(choices=BatchStatus.choices, empty_label="Any status", widget=SELECT)

    class Meta:
        model = Batch
        fields = ["upload", "status"]


HAS = {
    "mobile": ("A mobile", Q(digest__mobiles__gt=0)),
    "usable": ("A mobile that may be called", Q(digest__usable_mobiles__gt=0)),
    "phone": ("A phone", Q(digest__phones__gt=0)),
    "email": ("An email", Q(digest__emails__gt=0)),
    "none": ("Neither phone nor email", Q(digest__phones=0, digest__emails=0)),
}
DO_NOT_CALL = {
    "none": ("None of the numbers", Q(digest__phones__gt=0, digest__do_not_call=0)),
    "some": ("Some number", Q(digest__do_not_call__gt=0)),
    "all": ("All numbers", Q(digest__do_not_call__gt=0, digest__do_not_call=F("digest__phones"))),
}
DECEASED = {
    "yes": ("Yes", Q(digest__deceased=True)),
    "no": ("No, or not said", ~Q(digest__deceased=True) | Q(digest=None)),
}


class ConditionFilter(filters.ChoiceFilter):
    """A choice among conditions: value → its words and what it asks of an item."""

    def __init__(self, conditions, **kwargs):
        self.conditions = conditions
        choices = [(value, words) for value, (words, _) in conditions.items()]
        super().__init__(choices=choices, empty_label="Any", widget=SELECT, **kwargs)

    def filter(self, queryset, value):
        return queryset.filter(self.conditions[value][1]) if value in self.conditions else queryset


class ItemFilter(filters.FilterSet):
    upload = IdFilter()
    batch = IdFilter()
    q = filters.CharFilter(method="search", label="Name, address, phone or email", widget=SEARCH)
    outcome = filters.MultipleChoiceFilter(choices=Outcome.choices, distinct=False, widget=BOXES)
    match = filters.MultipleChoiceFilter(
        field_name="digest__match", choices=MatchCheck.choices, distinct=False, label="Match check", widget=BOXES
    )
    has = ConditionFilter(HAS, label="Has")
    dnc = ConditionFilter(DO_NOT_CALL, label="Do not call")
    deceased = ConditionFilter(DECEASED, label="Deceased")
    state = filters.CharFilter(method="in_state", label="State", max_length=2, widget=STATE)
    problem = filters.CharFilter(field_name="message", lookup_expr="icontains", label="Problem", widget=SEARCH)

    class Meta:
        model = Item
        fields = ["upload", "batch", "q", "outcome", "match", "has", "dnc", "deceased", "state", "problem"]

    def __init__(self, data, queryset, upload=None):
        """`upload` is whose people all of them are, where that is told by the address and not by `data`."""
        super().__init__(data, queryset)
        self.is_of_one = upload is not None

    def search(self, queryset, _, text):
        """Of a list those in whom every word stands somewhere in what was asked for; of all, who is found by them."""
        if not (self.is_of_one or self.form.cleaned_data.get("upload") or self.form.cleaned_data.get("batch")):
            return queryset.filter(pk__in=result_search.find(text).ids)
        fields = ["first_name", "last_name", "address", "city", "mail_address", "phone", "email"]
        for word in text.split()[:MOST_WORDS]:
            queryset = queryset.filter(Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR))
        return queryset

    def in_state(self, queryset, _, text):
        """By the property's state, or the mailing address' where there is none."""
        state = text.upper()
        return queryset.filter(Q(state=state) | Q(state="", mail_state=state))

    @property
    def is_bounded(self):
        """Whether a list, a batch or a search narrows all people down to some of them."""
        self.form.is_valid()
        return any(self.form.cleaned_data.get(name) for name in ("upload", "batch", "q"))

    @property
    def groups(self):
        return [self.form[name] for name in ("outcome", "match")]

    @property
    def selects(self):
        return [self.form[name] for name in ("has", "dnc", "deceased", "state", "problem")]

    @property
    def chosen(self):
        """What the list is narrowed by, as name → values, for the log of exports."""
        narrowing = [name for name in self.filters if name != "upload"]
        return {name: values for name in narrowing if any(values := self.data.getlist(name))}

    @property
    def mark(self):
        """The same for all addresses that narrow the list in the same way. It does not tell what was typed."""
        pairs = sorted((name, value) for name in self.filters for value in self.data.getlist(name) if value)
        return hashlib.blake2b(repr(pairs).encode(), digest_size=8).hexdigest()
