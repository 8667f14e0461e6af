"""RQ's own pages under /admin/django_rq/, for superusers only. They allow inline styles, which no other page does."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_rq.admin import QueueAdmin

View = Callable[..., HttpResponse]
allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})


def for_superusers(view: View) -> View:
    """Decorate a view so that only superusers among staff may open it: jobs can be run and deleted on these pages."""

    @wraps(view)
    def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_staff and not request.user.is_superuser:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return protected


class StyledQueueAdmin(QueueAdmin):
    """RQ's pages with their inline styles. Inline scripts stay blocked, and the pages work without them."""

    def get_urls(self) -> list[Any]:
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = allow_styles(for_superusers(pattern.callback))
        return patterns

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser
