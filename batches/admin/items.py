"""People, their earlier answers, and who is not traced."""

from django.contrib import admin
from django.db.models import Q

from batches.admin import confirmation
from batches.admin.base import LongAdmin, ReadOnlyAdmin, of_number
from batches.admin.filters import AutocompleteFilter
from batches.models import EarlierAnswer, Item, Suppression
from batches.results.search import MOST_FOUND, find
from batches.statuses import Outcome

NARROW = ["upload__id__exact", "batch__id__exact"]
"""What narrows people to a list or a batch, in an address."""


class OutcomeFilter(admin.SimpleListFilter):
    """By outcome, of one list or batch: of all people, a rare one would be looked for from end to end."""

    title, parameter_name = "outcome", "outcome__exact"

    def lookups(self, request, model_admin):
        return Outcome.choices if any(request.GET.get(name) for name in NARROW) else []

    def queryset(self, request, queryset):
        return queryset.filter(outcome=self.value()) if self.value() in Outcome.values else queryset


@admin.register(Item)
class ItemAdmin(LongAdmin):
    list_display = ["id", "person", "upload", "row_number", "outcome", "answered_at"]
    list_filter = [("upload", AutocompleteFilter), ("batch", AutocompleteFilter), OutcomeFilter]
    list_select_related = ["upload"]
    search_fields = ["id"]
    search_help_text = f"Words of names and addresses, phones, emails, or a number. Shows {MOST_FOUND} at most."
    sortable_by = []
    exclude = ["answered_via"]
    actions = ["rerun"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("cells", "answer")

    def get_ordering(self, request):
        """Of one list in the order of its rows, which an index has: newest first, PostgreSQL reads an old one last."""
        return ["upload_id", "row_number", "owner_number"] if request.GET.get(NARROW[0]) else ["-id"]

    def look_up(self, text):
        return Q(pk__in=find(text).ids) | of_number("pk", text)

    @admin.display(description="person")
    def person(self, item):
        return item.asked_name or "(no name)"

    @admin.action(permissions=["decide"], description="Re-run (may be paid again)")
    def rerun(self, request, queryset):
        if (items := confirmation.choose(self, request, queryset)) is None:
            return None
        if confirmation.is_confirmed(request):
            chosen = Item.objects.filter(pk__in=[item.pk for item in items])
            return confirmation.rerun(self, request, chosen, len(items))
        people = confirmation.count(items, self.opts)
        question = f"Ask for the missing and the errors among {people} once more? Each may be paid for again."
        return confirmation.ask(self, request, "rerun", items, question)


@admin.register(EarlierAnswer)
class EarlierAnswerAdmin(LongAdmin):
    list_display = ["id", "answered_at", "item", "batch", "outcome", "message", "credits"]
    # As few as people were re-run, by hand: an outcome is looked for by reading them through.
    list_filter = [("item__upload", AutocompleteFilter), ("batch", AutocompleteFilter), "outcome"]
    list_select_related = ["item", "batch"]
    search_fields = ["request_id"]
    search_help_text = "A person's number, or the vendor's number for the answer."

    def get_queryset(self, request):
        heavy = ["answer", "item__cells", "item__answer", "batch__request_ids", "batch__completion"]
        return super().get_queryset(request).defer(*heavy)

    def look_up(self, text):
        return Q(request_id=text) | of_number("item", text)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Searched by reading it through, as the portal does: a tenth of a second for a hundred thousand."""

    list_display = ["kind", "label", "reason", "created_by", "created_at"]
    list_filter = ["kind", ("created_by", AutocompleteFilter)]
    list_select_related = ["created_by"]
    ordering = ["-id"]
    sortable_by = ["kind"]
    search_fields = ["label", "key__exact", "reason"]
