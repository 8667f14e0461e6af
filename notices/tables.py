import django_tables2 as tables

from batches.tables.columns import MomentColumn, PartColumn
from notices.models import Notice


class NoticeTable(tables.Table):
    text = PartColumn("notices/_notice.html", verbose_name="Notice")
    created_at = MomentColumn(verbose_name="When")

    class Meta:
        model = Notice
        attrs = {"class": "table align-middle notices"}
        fields = ["text", "created_at"]
        orderable = False
        empty_text = "No notices yet. You will find one here when a list of yours is done or needs you."
