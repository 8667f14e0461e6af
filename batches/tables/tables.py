import django_tables2 as tables

from batches.exports import files
from batches.models import Batch, Event, Export, Item, Suppression, Upload
from batches.results import digests
from batches.tables.columns import MINUTE, BarColumn, MomentColumn, PartColumn, StatusColumn

NUMBER = {"td": {"class": "number"}, "th": {"class": "number"}}
TABLE = {"class": "table table-hover align-middle"}


class CountedTable(tables.Table):
    """With a bar of stacked outcomes. The view puts `counts` on the table once it knows which rows are shown."""

    counts = {}
    progress = BarColumn()

    def before_render(self, request):
        for row in self.page.object_list if self.page else self.rows:
            row.record.counts = self.counts.get(row.record.pk)


class UploadTable(CountedTable):
    name = tables.Column(linkify=True, verbose_name="List")
    status = StatusColumn()
    row_count = tables.Column(verbose_name="Rows", attrs=NUMBER)
    created_by = tables.Column(verbose_name="By")
    created_at = MomentColumn(verbose_name="Uploaded")

    class Meta:
        model = Upload
        attrs = TABLE
        fields = ["name", "status", "progress", "row_count", "priority", "created_by", "created_at"]
        sequence = fields
        order_by = "-created_at"
        empty_text = "No list yet. Upload one, and here you see how far it is."


class BatchTable(CountedTable):
    id = tables.Column(linkify=True, verbose_name="Batch")
    upload = tables.Column(linkify=True, verbose_name="List")
    status = StatusColumn()
    size = tables.Column(verbose_name="People", attrs=NUMBER)
    next_try_at = MomentColumn(f"{MINUTE}:s", verbose_name="Next try")
    submitted_at = MomentColumn(verbose_name="Sent")
    closed_at = MomentColumn(verbose_name="Closed")

    class Meta:
        model = Batch
        attrs = TABLE
        fields = ["id", "upload", "status", "progress", "size", "next_try_at", "submitted_at", "closed_at"]
        sequence = fields
        empty_text = "No batch yet. Lists are sent in batches once they are started."

    def render_id(self, record):
        return str(record)


class TickColumn(PartColumn):
    """A box to tick for what is done with several people at once."""

    def __init__(self, **kwargs):
        super().__init__("items/_tick.html", orderable=False, verbose_name="", **kwargs)


class ItemTable(tables.Table):
    row_number = tables.Column(linkify=True, verbose_name="Row", attrs=NUMBER)
    person = tables.Column(accessor="asked_name", linkify=True, order_by=("last_name", "first_name"), empty_values=())
    place = tables.Column(accessor="asked_address", order_by=("state", "city"), verbose_name="Address")
    outcome = StatusColumn()
    found = PartColumn("items/_found.html", orderable=False, verbose_name="Result")
    match = PartColumn("items/_match.html", order_by="digest__match", verbose_name="Match check")
    upload = tables.Column(linkify=True, verbose_name="List")
    answered_at = MomentColumn(verbose_name="Traced")

    class Meta:
        model = Item
        attrs = TABLE
        fields = ["row_number", "person", "place", "outcome", "found", "match", "upload", "answered_at"]
        sequence = fields
        empty_text = "No one here yet. The people of a list are here as soon as its rows have been read."

    def before_render(self, request):
        """Read what was found, even if its digest has not been made yet."""
        items = [row.record for row in (self.page.object_list if self.page else self.rows)]
        shown = digests.look_up(items)
        for item in items:
            item.shown = shown[item.pk]

    def render_person(self, record):
        return record.asked_name or "(no name)"


class TickableItemTable(ItemTable):
    tick = TickColumn()

    class Meta(ItemTable.Meta):
        fields = ["tick", *ItemTable.Meta.fields]
        sequence = fields


class ExportTable(tables.Table):
    at = MomentColumn(verbose_name="When")
    upload = tables.Column(linkify=True, verbose_name="List")
    user = tables.Column(verbose_name="Who", default="from the shell")
    layout = tables.Column(verbose_name="Layout")
    choices = tables.Column(orderable=False)
    rows = tables.Column(attrs=NUMBER)
    numbers = tables.Column(attrs=NUMBER)
    sha256 = PartColumn("exports/_sha256.html", orderable=False, verbose_name="SHA-256")

    class Meta:
        model = Export
        attrs = TABLE
        fields = ["at", "upload", "user", "layout", "choices", "rows", "numbers", "sha256"]
        sequence = fields
        empty_text = "Nothing was exported yet. Files of results are made on the page of a list, by Export…"

    def render_layout(self, record):
        return f"{record.layout}, {record.format}"

    def render_choices(self, record):
        return files.describe(record)


class SuppressionTable(tables.Table):
    created_at = MomentColumn(verbose_name="Since")
    created_by = tables.Column(verbose_name="By")
    lift = PartColumn("suppressions/_lift.html", orderable=False, verbose_name="")

    class Meta:
        model = Suppression
        attrs = TABLE
        fields = ["kind", "label", "reason", "created_by", "created_at", "lift"]
        sequence = fields
        order_by = "-created_at"
        empty_text = "Nobody is on the list. Add who must not be traced, and phones and emails that must not leave."


class EventTable(tables.Table):
    at = MomentColumn(f"{MINUTE}:s", verbose_name="When")
    batch = tables.Column(linkify=True)
    what = tables.Column()
    detail = tables.Column()
    user = tables.Column(verbose_name="Who")

    class Meta:
        model = Event
        attrs = TABLE
        fields = ["at", "batch", "what", "detail", "user"]
        orderable = False
        empty_text = "Nothing happened yet."
