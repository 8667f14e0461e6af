"""The admin of history, exports, export layouts, saved views, budgets and sending blocks."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from batches.admin import confirmation
from batches.admin.base import LargeTableAdmin, ReadOnlyAdmin, id_condition, list_name_condition
from batches.admin.confirmation import Decision
from batches.admin.filters import AutocompleteFilter
from batches.models import Event, Export, ExportLayout, SavedView, SendingBlock, TeamBudget
from batches.tracing import decisions


@admin.register(Event)
class EventAdmin(LargeTableAdmin):
    """The admin of history, newest first. It has no filter by event or date, because no index supports one."""

    list_display = ["id", "at", "upload", "batch", "what", "detail", "user"]
    list_filter = [("upload", AutocompleteFilter), ("batch", AutocompleteFilter), ("user", AutocompleteFilter)]
    list_select_related = ["upload", "batch", "user"]
    search_fields = ["upload__name"]
    search_help_text = "A list's name or id."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("batch__request_ids", "batch__completion")

    def search_condition(self, text: str) -> Q:
        return list_name_condition(text) | id_condition("upload", text)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """The admin of the export log. There are a few exports per list, so full scans are quick enough."""

    list_display = ["at", "upload", "user", "layout", "format", "rows", "numbers", "is_complete", "sha256"]
    list_filter = [("upload", AutocompleteFilter), ("user", AutocompleteFilter), "format", "is_complete", "at"]
    list_select_related = ["upload", "user"]
    search_fields = ["upload__name", "user__username", "sha256__exact"]
    search_help_text = "A list's name, the user's name, or the full SHA-256 of the file."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("item_ids")


@admin.register(ExportLayout)
class ExportLayoutAdmin(ReadOnlyAdmin):
    list_display = ["name", "per", "created_by", "updated_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]


@admin.register(TeamBudget)
class TeamBudgetAdmin(ReadOnlyAdmin):
    """The admin of budgets. They are set on the page of the team, which also tries its waiting lists again."""

    list_display = ["team", "month", "credits", "set_by", "set_at"]
    list_filter = ["team"]
    list_select_related = ["team", "set_by"]
    search_fields = ["team__name"]


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ["name", "table", "user", "created_at"]
    list_filter = [("user", AutocompleteFilter), "table"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]


def unblock(block: SendingBlock, user: User) -> bool:
    """End a block and all others with the same reason. Return False if the block is no longer in force."""
    if not SendingBlock.objects.in_force(timezone.now()).filter(pk=block.pk).exists():
        return False
    decisions.unblock(block, user)
    return True


UNBLOCK = Decision(
    "unblock",
    unblock,
    done="Ended {}.",
    skipped="no longer in force.",
    question="End {} and unblock sending? Sending may cost credits.",
)


class SendingBlockForm(forms.ModelForm):
    def clean_reason(self) -> str:
        """Refuse a reason for which sending is already blocked."""
        if (
            SendingBlock.objects.in_force(timezone.now())
            .of_everything()
            .filter(reason=self.cleaned_data["reason"])
            .exists()
        ):
            raise forms.ValidationError("Sending is already blocked for this reason.")
        return self.cleaned_data["reason"]

    def clean_until(self) -> datetime | None:
        until = self.cleaned_data["until"]
        if until and until <= timezone.now():
            raise forms.ValidationError(
                "This time is in the past. Choose a later one, or leave it empty to block sending until further notice."
            )
        return until


BLOCK_FIELDS = ["reason", "account", "since", "until", "unblocked_at", "unblocked_by"]


@admin.register(SendingBlock)
class SendingBlockAdmin(ReadOnlyAdmin):
    """The admin of sending blocks. Adding one stops all sending."""

    form = SendingBlockForm
    list_display = ["since", "reason", "until", "unblocked_at", "unblocked_by"]
    list_filter = ["since"]
    list_select_related = ["unblocked_by"]
    search_fields = ["reason"]
    actions = ["unblock"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: SendingBlock | None = None) -> Any:
        return ["reason", "until"] if obj is None else BLOCK_FIELDS

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "title": "Block all sending until someone unblocks it",
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        return super().add_view(request, form_url, context | (extra_context or {}))

    @admin.action(permissions=["decide"], description="Unblock sending")
    def unblock(self, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
        return confirmation.run_decision(self, request, queryset, UNBLOCK)
