from django.contrib import admin
from django.utils import timezone

from api.models import ApiToken
from batches.admin.base import ReadOnlyAdmin
from batches.admin.filters import AutocompleteFilter


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "beginning", "user", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("user", AutocompleteFilter), "revoked_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "beginning__exact", "user__username"]
    fields = ["name", "beginning", "user", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request):
        return request.user.has_perm("api.change_apitoken")

    @admin.action(permissions=["revoke"], description="Revoke: they let nobody in any more")
    def revoke(self, request, queryset):
        count = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} revoked: they let nobody in any more.")
