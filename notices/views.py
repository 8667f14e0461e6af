"""Show a user's notices, the bell, and the settings."""

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_POST

from accounts import audit
from accounts.events import notify
from accounts.models import AuditKind, Theme
from accounts.sign_in import is_recently_authenticated
from batches.keys import read_key
from batches.user_request import UserRequest
from batches.views.shortcuts import paginate
from notices.bell import find_unread
from notices.forms import NoticesForm, ProfileForm
from notices.models import MailPreference, Notice, Preference
from notices.tables import NoticeTable

COOKIE_AGE = 365 * 24 * 3600
"""One year, in seconds."""


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
    """Mark all notices that existed when the page was shown as read. Later notices stay unread."""
    newest = read_key(request.POST.get("newest", "")) or 0
    Notice.objects.filter(user=request.user, pk__lte=newest).mark_read()
    return redirect("notices")


def bell_etag(request: UserRequest) -> str:
    return find_unread(request.user).etag


@never_cache
@condition(etag_func=bell_etag)
def bell(request: UserRequest) -> HttpResponse:
    """Show the bell, which every open page polls. If it has not changed, return 304 after one query."""
    return render(request, "notices/_bell.html")


@never_cache
def profile(request: UserRequest) -> HttpResponse:
    """Show the user's roles and teams. On POST, change their name, email address and time zone."""
    user = request.user
    stored = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
    form = ProfileForm(request.POST or None, initial=stored | {"zone": request.COOKIES.get("zone", "")})
    if request.method == "POST" and form.is_valid():
        # Whoever changes the address can have a new password mailed to it.
        if form.cleaned_data["email"] != user.email and not is_recently_authenticated(request):
            raise ReauthenticationRequired
        return save_profile(request, **form.cleaned_data)
    context = {
        "form": form,
        "roles": [*(["Superuser"] if user.is_superuser else []), *user.groups.values_list("name", flat=True)],
        "teams": list(user.teams.all()),
        "themes": Theme,
    }
    return render(request, "settings/profile.html", context, status=422 if form.errors else 200)


def save_profile(request: UserRequest, email: str, zone: str, **name: str) -> HttpResponse:
    if email != request.user.email:
        # The mail goes to the old address, because the person who changed it may not be the user.
        notify(request.user, "The email address of your account was changed.", "email address changed")
        audit.record(AuditKind.SETTINGS_CHANGED, request.user, detail="Changed their email address")
    if name != {"first_name": request.user.first_name, "last_name": request.user.last_name}:
        audit.record(AuditKind.SETTINGS_CHANGED, request.user, detail="Changed their name")
    get_user_model().objects.filter(pk=request.user.pk).update(email=email, **name)
    messages.success(request, "Profile saved.")
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


@never_cache
def notice_settings(request: UserRequest) -> HttpResponse:
    """Show which notices the user gets by mail and in this browser. On POST, change which are mailed."""
    mails = Preference.objects.filter(user=request.user).values_list("mails", flat=True).first()
    form = NoticesForm(request.POST or None, initial={"mails": mails or MailPreference.EVERYTHING})
    if request.method == "POST" and form.is_valid():
        Preference.objects.update_or_create(user=request.user, defaults=form.cleaned_data)
        messages.success(request, "Notice settings saved.")
        return redirect("settings-notices")
    context = {"form": form, "is_mailing": settings.IS_MAILING}
    return render(request, "settings/notices.html", context, status=422 if form.errors else 200)
