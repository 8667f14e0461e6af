from typing import cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditKind
from api.models import ApiToken
from batches.admin.base import ReadOnlyAdmin
from batches.admin.filters import AutocompleteFilter
from batches.nouns import noun_for


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "beginning", "user", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"]
    list_filter = [("user", AutocompleteFilter), "revoked_at", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "beginning__exact", "user__username"]
    fields = ["name", "beginning", "user", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apitoken")

    @admin.action(permissions=["revoke"], description="Revoke (programs that use these tokens stop working)")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        count = 0
        for token in queryset:
            if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
                audit.record(AuditKind.TOKEN_REVOKED, cast(User, request.user), detail=token.description)
                count += 1
        self.message_user(request, f"Revoked {count} {noun_for(count, 'token')}.")
