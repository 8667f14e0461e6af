"""What is written down: history, exports and their layouts, holds."""

from django import forms
from django.contrib import admin
from django.utils import timezone

from batches.admin import confirmation
from batches.admin.base import LongAdmin, ReadOnlyAdmin, of_lists, of_number
from batches.admin.confirmation import Decision
from batches.admin.filters import AutocompleteFilter
from batches.models import Event, Export, ExportLayout, Hold
from batches.tracing import decisions


@admin.register(Event)
class EventAdmin(LongAdmin):
    """No filter by what happened or when: there is no index for them, and the newest stand first."""

    list_display = ["id", "at", "upload", "batch", "what", "detail", "user"]
    list_filter = [("upload", AutocompleteFilter), ("batch", AutocompleteFilter), ("user", AutocompleteFilter)]
    list_select_related = ["upload", "batch", "user"]
    search_fields = ["upload__name"]
    search_help_text = "A list's name or number."

    def get_queryset(self, request):
        return super().get_queryset(request).defer("batch__request_ids", "batch__completion")

    def look_up(self, text):
        return of_lists(text) | of_number("upload", text)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Some for each list: searched by reading them through."""

    list_display = ["at", "upload", "user", "layout", "format", "rows", "numbers", "is_complete", "sha256"]
    list_filter = [("upload", AutocompleteFilter), ("user", AutocompleteFilter), "format", "is_complete", "at"]
    list_select_related = ["upload", "user"]
    search_fields = ["upload__name", "user__username", "sha256__exact"]
    search_help_text = "A list's name, who took it, or the whole SHA-256 of the file."

    def get_queryset(self, request):
        return super().get_queryset(request).defer("held")


@admin.register(ExportLayout)
class ExportLayoutAdmin(ReadOnlyAdmin):
    list_display = ["name", "per", "created_by", "updated_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]


def lift(hold, user):
    """End a hold, and those for the same reason. False if it is not in force."""
    if not Hold.objects.in_force(timezone.now()).filter(pk=hold.pk).exists():
        return False
    decisions.lift(hold, user)
    return True


LIFT = Decision(
    "release",
    lift,
    "released",
    "not in force any more",
    "Let sending go on? {} will be ended; what is sent may cost credits.",
)


class HoldForm(forms.ModelForm):
    def clean_reason(self):
        """Once for each reason, as everywhere."""
        if Hold.objects.in_force(timezone.now()).filter(reason=self.cleaned_data["reason"]).exists():
            raise forms.ValidationError("A hold for this reason is in force already.")
        return self.cleaned_data["reason"]

    def clean_until(self):
        until = self.cleaned_data["until"]
        if until and until <= timezone.now():
            raise forms.ValidationError("This is over already. Leave it empty to hold until somebody releases it.")
        return until


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Staff with the right to add one stop all sending: "Hold everything"."""

    form = HoldForm
    list_display = ["since", "reason", "until", "lifted_at", "lifted_by"]
    list_filter = ["since"]
    list_select_related = ["lifted_by"]
    search_fields = ["reason"]
    actions = ["release"]

    def has_add_permission(self, request):
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request, obj=None):
        return ["reason", "until"] if obj is None else ["reason", "since", "until", "lifted_at", "lifted_by"]

    def add_view(self, request, form_url="", extra_context=None):
        page = {"title": "Hold everything: nothing is sent until it is released"}
        page |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, page | (extra_context or {}))

    @admin.action(permissions=["decide"], description="Release: let sending go on")
    def release(self, request, queryset):
        return confirmation.decide(self, request, queryset, LIFT)
