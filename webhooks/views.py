"""Pages about unmatched deliveries: what was received, why it could not be filed, and what can be done about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from batches.models import Batch
from batches.user_request import UserRequest
from batches.views.shortcuts import indent_json, render_list
from webhooks.inbound import filing
from webhooks.models import UnmatchedDelivery
from webhooks.tables import UnmatchedDeliveryFilter, UnmatchedDeliveryTable


def unmatched_list(request: UserRequest) -> HttpResponse:
    deliveries = UnmatchedDelivery.objects.select_related("decided_by").defer("body")
    filterset = UnmatchedDeliveryFilter(request.GET, deliveries)
    return render_list(request, "unmatched/list.html", filterset, UnmatchedDeliveryTable)


def unmatched_page(request: UserRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(UnmatchedDelivery.objects.select_related("decided_by"), pk=pk)
    alike = UnmatchedDelivery.objects.waiting().filter(kind=delivery.kind, reason=delivery.reason).count()
    batch = Batch.objects.with_upload().filter(token=delivery.token).first()
    context = {"delivery": delivery, "batch": batch, "body": indent_json(delivery.text), "alike": alike}
    return render(request, "unmatched/page.html", context)


@require_POST
def try_again(request: UserRequest, pk: int) -> HttpResponse:
    delivery = get_object_or_404(UnmatchedDelivery.objects.waiting(), pk=pk)
    if filing.retry(delivery, request.user):
        messages.success(request, "Filed. The result is now saved with its person or batch.")
    else:
        messages.warning(request, "It still cannot be filed. See the reason below. The delivery is kept.")
    return redirect(delivery)


@require_POST
def set_aside(request: UserRequest, pk: int) -> HttpResponse:
    """Set a delivery aside: nothing more is to be done about it. It is kept."""
    delivery = get_object_or_404(UnmatchedDelivery, pk=pk)
    deliveries = UnmatchedDelivery.objects.filter(pk=delivery.pk)
    filing.record_decision(deliveries, UnmatchedDelivery.Status.ASIDE, request.user)
    return redirect("unmatched-deliveries")


@require_POST
def set_alike_aside(request: UserRequest, pk: int) -> HttpResponse:
    """Set aside all deliveries with the same reason: a batch that was sent twice leaves one for each person."""
    delivery = get_object_or_404(UnmatchedDelivery, pk=pk)
    alike = UnmatchedDelivery.objects.filter(kind=delivery.kind, reason=delivery.reason)
    count = filing.record_decision(alike, UnmatchedDelivery.Status.ASIDE, request.user)
    plural = "delivery" if count == 1 else "deliveries"
    messages.success(request, f"{count:,} {plural} set aside. Nothing was deleted.")
    return redirect("unmatched-deliveries")


def redirect_old_address(request: UserRequest, rest: str = "") -> HttpResponse:
    """Redirect from /strays/…, with the method, body and query string of the request."""
    address = reverse("unmatched-deliveries") + rest
    if query := request.META["QUERY_STRING"]:
        address += f"?{query}"
    return redirect(address, permanent=True, preserve_request=True)
