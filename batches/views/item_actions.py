"""Act on selected people: add them to the do-not-contact list, or export them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from accounts.sign_in import recently_authenticated
from batches.intake import suppression
from batches.keys import read_key, read_keys
from batches.models import Upload
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest
from batches.views.item_choice import choose_confirmed, choose_people
from batches.views.shortcuts import redirect_back


@require_POST
def suppress_items(request: UserRequest) -> HttpResponse:
    require(request.user, Right.SUPPRESS)
    if (items := choose_confirmed(request)) is not None:
        added = suppression.suppress_items(items, request.user)
        messages.success(request, suppression.format_added(added))
    return redirect_back(request, "items")


@require_POST
@recently_authenticated
def export_items(request: UserRequest) -> HttpResponse:
    """Redirect to the export page of the list, with the selected people or filters in the address."""
    require(request.user, Right.EXPORT)
    upload = Upload.objects.visible_to(request.user).filter(pk=read_key(request.POST.get("upload", "")) or 0).first()
    if upload is None or choose_people(request) is None:
        return redirect_back(request, "items")
    ticked = read_keys(request.POST.getlist("item")) if request.POST.get("which") != "all" else []
    filters = {name: request.POST.getlist(name) for name in request.POST if name in ItemFilter.base_filters}
    query = {"item": ticked} if ticked else filters
    return redirect(f"{reverse('upload-export-choose', args=[upload.pk])}?{urlencode(query, doseq=True)}")
