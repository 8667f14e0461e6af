"""A user's notices, the bell, and the settings."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_POST

from batches.keys import read_key
from batches.user_request import UserRequest
from batches.views.shortcuts import paginate
from notices.bell import find_unread
from notices.forms import SettingsForm
from notices.models import MailPreference, Notice, Preference
from notices.tables import NoticeTable

COOKIE_AGE = 365 * 24 * 3600
"""Seconds."""


def notice_list(request: UserRequest) -> HttpResponse:
    table = paginate(request, NoticeTable(Notice.objects.filter(user=request.user)))
    return render(request, "notices/list.html", {"table": table})


def open_notice(request: UserRequest, pk: int) -> HttpResponse:
    """Mark a notice as read and redirect to what it is about."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    Notice.objects.filter(pk=notice.pk).mark_read()
    return redirect(notice.target)


@require_POST
def read_all(request: UserRequest) -> HttpResponse:
    """Mark all notices as read that existed when the page was shown. Later ones stay unread."""
    newest = read_key(request.POST.get("newest", "")) or 0
    Notice.objects.filter(user=request.user, pk__lte=newest).mark_read()
    return redirect("notices")


def bell_etag(request: UserRequest) -> str:
    return find_unread(request.user).etag


@never_cache
@condition(etag_func=bell_etag)
def bell(request: UserRequest) -> HttpResponse:
    """Show the bell, which every open page polls. If nothing has changed, answer 304 after one query."""
    return render(request, "notices/_bell.html")


@never_cache
def user_settings(request: UserRequest) -> HttpResponse:
    user = request.user
    mails = Preference.objects.filter(user=user).values_list("mails", flat=True).first() or MailPreference.EVERYTHING
    initial = {"email": user.email, "mails": mails, "zone": request.COOKIES.get("zone", "")}
    form = SettingsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        return save_settings(request, **form.cleaned_data)
    return render(request, "notices/settings.html", {"form": form}, status=422 if form.errors else 200)


def save_settings(request: UserRequest, email: str, mails: str, zone: str) -> HttpResponse:
    get_user_model().objects.filter(pk=request.user.pk).update(email=email)
    Preference.objects.update_or_create(user=request.user, defaults={"mails": mails})
    messages.success(request, "Settings saved.")
    response = redirect("settings")
    if zone:
        response.set_cookie(
            "zone",
            zone,
            max_age=COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie("zone", samesite="Lax")
    return response
