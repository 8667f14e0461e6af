"""A user's notices, the bell, and what they have set for themselves."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_POST

from batches.keys import read_key
from batches.views.shortcuts import paginate
from notices.bell import find_unread
from notices.forms import SettingsForm
from notices.models import Mails, Notice, Preference
from notices.tables import NoticeTable

YEAR = 365 * 24 * 3600
"""Seconds."""


def notice_list(request):
    table = paginate(request, NoticeTable(Notice.objects.filter(user=request.user)))
    return render(request, "notices/list.html", {"table": table})


def open_notice(request, pk):
    """On to what a notice is about; it is read then."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    Notice.objects.filter(pk=notice.pk).mark_read()
    return redirect(notice.target)


@require_POST
def read_all(request):
    """All that the page showed, or could have: what has come since stays unread."""
    newest = read_key(request.POST.get("newest", "")) or 0
    Notice.objects.filter(user=request.user, pk__lte=newest).mark_read()
    return redirect("notices")


def read_etag(request):
    return find_unread(request.user).etag


@never_cache
@condition(etag_func=read_etag)
def bell(request):
    """Show the bell, which each open page asks for repeatedly: 304, after one query, if nothing has changed."""
    return render(request, "notices/_bell.html")


@never_cache
def choose_settings(request):
    user = request.user
    mails = Preference.objects.filter(user=user).values_list("mails", flat=True).first() or Mails.EVERYTHING
    shown = {"email": user.email, "mails": mails, "zone": request.COOKIES.get("zone", "")}
    form = SettingsForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        return save(request, **form.cleaned_data)
    return render(request, "notices/settings.html", {"form": form}, status=422 if form.errors else 200)


def save(request, email, mails, zone):
    get_user_model().objects.filter(pk=request.user.pk).update(email=email)
    Preference.objects.update_or_create(user=request.user, defaults={"mails": mails})
    messages.success(request, "Saved.")
    response = redirect("settings")
    if zone:
        guarded = {"secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}
        response.set_cookie("zone", zone, max_age=YEAR, **guarded)
    else:
        response.delete_cookie("zone", samesite="Lax")
    return response
