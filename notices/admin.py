from django.contrib import admin

from batches.admin import ReadOnlyAdmin
from notices.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "user", "kind", "text", "read_at", "mail_due_at", "mail_attempts", "mailed_at"]
    list_filter = ["kind", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "text"]
    raw_id_fields = ["upload", "batch"]
