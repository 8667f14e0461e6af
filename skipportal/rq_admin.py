"""RQ's own pages under /admin/django_rq/: their styles stand inside the page, which is forbidden to all others."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django_rq.admin import QueueAdmin

allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})


class StyledQueueAdmin(QueueAdmin):
    """Only here, for staff, and only styles: scripts inside these pages stay off, and the pages work without them."""

    def get_urls(self):
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = allow_styles(pattern.callback)
        return patterns
