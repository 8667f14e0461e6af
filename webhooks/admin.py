from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from batches.admin.base import BoundedAdmin, LargeTableAdmin, ReadOnlyAdmin, list_name_condition
from batches.admin.filters import AutocompleteFilter
from batches.nouns import noun_for
from batches.tables.paging import MAX_COUNTED_ROWS
from webhooks.models import Endpoint, Message, UnmatchedDelivery
from webhooks.outbound.events import make_test
from webhooks.outbound.http import Forbidden, resolve
from webhooks.signing import make_secret


@admin.register(UnmatchedDelivery)
class UnmatchedDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "kind", "status", "reason", "decided_by"]
    list_filter = ["status", "kind", ("decided_by", AutocompleteFilter)]
    ordering = ["-id"]
    sortable_by = ["received_at"]
    search_fields = ["token", "reason"]
    search_help_text = f"A token or a reason. Only the last {MAX_COUNTED_ROWS:,} deliveries are searched."
    list_select_related = ["decided_by"]
    fields = readonly_fields = (
        "received_at",
        "kind",
        "status",
        "decided_at",
        "decided_by",
        "token",
        "reason",
        "text",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnmatchedDelivery]:
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UnmatchedDelivery], search_term: str
    ) -> tuple[QuerySet[UnmatchedDelivery], bool]:
        """Search only the last MAX_COUNTED_ROWS: no index helps, and an outage may leave millions of deliveries."""
        found, has_doubles = super().get_search_results(request, queryset, search_term)
        last = UnmatchedDelivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        return (found.filter(pk__gt=last - MAX_COUNTED_ROWS) if search_term else found), has_doubles


class EndpointForm(forms.ModelForm):
    class Meta:
        model = Endpoint
        fields = ["url", "is_active"]

    def clean_url(self) -> str:
        try:
            resolve(self.cleaned_data["url"])
        except Forbidden as problem:
            raise forms.ValidationError(str(problem)) from None
        return self.cleaned_data["url"]


@admin.register(Endpoint)
class EndpointAdmin(BoundedAdmin):
    form = EndpointForm
    list_display = ["url", "is_active", "created_by", "created_at", "note"]
    list_filter = ["is_active"]
    list_select_related = ["created_by"]
    search_fields = ["url"]
    actions = ["send_test", "rotate"]

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        read_only = ["created_by", "created_at", "note"] if obj else []
        secret = ["secret"] if obj and self.has_change_permission(request, obj) else []
        return ["url", "is_active", *secret, *read_only]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in EndpointForm.Meta.fields]

    def save_model(self, request: HttpRequest, obj: Endpoint, form: EndpointForm, change: bool) -> None:
        if not change:
            obj.created_by = cast(User, request.user)
        super().save_model(request, obj, form, change)

    @admin.action(permissions=["change"], description="Send a test message")
    def send_test(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        now = timezone.now()
        Message.objects.bulk_create([make_test(endpoint, now) for endpoint in queryset])
        self.message_user(request, "Test message queued. See Messages for the result.")

    @admin.action(permissions=["change"], description="Replace the secret (the old one stops working at once)")
    def rotate(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            Endpoint.objects.filter(pk=endpoint.pk).update(secret=make_secret())
        self.message_user(request, "Secret replaced. Open the endpoint to see the new one.")


@admin.register(Message)
class MessageAdmin(LargeTableAdmin):
    list_display = ["id", "created_at", "upload", "endpoint", "status", "attempts", "last_status_code", "next_try_at"]
    list_filter = ["status", ("endpoint", AutocompleteFilter), ("upload", AutocompleteFilter)]
    list_select_related = ["upload", "endpoint"]
    search_fields = ["message_id"]
    search_help_text = "List name, endpoint address or message id."
    actions = ["send_again"]

    def search_condition(self, text: str) -> Q:
        endpoints = list(Endpoint.objects.filter(url__icontains=text).values_list("pk", flat=True))
        return Q(message_id=text) | Q(endpoint__in=endpoints) | list_name_condition(text)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_message")

    @admin.action(permissions=["send"], description="Send failed messages again")
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        failed = queryset.filter(status=Message.Status.FAILED)
        count = failed.update(status=Message.Status.WAITING, attempts=0, next_try_at=timezone.now())
        self.message_user(request, f"{count} {noun_for(count, 'message')} will be sent again.")
