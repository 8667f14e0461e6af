"""Settings → Vendor key: what our API key may be used for, according to the vendor."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.rights import Right, require
from batches.user_request import UserRequest
from webhooks import vendor_key
from webhooks.models import KeyCheck


def key_page(request: UserRequest) -> HttpResponse:
    require(request.user, Right.ADMINISTER)
    check = vendor_key.find_check()
    context = {"check": check, "problem": vendor_key.describe_problem(check), "address": settings.REALESTATEAPI_URL}
    return render(request, "settings/vendor_key.html", context)


@require_POST
def check_key(request: UserRequest) -> HttpResponse:
    """Ask the vendor now, which takes at most a few seconds."""
    require(request.user, Right.ADMINISTER)
    if vendor_key.ask_vendor().result == KeyCheck.Result.UNKNOWN:
        messages.warning(request, "The vendor did not say. Try again in a few minutes.")
    else:
        messages.success(request, "The vendor has just been asked.")
    return redirect("vendor-key")
