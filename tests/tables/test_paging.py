import pytest

from batches.models import Event, SendingBlock
from batches.tables import paging
from batches.tables.paging import CappedPaginator
from batches.tables.tables import EventTable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_cap(monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNTED_ROWS", 5)


def make_blocks(count):
    SendingBlock.objects.bulk_create(SendingBlock(reason=f"Reason {number}") for number in range(count))
    return SendingBlock.objects.all()


@pytest.mark.parametrize(
    ("row_count", "count", "is_capped", "shown"), [(0, 0, False, "0"), (5, 5, False, "5"), (6, 5, True, "5+")]
)
def test_rows_are_counted_up_to_the_cap(row_count, count, is_capped, shown):
    queryset = make_blocks(row_count)
    for rows in (queryset, list(queryset)):
        paginator = CappedPaginator(rows, 2)
        assert (paginator.count, paginator.is_capped, paginator.shown_count) == (count, is_capped, shown)


def test_rows_are_counted_by_one_statement_that_stops_at_the_cap(django_assert_num_queries):
    blocks = make_blocks(7).order_by("reason")
    with django_assert_num_queries(1) as queries:
        paginator = CappedPaginator(blocks, 2)
        assert (paginator.count, paginator.is_capped, paginator.num_pages) == (5, True, 3)
    [query] = queries
    assert "LIMIT 6" in query["sql"]
    assert "ORDER BY" not in query["sql"]


def test_a_page_has_its_rows_in_order():
    paginator = CappedPaginator(make_blocks(7).order_by("reason"), 2)
    assert [block.reason for block in paginator.page(2)] == ["Reason 2", "Reason 3"]
    assert not paginator.page(3).has_next()


def test_slices_are_counted_by_their_own_length():
    blocks = make_blocks(7).order_by("reason")
    assert CappedPaginator(blocks[:3], 2).count == 3
    assert CappedPaginator(blocks[1:], 2).is_capped


@pytest.mark.parametrize("is_list", [False, True])
def test_a_table_does_not_count_all_of_its_rows(start_upload, django_assert_num_queries, is_list):
    upload = start_upload(12)
    Event.objects.bulk_create(Event(upload=upload, what=f"Line {number}") for number in range(9))
    events = Event.objects.order_by("pk").with_names()
    table = EventTable(list(events) if is_list else events)
    with django_assert_num_queries(0 if is_list else 2):
        table.paginate(page=2, per_page=2, paginator_class=CappedPaginator)
        assert (table.paginator.count, table.paginator.is_capped) == (5, True)
        assert len([row.record.what for row in table.page.object_list]) == 2
