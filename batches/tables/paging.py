"""Pages of long lists, of which no more rows are counted than anybody turns over."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

CAP = 10_000
"""Rows that are counted and can be paged to; whoever wants those behind them filters or searches."""


class CappedPaginator(Paginator):
    """Counts at most CAP rows, by one statement that reads no more than these.

    Takes querysets, also sliced ones, the rows of a django-tables2 table, and lists.
    """

    @cached_property
    def counted(self):
        """How many rows there are: at most CAP + 1, which stands for all that are more."""
        rows = find_rows(self.object_list)
        if not isinstance(rows, QuerySet):
            return min(len(rows), CAP + 1)
        # A slice has its order already; of all others it would only have to be sorted for the count.
        return (rows if rows.query.is_sliced else rows.order_by())[: CAP + 1].count()

    @cached_property
    def count(self):
        """At most CAP."""
        return min(self.counted, CAP)

    @property
    def is_capped(self):
        """Whether there are more rows than `count` says."""
        return self.counted > CAP

    @property
    def shown_count(self):
        """The count as people read it: 9,999 or 10,000+."""
        return f"{self.count:,}{'+' if self.is_capped else ''}"


def find_rows(object_list):
    """Return what a table's rows are read from: the rows themselves would be counted from end to end."""
    return getattr(getattr(object_list, "data", None), "data", object_list)
