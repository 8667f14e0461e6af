from django.contrib import admin

from batches.models import Batch, EarlierAnswer, Event, Hold, Item, Upload


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
    list_display = ["id", "name", "status", "priority", "row_count", "created_by", "created_at"]
    list_filter = ["status", "priority", "created_at"]
    list_select_related = ["created_by"]
    search_fields = ["name", "filename", "created_by__username"]


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
    raw_id_fields = ["duplicate_of"]


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


admin.site.site_header = admin.site.site_title = "skipportal"
admin.site.index_title = "Everything that is stored"
