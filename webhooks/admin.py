from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from batches.admin.base import AdministratorsAdmin, LargeTableAdmin, ReadOnlyAdmin, list_name_condition
from batches.admin.filters import AutocompleteFilter
from batches.nouns import noun_for
from batches.tables.paging import MAX_COUNTED_ROWS
from webhooks.models import Endpoint, Message, UnmatchedDelivery
from webhooks.outbound import endpoints
from webhooks.outbound.forms import AddressMixin


@admin.register(UnmatchedDelivery)
class UnmatchedDeliveryAdmin(ReadOnlyAdmin):
    shows_people = True
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
        """Search only the last MAX_COUNTED_ROWS deliveries: no index helps, and an outage may leave millions."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if search_term:
            last = UnmatchedDelivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            found = found.filter(pk__gt=last - MAX_COUNTED_ROWS)
        return found, has_duplicates


class EndpointForm(AddressMixin, forms.ModelForm):
    class Meta:
        model = Endpoint
        fields = ["url", "is_active"]


@admin.register(Endpoint)
class EndpointAdmin(AdministratorsAdmin):
    form = EndpointForm
    list_display = ["url", "is_active", "created_by", "created_at", "note"]
    list_filter = ["is_active"]
    list_select_related = ["created_by"]
    search_fields = ["url"]
    actions = ["send_test", "rotate"]

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        read_only = ["created_by", "created_at", "note"] if obj else []
        return ["url", "is_active", *read_only]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in EndpointForm.Meta.fields]

    def save_model(self, request: HttpRequest, obj: Endpoint, form: EndpointForm, change: bool) -> None:
        if not change:
            obj.created_by = cast(User, request.user)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret of a new endpoint. It will not be shown again."""
        return self.show_secrets(request, [obj])

    @method_decorator(never_cache)
    def show_secrets(self, request: HttpRequest, endpoints: Sequence[Endpoint]) -> HttpResponse:
        """Show new secrets on a page of their own. Messages would not do, because they are kept in a cookie."""
        context = self.admin_site.each_context(request) | {
            "title": "Copy the secret now",
            "opts": self.opts,
            "endpoints": endpoints,
        }
        return TemplateResponse(request, "admin/endpoint_secrets.html", context)

    @admin.action(permissions=["change"], description="Send a test message")
    def send_test(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            endpoints.send_test(cast(User, request.user), endpoint)
        self.message_user(request, "Test message queued. See Messages for the result.")

    @admin.action(permissions=["change"], description="Replace the secret (the old one stops working at once)")
    def rotate(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> HttpResponse:
        chosen = list(queryset)
        for endpoint in chosen:
            endpoints.replace_secret(cast(User, request.user), endpoint)
        return self.show_secrets(request, chosen)


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
