import django_filters as filters
import django_tables2 as tables

from batches.forms.widgets import Select
from batches.tables.columns import DATETIME_WITH_SECONDS, DateTimeColumn, StatusColumn
from batches.tables.tables import TABLE_ATTRS
from webhooks.models import DeliveryKind, UnmatchedDelivery, UnmatchedDeliveryQuerySet


class UnmatchedDeliveryFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=UnmatchedDelivery.Status.choices, empty_label="Any status", widget=Select)
    kind = filters.ChoiceFilter(choices=DeliveryKind.choices, empty_label="Any kind", widget=Select)
    address = filters.ChoiceFilter(
        choices=[("unknown", "Unknown address")], empty_label="Any address", widget=Select, method="filter_address"
    )

    class Meta:
        model = UnmatchedDelivery
        fields = ["status", "kind", "address"]

    def filter_address(self, deliveries: UnmatchedDeliveryQuerySet, name: str, value: str) -> UnmatchedDeliveryQuerySet:
        return deliveries.answers_without_batch()


class UnmatchedDeliveryTable(tables.Table):
    received_at = DateTimeColumn(DATETIME_WITH_SECONDS, linkify=True, verbose_name="Received")
    status = StatusColumn()
    reason = tables.Column(verbose_name="Reason")
    decided_by = tables.Column(verbose_name="Decided by")

    class Meta:
        model = UnmatchedDelivery
        attrs = TABLE_ATTRS
        fields = ["received_at", "kind", "status", "reason", "decided_by"]
        sequence = fields
        empty_text = "No unmatched deliveries. Everything that the vendor delivered has been filed."
