import django_tables2 as tables

from batches.tables.columns import DateTimeColumn, PartialColumn
from notices.models import Notice


class NoticeTable(tables.Table):
    text = PartialColumn(
        "notices/_notice.html", verbose_name="Notice", attrs={"td": {"class": "whole", "data-label": ""}}
    )
    created_at = DateTimeColumn(verbose_name="When")

    class Meta:
        model = Notice
        attrs = {"class": "table cards plain tall"}
        fields = ["text", "created_at"]
        orderable = False
        empty_text = "No notices yet. You will get one when one of your lists is complete or needs you."
