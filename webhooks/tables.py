import django_filters as filters
import django_tables2 as tables
from django import forms

from batches.tables.columns import MINUTE, MomentColumn, StatusColumn
from batches.tables.tables import TABLE
from webhooks.models import Stray

SELECT = forms.Select(attrs={"class": "form-select"})


class StrayFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=Stray.Status.choices, empty_label="Any status", widget=SELECT)
    kind = filters.ChoiceFilter(choices=Stray.Kind.choices, empty_label="Any kind", widget=SELECT)

    class Meta:
        model = Stray
        fields = ["status", "kind"]


class StrayTable(tables.Table):
    received_at = MomentColumn(f"{MINUTE}:s", linkify=True, verbose_name="Came")
    status = StatusColumn()
    reason = tables.Column(verbose_name="Why it could not be filed")
    decided_by = tables.Column(verbose_name="Decided by")

    class Meta:
        model = Stray
        attrs = TABLE
        fields = ["received_at", "kind", "status", "reason", "decided_by"]
        sequence = fields
        empty_text = "No strays: all that the vendor has delivered could be filed."
