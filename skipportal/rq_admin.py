"""Allow inline styles on RQ's own pages under /admin/django_rq/. They are forbidden on all other pages."""

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django_rq.admin import QueueAdmin

allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})


class StyledQueueAdmin(QueueAdmin):
    """RQ's pages, for staff, with their styles. Their inline scripts stay blocked; the pages work without them."""

    def get_urls(self) -> list[Any]:
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = allow_styles(pattern.callback)
        return patterns
