"""What all pages of the admin share: they only look, count no long table, and search what an index finds."""

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_permission_codename
from django.db.models import Q
from django.utils.text import capfirst

from batches.keys import read_key
from batches.models import Batch, Upload
from batches.tables.paging import CappedPaginator

MOST_LISTS = 200
"""Lists whose names are looked at where something of lists is searched for: the last ones."""


class BoundedAdmin(admin.ModelAdmin):
    """Counts at most CAP rows, and none for the choices of a filter."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50

    @property
    def media(self):
        """With what the filters by relation need."""
        search = AutocompleteSelect(Batch._meta.get_field("upload"), self.admin_site).media
        return super().media + search + forms.Media(js=["admin/js/autocomplete.js", "js/admin-portal.js"])

    def changelist_view(self, request, extra_context=None):
        """Headed by what is in it, as the portal's lists are."""
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def has_decide_permission(self, request):
        """For actions: what they change is changed by the moves of the portal, never by a form."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")


class ReadOnlyAdmin(BoundedAdmin):
    """Looks and searches; what is paid for is changed only by the moves that keep it safe."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class KeyOrdered(ChangeList):
    """Sorts by no other column, whatever the address asks for."""

    def get_ordering_field(self, field_name):
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None


class LongAdmin(ReadOnlyAdmin):
    """Of a table that grows with the people or with their batches: newest first, and searched by indexes alone."""

    ordering = ["-id"]
    sortable_by = ["id"]

    def get_changelist(self, request, **kwargs):
        return KeyOrdered

    def look_up(self, text):
        """Return a condition, as Q, that indexes answer; Django's own search would read the table from end to end."""
        raise NotImplementedError

    def get_search_results(self, request, queryset, search_term):
        text = search_term.strip().replace("\0", "")
        return (queryset.filter(self.look_up(text)) if text else queryset), False


def of_number(name, text):
    """Return a condition for records whose `name` is the number in `text`; no record if it is not a key."""
    number = read_key(text)
    return Q(**{name: number}) if number else Q(pk__in=[])


def of_lists(text):
    """Return a condition for what belongs to the last lists with `text` in their names, found by a scan."""
    named = Upload.objects.filter(name__icontains=text).order_by("-pk")
    return Q(upload__in=list(named.values_list("pk", flat=True)[:MOST_LISTS]))
