from django.contrib import admin

from batches.admin.base import LongAdmin, of_lists
from batches.admin.filters import AutocompleteFilter
from notices.models import Notice


@admin.register(Notice)
class NoticeAdmin(LongAdmin):
    list_display = ["created_at", "user", "kind", "text", "read_at", "mail_due_at", "mail_attempts", "mailed_at"]
    list_filter = [("user", AutocompleteFilter)]
    list_select_related = ["user"]
    search_fields = ["upload__name"]
    search_help_text = "By the name of the list."
    raw_id_fields = ["upload", "batch"]

    def look_up(self, text):
        return of_lists(text)
