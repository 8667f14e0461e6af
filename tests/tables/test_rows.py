import re

import pytest
from django.test import RequestFactory

from batches.models import Batch, Event, Upload
from batches.statuses import BatchStatus
from batches.tables.tables import BatchTable, EventTable
from batches.templatetags.tables import rows

pytestmark = pytest.mark.django_db


def draw(table):
    """Return the cells of each row, without their attributes."""
    table.paginate()
    table.before_render(RequestFactory().get("/"))
    drawn = re.findall(r"<tr role=\"row\">(.*?)</tr>", rows(table))
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in drawn]


def test_cells_are_those_that_the_library_draws():
    upload = Upload.objects.create(name="Leads & <b>")
    for number, status in [(1, BatchStatus.PLANNED), (2, BatchStatus.CLOSED)]:
        Batch.objects.create(upload=upload, number=number, size=3, status=status)
    table = BatchTable(Batch.objects.for_tables().order_by("number"))
    cells = draw(table)
    assert cells == [[str(cell) for cell in row] for row in table.page.object_list]
    link, name, label, *_ = cells[0]
    assert link == f'<a href="{table.page.object_list[0].record.get_absolute_url()}">{upload.pk}-1</a>'
    assert "&lt;b&gt;" in name
    assert BatchStatus.PLANNED.label in label


def test_a_cell_without_the_record_that_its_value_comes_from_is_empty():
    upload = Upload.objects.create(name="Leads")
    Event.objects.create(upload=upload, what="started")
    (cells,) = draw(EventTable(Event.objects.with_names().order_by("pk")))
    assert [cells[1], cells[4]] == ["—", "—"]
