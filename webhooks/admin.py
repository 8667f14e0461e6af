from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils import timezone

from batches.admin.base import BoundedAdmin, LongAdmin, ReadOnlyAdmin, of_lists
from batches.admin.filters import AutocompleteFilter
from batches.tables.paging import CAP
from webhooks.models import Endpoint, Message, Stray
from webhooks.outbound.events import make_test
from webhooks.outbound.http import Forbidden, find_place
from webhooks.signing import make_secret


@admin.register(Stray)
class StrayAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "kind", "status", "reason", "decided_by"]
    list_filter = ["status", "kind", ("decided_by", AutocompleteFilter)]
    ordering = ["-id"]
    sortable_by = ["received_at"]
    search_fields = ["token", "reason"]
    search_help_text = f"Tokens and reasons, of the last {CAP:,}."
    list_select_related = ["decided_by"]
    fields = ["received_at", "kind", "status", "decided_at", "decided_by", "token", "reason", "text"]
    readonly_fields = fields

    def get_queryset(self, request):
        return super().get_queryset(request).defer("body")

    def get_search_results(self, request, queryset, search_term):
        """There is no index for what they say, and after an outage they may be millions: the last are read through."""
        found, has_doubles = super().get_search_results(request, queryset, search_term)
        last = Stray.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        return (found.filter(pk__gt=last - CAP) if search_term else found), has_doubles


class EndpointForm(forms.ModelForm):
    class Meta:
        model = Endpoint
        fields = ["url", "is_active"]

    def clean_url(self):
        try:
            find_place(self.cleaned_data["url"])
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

    def get_fields(self, request, obj=None):
        shown = ["created_by", "created_at", "note"] if obj else []
        secret = ["secret"] if obj and self.has_change_permission(request, obj) else []
        return ["url", "is_active", *secret, *shown]

    def get_readonly_fields(self, request, obj=None):
        return [name for name in self.get_fields(request, obj) if name not in EndpointForm.Meta.fields]

    def save_model(self, request, obj, form, change):
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    @admin.action(permissions=["change"], description="Send a test")
    def send_test(self, request, queryset):
        now = timezone.now()
        Message.objects.bulk_create([make_test(endpoint, now) for endpoint in queryset])
        self.message_user(request, "On its way: see under Messages what becomes of it.")

    @admin.action(permissions=["change"], description="Rotate the secret: the old one signs nothing any more")
    def rotate(self, request, queryset):
        for endpoint in queryset:
            Endpoint.objects.filter(pk=endpoint.pk).update(secret=make_secret())
        self.message_user(request, "Each has a new secret, which its page shows.")


@admin.register(Message)
class MessageAdmin(LongAdmin):
    list_display = ["id", "created_at", "upload", "endpoint", "status", "attempts", "last_status_code", "next_try_at"]
    list_filter = ["status", ("endpoint", AutocompleteFilter), ("upload", AutocompleteFilter)]
    list_select_related = ["upload", "endpoint"]
    search_fields = ["message_id"]
    search_help_text = "A list's name, an endpoint's address, or a message's own number."
    actions = ["send_again"]

    def look_up(self, text):
        endpoints = list(Endpoint.objects.filter(url__icontains=text).values_list("pk", flat=True))
        return Q(message_id=text) | Q(endpoint__in=endpoints) | of_lists(text)

    def has_send_permission(self, request):
        return request.user.has_perm("webhooks.change_message")

    @admin.action(permissions=["send"], description="Send again those that were given up")
    def send_again(self, request, queryset):
        given_up = queryset.filter(status=Message.Status.FAILED)
        anew = {"status": Message.Status.WAITING, "attempts": 0, "next_try_at": timezone.now()}
        self.message_user(request, f"{given_up.update(**anew)} to be sent again.")
