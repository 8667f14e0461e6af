from django.contrib import admin
from django.db.models import Q

from batches.admin.base import LargeTableAdmin, list_name_condition
from batches.admin.filters import AutocompleteFilter
from notices.models import Notice


@admin.register(Notice)
class NoticeAdmin(LargeTableAdmin):
    list_display = ["created_at", "user", "kind", "text", "read_at", "mail_due_at", "mail_attempts", "mailed_at"]
    list_filter = [("user", AutocompleteFilter)]
    list_select_related = ["user"]
    search_fields = ["upload__name"]
    search_help_text = "List name."
    raw_id_fields = ["upload", "batch"]

    def search_condition(self, text: str) -> Q:
        return list_name_condition(text)
