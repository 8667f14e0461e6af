"""Share people of the table of people by a link, and open, list and revoke such links."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches import sharing
from batches.keys import read_key
from batches.models import SharedSelection, Upload
from batches.tables.filters import ItemFilter
from batches.user_request import UserRequest
from batches.views.item_choice import choose_people
from batches.views.shortcuts import redirect_back


@require_POST
def share_people(request: UserRequest) -> HttpResponse:
    """Make a link to the selected people, and show it in the list of the user's links."""
    require(request.user, Right.SEE_LISTS)
    if (items := choose_people(request)) is None:
        return redirect_back(request, "items")
    is_all = request.POST.get("which") == "all"
    filters = {name: request.POST.getlist(name) for name in ItemFilter.base_filters} if is_all else {}
    uploads = Upload.objects.visible_to(request.user)
    upload = uploads.filter(pk=read_key(request.POST.get("upload", "")) or 0).first()
    try:
        sharing.share(items, filters, request.user, upload)
    except sharing.TooMany as problem:
        messages.error(request, str(problem))
        return redirect_back(request, "items")
    messages.success(request, "Here is the link. Copy it, and send it to your colleagues.")
    return redirect("shared-links")


def open_shared(request: UserRequest, link: str) -> HttpResponse:
    """Redirect to the table of the people that a link stands for."""
    shared = sharing.find_shared(link)
    if shared is None:
        messages.warning(request, "This link has expired or was revoked. Ask whoever sent it for a new one.")
        return redirect("items")
    return redirect(f"{reverse('items')}?{shared.query or urlencode({'shared': shared.key})}")


def list_links(request: UserRequest) -> HttpResponse:
    """Show the links that the user has made."""
    links = [(link, request.build_absolute_uri(link.get_absolute_url())) for link in sharing.list_own(request.user)]
    return render(request, "items/shared.html", {"links": links})


@require_POST
def revoke_link(request: UserRequest, pk: int) -> HttpResponse:
    """Revoke one of the user's own links."""
    get_object_or_404(SharedSelection, pk=pk, made_by=request.user)
    if sharing.revoke(pk, request.user):
        messages.success(request, "Revoked. The link no longer works.")
    return redirect("shared-links")
