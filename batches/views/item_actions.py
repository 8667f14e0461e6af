"""What is done with several people at once: suppress them, or take them as a file."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from batches.intake import suppression
from batches.keys import read_key, read_keys
from batches.models import Upload
from batches.tables.filters import ItemFilter
from batches.views.item_choice import choose_asked, choose_people
from batches.views.shortcuts import go_back


@require_POST
def suppress_items(request):
    """Put people on the suppression list."""
    if (items := choose_asked(request)) is not None:
        added = suppression.suppress_items(items, request.user)
        messages.success(request, suppression.describe(added))
    return go_back(request, "items")


@require_POST
def export_items(request):
    """On to the choice of a file with the people of one list that were chosen."""
    upload = Upload.objects.filter(pk=read_key(request.POST.get("upload", ""))).first()
    if upload is None or choose_people(request) is None:
        return go_back(request, "items")
    ticked = read_keys(request.POST.getlist("item")) if request.POST.get("which") != "all" else []
    filters = {name: request.POST.getlist(name) for name in request.POST if name in ItemFilter.base_filters}
    wanted = {"item": ticked} if ticked else filters
    return redirect(f"{reverse('upload-export-choose', args=[upload.pk])}?{urlencode(wanted, doseq=True)}")
