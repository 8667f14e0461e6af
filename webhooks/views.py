"""Pages about unmatched deliveries: what was received, why it could not be filed, and what can be done about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import AuditKind
from accounts.rights import Right, require
from batches.models import Batch, Item
from batches.nouns import noun_for
from batches.people_audit import record_people
from batches.user_request import UserRequest
from batches.views.shortcuts import indent_json, render_list
from webhooks.inbound import filing
from webhooks.models import UnmatchedDelivery
from webhooks.tables import UnmatchedDeliveryFilter, UnmatchedDeliveryTable


def unmatched_list(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SEE_CONTACTS)
    deliveries = UnmatchedDelivery.objects.visible_to(request.user).select_related("decided_by").defer("body")
    filterset = UnmatchedDeliveryFilter(request.GET, deliveries)
    return render_list(request, "unmatched/list.html", filterset, UnmatchedDeliveryTable)


def unmatched_page(request: UserRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(UnmatchedDelivery.objects.visible_to(request.user).select_related("decided_by"), pk=pk)
    require(request.user, Right.SEE_CONTACTS)
    named = Item.objects.filter(pk=delivery.item_id or 0).values_list("upload_id", "pk")
    if named:
        record_people(AuditKind.SEEN, request.user, named, f"unmatched delivery {pk}")
    else:
        audit.record(AuditKind.SEEN, request.user, detail=f"unmatched delivery {pk}, which names no known person")
    alike_count = (
        UnmatchedDelivery.objects.visible_to(request.user)
        .waiting()
        .filter(kind=delivery.kind, reason=delivery.reason)
        .count()
    )
    batch = Batch.objects.with_upload().filter(token=delivery.token).first()
    context = {"delivery": delivery, "batch": batch, "body": indent_json(delivery.text), "alike_count": alike_count}
    return render(request, "unmatched/page.html", context)


@require_POST
def try_again(request: UserRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(UnmatchedDelivery.objects.visible_to(request.user).waiting(), pk=pk)
    require(request.user, Right.DECIDE)
    if filing.retry(delivery, request.user):
        messages.success(request, "Filed. The result is now saved with its person or batch.")
    else:
        messages.warning(request, "The delivery is kept. It still cannot be filed. See the reason below.")
    return redirect(delivery)


@require_POST
def set_aside(request: UserRequest, pk: int) -> HttpResponse:
    """Set a delivery aside: nothing more is to be done about it. It is kept."""
    delivery = get_object_or_404(UnmatchedDelivery.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.DECIDE)
    deliveries = UnmatchedDelivery.objects.visible_to(request.user).filter(pk=delivery.pk)
    filing.record_decision(deliveries, UnmatchedDelivery.Status.ASIDE, request.user)
    return redirect("unmatched-deliveries")


@require_POST
def set_alike_aside(request: UserRequest, pk: int) -> HttpResponse:
    """Set aside all deliveries of the same kind and reason, such as one per person after a batch was sent twice."""
    delivery = get_object_or_404(UnmatchedDelivery.objects.visible_to(request.user), pk=pk)
    require(request.user, Right.DECIDE)
    alike = UnmatchedDelivery.objects.visible_to(request.user).filter(kind=delivery.kind, reason=delivery.reason)
    count = filing.record_decision(alike, UnmatchedDelivery.Status.ASIDE, request.user)
    noun = noun_for(count, "delivery,deliveries")
    messages.success(request, f"{count:,} {noun} set aside. Nothing was deleted.")
    return redirect("unmatched-deliveries")


def redirect_old_address(request: UserRequest, rest: str = "") -> HttpResponse:
    """Redirect from /strays/…, keeping the request's method, body and query string."""
    address = reverse("unmatched-deliveries") + rest
    if query := request.META["QUERY_STRING"]:
        address += f"?{query}"
    return redirect(address, permanent=True, preserve_request=True)
