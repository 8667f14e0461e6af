"""Django's own admin of users and groups, with bounded counts. Only superusers may use it; others use the Team page.

Anybody who could set the password of an administrator, or change a group, could give themselves any right.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts import audit
from accounts.models import AuditKind
from accounts.team.members import CannotChange, lock_roles, refuse_lockout
from batches.admin.base import BoundedAdmin

admin.site.unregister([User, Group])


def refuse_politely(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view so that it says why a change was refused, and shows the page again in its current state."""

    @wraps(view)
    def guarded_view(self: admin.ModelAdmin, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(self, request, *args, **kwargs)
        except CannotChange as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    return guarded_view


class SuperuserAdmin(BoundedAdmin):
    """An admin for superusers that refuses changes that would leave no administrator who can log in."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.record_change(request, "Added", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Log a change, including a new password, in Django's log and in the audit log."""
        self.record_change(request, "Changed", obj, message)
        return super().log_change(request, obj, message)

    def record_change(self, request: HttpRequest, verb: str, obj: Any, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        what = LogEntry(change_message=text).get_change_message()
        detail = f"{verb} the {self.opts.verbose_name} {obj} in the admin: {what}"
        audit.record(AuditKind.RIGHTS_CHANGED, cast(User, request.user), detail=detail)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        lock_roles(None)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        refuse_lockout()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        lock_roles(None)
        super().delete_model(request, obj)
        refuse_lockout()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        with transaction.atomic():
            lock_roles(None)
            super().delete_queryset(request, queryset)
            refuse_lockout()

    @refuse_politely
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @refuse_politely
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    @refuse_politely
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)


@admin.register(User)
class BoundedUserAdmin(SuperuserAdmin, UserAdmin):
    pass


@admin.register(Group)
class BoundedGroupAdmin(SuperuserAdmin, GroupAdmin):
    pass
