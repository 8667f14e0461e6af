"""Base classes of the admin: read-only pages that never count a long table and search only by index."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, can
from batches.keys import read_key
from batches.models import Batch, Upload
from batches.tables.paging import CappedPaginator

MAX_LISTS_SEARCHED = 200
"""Maximum number of lists that a search by name considers, the latest first."""


class BoundedAdmin(admin.ModelAdmin):
    """An admin that counts at most MAX_COUNTED_ROWS rows, and does not count the matches of each filter."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    @property
    def media(self) -> forms.Media:
        """Return the usual media and the media that AutocompleteFilter needs."""
        autocomplete = AutocompleteSelect(Batch._meta.get_field("upload"), self.admin_site).media
        return super().media + autocomplete + forms.Media(js=["admin/js/autocomplete.js", "js/admin-portal.js"])

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the records under their plain name, as the portal does, and not under “Select … to change”."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether a user may run actions. Actions change records only through the portal's functions."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")


class AdministratorsAdmin(BoundedAdmin):
    """An admin that only administrators may use, because it shows the records of all teams."""

    shows_people = False
    """Whether its pages show contact details, in which case each view of a record is recorded in the audit log."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if self.shows_people and object_id:
            audit.record(
                AuditKind.SEEN, cast(User, request.user), detail=f"{self.opts.verbose_name} {object_id}, in the admin"
            )
        return super().changeform_view(request, object_id, *args, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return can(request.user, Right.ADMINISTER) and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request.user, Right.ADMINISTER) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return can(request.user, Right.ADMINISTER) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return can(request.user, Right.ADMINISTER) and super().has_delete_permission(request, obj)


class ReadOnlyAdmin(AdministratorsAdmin):
    """An admin without forms: records that cost money are changed only by the functions that keep them consistent."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class IdOrderedChangeList(ChangeList):
    """A change list that ignores requests to sort by a column that is not in `sortable_by`."""

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class LargeTableAdmin(ReadOnlyAdmin):
    """An admin of a table that grows with every person or batch: newest first, searched only by index."""

    ordering = ["-id"]
    sortable_by = ["id"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IdOrderedChangeList

    def search_condition(self, text: str) -> Q:
        """Return a condition that an index can answer. Django's own search would scan the whole table."""
        raise NotImplementedError

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        text = search_term.strip().replace("\0", "")
        if text and self.shows_people:
            audit.record(AuditKind.SEARCHED, cast(User, request.user), detail="in the admin")
        return (queryset.filter(self.search_condition(text)) if text else queryset), False


def id_condition(name: str, text: str) -> Q:
    """Return the condition that field `name` equals the primary key in `text`. If `text` has no key, match nothing."""
    number = read_key(text)
    return Q(**{name: number}) if number else Q(pk__in=[])


def list_name_condition(text: str) -> Q:
    """Return the condition that a record belongs to one of the latest lists with `text` in their names."""
    named = Upload.objects.filter(name__icontains=text).order_by("-pk")
    return Q(upload__in=list(named.values_list("pk", flat=True)[:MAX_LISTS_SEARCHED]))
