from django.contrib import admin

from batches.admin import ReadOnlyAdmin
from webhooks.models import Stray


@admin.register(Stray)
class StrayAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "kind", "status", "reason", "decided_by"]
    list_filter = ["status", "kind", "reason", "received_at"]
    search_fields = ["token", "reason"]
    list_select_related = ["decided_by"]
    fields = ["received_at", "kind", "status", "decided_at", "decided_by", "token", "reason", "text"]
    readonly_fields = fields
