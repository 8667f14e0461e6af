from django.contrib import admin

from batches.admin import ReadOnlyAdmin
from webhooks.models import Stray


@admin.register(Stray)
class StrayAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "kind", "reason", "token"]
    list_filter = ["kind", "reason", "received_at"]
    search_fields = ["token", "reason"]
    fields = ["received_at", "kind", "token", "reason", "text"]
    readonly_fields = fields
