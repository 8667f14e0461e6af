"""The admin of people, their earlier answers and the do-not-contact list."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from batches.admin import confirmation
from batches.admin.base import LargeTableAdmin, ReadOnlyAdmin, id_condition
from batches.admin.filters import AutocompleteFilter
from batches.models import EarlierAnswer, Item, Suppression
from batches.results.search import MAX_FOUND, search_people
from batches.statuses import Outcome
from batches.tables.columns import render_owner
from batches.user_request import UserRequest

SCOPE_PARAMETERS = ["upload__id__exact", "batch__id__exact"]
"""Query parameters that limit people to a list or a batch."""


class OutcomeFilter(admin.SimpleListFilter):
    """A filter by outcome, offered only within a list or batch: across all people, a rare outcome needs a full scan."""

    title, parameter_name = "outcome", "outcome__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return Outcome.choices if any(request.GET.get(name) for name in SCOPE_PARAMETERS) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(outcome=self.value()) if self.value() in Outcome.values else queryset


@admin.register(Item)
class ItemAdmin(LargeTableAdmin):
    shows_people = True
    list_display = ["id", "person", "upload", "row_number", "outcome", "answered_at"]
    list_filter = [("upload", AutocompleteFilter), ("batch", AutocompleteFilter), OutcomeFilter]
    list_select_related = ["upload"]
    search_fields = ["id"]
    search_help_text = f"Words from a name or address, a phone, an email, or an id. Shows at most {MAX_FOUND} people."
    sortable_by = []
    exclude = ["answered_via"]
    actions = ["rerun"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("cells", "answer")

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        """Sort one list by row, which an index supports. Sorted newest first, PostgreSQL would scan all newer lists."""
        return ["upload_id", "row_number", "owner_number"] if request.GET.get(SCOPE_PARAMETERS[0]) else ["-id"]

    def search_condition(self, text: str) -> Q:
        return Q(pk__in=search_people(text, None).ids) | id_condition("pk", text)

    @admin.display(description="person")
    def person(self, item: Item) -> SafeString:
        return render_owner(item)

    @admin.action(permissions=["decide"], description="Re-run (may be charged again)")
    def rerun(self, request: UserRequest, queryset: QuerySet) -> TemplateResponse | None:
        if (items := confirmation.select_records(self, request, queryset)) is None:
            return None
        if confirmation.is_confirmed(request):
            selected = Item.objects.filter(pk__in=[item.pk for item in items])
            confirmation.rerun(self, request, selected, len(items))
            return None
        people = confirmation.format_count(len(items), self.opts)
        question = f"Re-run the missing people and errors among {people}? You may be charged again for each of them."
        return confirmation.render_confirmation(self, request, "rerun", items, question)


@admin.register(EarlierAnswer)
class EarlierAnswerAdmin(LargeTableAdmin):
    shows_people = True
    list_display = ["id", "answered_at", "item", "batch", "outcome", "message", "credits"]
    # Re-runs are started by hand, so the table is small enough to scan for an outcome.
    list_filter = [("item__upload", AutocompleteFilter), ("batch", AutocompleteFilter), "outcome"]
    list_select_related = ["item", "batch"]
    search_fields = ["request_id"]
    search_help_text = "A person's id, or the vendor's id of the answer."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        large_fields = ["answer", "item__cells", "item__answer", "batch__request_ids", "batch__completion"]
        return super().get_queryset(request).defer(*large_fields)

    def search_condition(self, text: str) -> Q:
        return Q(request_id=text) | id_condition("item", text)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """The admin of the do-not-contact list. A search is a full scan, as in the portal: 0.1 s for 100,000 entries."""

    list_display = [
        "kind",
        "label",
        "reason_kind",
        "reason",
        "due_at",
        "expires_at",
        "created_by",
        "created_at",
        "lifted_by",
        "lifted_at",
    ]
    list_filter = ["kind", "reason_kind", ("lifted_at", admin.EmptyFieldListFilter), ("created_by", AutocompleteFilter)]
    list_select_related = ["created_by", "lifted_by"]
    ordering = ["-id"]
    sortable_by = ["kind"]
    search_fields = ["label", "key__exact", "reason"]
