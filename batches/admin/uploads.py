"""Lists, their batches, and what is remembered about their files."""

from django.contrib import admin
from django.db.models import Q

from batches.admin import confirmation
from batches.admin.base import BoundedAdmin, LongAdmin, ReadOnlyAdmin, of_lists, of_number
from batches.admin.confirmation import Decision
from batches.admin.filters import AutocompleteFilter
from batches.keys import read_key
from batches.models import Batch, Continuation, Item, MappingTemplate, Upload
from batches.statuses import Outcome
from batches.tracing import closing, decisions, pausing

HOLD = Decision("hold", pausing.pause_upload, "held: nothing more is sent for now", "only running lists can be held")
RELEASE = Decision(
    "release",
    pausing.resume_upload,
    "released: sending goes on",
    "only lists that are held can be released",
    "Go on with {}? What is sent may cost credits.",
)
SEND_AGAIN = Decision(
    "send_again",
    decisions.send_again,
    "to be sent again",
    "not unconfirmed or refused, gone on since, or of a list that does not run",
    "Send {} again? What the vendor has taken is paid twice.",
)
GIVE_UP = Decision(
    "give_up",
    closing.give_up,
    "given up: who has no answer is missing, and a late one still files",
    "not unconfirmed or refused, or gone on since",
    "Give {} up? People without an answer are missing then.",
)


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """A few thousand rows: searched and sorted by reading them through."""

    list_display = ["id", "name", "status", "priority", "source", "row_count", "created_by", "created_at"]
    list_filter = ["status", "priority", ("created_by", AutocompleteFilter), "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "filename", "source", "created_by__username"]
    search_help_text = "Names of lists, files, sources and people."
    exclude = ["file"]
    actions = ["hold", "release", "rerun_missing"]

    @admin.action(permissions=["decide"], description="Hold: send nothing more for now")
    def hold(self, request, queryset):
        return confirmation.decide(self, request, queryset, HOLD)

    @admin.action(permissions=["decide"], description="Release: go on")
    def release(self, request, queryset):
        return confirmation.decide(self, request, queryset, RELEASE)

    @admin.action(permissions=["decide"], description="Re-run missing people (may be paid twice)")
    def rerun_missing(self, request, queryset):
        if (uploads := confirmation.choose(self, request, queryset)) is None:
            return None
        missing = Item.objects.filter(upload__in=uploads, outcome=Outcome.MISSING)
        number = missing[: confirmation.MOST + 1].count()
        if not 0 < number <= confirmation.MOST:
            return confirmation.warn(self, request, describe_bound(number))
        if not confirmation.is_confirmed(request):
            people = confirmation.count(number, Item._meta)
            question = f"Ask for {people} once more? Whom the vendor has answered for meanwhile is paid twice."
            return confirmation.ask(self, request, "rerun_missing", uploads, question, people=number)
        if number > (shown := read_key(request.POST.get("people", "")) or 0):
            return confirmation.warn(self, request, describe_more(number, shown))
        return confirmation.rerun(self, request, missing, number)


def describe_bound(number):
    """Why no missing people are re-run."""
    if not number:
        return "Nothing was done: nobody of these lists is missing."
    return (
        f"Nothing was done: more than {confirmation.MOST:,} people are missing there. "
        "Choose fewer lists, or use the button on a list's page."
    )


def describe_more(number, shown):
    return f"Nothing was done: {number:,} people of these lists are missing now, not {shown:,}. Look again and decide."


@admin.register(Batch)
class BatchAdmin(LongAdmin):
    list_display = ["id", "name", "upload", "status", "size", "vendor_id", "submitted_at", "closed_at"]
    list_filter = [("upload", AutocompleteFilter), "status", "kind", "submitted_at"]
    list_select_related = ["upload"]
    search_fields = ["vendor_id"]
    search_help_text = "A list's name, a batch as 12-3, its number, or the vendor's number for it."
    exclude = ["token"]
    actions = ["send_again", "give_up"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("request_ids", "completion")

    def look_up(self, text):
        upload, _, number = text.partition("-")
        found = Q(vendor_id=text) | of_lists(text) | of_number("pk", text)
        if (upload_id := read_key(upload)) and (batch_number := read_key(number)):
            found |= Q(upload=upload_id, number=batch_number)
        return found

    @admin.display(description="batch")
    def name(self, batch):
        return str(batch)

    @admin.action(permissions=["decide"], description="Send again (may be paid twice)")
    def send_again(self, request, queryset):
        return confirmation.decide(self, request, queryset, SEND_AGAIN)

    @admin.action(permissions=["decide"], description="Give up: who has no answer is missing")
    def give_up(self, request, queryset):
        return confirmation.decide(self, request, queryset, GIVE_UP)


@admin.register(Continuation)
class ContinuationAdmin(ReadOnlyAdmin):
    list_display = ["filename", "upload", "status", "mended_count", "invalid_count", "ignored_count", "created_at"]
    list_filter = [("upload", AutocompleteFilter), "status"]
    list_select_related = ["upload"]
    search_fields = ["filename", "upload__name"]
    exclude = ["file"]


@admin.register(MappingTemplate)
class MappingTemplateAdmin(BoundedAdmin):
    """May be renamed and deleted: nothing that is paid for depends on it."""

    list_display = ["name", "created_by", "updated_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]
    readonly_fields = ["columns", "fields_shown", "fixed", "options", "created_by", "updated_at"]
    exclude = ["header", "fields"]

    def has_add_permission(self, request):
        return False

    @admin.display(description="fields")
    def fields_shown(self, template):
        """Not by its own name: a form has another thing called `fields`."""
        return template.fields
