from django.contrib import admin

from batches.models import (
    Batch,
    Continuation,
    EarlierAnswer,
    Event,
    Export,
    ExportLayout,
    Hold,
    Item,
    MappingTemplate,
    Suppression,
    Upload,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """Looks and searches; what is paid for is changed only by the moves that keep it safe."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ["id", "name", "status", "priority", "source", "row_count", "created_by", "created_at"]
    list_filter = ["status", "priority", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "filename", "source", "created_by__username"]


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ["id", "upload", "number", "status", "size", "vendor_id", "submitted_at", "closed_at"]
    list_filter = ["status", "kind", "submitted_at"]
    list_select_related = ["upload"]
    search_fields = ["vendor_id", "upload__name"]
    raw_id_fields = ["split_from"]
    exclude = ["token"]


@admin.register(Item)
class ItemAdmin(ReadOnlyAdmin):
    list_display = ["id", "upload", "row_number", "first_name", "last_name", "outcome", "answered_at"]
    list_filter = ["outcome"]
    list_select_related = ["upload"]
    search_fields = ["=id", "first_name", "last_name", "address", "email", "=phone", "request_id"]
    raw_id_fields = ["same_as"]
    exclude = ["answered_via"]


@admin.register(EarlierAnswer)
class EarlierAnswerAdmin(ReadOnlyAdmin):
    list_display = ["answered_at", "item", "batch", "outcome", "message", "credits"]
    list_filter = ["outcome"]
    list_select_related = ["item", "batch"]
    search_fields = ["=item__id", "request_id"]
    raw_id_fields = ["item", "batch"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "upload", "batch", "what", "detail", "user"]
    list_filter = ["what", "at"]
    list_select_related = ["upload", "batch", "user"]
    search_fields = ["upload__name", "what", "detail"]


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ["since", "reason", "until", "lifted_at", "lifted_by"]
    list_filter = ["since"]
    list_select_related = ["lifted_by"]
    search_fields = ["reason"]


@admin.register(Continuation)
class ContinuationAdmin(ReadOnlyAdmin):
    list_display = ["filename", "upload", "status", "mended_count", "invalid_count", "ignored_count", "created_at"]
    list_filter = ["status"]
    list_select_related = ["upload"]
    search_fields = ["filename", "upload__name"]


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ["at", "upload", "user", "layout", "format", "rows", "numbers", "is_complete", "sha256"]
    list_filter = ["format", "is_complete", "at"]
    list_select_related = ["upload", "user"]
    search_fields = ["upload__name", "user__username", "sha256"]


@admin.register(ExportLayout)
class ExportLayoutAdmin(ReadOnlyAdmin):
    list_display = ["name", "per", "created_by", "updated_at"]
    list_select_related = ["created_by"]
    search_fields = ["name"]


@admin.register(MappingTemplate)
class MappingTemplateAdmin(ReadOnlyAdmin):
    """May be renamed and deleted: nothing that is paid for depends on it."""

    list_display = ["name", "created_by", "updated_at"]
    search_fields = ["name"]
    readonly_fields = ["columns", "fields_shown", "fixed", "options", "created_by", "updated_at"]
    exclude = ["header", "fields"]

    def has_change_permission(self, request, obj=None):
        return super(admin.ModelAdmin, self).has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super(admin.ModelAdmin, self).has_delete_permission(request, obj)

    @admin.display(description="fields")
    def fields_shown(self, template):
        """Not by its own name: a form has another thing called `fields`."""
        return template.fields


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ["kind", "label", "reason", "created_by", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["created_by"]
    search_fields = ["label", "=key", "reason"]


admin.site.site_header = admin.site.site_title = "skipportal"
admin.site.index_title = "Everything that is stored"
