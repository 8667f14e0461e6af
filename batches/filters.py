import django_filters as filters
from django import forms
from django.db.models import Q

from batches.models import Batch, Item, Suppression, Upload
from batches.statuses import BatchStatus, Outcome, SuppressionKind, UploadStatus

SELECT = forms.Select(attrs={"class": "form-select"})
SEARCH = forms.TextInput(attrs={"class": "form-control", "type": "search"})


class IdFilter(filters.Filter):
    field_class = forms.IntegerField


class UploadFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label="Name", widget=SEARCH)
    status = filters.ChoiceFilter(choices=UploadStatus.choices, empty_label="Any status", widget=SELECT)

    class Meta:
        model = Upload
        fields = ["q", "status"]


class SuppressionFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="label", lookup_expr="icontains", label="Name, phone or email", widget=SEARCH)
    kind = filters.ChoiceFilter(choices=SuppressionKind.choices, empty_label="Any kind", widget=SELECT)

    class Meta:
        model = Suppression
        fields = ["q", "kind"]


class BatchFilter(filters.FilterSet):
    upload = IdFilter(min_value=1, max_value=10**9, widget=forms.HiddenInput)
    status = filters.ChoiceFilter(choices=BatchStatus.choices, empty_label="Any status", widget=SELECT)

    class Meta:
        model = Batch
        fields = ["upload", "status"]


class ItemFilter(filters.FilterSet):
    upload = IdFilter(min_value=1, max_value=10**9, widget=forms.HiddenInput)
    batch = IdFilter(min_value=1, max_value=10**9, widget=forms.HiddenInput)
    q = filters.CharFilter(method="search", label="Name, address, phone or email", widget=SEARCH)
    outcome = filters.ChoiceFilter(choices=Outcome.choices, empty_label="Any outcome", widget=SELECT)

    class Meta:
        model = Item
        fields = ["upload", "batch", "q", "outcome"]

    def search(self, queryset, _, text):
        """Items in which every word stands in some field of the person that was asked for."""
        fields = ["first_name", "last_name", "address", "city", "mail_address", "phone", "email"]
        for word in text.split():
            queryset = queryset.filter(Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR))
        return queryset
