"""The admin of lists, batches, corrected files and mapping templates."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from batches import jobs
from batches.admin import confirmation
from batches.admin.base import BoundedAdmin, LargeTableAdmin, ReadOnlyAdmin, id_condition, list_name_condition
from batches.admin.confirmation import Decision
from batches.admin.filters import AutocompleteFilter
from batches.forms.result_messages import changed_count_message
from batches.keys import read_key
from batches.models import Batch, Correction, Item, MappingTemplate, Upload
from batches.statuses import Outcome
from batches.tracing import decisions, pausing
from batches.tracing.counts import format_people
from batches.user_request import UserRequest

PAUSE = Decision(
    "pause",
    pausing.pause_upload,
    done="Paused {}. Nothing more will be sent until you resume.",
    skipped="only running lists can be paused.",
)
RESUME = Decision(
    "resume",
    pausing.resume_upload,
    done="Resumed {}.",
    skipped="only paused lists can be resumed.",
    question="Resume {}? Sending may cost credits.",
)
RESEND = Decision(
    "send_again",
    decisions.resend,
    done="Sending {} again.",
    skipped="not unconfirmed or refused, changed since you were asked, or in a list that is not running.",
    question="Send {} again? You will be charged twice for people the vendor has already received.",
)
CLOSE = Decision(
    "close",
    jobs.close,
    done="Closed {}. People without an answer are marked missing; late answers will still be saved.",
    skipped="not unconfirmed or refused, or changed since you were asked.",
    question="Close {}? People without an answer will be marked missing.",
)


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """The admin of lists. There are a few thousand, so full scans are quick enough for searching and sorting."""

    list_display = ["id", "name", "status", "priority", "list_source", "row_count", "created_by", "created_at"]
    list_filter = ["status", "priority", ("created_by", AutocompleteFilter), "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "filename", "list_source", "created_by__username"]
    search_help_text = "Names of lists, files, sources and users."
    exclude = ["file"]
    actions = ["pause", "resume", "rerun_missing"]

    @admin.action(permissions=["decide"], description="Pause: send nothing more for now")
    def pause(self, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
        return confirmation.run_decision(self, request, queryset, PAUSE)

    @admin.action(permissions=["decide"], description="Resume sending")
    def resume(self, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
        return confirmation.run_decision(self, request, queryset, RESUME)

    @admin.action(permissions=["decide"], description="Re-run missing people (may be charged twice)")
    def rerun_missing(self, request: UserRequest, queryset: QuerySet) -> TemplateResponse | None:
        if (uploads := confirmation.select_records(self, request, queryset)) is None:
            return None
        missing = Item.objects.filter(upload__in=uploads, outcome=Outcome.MISSING)
        missing_count = missing[: confirmation.MAX_RECORDS + 1].count()
        if problem := find_rerun_problem(request, missing_count):
            confirmation.show_warning(self, request, problem)
            return None
        if confirmation.is_confirmed(request):
            confirmation.rerun(self, request, missing, missing_count)
            return None
        people = format_people(missing_count)
        question = f"Re-run {people}? You will be charged twice for anyone the vendor has answered since."
        return confirmation.render_confirmation(self, request, "rerun_missing", uploads, question, people=missing_count)


def find_rerun_problem(request: HttpRequest, missing_count: int) -> str:
    """Return why this number of missing people cannot be re-run, or "" if they can be."""
    if not missing_count:
        return "No changes were made: nobody in these lists is missing."
    if missing_count > confirmation.MAX_RECORDS:
        return (
            f"No changes were made: more than {confirmation.MAX_RECORDS:,} people are missing in these lists. "
            "Choose fewer lists, or re-run one list from its own page."
        )
    shown = read_key(request.POST.get("people", "")) or 0
    return (
        changed_count_message(missing_count, shown)
        if confirmation.is_confirmed(request) and missing_count > shown
        else ""
    )


@admin.register(Batch)
class BatchAdmin(LargeTableAdmin):
    list_display = ["id", "name", "upload", "status", "size", "vendor_id", "submitted_at", "closed_at"]
    list_filter = [("upload", AutocompleteFilter), "status", "kind", "submitted_at"]
    list_select_related = ["upload"]
    search_fields = ["vendor_id"]
    search_help_text = "A list's name, a batch's number such as 12-3, its id, or the vendor's batch id."
    exclude = ["token"]
    actions = ["send_again", "close"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer("request_ids", "completion")

    def search_condition(self, text: str) -> Q:
        upload, _, number = text.partition("-")
        found = Q(vendor_id=text) | list_name_condition(text) | id_condition("pk", text)
        if (upload_id := read_key(upload)) and (batch_number := read_key(number)):
            found |= Q(upload=upload_id, number=batch_number)
        return found

    @admin.display(description="batch")
    def name(self, batch: Batch) -> str:
        return str(batch)

    @admin.action(permissions=["decide"], description="Send again (may be charged twice)")
    def send_again(self, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
        return confirmation.run_decision(self, request, queryset, RESEND)

    @admin.action(permissions=["decide"], description="Close: mark people without an answer as missing")
    def close(self, request: HttpRequest, queryset: QuerySet) -> TemplateResponse | None:
        return confirmation.run_decision(self, request, queryset, CLOSE)


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    list_display = ["filename", "upload", "status", "corrected_count", "invalid_count", "ignored_count", "created_at"]
    list_filter = [("upload", AutocompleteFilter), "status"]
    list_select_related = ["upload"]
    search_fields = ["filename", "upload__name"]
    exclude = ["file"]


@admin.register(MappingTemplate)
class MappingTemplateAdmin(BoundedAdmin):
    """The admin of mapping templates. They may be renamed and deleted: nothing that costs money depends on them."""

    list_display = ["name", "created_by", "updated_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    readonly_fields = ["columns", "fields_shown", "constants", "options", "created_by", "updated_at"]
    exclude = ["header", "fields"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="fields")
    def fields_shown(self, template: MappingTemplate) -> dict[str, Any]:
        """Return the template's fields. If this were named `fields`, it would replace the admin's own attribute."""
        return template.fields
