"""The sample list, and the tour whose notes go with it."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.intake import sample_list
from batches.user_request import UserRequest
from batches.views.shortcuts import redirect_back


@require_POST
def load_sample(request: UserRequest) -> HttpResponse:
    """Load the sample list and go to its columns. Outside the sandbox its people would cost money."""
    require(request.user, Right.UPLOAD)
    if not settings.IS_SANDBOX:
        raise Http404
    return redirect("upload-columns", sample_list.load_sample(request.user).pk)


@require_POST
def end_tour(request: UserRequest) -> HttpResponse:
    sample_list.end_tour(request.user)
    return redirect_back(request, "dashboard")
