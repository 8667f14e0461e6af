"""Page long lists, counting only as many rows as anyone will page through."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MAX_COUNTED_ROWS = 10_000
"""Maximum number of rows that are counted and can be paged to. To see later rows, users filter or search."""


class CappedPaginator(Paginator):
    """A paginator that counts at most MAX_COUNTED_ROWS rows, in one query that reads hardly more than these.

    It accepts querysets, sliced or not, the rows of a django-tables2 table, and lists.
    """

    @cached_property
    def counted(self) -> int:
        """Return the number of rows; MAX_COUNTED_ROWS + 1 stands for any number above MAX_COUNTED_ROWS."""
        rows = source_rows(self.object_list)
        if not isinstance(rows, QuerySet):
            return min(len(rows), MAX_COUNTED_ROWS + 1)
        # A sliced queryset cannot be reordered. For any other, the order would only slow down the count.
        return (rows if rows.query.is_sliced else rows.order_by())[: MAX_COUNTED_ROWS + 1].count()

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most MAX_COUNTED_ROWS."""
        return min(self.counted, MAX_COUNTED_ROWS)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than `count`."""
        return self.counted > MAX_COUNTED_ROWS

    @property
    def shown_count(self) -> str:
        """The count as text: 9,999 or 10,000+."""
        return f"{self.count:,}{'+' if self.is_capped else ''}"


def source_rows(object_list: Any) -> Any:
    """Return the queryset or list behind a table's rows. Counting the rows themselves would load all of them."""
    return getattr(getattr(object_list, "data", None), "data", object_list)
